//! Raw dialogues with the relay: what goes over the wire, byte by byte.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serveur::{Emphasis, Limits, Relay};
use support::peer::{Peer, message};
use support::relay::{RelayThread, alice_and_bob, seat_two};

const ALICE: &str = "alice/s-alice";
const BOB: &str = "bob/s-bob";

#[test]
fn the_discussion_of_the_protocol_page() {
    let relay = RelayThread::start();
    let mut alice = Peer::login_with_key(relay.address, "alice/7f3ac01b9d22e540", "c41d09e27b");
    alice.send("ping");
    alice.expect("pong");
    let mut bob = Peer::login_as(relay.address, "bob/91bc55aa0173cd08");
    alice.expect("present bob/91bc55aa0173cd08");
    bob.expect("present alice/7f3ac01b9d22e540");
    for (from_alice, line) in [
        (true, "recu alice/7f3ac01b9d22e540 bob/91bc55aa0173cd08 0"),
        (true, "debut alice/7f3ac01b9d22e540 bob/91bc55aa0173cd08 1"),
        (false, "recu bob/91bc55aa0173cd08 alice/7f3ac01b9d22e540 0"),
        (false, "debut bob/91bc55aa0173cd08 alice/7f3ac01b9d22e540 1"),
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
    alice.expect("present bob/s-bob");
    alice.send(&format!("{}\r", message(ALICE, BOB, 1, "fin de ligne de Windows")));
    bob.expect(&message(ALICE, BOB, 1, "fin de ligne de Windows"));
    for invalid in ["deux à la fin\r\r", "au\rmilieu", "au\rmilieu\r"] {
        alice.send(&message(ALICE, BOB, 2, invalid));
        alice.expect_refusal("trame-invalide");
    }
    alice.send("ping\r");
    alice.expect("pong");
    bob.expect_quiet();
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
        ("login 2 bob/b1 ", "pseudo-invalide"),
        ("login 2 bob/b1 clé", "pseudo-invalide"),
        ("login 2 bob/b1 cle cle", "pseudo-invalide"),
        ("login 2 \u{3164}/b1", "pseudo-invalide"),
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
fn whoever_uses_another_version_is_told_what_to_do() {
    let relay = RelayThread::start();
    let mut alice = Peer::connect(relay.address);
    alice.send("login 1 alice/a1");
    let refusal = alice.receive().unwrap();
    assert!(refusal.starts_with("refus version ") && refusal.contains("installez"), "{refusal}");
}

#[test]
fn whoever_says_nothing_for_a_while_is_sent_away() {
    let relay = RelayThread::with(false, Limits { login: Duration::from_millis(300), ..Limits::default() });
    let mut silent = Peer::connect(relay.address);
    let mut unfinished = Peer::connect(relay.address);
    unfinished.send_bytes(b"login 2 alice/a1");
    for peer in [&mut silent, &mut unfinished] {
        peer.expect_refusal("login-attendu");
        peer.expect_end();
    }
    assert_eq!(Limits::default().login, Duration::from_secs(10), "a slow hand has ten seconds");
}

#[test]
fn wrong_lines_are_refused_and_the_connection_goes_on() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    for (line, code) in [
        ("", "trame-invalide"),
        ("bonjour", "trame-invalide"),
        ("msg alice/s-alice bob/s-bob 0 d texte", "trame-invalide"),
        ("msg alice/s-alice bob/s-bob 1 d", "trame-invalide"),
        ("msg alice/s-alice bob/s-bob +1 d texte", "trame-invalide"),
        ("msg alice/s-alice bob/s-bob 9223372036854775808 d texte", "trame-invalide"),
        ("msg alice/s-alice bob/s-bob 1  texte", "trame-invalide"),
        ("msg alice/s-alice bob/s-bob", "trame-invalide"),
        ("recu alice/s-alice", "trame-invalide"),
        ("Recu alice/s-alice bob/s-bob 1", "trame-invalide"),
        ("motdedixseptlettr alice/s-alice bob/s-bob", "trame-invalide"),
        ("ping ping", "trame-invalide"),
        ("present bob/s-bob", "trame-invalide"),
        ("fin bob/s-bob", "trame-invalide"),
        ("refus complet ha ha", "trame-invalide"),
        ("login 2 alice/s-alice", "deja-connecte"),
        ("login 2 carol/c", "deja-connecte"),
        ("msg bob/s-bob alice/s-alice 1 d je suis bob", "source-usurpee"),
        ("msg alice/autre bob/s-bob 1 d autre session", "source-usurpee"),
        ("frappe bob/s-bob alice/s-alice", "source-usurpee"),
        ("recu bob/s-bob alice/s-alice 1", "source-usurpee"),
    ] {
        alice.send(line);
        alice.expect_refusal(code);
    }
    alice.expect_quiet();
    bob.expect_quiet();
}

#[test]
fn what_the_relay_does_not_know_passes_byte_for_byte() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let lines = [
        "frappe alice/s-alice bob/s-bob",
        "frappe alice/s-alice bob/s-bob ",
        "sondage alice/s-alice bob/s-bob 7 date quatre  mots,   espaces ",
        "bloc alice/s-alice bob/s-bob deadbeef 0 TWFu",
        "recu alice/s-alice bob/s-bob beaucoup",
        "fichier alice/s-alice bob/s-bob sans rien de plus",
        "abcdefghijklmnop alice/s-alice bob/s-bob \u{202e}\u{1b}[2J",
    ];
    alice.send(&lines.join("\n"));
    lines.iter().for_each(|line| bob.expect(line));
}

