//! What goes wrong in real life, done to the real programs: killed, stopped and starved processes, cut cables,
//! outputs that nobody reads, crowds.
//!
//! For Linux, whose /proc tells what a process uses. Nothing here asks how fast something is; times that the product
//! promises are only ever waited for.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serveur::Limits;
use support::free_address;
use support::peer::{Peer, message};
use support::program::{Program, binary, listening, server};
use support::proxy::{Proxy, Weather};
use support::relay::{RelayThread, seat_two};
use support::usage::Usage;

const ALICE: &str = "alice/s-alice";
const BOB: &str = "bob/s-bob";

/// What the relay may use of memory, in KiB, whatever happens.
const MAX_RELAY_KIB: usize = 16 * 1024;
/// How much of its memory an allocator may keep to itself, in KiB.
const ALLOCATOR_KIB: usize = 1024;
/// How many connections the relay has at once, at most, those that wait, talk, and are being closed.
const MAX_CONNECTIONS: usize = 256;
/// The relay's threads when nobody is connected: accepting, display, watch, answers to who looks for it.
const IDLE_THREADS: usize = 4;
/// How many connections make a crowd.
const CROWD: usize = 1000;

/// A relay that takes silence for a loss as soon as it can, with clients that say `ping` every 5 s.
fn impatient_relay() -> RelayThread {
    RelayThread::with(false, Limits { silence: Duration::from_secs(7), ..Limits::default() })
}

/// Whether exactly these were shown; a whole transcript in a failure's message would help nobody.
#[track_caller]
fn assert_shown(client: &Program, from: &str, expected: &[String]) {
    let shown = client.texts(from);
    let wrong = shown.iter().zip(expected).position(|(shown, expected)| shown != expected);
    assert_eq!(wrong, None, "{:?}", wrong.map(|at| (&shown[at], &expected[at])));
    assert_eq!(shown.len(), expected.len());
}

/// A file of this run's own.
fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()))
}

#[test]
fn ten_kills_of_the_relay_during_twenty_thousand_messages_each_way_lose_nothing() {
    const ROUNDS: usize = 10;
    const PER_ROUND: usize = 2000;
    let (mut relay, address) = server(&[]);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    let lines = |who: &str| -> Vec<String> {
        (1..=ROUNDS * PER_ROUND)
            .map(|number| format!("{who} {number} {}", "x".repeat(number % 300)))
            .collect()
    };
    let (from_alice, from_bob) = (lines("alice"), lines("bob"));
    for round in 0..ROUNDS {
        let part = round * PER_ROUND..(round + 1) * PER_ROUND;
        let (for_alice, for_bob) = (from_alice[part.clone()].join("\n"), from_bob[part.clone()].join("\n"));
        thread::scope(|scope| {
            scope.spawn(|| alice.type_line(&for_alice));
            scope.spawn(|| bob.type_line(&for_bob));
        });
        // Some of it has arrived, the rest is on its way.
        let early = format!(" : {} ", from_alice[part.start + 100].rsplit_once(' ').unwrap().0);
        bob.out.wait_until(&early, |text| text[text.len().saturating_sub(2_000_000)..].contains(&early));
        relay.kill();
        relay = Program::start("serveur", &[&address.to_string()]);
    }
    let end = |lines: &[String]| format!("{}\n", lines.last().unwrap());
    // The last kill may have come after the last line: then only they themselves know that they are back.
    let is_back = |text: &str| text.matches("a rejoint la discussion.").count() == ROUNDS + 1;
    alice.err.wait_until("eleven times together", is_back);
    alice.out.wait_until("the last line", |text| text.ends_with(&end(&from_bob)));
    bob.out.wait_until("the last line", |text| text.ends_with(&end(&from_alice)));
    alice.type_line("quitter");
    assert_eq!((alice.status(), bob.status(), relay.status()), (0, 0, 0));
    assert_shown(&bob, "alice", &from_alice);
    assert_shown(&alice, "bob", &from_bob);
    assert!(alice.err.text().matches("Connexion perdue").count() >= ROUNDS);
}

