//! Raw dialogues with the relay: what goes over the wire, byte by byte.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::endpoint::Endpoint;
use serveur::{Emphasis, Relay};
use support::peer::{Peer, message};
use support::relay::{RelayThread, alice_and_bob, seat_two};

const ALICE: &str = "alice/s-alice";
const BOB: &str = "bob/s-bob";

#[test]
fn the_discussion_of_the_protocol_page() {
    let relay = RelayThread::start();
    let mut alice = Peer::login_as(relay.address, "alice/7f3ac01b9d22e540");
    let mut bob = Peer::login_as(relay.address, "bob/91bc55aa0173cd08");
    alice.expect("present bob/91bc55aa0173cd08");
    bob.expect("present alice/7f3ac01b9d22e540");
    for (from_alice, line) in [
        (true, "recu alice/7f3ac01b9d22e540 bob/91bc55aa0173cd08 0"),
        (false, "recu bob/91bc55aa0173cd08 alice/7f3ac01b9d22e540 0"),
        (true, "msg alice/7f3ac01b9d22e540 bob/91bc55aa0173cd08 1 2026-11-20T14:03:07.123+01:00 Salut Bob !"),
        (false, "recu bob/91bc55aa0173cd08 alice/7f3ac01b9d22e540 1"),
    ] {
        let (from, to) = if from_alice { (&mut alice, &mut bob) } else { (&mut bob, &mut alice) };
        from.send(line);
        to.expect(line);
    }
    alice.send("quitter");
    for peer in [&mut alice, &mut bob] {
        peer.expect("fin alice/7f3ac01b9d22e540");
        peer.expect_end();
    }
}

#[test]
fn a_line_may_come_byte_by_byte() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let line = message(ALICE, BOB, 1, "très 😀 lentement");
    for byte in format!("{line}\r\n").bytes() {
        alice.send_bytes(&[byte]);
    }
    bob.expect(&line);
}

#[test]
fn a_hundred_lines_may_come_in_one_write() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let lines: Vec<String> = (1..=100).map(|n| message(ALICE, BOB, n, &format!("numéro {n}"))).collect();
    alice.send_bytes(format!("{}\n", lines.join("\n")).as_bytes());
    for line in &lines {
        bob.expect(line);
    }
}

#[test]
fn what_is_dropped_leaves_the_lines_around_it_whole() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let kept = [message(ALICE, BOB, 1, "un"), message(ALICE, BOB, 2, "deux")];
    let lost = message(ALICE, "bob/autre", 1, "pour un autre");
    alice.send_bytes(format!("{}\n{lost}\nping\n{}\n", kept[0], kept[1]).as_bytes());
    bob.expect(&kept[0]);
    bob.expect(&kept[1]);
    alice.expect("pong");
}

#[test]
fn a_cr_before_the_line_feed_does_not_count_and_any_other_does() {
    let relay = RelayThread::start();
    let mut alice = Peer::connect(relay.address);
    alice.send("login 2 alice/s-alice\r");
    alice.expect("bienvenue alice/s-alice");
    let mut bob = Peer::login(relay.address, "bob");
    bob.expect("present alice/s-alice");
    alice.send(&format!("{}\r", message(ALICE, BOB, 1, "fin de ligne de Windows")));
    alice.send(&format!("{}\r\r", message(ALICE, BOB, 2, "un CR à soi")));
    bob.expect(&message(ALICE, BOB, 1, "fin de ligne de Windows"));
    bob.expect(&format!("{}\r\r", message(ALICE, BOB, 2, "un CR à soi")));
}

#[test]
fn a_line_of_65536_bytes_passes_and_one_byte_more_ends_the_connection() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let line = message(ALICE, BOB, 1, "");
    let longest = format!("{line}{}", "x".repeat(65_535 - line.len()));
    alice.send(&longest);
    bob.expect(&longest);
    alice.send(&format!("{longest}x"));
    alice.expect_refusal("trame-trop-longue");
    alice.expect_end();
    bob.expect(&format!("absent {ALICE}"));
}