#[test]
fn what_is_for_someone_who_is_not_there_is_dropped_without_a_word() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    for to in ["bob/autre", "BOB/s-bob", "bob/s-bobb", "carol/c1", ALICE] {
        alice.send_message(to, 1, "perdu");
        alice.send(&format!("recu {ALICE} {to} 0"));
        alice.send(&format!("frappe {ALICE} {to}"));
    }
    alice.expect_quiet();
    bob.expect_quiet();
}

#[test]
fn a_sender_may_spell_his_own_name_otherwise_than_at_the_login() {
    let relay = RelayThread::start();
    let mut eloise = Peer::login_as(relay.address, "\u{c9}loïse/s");
    let mut bob = Peer::login(relay.address, "bob");
    bob.expect("present \u{c9}loïse/s");
    eloise.expect(&format!("present {BOB}"));
    for spelling in ["\u{e9}LOÏSE/s", "E\u{301}loi\u{308}se/s"] {
        let line = message(spelling, BOB, 1, "c'est moi");
        eloise.send(&line);
        bob.expect(&line);
    }
    let mut other = Peer::connect(relay.address);
    other.send("login 2 e\u{301}loïse/autre");
    other.expect_refusal("pseudo-pris");
}

#[test]
fn a_message_or_file_is_shown_once_however_often_it_passes() {
    let relay = RelayThread::start();
    let (mut alice, mut bob) = seat_two(relay.address);
    let file = format!("fichier {ALICE} {BOB} 2 date 1234567 {} x.pdf", "0".repeat(64));
    let lines = [message(ALICE, BOB, 1, "un"), file, message(ALICE, BOB, 3, "trois")];
    lines.iter().for_each(|line| alice.send(line));
    lines.iter().for_each(|line| bob.expect(line));
    alice.close();
    bob.expect(&format!("absent {ALICE}"));
    let mut alice = Peer::login(relay.address, "alice");
    bob.expect(&format!("present {ALICE}"));
    lines.iter().for_each(|line| alice.send(line));
    lines.iter().for_each(|line| bob.expect(line));
    alice.send_message(BOB, 4, "quatre");
    bob.send_message(ALICE, 1, "un à moi");
    relay.screen.wait_for("] bob : un à moi\n");
    relay.screen.wait_for("] alice : quatre\n");
    let text = relay.screen.text();
    for once in ["alice : un\n", "alice propose le fichier « x.pdf » (1,2 Mo).\n", "alice : trois\n"] {
        assert_eq!(text.matches(once).count(), 1, "{once} in {text}");
    }
    let order = ["alice : un", "x.pdf", "alice : trois", "alice : quatre"].map(|what| text.find(what));
    assert!(order.is_sorted(), "{text}");
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
fn a_relay_that_is_stopped_closes_every_connection_and_lets_go_of_its_output() {
    let relay = Relay::bind(&"127.0.0.1:0".parse().unwrap(), false).unwrap();
    let (address, stopper) = (relay.local_addr(), relay.stopper());
    let output = Arc::new(());
    let out = Box::new(Output { _held: Arc::clone(&output) });
    let running = thread::spawn(move || relay.run(out, Emphasis::None));
    let (alice, bob) = seat_two(address);
    // Not joined: what the relay left unread may keep it waiting as long as the system pleases.
    alice.send_in_background(message(ALICE, BOB, 1, "bob ne lit pas\n").repeat(1_000_000).into_bytes());
    let silent = Peer::connect(address);
    stopper.stop();
    running.join().unwrap().unwrap();
    assert_eq!(Arc::strong_count(&output), 1);
    for peer in [alice, bob, silent] {
        peer.rest();
    }
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
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