#[test]
fn a_network_that_cuts_lines_anywhere_and_then_trickles_loses_nothing() {
    let (_relay, address) = server(&[]);
    let proxy = Proxy::start(address);
    let (mut alice, mut bob) = Program::two_clients(proxy.address, address);
    let lines: Vec<String> = (1..=400).map(|number| format!("à travers {number}")).collect();
    // Not a multiple of anything that is in a line.
    proxy.set(Weather::CutAfter(1999));
    for line in &lines[..350] {
        alice.type_line(line);
        bob.type_line(line);
    }
    bob.out.wait_for("alice : à travers 350\n");
    alice.out.wait_for("bob : à travers 350\n");
    assert!(proxy.cuts_inside_lines() > 10, "{}", proxy.cuts_inside_lines());
    proxy.set(Weather::ByteByByte);
    for line in &lines[350..] {
        alice.type_line(line);
        bob.type_line(line);
    }
    bob.out.wait_for("alice : à travers 400\n");
    alice.out.wait_for("bob : à travers 400\n");
    assert_shown(&bob, "alice", &lines);
    assert_shown(&alice, "bob", &lines);
}

#[test]
fn a_pulled_cable_is_noticed_and_nothing_is_lost() {
    let relay = impatient_relay();
    let proxy = Proxy::start(relay.address);
    let (mut alice, mut bob) = Program::two_clients(proxy.address, relay.address);
    // The relay counts the silence of those who have sent a ping.
    proxy.set(Weather::SilentAfterPong);
    proxy.wait_for_silence();
    alice.type_line("dans le vide");
    bob.type_line("dans le vide aussi");
    bob.err.wait_for("alice a perdu la connexion");
    proxy.set(Weather::Closed);
    alice.err.wait_for("Connexion perdue : nouvelle tentative…");
    proxy.set(Weather::Fine);
    bob.out.wait_for("alice : dans le vide\n");
    alice.out.wait_for("bob : dans le vide aussi\n");
}

#[test]
fn a_stopped_client_holds_up_a_hundred_megabytes_and_then_gets_them_all() {
    const LINES: usize = 10_000;
    let (mut relay, address) = server(&[]);
    let mut alice = Program::client(address, "alice");
    alice.err.wait_for("Connecté");
    let received = scratch("stopped");
    let mut command = Command::new(binary("client"));
    command.args([&address.to_string(), "bob", "--terminal"]);
    let mut bob = Program::spawn_into(File::create(&received).unwrap().into(), &mut command);
    bob.err.wait_for("alice a rejoint la discussion.");
    bob.stop();
    let line = |number: usize| format!("{number} {}", "x".repeat(10_000));
    let mut input = alice.take_input();
    let typist = thread::spawn(move || {
        (0..LINES).for_each(|number| writeln!(input, "{}", line(number)).unwrap());
    });
    // Shorter than what a stopped client is granted, long enough to fill everything on the way.
    thread::sleep(Duration::from_secs(3));
    assert!(!typist.is_finished(), "alice is held up");
    bob.resume();
    typist.join().unwrap();
    assert!(Usage::of(relay.id()).peak < MAX_RELAY_KIB, "{:?}", Usage::of(relay.id()));
    assert_eq!((alice.status(), bob.status(), relay.status()), (0, 0, 0));
    let mut count = 0;
    for shown in BufReader::new(File::open(&received).unwrap()).lines() {
        assert!(shown.unwrap().ends_with(&format!("] alice : {}", line(count))), "line {count}");
        count += 1;
    }
    assert_eq!(count, LINES);
    fs::remove_file(received).unwrap();
}

