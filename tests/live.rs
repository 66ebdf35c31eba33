//! The connection shown live: « Sur le fil », and the cables and the server of the demonstration, by real keys and
//! clicks in a real X server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use common::text::harmless;
use support::peer::Peer;
use support::relay::RelayThread;
use support::window::{Desktop, Window, wait_until};

const OWN_BUBBLE: u32 = 0xD3E5FC;
const BORDER: u32 = 0x767E8A;
const BUTTON: u32 = 0xE1E5EB;
const PENDING: u32 = 0x8F5E00;

/// Where the buttons of the demonstration are.
const PLUG: (i32, i32) = (80, 24);
const SERVER: (i32, i32) = (260, 24);
const COUNT: (i32, i32) = (100, 53);

/// One of the windows of the demonstration, and what was written in it.
struct Writer<'a> {
    window: &'a Window<'a>,
    letter: char,
    written: Vec<String>,
}

impl Writer<'_> {
    /// Types as many messages.
    fn write(&mut self, count: usize) {
        self.window.focus();
        // Without a window manager, a click in the other window has taken FLTK's focus there, and X knows nothing of it.
        let (_, _, w, h) = self.window.geometry();
        self.click((w / 2, h - 30));
        let before = self.written.len();
        self.written.extend((before..before + count).map(|number| format!("{}{number}", self.letter)));
        self.window.type_lines(&self.written[before..]);
    }

    fn click(&self, (x, y): (i32, i32)) {
        self.window.click(x, y);
    }

    fn has_banner(&self) -> bool {
        self.window.pixels(PENDING, Some((12, 60, 400, 40))) > 4000
    }

    /// The count, as a click copies it.
    fn count(&self, desktop: &Desktop) -> String {
        desktop.set_clipboard("(rien)");
        self.click(COUNT);
        desktop.clipboard()
    }

    /// What the display shows: the messages of that one, in order.
    fn shown(&self, name: &str) -> Vec<String> {
        self.window.focus();
        let conversation = self.window.conversation();
        let messages = conversation.lines().filter_map(|line| line.split_once(&format!("] {name} : ")));
        messages.map(|(_, text)| text.to_owned()).collect()
    }
}

#[test]
fn whatever_is_pulled_and_stopped_every_message_is_shown_once_and_the_count_says_so() {
    const ROUND: usize = 25;
    let desktop = Desktop::start();
    let program = desktop.start_client(&["--demo"]);
    let windows = desktop.windows(&program, 2);
    let writer = |window, letter| Writer { window, letter, written: Vec::new() };
    let (mut alice, mut bob) = (writer(&windows[0], 'a'), writer(&windows[1], 'b'));
    bob.window.wait_for_title("bob avec alice – Messagerie");

    // Nothing; one cable, and the other; the server; everything together, restored in this order and in that.
    let rounds: [[&[&str]; 2]; 8] = [
        [&[], &[]],
        [&["alice"], &["alice"]],
        [&["serveur"], &["serveur"]],
        [&["bob"], &["bob"]],
        [&["alice", "bob"], &["bob", "alice"]],
        [&["serveur", "alice"], &["serveur", "alice"]],
        [&["bob", "serveur", "alice"], &["bob", "alice", "serveur"]],
        [&[], &[]],
    ];
    for (round, [broken, restored]) in rounds.into_iter().enumerate() {
        let click = |alice: &Writer<'_>, bob: &Writer<'_>, what: &[&str]| {
            what.iter().for_each(|what| match *what {
                "alice" => alice.click(PLUG),
                "bob" => bob.click(PLUG),
                _ => alice.click(SERVER),
            });
        };
        alice.write(ROUND / 2);
        click(&alice, &bob, broken);
        wait_until("the banners", || [&alice, &bob].iter().all(|it| it.has_banner() != broken.is_empty()));
        alice.write(ROUND - ROUND / 2);
        bob.write(ROUND);
        if round == 4 {
            desktop.screenshot("cables-out");
        }
        click(&alice, &bob, restored);
        wait_until("no banner", || ![&alice, &bob].iter().any(|it| it.has_banner()));
    }

    let mut count = String::new();
    wait_until("the last message", || {
        count = alice.count(&desktop);
        count.starts_with("écrits 400 · affichés 400 · répétés sur le fil ") && count.ends_with(" · perdus 0")
    });
    assert_eq!(bob.count(&desktop), count);
    assert_eq!(alice.shown("Vous"), alice.written);
    assert_eq!(alice.shown("bob"), bob.written);
    assert_eq!(bob.shown("Vous"), bob.written);
    assert_eq!(bob.shown("alice"), alice.written);
    desktop.screenshot("cables-in");
}