#[test]
fn a_line_that_never_ends_is_refused_at_login_too() {
    let relay = RelayThread::start();
    let mut someone = Peer::connect(relay.address);
    someone.send_bytes(&[b'x'; 65_536]);
    someone.expect_refusal("trame-trop-longue");
    someone.expect_end();
}

#[test]
fn bytes_that_are_not_utf8_end_the_connection_and_only_that() {
    let (relay, mut alice, mut bob) = alice_and_bob();
    alice.send_bytes(b"msg alice/s-alice bob/s-bob 1 d \xff\n");
    alice.expect_refusal("utf8");
    alice.expect_end();
    bob.expect(&format!("absent {ALICE}"));
    let mut alice = Peer::login(relay.address, "alice");
    alice.expect(&format!("present {BOB}"));

    let mut someone = Peer::connect(relay.address);
    someone.send_bytes(b"\xc3\x28\n");
    someone.expect_refusal("utf8");
}

#[test]
fn logins_are_refused_with_their_codes() {
    let relay = RelayThread::start();
    let _alice = Peer::login(relay.address, "alice");
    for (line, code) in [
        ("login 1 bob/b1", "version"),
        ("login 01 bob/b1", "version"),
        ("bonjour", "login-attendu"),
        ("", "login-attendu"),
        ("ping", "login-attendu"),
        ("quitter", "login-attendu"),
        ("login", "login-attendu"),
        ("GET / HTTP/1.1", "login-attendu"),
        ("login 2 bob", "pseudo-invalide"),
        ("login 2 bob/", "pseudo-invalide"),
        ("login 2 /b1", "pseudo-invalide"),
        ("login 2 Jean Paul/b1", "pseudo-invalide"),
        ("login 2 \u{1b}[31mbob/b1", "pseudo-invalide"),
        ("login 2 alice/autre", "pseudo-pris"),
        ("login 2 ALICE/autre", "pseudo-pris"),
    ] {
        let mut someone = Peer::connect(relay.address);
        someone.send(line);
        someone.expect_refusal(code);
        someone.expect_end();
    }
}

#[test]
fn whoever_says_nothing_for_ten_seconds_is_sent_away() {
    let relay = RelayThread::start();
    let start = Instant::now();
    let mut silent = Peer::connect(relay.address);
    let mut unfinished = Peer::connect(relay.address);
    unfinished.send_bytes(b"login 2 alice/a1");
    for peer in [&mut silent, &mut unfinished] {
        peer.expect_refusal("login-attendu");
        peer.expect_end();
    }
    assert!(start.elapsed() >= Duration::from_secs(10), "a slow hand has ten seconds");
}

#[test]
fn wrong_lines_are_refused_and_the_connection_goes_on() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    for (line, code) in [
        ("", "trame-invalide"),
        ("bonjour", "trame-invalide"),
        ("msg alice/s-alice bob/s-bob 0 d texte", "trame-invalide"),
        ("msg alice/s-alice bob/s-bob 1 d", "trame-invalide"),
        ("recu alice/s-alice bob/s-bob", "trame-invalide"),
        ("ping ping", "trame-invalide"),
        ("present bob/s-bob", "trame-invalide"),
        ("fin bob/s-bob", "trame-invalide"),
        ("refus complet ha ha", "trame-invalide"),
        ("login 2 alice/s-alice", "deja-connecte"),
        ("login 2 carol/c", "deja-connecte"),
        ("msg bob/s-bob alice/s-alice 1 d je suis bob", "source-usurpee"),
        ("msg alice/autre bob/s-bob 1 d autre session", "source-usurpee"),
        ("recu bob/s-bob alice/s-alice 1", "source-usurpee"),
    ] {
        alice.send(line);
        alice.expect_refusal(code);
    }
    alice.expect_quiet();
    bob.expect_quiet();
}