#[test]
fn a_stopped_client_is_lost_and_quitter_takes_effect() {
    let relay = impatient_relay();
    let bob = Program::client(relay.address, "bob");
    bob.err.wait_for("Connecté");
    let mut alice = Peer::login(relay.address, "alice");
    let bobs_address = alice.expect_present();
    bob.stop();
    let text = "x".repeat(50_000);
    for number in 1..=2000 {
        alice.send_message(&bobs_address, number, &text);
    }
    alice.send("quitter");
    let lines: Vec<String> = std::iter::from_fn(|| alice.receive()).collect();
    // Before he was stopped, he may have acknowledged something.
    assert!(lines.ends_with(&[format!("absent {bobs_address}"), format!("fin {ALICE}")]), "{lines:?}");
}

#[test]
fn quitter_while_the_other_is_stopped_ends_the_client_and_names_what_is_left() {
    let relay = impatient_relay();
    let (mut alice, bob) = Program::two_clients(relay.address, relay.address);
    bob.stop();
    for number in 1..=60 {
        alice.type_line(&format!("{number} {}", "x".repeat(60_000)));
    }
    alice.type_line("quitter");
    assert_eq!(alice.status(), 0);
    // He may have shown the first before he stopped.
    let lost = alice.err.text();
    assert!(
        ["59", "60"]
            .iter()
            .any(|count| lost.contains(&format!("{count} messages n'ont pas été remis à bob")))
    );
}

#[test]
fn an_output_that_takes_nothing_does_not_hold_up_the_discussion() {
    let (reader, unread) = io::pipe().unwrap();
    let (log_reader, unread_with_log) = io::pipe().unwrap();
    let (_, broken) = io::pipe().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    thread::scope(|scope| {
        scope.spawn(|| talk_through(unread.into(), "", "la fin de l'affichage est perdue"));
        scope.spawn(|| talk_through(unread_with_log.into(), "2>&1", ""));
        scope.spawn(|| talk_through(broken.into(), "", "L'affichage ne peut pas être écrit"));
        scope.spawn(|| talk_through(full.into(), "", "L'affichage ne peut pas être écrit"));
        scope.spawn(|| talk_through(Stdio::null(), ">&-", ""));
    });
    drop((reader, log_reader));
}

/// A discussion through a server with this output, longer than the server stores for its display; its log then
/// says `complaint`, once.
fn talk_through(output: Stdio, redirection: &str, complaint: &str) {
    let address = free_address();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec \"$0\" {address} {redirection}")]).arg(binary("serveur"));
    let mut relay = Program::spawn_into(output, &mut shell);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    let lines: Vec<String> = (1..=200).map(|number| format!("{number} {}", "x".repeat(5000))).collect();
    alice.type_line(&lines.join("\n"));
    bob.out.wait_until("the last line", |text| text.ends_with(&format!("{}\n", lines[199])));
    bob.type_line("bien reçu");
    alice.out.wait_for("bob : bien reçu\n");
    alice.type_line("quitter");
    assert_eq!((alice.status(), bob.status(), relay.status()), (0, 0, 0));
    assert_shown(&bob, "alice", &lines);
    let err = relay.err.text();
    assert!(err.contains(complaint) && err.lines().count() == usize::from(!complaint.is_empty()), "{err}");
}

/// Two who talk, message by message, until told to stop; gives how many came and went.
fn ping_pong(alice: &mut Peer, bob: &mut Peer, first: u64, stop: &AtomicBool) -> u64 {
    let mut number = first;
    while !stop.load(Ordering::SeqCst) {
        alice.send_message(BOB, number, "aller");
        bob.expect(&message(ALICE, BOB, number, "aller"));
        bob.send_message(ALICE, number, "retour");
        alice.expect(&message(BOB, ALICE, number, "retour"));
        number += 1;
    }
    number - first
}

