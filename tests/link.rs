//! The link between a client and a relay, with a relay that is ourselves.

#![allow(clippy::unwrap_used)]

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use client::event::{Ending, Event, Front};
use client::link::Link;
use common::delivery;
use common::frame::Content;
use support::PATIENCE;
use support::peer::{Peer, message};

/// Tells what its user would read of the connection, and shows nothing while someone holds it up.
struct Screen {
    lines: Sender<String>,
    held_up: Arc<Mutex<()>>,
}

impl Front for Screen {
    fn event(&mut self, event: Event<'_>) {
        let _ = match event {
            Event::Connected => self.lines.send("connecté".to_owned()),
            Event::Unreachable(failure) => self.lines.send(failure.to_string()),
            Event::Discussion(delivery::Incoming::Entry(Content::Msg { text, .. })) => {
                self.lines.send(text.plain().into_owned())
            }
            _ => Ok(()),
        };
    }

    fn show(&mut self) -> io::Result<()> {
        drop(self.held_up.lock());
        Ok(())
    }
}

/// alice's link, and where it connects to.
struct Scene {
    relay: TcpListener,
    link: Link,
    thread: JoinHandle<Ending>,
    screen: Receiver<String>,
    screen_held_up: Arc<Mutex<()>>,
}

impl Scene {
    fn start() -> Scene {
        let relay = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = relay.local_addr().unwrap().to_string().parse().unwrap();
        let (lines, screen) = channel();
        let screen_held_up = Arc::new(Mutex::new(()));
        let front = Screen { lines, held_up: Arc::clone(&screen_held_up) };
        let (link, thread) = Link::open(server, &"alice".parse().unwrap(), None, front).unwrap();
        Scene { relay, link, thread, screen, screen_held_up }
    }

    /// Seats alice, and bob opposite her.
    fn seat_both(&self) -> Peer {
        let mut relay = Peer::seat(&self.relay);
        self.wait_for("connecté");
        relay.send("present bob/b1");
        relay.expect(&format!("recu {} bob/b1 0", relay.address));
        relay
    }

    /// The next line on the screen contains that.
    #[track_caller]
    fn wait_for(&self, words: &str) {
        let line = self.screen.recv_timeout(PATIENCE).unwrap();
        assert!(line.contains(words), "{line}");
    }

    /// alice has left, and nothing of hers is lost.
    fn expect_quitter(self, mut relay: Peer) {
        relay.expect("quitter");
        assert!(self.link.undelivered().is_empty());
        relay.send(&format!("fin {}", relay.address));
        self.end();
    }

    fn end(self) {
        assert!(matches!(self.thread.join(), Ok(Ending::Left)));
    }
}

#[test]
fn what_is_written_and_left_before_the_login_arrives() {
    let scene = Scene::start();
    scene.link.send("Salut").unwrap();
    scene.link.leave();
    let mut relay = scene.seat_both();
    let alice = relay.address.clone();
    let line = relay.receive().unwrap();
    assert!(line.starts_with(&format!("msg {alice} bob/b1 1 ")) && line.ends_with(" Salut"), "{line}");
    relay.send(&format!("recu bob/b1 {alice} 1"));
    scene.expect_quitter(relay);
}

#[test]
fn an_attempt_that_is_abandoned_ends_nobody_elses_discussion() {
    let scene = Scene::start();
    let mut relay = Peer::accept_login(&scene.relay);
    scene.link.abandon();
    // Should it still come in time, the answer to it is not « quitter ».
    let welcome = format!("bienvenue {}\npresent bob/b1\n", relay.address);
    relay.try_send_bytes(welcome.as_bytes());
    assert!(!relay.rest().contains(&"quitter".to_owned()));
    scene.end();
}