#[derive(Clone, Copy, Debug)]
enum Way {
    ToServer,
    FromServer,
}

/// A proxy for one connection that records what passes.
struct Recorder {
    address: SocketAddr,
    recorded: Arc<[Mutex<Vec<u8>>; 2]>,
    client: Arc<Mutex<Option<TcpStream>>>,
}

impl Recorder {
    fn start(relay: SocketAddr) -> Recorder {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (recorded, client) = (Arc::default(), Arc::default());
        let recorder = Recorder { address, recorded: Arc::clone(&recorded), client: Arc::clone(&client) };
        std::thread::spawn(move || {
            let (stream, server) = (listener.accept().unwrap().0, TcpStream::connect(relay).unwrap());
            *client.lock().unwrap() = Some(stream.try_clone().unwrap());
            std::thread::scope(|scope| {
                scope.spawn(|| record(&server, &stream, &recorded[Way::FromServer as usize]));
                record(&stream, &server, &recorded[Way::ToServer as usize]);
            });
        });
        recorder
    }

    fn recorded(&self, way: Way) -> Vec<u8> {
        self.recorded[way as usize].lock().unwrap().clone()
    }

    /// Sends the client a line that no relay would.
    fn inject(&self, line: &[u8]) {
        wait_until("the end of a line", || {
            let mut recorded = self.recorded[Way::FromServer as usize].lock().unwrap();
            let is_at_end = recorded.ends_with(b"\n");
            if is_at_end {
                recorded.extend_from_slice(line);
                self.client.lock().unwrap().as_ref().unwrap().write_all(line).unwrap();
            }
            is_at_end
        });
    }
}