#[test]
fn a_crowd_of_a_thousand_disturbs_nobody_and_leaves_no_trace() {
    let (relay, address) = server(&[]);
    let (mut alice, mut bob) = seat_two(address);
    // One crowd first, so that the memory that the allocator keeps for the next is there.
    crowd(address);
    let before = Usage::wait_for(relay.id(), IDLE_THREADS + 2, usize::MAX);
    let stop = AtomicBool::new(false);
    let (round_trips, during) = thread::scope(|scope| {
        let talk = scope.spawn(|| ping_pong(&mut alice, &mut bob, 1, &stop));
        let crowd = crowd(address);
        let during = Usage::of(relay.id());
        drop(crowd);
        stop.store(true, Ordering::SeqCst);
        (talk.join().unwrap(), during)
    });
    assert!(during.threads <= IDLE_THREADS + MAX_CONNECTIONS, "{during:?}");
    assert!(during.descriptors <= before.descriptors + MAX_CONNECTIONS, "{during:?}");
    assert!(during.peak < MAX_RELAY_KIB, "{during:?}");
    assert!(round_trips > 0);
    println!("{round_trips} round trips meanwhile");
    let after = Usage::wait_for(relay.id(), before.threads, before.descriptors);
    assert!(after.resident <= before.resident + ALLOCATOR_KIB, "{before:?} {after:?}");
}

/// A thousand connections at once that say nothing, or garbage, or half a login.
fn crowd(relay: SocketAddr) -> Vec<Peer> {
    let words: [&[u8]; 4] = [b"", b"\x00\xff\x1b[2J garbage", b"login 2 alice/", b"GET / HTTP/1.1\r\n\r\n"];
    (0..CROWD)
        .map(|number| {
            let mut peer = Peer::connect(relay);
            peer.try_send_bytes(words[number % words.len()]);
            peer
        })
        .collect()
}

#[test]
fn who_logs_in_and_is_thrown_out_at_once_counts_among_the_crowd() {
    let (relay, address) = server(&["--permanent"]);
    Peer::connect(address).finish();
    let before = Usage::wait_for(relay.id(), IDLE_THREADS, usize::MAX);
    let thrown_out: Vec<Peer> = (1..=200)
        .map(|number| {
            let mut peer = Peer::connect(address);
            peer.try_send_bytes(&[format!("login 2 n{number}/s\n").as_bytes(), b"\xff\n"].concat());
            while peer.receive().is_some_and(|line| !line.starts_with("refus ")) {}
            peer
        })
        .collect();
    let during = Usage::of(relay.id());
    assert!(during.threads <= before.threads + 130, "{during:?}");
    drop(thrown_out);
    Usage::wait_for(relay.id(), before.threads, before.descriptors);
}

/// A relay that may open 24 files, those whom `seat` seats there, and 40 strangers who say nothing.
fn relay_without_file_descriptors<Seated>(
    seat: impl FnOnce(SocketAddr) -> Seated,
) -> (Program, SocketAddr, Seated, Vec<Peer>) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 24; exec \"$0\" 127.0.0.1:0 --discret"]).arg(binary("serveur"));
    let relay = Program::spawn(&mut shell);
    let address = listening(&relay);
    let seated = seat(address);
    let crowd: Vec<Peer> = (0..40).map(|_| Peer::connect(address)).collect();
    relay.err.wait_for("Plus de descripteurs de fichiers : une connexion est renvoyée");
    (relay, address, seated, crowd)
}

#[test]
fn without_file_descriptors_quitter_ends_the_relay_all_the_same() {
    let login = |address| Peer::login(address, "alice");
    let (mut relay, _, mut alice, _crowd) = relay_without_file_descriptors(login);
    alice.send("quitter");
    alice.expect(&format!("fin {ALICE}"));
    assert_eq!(relay.status(), 0);
}