#[test]
fn a_message_for_someone_who_is_not_there_is_dropped_without_a_word() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    for to in ["bob/autre", "carol/c1", ALICE] {
        alice.send_message(to, 1, "perdu");
        alice.send(&format!("recu {ALICE} {to} 0"));
    }
    alice.expect_quiet();
    bob.expect_quiet();
}

#[test]
fn pseudos_are_the_same_in_any_case_on_the_way_too() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let line = message("Alice/s-alice", "BOB/s-bob", 1, "majuscules");
    alice.send(&line);
    bob.expect(&line);
}

#[test]
fn a_broken_connection_is_told_and_its_seat_is_free_at_once() {
    let (relay, mut alice, bob) = alice_and_bob();
    bob.close();
    alice.expect(&format!("absent {BOB}"));
    let mut carol = Peer::login(relay.address, "carol");
    carol.expect(&format!("present {ALICE}"));
    alice.expect("present carol/s-carol");
    carol.send_message(ALICE, 1, "à trois tour à tour");
    alice.expect(&message("carol/s-carol", ALICE, 1, "à trois tour à tour"));
    let mut bob = Peer::connect(relay.address);
    bob.send("login 2 bob/s-bob");
    bob.expect_refusal("complet");
}

#[test]
fn what_was_sent_before_the_connection_broke_arrives_before_absent() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    for number in 1..=1000 {
        alice.send_message(BOB, number, "juste avant");
    }
    alice.close_sending();
    for number in 1..=1000 {
        bob.expect(&message(ALICE, BOB, number, "juste avant"));
    }
    bob.expect(&format!("absent {ALICE}"));
}

#[test]
fn present_comes_before_anything_of_the_other() {
    let relay = RelayThread::permanent();
    let mut alice = Peer::login(relay.address, "alice");
    for _ in 0..50 {
        // alice talks to bob's address without waiting for him, as a client that has just lost sight of him may.
        let mut bob = Peer::connect(relay.address);
        bob.send("login 2 bob/s-bob");
        for number in 1..=20 {
            alice.send_message(BOB, number, "trop tôt ?");
        }
        bob.expect("bienvenue bob/s-bob");
        bob.expect(&format!("present {ALICE}"));
        alice.expect(&format!("present {BOB}"));
        bob.close();
        alice.expect(&format!("absent {BOB}"));
    }
}

#[test]
fn everything_sent_before_quitter_arrives_before_fin() {
    let (relay, mut alice, mut bob) = alice_and_bob();
    for number in 1..=5000 {
        alice.send_message(BOB, number, "avant la fin");
    }
    alice.send("quitter");
    // bob is still talking when the end comes: no reset may destroy what he has not read yet.
    bob.send_message(ALICE, 1, "attends !");
    for number in 1..=5000 {
        bob.expect(&message(ALICE, BOB, number, "avant la fin"));
    }
    bob.expect(&format!("fin {ALICE}"));
    bob.expect_end();
    alice.close();
    bob.close();
    relay.join();
}

#[test]
fn the_end_does_not_wait_for_someone_who_does_not_close() {
    let (relay, mut alice, mut bob) = alice_and_bob();
    let start = Instant::now();
    alice.send("quitter");
    alice.expect(&format!("fin {ALICE}"));
    bob.expect(&format!("fin {ALICE}"));
    // Both stay open; the relay gives them two seconds.
    relay.join();
    assert!(start.elapsed() >= Duration::from_millis(1900), "they have two seconds");
}

#[test]
fn both_may_quit_in_the_same_instant() {
    let relay = RelayThread::permanent();
    for _ in 0..100 {
        let (mut alice, mut bob) = seat_two(relay.address);
        alice.send("quitter");
        bob.send("quitter");
        let (end_of_alice, end_of_bob) = (alice.receive().unwrap(), bob.receive().unwrap());
        assert_eq!(end_of_alice, end_of_bob);
        assert!([format!("fin {ALICE}"), format!("fin {BOB}")].contains(&end_of_alice), "{end_of_alice}");
        alice.expect_end();
        bob.expect_end();
    }
}