#[test]
fn on_the_way_back_no_answer_is_final_and_each_is_told_once() {
    let scene = Scene::start();
    let first = Peer::seat(&scene.relay);
    let alice = first.address.clone();
    scene.wait_for("connecté");
    first.close();
    for (answer, words) in [
        ("HTTP/1.0 302 Found", "n'est pas un serveur de cette messagerie"),
        ("refus version Non.", "le serveur refuse : Non"),
        ("refus login-attendu Tiens.", "le serveur refuse : Tiens"),
    ] {
        Peer::accept_login(&scene.relay).send(answer);
        Peer::accept_login(&scene.relay).send(answer);
        scene.wait_for(words);
    }
    let relay = Peer::seat(&scene.relay);
    scene.wait_for("connecté");
    assert_eq!(relay.address, alice);
    scene.link.leave();
    scene.expect_quitter(relay);
}

#[test]
fn a_screen_that_takes_nothing_does_not_cost_the_seat() {
    let scene = Scene::start();
    let held_up = scene.screen_held_up.lock().unwrap();
    let mut relay = Peer::seat(&scene.relay);
    // A relay that hears nothing for 20 s gives the seat away; the client, who reads nothing, shall not think so of it.
    for _ in 0..4 {
        relay.expect("ping");
        relay.send("pong");
    }
    drop(held_up);
    relay.send("present bob/b1");
    relay.expect(&format!("recu {} bob/b1 0", relay.address));
    scene.link.leave();
    scene.expect_quitter(relay);
}

#[test]
fn who_leaves_acknowledges_what_is_being_shown() {
    let scene = Scene::start();
    let mut relay = scene.seat_both();
    let alice = relay.address.clone();
    relay.send(&message("bob/b1", &alice, 1, "Salut"));
    scene.wait_for("Salut");
    // From here on nothing is being shown.
    relay.expect(&format!("recu {alice} bob/b1 1"));
    let held_up = scene.screen_held_up.lock().unwrap();
    relay.send(&message("bob/b1", &alice, 2, "Au revoir"));
    scene.wait_for("Au revoir");
    scene.link.leave();
    let mut stream = relay.into_stream();
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    assert!(stream.read(&mut [0]).is_err(), "nothing before it is shown");
    drop(held_up);
    let mut relay = Peer::from_stream(stream);
    relay.address = alice.clone();
    relay.expect(&format!("recu {alice} bob/b1 2"));
    scene.expect_quitter(relay);
}

#[test]
fn a_relay_that_hangs_up_after_each_login_is_not_asked_without_pause() {
    const LOGINS: u32 = 10;
    let scene = Scene::start();
    let start = Instant::now();
    for _ in 0..LOGINS {
        Peer::seat(&scene.relay).close();
    }
    // Noise can only make it longer.
    assert!(start.elapsed() >= Duration::from_millis(100) * (LOGINS - 2), "{:?}", start.elapsed());
    scene.link.leave();
    scene.end();
}

#[test]
fn who_leaves_waits_as_long_as_acknowledgements_come() {
    let scene = Scene::start();
    let mut relay = scene.seat_both();
    let alice = relay.address.clone();
    for number in 1..=4 {
        scene.link.send(&number.to_string()).unwrap();
        assert!(relay.receive().unwrap().ends_with(&format!(" {number}")));
    }
    scene.link.leave();
    let mut stream = relay.into_stream();
    let mut relay = Peer::from_stream(stream.try_clone().unwrap());
    let (sender, left) = channel();
    let reader = thread::spawn(move || {
        sender.send(relay.receive().unwrap()).unwrap();
        relay
    });
    for number in 1..=4 {
        // One alone comes soon enough, all together do not.
        assert_eq!(left.recv_timeout(Duration::from_millis(800)), Err(RecvTimeoutError::Timeout));
        writeln!(stream, "recu bob/b1 {alice} {number}").unwrap();
    }
    assert_eq!(left.recv_timeout(PATIENCE).unwrap(), "quitter");
    reader.join().unwrap().send(&format!("fin {alice}"));
    assert!(scene.link.undelivered().is_empty());
    scene.end();
}