#[test]
fn without_file_descriptors_the_relay_refuses_rests_and_recovers() {
    let (relay, address, (mut alice, mut bob), mut crowd) = relay_without_file_descriptors(seat_two);
    ping_pong_once(&mut alice, &mut bob, 1);
    crowd.iter_mut().rev().take(20).for_each(|peer| peer.expect_refusal("occupe"));
    let busy = Usage::of(relay.id()).busy;
    // If it looked for descriptors without a rest, it would be busy all the time.
    thread::sleep(Duration::from_secs(1));
    assert!(Usage::of(relay.id()).busy - busy < Duration::from_millis(200));
    drop(crowd);
    Usage::wait_for(relay.id(), IDLE_THREADS + 2, 8);
    let mut third = Peer::connect(address);
    third.send("login 2 carol/c1");
    third.expect_refusal("complet");
    ping_pong_once(&mut alice, &mut bob, 2);
}

fn ping_pong_once(alice: &mut Peer, bob: &mut Peer, number: u64) {
    alice.send_message(BOB, number, "toujours là ?");
    bob.expect(&message(ALICE, BOB, number, "toujours là ?"));
}

#[test]
fn quitter_after_the_other_was_lost_ends_client_and_relay() {
    let relay =
        RelayThread::with(false, Limits { last_wait: Duration::from_millis(300), ..Limits::default() });
    let (mut alice, mut bob) = Program::two_clients(relay.address, relay.address);
    bob.kill();
    alice.err.wait_for("bob a perdu la connexion");
    alice.type_line("trop tard");
    alice.type_line("quitter");
    assert_eq!(alice.status(), 0);
    relay.join();
    let err = alice.err.text();
    assert!(err.contains("1 message n'a pas été remis à bob") && err.contains("« trop tard »"), "{err}");
}

#[test]
fn whoever_finds_his_seat_taken_is_told_so_and_gets_it_back_when_it_is_free() {
    let relay =
        RelayThread::with(false, Limits { kept_seat: Duration::from_millis(300), ..Limits::default() });
    let address = relay.address;
    let proxy = Proxy::start(address);
    let (mut alice, mut bob) = Program::two_clients(address, proxy.address);
    proxy.set(Weather::Closed);
    alice.err.wait_for("bob a perdu la connexion");
    alice.type_line("pour bob");
    let mut carol = Program::client(address, "carol");
    alice.err.wait_for("carol a rejoint la discussion.");
    alice.type_line("bienvenue carol");
    carol.out.wait_for("alice : bienvenue carol\n");
    carol.type_line("merci");
    alice.out.wait_for("carol : merci\n");
    proxy.set(Weather::Fine);
    bob.err.wait_for("Deux personnes discutent en ce moment sur ce serveur");
    carol.kill();
    bob.out.wait_for("alice : pour bob\n");
    bob.type_line("me revoilà");
    alice.out.wait_for("bob : me revoilà\n");
    assert!(!bob.out.text().contains("carol") && !carol.out.text().contains("pour bob"));
    assert_eq!(bob.err.text().matches("Deux personnes").count(), 1, "once is enough");
}

#[test]
fn a_thousand_discussions_on_one_server_leave_nothing_behind() {
    let (relay, address) = server(&["--permanent"]);
    // Once it has answered somebody, it has all it needs.
    Peer::connect(address).finish();
    let fresh = Usage::wait_for(relay.id(), IDLE_THREADS, usize::MAX);
    let mut after_ten = fresh;
    for discussion in 1..=1000 {
        let (mut alice, mut bob) = seat_two(address);
        ping_pong_once(&mut alice, &mut bob, 1);
        let (quits, stays) =
            if discussion % 2 == 0 { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
        quits.send("quitter");
        let end = format!("fin {}", quits.address);
        quits.expect(&end);
        stays.expect(&end);
        if discussion == 10 {
            drop((alice, bob));
            after_ten = Usage::wait_for(relay.id(), fresh.threads, fresh.descriptors);
        }
    }
    let after_all = Usage::wait_for(relay.id(), after_ten.threads, after_ten.descriptors);
    assert!(after_all.resident <= after_ten.resident + ALLOCATOR_KIB, "{after_ten:?} {after_all:?}");
}