#[test]
fn quitter_alone_ends_the_server_too() {
    let relay = RelayThread::start();
    let mut alice = Peer::login(relay.address, "alice");
    alice.send("quitter");
    alice.expect(&format!("fin {ALICE}"));
    alice.expect_end();
    alice.close();
    relay.join();
}

#[test]
fn a_permanent_server_serves_the_next_two() {
    let relay = RelayThread::permanent();
    for round in 0..3 {
        let (mut alice, mut bob) = seat_two(relay.address);
        alice.send_message(BOB, 1, &format!("discussion {round}"));
        bob.expect(&message(ALICE, BOB, 1, &format!("discussion {round}")));
        bob.send("quitter");
        alice.expect(&format!("fin {BOB}"));
        // The seats are free although the old connections are still open.
        let mut carol = Peer::login(relay.address, "carol");
        carol.send("quitter");
        carol.expect("fin carol/s-carol");
    }
}

#[test]
fn a_hundred_connections_that_say_nothing_disturb_nobody() {
    let (relay, mut alice, mut bob) = alice_and_bob();
    let mut silent: Vec<Peer> = (0..100).map(|_| Peer::connect(relay.address)).collect();
    for number in 1..=100 {
        alice.send_message(BOB, number, "tranquille");
        bob.expect(&message(ALICE, BOB, number, "tranquille"));
    }
    let mut third = Peer::connect(relay.address);
    third.send("login 2 carol/c1");
    third.expect_refusal("complet");
    for peer in &mut silent {
        peer.expect_refusal("login-attendu");
        peer.expect_end();
    }
}

#[test]
fn too_many_connections_that_say_nothing_are_sent_away() {
    let relay = RelayThread::start();
    let crowd: Vec<Peer> = (0..130).map(|_| Peer::connect(relay.address)).collect();
    let mut one_more = Peer::connect(relay.address);
    one_more.expect_refusal("occupe");
    one_more.expect_end();
    drop(crowd);
    // As soon as the relay has noticed that they are gone, there is room again.
    let mut tries = 0;
    let accepted = loop {
        let mut alice = Peer::connect(relay.address);
        alice.send("login 2 alice/s-alice");
        let answer = alice.receive().unwrap();
        if answer.starts_with("bienvenue") || tries == 10_000 {
            break answer;
        }
        assert!(answer.starts_with("refus occupe "), "{answer}");
        tries += 1;
    };
    assert_eq!(accepted, "bienvenue alice/s-alice");
}

#[test]
fn who_pings_and_then_falls_silent_is_lost_after_twenty_seconds_and_who_types_by_hand_is_not() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let start = Instant::now();
    alice.send("ping");
    alice.expect("pong");
    // Bytes without the end of a line do not count.
    alice.send_bytes(b"msg alice/s-alice");
    bob.expect(&format!("absent {ALICE}"));
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(19), "{waited:?}");
    alice.expect_end();
    bob.expect_quiet();
}

#[test]
fn nothing_of_a_relay_goes_on_after_its_end() {
    let endpoint: Endpoint = "127.0.0.1:0".parse().unwrap();
    for _ in 0..100 {
        let relay = Relay::bind(&endpoint, false).unwrap();
        relay.stopper().stop();
        let output = Arc::new(());
        relay.run(Box::new(Output { _held: Arc::clone(&output) }), Emphasis::None).unwrap();
        assert_eq!(Arc::strong_count(&output), 1, "the display has let go of its output");
    }
}

/// An output that takes everything, and of which one can tell whether somebody still has it.
struct Output {
    _held: Arc<()>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn nobody_is_seated_any_more_once_the_discussion_is_over() {
    let relay = RelayThread::start();
    let (mut alice, mut bob) = seat_two(relay.address);
    // Connected in time, but not logged in.
    let mut carol = Peer::connect(relay.address);
    alice.send("quitter");
    for peer in [&mut alice, &mut bob] {
        peer.expect(&format!("fin {ALICE}"));
    }
    carol.send("login 2 carol/c1");
    carol.expect_end();
}