fn record(mut from: &TcpStream, mut to: &TcpStream, into: &Mutex<Vec<u8>>) {
    let mut bytes = [0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let mut recorded = into.lock().unwrap();
        recorded.extend_from_slice(&bytes[..count]);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn the_panel_shows_the_lines_on_the_wire_and_those_of_a_message() {
    let (desktop, relay) = (Desktop::start(), RelayThread::start());
    let proxy = Recorder::start(relay.address);
    let window = desktop.client(&[&proxy.address.to_string(), "alice"]);
    relay.screen.wait_for("* alice a rejoint la discussion.");
    let mut bob = Peer::login(relay.address, "bob");
    let alice = bob.expect_present();
    window.wait_for_title("alice avec bob – Messagerie");
    bob.send_message(&alice, 1, "avant");
    window.wait_for_text("avant");

    window.press(&["F12"]);
    let (_, _, w, h) = window.geometry();
    let copy = || window.picture(Some((w - 140, h - 272, 128, 30)));
    wait_until("the panel", || window.pixels(BUTTON, Some((w - 140, h - 272, 128, 30))) > 1000);
    let copies = copy();
    let panel = |part: &str| {
        desktop.set_clipboard("(rien)");
        window.press(&["alt+l"]);
        let text = desktop.clipboard();
        assert!(!text.contains(|c: char| c != '\n' && c.is_control()), "{text:?}");
        let lines = text.lines().filter_map(|line| line.split_once(part)).map(|(_, line)| line.to_owned());
        lines.collect::<Vec<_>>()
    };
    let hostile = "\x1b[2J\x07\u{202e}à l'envers\u{9b}31m\u{7f}";
    bob.send_message(&alice, 2, hostile);
    // Bytes that the relay would not pass on come from elsewhere.
    proxy.inject(b"\xff\xfe \x1b]0;titre\x07\r\n");
    bob.send_message(&alice, 3, &"long ".repeat(10_000));
    // Behind it, so that hers stays in view.
    bob.receive_until(&format!("recu {alice} bob/s-bob 3"));
    window.type_line("Salut Bob");
    let recu = format!("recu bob/s-bob {alice} 1");
    while !bob.receive().expect("the relay is there").contains("Salut Bob") {}
    bob.send(&recu);
    bob.send_message(&alice, 4, "le dernier");

    // Each way, what the proxy has seen.
    let expected = |way| -> Vec<String> {
        let lines = proxy.recorded(way);
        let lines = lines.split(|byte| *byte == b'\n').map(|line| {
            let shown = harmless(&String::from_utf8_lossy(&line[..line.len().min(400)])).into_owned();
            if line.len() > 400 { format!("{shown}… ({} octets)", line.len() + 1) } else { shown }
        });
        lines.collect()
    };
    for (way, arrow, last) in [(Way::FromServer, " ← ", "le dernier"), (Way::ToServer, " → ", "bob/s-bob 4")]
    {
        let mut shown = Vec::new();
        wait_until(last, || {
            shown = panel(arrow);
            shown.last().is_some_and(|line| line.ends_with(last))
        });
        let expected = expected(way);
        assert!(
            expected.windows(shown.len()).any(|lines| lines == shown),
            "{shown:?}\nis not in\n{expected:?}"
        );
        assert!(shown.len() >= 3 && !shown.iter().any(|line| line.contains("avant")), "{shown:?}");
    }
    let received = panel(" ← ");
    for line in ["␛[2J␇<U+202E>à l'envers<U+009B>31m␡", "\u{fffd}\u{fffd} ␛]0;titre␇␍", "octets)", &recu]
    {
        assert!(received.iter().any(|shown| shown.ends_with(line)), "{line:?} is not in {received:?}");
    }

    // What was above is reached by the scrollbar, at the page's right edge.
    let has_thumb = |y: i32| window.pixels(BORDER, Some((w - 30, y, 14, 70))) > 100;
    let (top, bottom) = (h - 226, h - 132);
    wait_until("the scrollbar", || has_thumb(bottom) && !has_thumb(top));
    window.drag((w - 20, h - 80), (w - 20, h - 300));
    wait_until("the first lines", || has_thumb(top) && !has_thumb(bottom));
    window.drag((w - 20, h - 220), (w - 20, h));
    wait_until("the last lines", || has_thumb(bottom) && !has_thumb(top));
    wait_until("what the button says at first", || copy() == copies);

    // A click on her message, the only blue one, marks its lines; one beside it marks none.
    let marked = || window.pixels(OWN_BUBBLE, Some((14, h - 236, w - 60, 170)));
    assert_eq!(marked(), 0);
    let picture = window.picture(Some((0, 80, w, h - 330)));
    let at = picture.iter().rposition(|pixel| *pixel == [0xD3, 0xE5, 0xFC]).expect("her message is in view");
    window.click(at as i32 % w - 30, 80 + at as i32 / w - 3);
    wait_until("its lines", || marked() > 5000);
    window.screenshot("wire-marked");
    window.click(w - 40, 80);
    wait_until("no marked lines", || marked() == 0);

    // Closed, it keeps nothing.
    window.press(&["F12"]);
    bob.send_message(&alice, 5, "pendant");
    window.wait_for_text("pendant");
    window.press(&["F12"]);
    bob.send_message(&alice, 6, "ensuite");
    wait_until("a line", || panel(" ← ").iter().any(|line| line.ends_with("ensuite")));
    assert!(!panel(" ← ").iter().any(|line| line.ends_with("dernier") || line.ends_with("pendant")));
}
