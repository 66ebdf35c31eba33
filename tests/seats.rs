//! Who sits at the relay's table: coming in, losing a connection and coming back, being slow, leaving.
//!
//! Where a test has to wait for one of the protocol's limits of time, its relay has shorter ones.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serveur::Limits;
use support::peer::{Peer, message};
use support::relay::{RelayThread, alice_and_bob, seat_two};

const ALICE: &str = "alice/s-alice";
const BOB: &str = "bob/s-bob";
const KEY: &str = "c41d09e27b";

/// Short, but long enough for a busy machine to do something meanwhile.
const SOON: Duration = Duration::from_millis(400);

/// alice, with a key, and bob; both have sent a `ping`.
fn two_programs(relay: SocketAddr) -> (Peer, Peer) {
    let mut alice = Peer::login_with_key(relay, ALICE, KEY);
    alice.expect_quiet();
    let mut bob = Peer::login_with_key(relay, BOB, KEY);
    alice.expect(&format!("present {BOB}"));
    bob.expect(&format!("present {ALICE}"));
    bob.expect_quiet();
    (alice, bob)
}

/// alice and bob, who both lose their connection.
fn two_who_are_gone(relay: SocketAddr) {
    let (alice, mut bob) = two_programs(relay);
    alice.close();
    bob.expect(&format!("absent {ALICE}"));
    bob.close();
}

fn refused(relay: SocketAddr, login: &str, code: &str) -> String {
    let mut someone = Peer::connect(relay);
    someone.send(login);
    let refusal = someone.receive().unwrap();
    assert!(refusal.starts_with(&format!("refus {code} ")), "{refusal}");
    someone.expect_end();
    refusal
}

/// Far more than all buffers on the way take, as messages from alice to bob.
fn far_too_much() -> Vec<u8> {
    let text = "x".repeat(20_000);
    (1..=2000).flat_map(|number| (message(ALICE, BOB, number, &text) + "\n").into_bytes()).collect()
}

/// Who is there logs in until he gets in; what he was told meanwhile.
fn log_in_at_last(relay: SocketAddr, address: &str) -> (Peer, Vec<String>) {
    let mut refusals = Vec::new();
    loop {
        let mut someone = Peer::connect(relay);
        someone.send(&format!("login 2 {address}"));
        match someone.receive().unwrap() {
            answer if answer.starts_with("refus ") => refusals.push(answer),
            answer => {
                assert_eq!(answer, format!("bienvenue {address}"));
                someone.address = address.to_owned();
                return (someone, refusals);
            }
        }
    }
}

#[test]
fn a_lost_seat_is_kept_for_its_name_and_a_stranger_is_told_when_to_try_again() {
    let (relay, mut alice, bob) = alice_and_bob();
    bob.close();
    alice.expect(&format!("absent {BOB}"));
    let refusal = refused(relay.address, "login 2 carol/c1", "occupe");
    assert!(refusal.contains("réessayez dans 30 s") || refusal.contains("réessayez dans 29 s"), "{refusal}");
    // He himself comes back, in whatever way: another session, no key.
    let mut bob = Peer::login_as(relay.address, "Bob/autre");
    bob.expect(&format!("present {ALICE}"));
    alice.expect("present Bob/autre");
    refused(relay.address, "login 2 carol/c1", "complet");
}

#[test]
fn a_lost_seat_is_free_for_others_in_the_end() {
    let relay = RelayThread::with(false, Limits { kept_seat: SOON, ..Limits::default() });
    let (mut alice, bob) = seat_two(relay.address);
    bob.close();
    alice.expect(&format!("absent {BOB}"));
    let (mut carol, refusals) = log_in_at_last(relay.address, "carol/c1");
    assert!(!refusals.is_empty() && refusals.iter().all(|refusal| refusal.starts_with("refus occupe ")));
    carol.expect(&format!("present {ALICE}"));
    alice.expect("present carol/c1");
    carol.send_message(ALICE, 1, "à trois tour à tour");
    alice.expect(&message("carol/c1", ALICE, 1, "à trois tour à tour"));
    refused(relay.address, "login 2 bob/s-bob", "complet");
}

#[test]
fn nobody_keeps_a_seat_at_an_empty_table() {
    let (relay, mut alice, bob) = alice_and_bob();
    bob.close();
    alice.expect(&format!("absent {BOB}"));
    alice.close();
    // The relay notices when it reads; until then alice is there.
    let (_carol, _) = log_in_at_last(relay.address, "carol/c1");
    let (_dave, refusals) = log_in_at_last(relay.address, "dave/d1");
    assert_eq!(refusals, [""; 0]);
}

#[test]
fn the_key_takes_the_seat_back_at_once() {
    let relay = RelayThread::start();
    let (mut old, mut bob) = two_programs(relay.address);
    old.send_bytes(b"msg alice/s-alice bob/s-bob 1 date une ligne commenc");
    for login in ["login 2 alice/s-alice", "login 2 alice/s-alice autre", "login 2 alice/autre c41d09e27b"] {
        refused(relay.address, login, "pseudo-pris");
    }
    let mut alice = Peer::login_with_key(relay.address, "Alice/s-alice", KEY);
    alice.expect(&format!("present {BOB}"));
    bob.expect(&format!("absent {ALICE}"));
    bob.expect("present Alice/s-alice");
    old.expect_refusal("remplace");
    old.expect_end();
    // Whatever the old connection still says, it is nobody's.
    old.try_send_bytes(b"\xe9e\nmsg alice/s-alice bob/s-bob 1 date encore moi\nquitter\n");
    old.close();
    alice.send_message(BOB, 1, "de retour");
    bob.expect(&message(ALICE, BOB, 1, "de retour").replacen("alice", "Alice", 1));
    bob.expect_quiet();
    alice.expect_quiet();
}

#[test]
fn a_key_that_was_never_given_proves_nothing() {
    let relay = RelayThread::start();
    let _alice = Peer::login(relay.address, "alice");
    refused(relay.address, &format!("login 2 {ALICE} {KEY}"), "pseudo-pris");
}

#[test]
fn who_comes_back_while_the_other_is_slow_is_seated_at_once_and_nothing_old_comes_after() {
    let relay = RelayThread::start();
    let (old, mut bob) = two_programs(relay.address);
    let sending = old.send_in_background(far_too_much());
    // bob reads a little, so the rest is on its way, and then no more for a while.
    assert_eq!(bob.receive(), Some(message(ALICE, BOB, 1, &"x".repeat(20_000))));
    let mut alice = Peer::login_with_key(relay.address, ALICE, KEY);
    alice.expect(&format!("present {BOB}"));
    alice.send_message(BOB, 5000, "de retour");
    let of_the_old = bob.receive_until(&format!("absent {ALICE}"));
    assert!(of_the_old.len() < 1999, "not all of it");
    for (line, number) in of_the_old.iter().zip(2..) {
        assert_eq!(*line, message(ALICE, BOB, number, &"x".repeat(20_000)));
    }
    bob.expect(&format!("present {ALICE}"));
    bob.expect(&message(ALICE, BOB, 5000, "de retour"));
    bob.expect_quiet();
    old.close();
    sending.join().unwrap();
}

#[test]
fn a_seat_is_taken_over_a_hundred_times_in_a_row() {
    let relay = RelayThread::start();
    let (mut alice, mut bob) = two_programs(relay.address);
    for round in 1..=100 {
        let mut next = Peer::login_with_key(relay.address, ALICE, KEY);
        next.expect(&format!("present {BOB}"));
        alice.expect_refusal("remplace");
        next.send_message(BOB, round, "encore");
        bob.expect(&format!("absent {ALICE}"));
        bob.expect(&format!("present {ALICE}"));
        bob.expect(&message(ALICE, BOB, round, "encore"));
        alice = next;
    }
    alice.expect_quiet();
}

#[test]
fn the_longest_silent_one_makes_room_for_the_next() {
    let relay = RelayThread::start();
    let mut silent: Vec<Peer> = (0..128).map(|_| Peer::connect(relay.address)).collect();
    let mut alice = Peer::login(relay.address, "alice");
    silent[0].expect_refusal("occupe");
    silent[0].expect_end();
    alice.expect_quiet();
    silent[1].send("login 2 bob/s-bob");
    silent[1].expect("bienvenue bob/s-bob");
    silent[2].send("GET / HTTP/1.1");
    silent[2].expect_refusal("login-attendu");
}

#[test]
fn hundreds_of_silent_connections_that_come_again_and_again_keep_nobody_out() {
    let relay = RelayThread::permanent();
    let over = AtomicBool::new(false);
    let crowd = || {
        let mut silent: Vec<Peer> = (0..40).map(|_| Peer::connect(relay.address)).collect();
        while !over.load(Ordering::SeqCst) {
            silent.rotate_left(1);
            silent[0] = Peer::connect(relay.address);
        }
    };
    let discussions = || {
        for _ in 0..8 {
            let (mut alice, mut bob) = seat_two(relay.address);
            alice.send_message(BOB, 1, "on passe");
            bob.expect(&message(ALICE, BOB, 1, "on passe"));
            alice.send("quitter");
            for peer in [&mut alice, &mut bob] {
                peer.expect(&format!("fin {ALICE}"));
            }
        }
    };
    let undisturbed = thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(crowd)));
        let undisturbed = scope.spawn(discussions).join();
        over.store(true, Ordering::SeqCst);
        undisturbed
    });
    undisturbed.unwrap();
}

#[test]
fn who_pings_and_then_falls_silent_is_lost_and_who_types_by_hand_is_not() {
    let relay = RelayThread::with(false, Limits { silence: SOON, ..Limits::default() });
    let (mut alice, mut bob) = seat_two(relay.address);
    alice.send("ping");
    alice.expect("pong");
    bob.expect(&format!("absent {ALICE}"));
    alice.expect_end();
    // bob, who was silent for as long, is still there.
    bob.expect_quiet();
}

#[test]
fn silence_is_counted_in_bytes() {
    let relay = RelayThread::with(false, Limits { silence: SOON, ..Limits::default() });
    let (mut alice, mut bob) = seat_two(relay.address);
    alice.send("ping");
    alice.expect("pong");
    let line = message(ALICE, BOB, 1, "lentement, mais sûrement");
    for byte in format!("{line}\n").bytes() {
        alice.send_bytes(&[byte]);
        thread::sleep(SOON / 20);
    }
    bob.expect(&line);
}

#[test]
fn who_pings_is_told_pong_again_and_again_and_who_types_by_hand_is_not() {
    let relay = RelayThread::with(false, Limits { quiet: SOON / 4, ..Limits::default() });
    let (mut alice, mut bob) = seat_two(relay.address);
    alice.send("ping");
    (0..5).for_each(|_| alice.expect("pong"));
    bob.send_message(ALICE, 1, "un mot");
    alice.receive_until(&message(BOB, ALICE, 1, "un mot"));
    alice.send_message(BOB, 1, "sans pong");
    bob.expect(&message(ALICE, BOB, 1, "sans pong"));
}

#[test]
fn who_is_not_read_because_the_other_is_slow_is_told_pong_all_the_same() {
    let relay = RelayThread::with(false, Limits { quiet: SOON / 4, ..Limits::default() });
    let (mut alice, bob) = two_programs(relay.address);
    let sending = alice.send_in_background(far_too_much());
    (0..10).for_each(|_| alice.expect("pong"));
    assert!(!sending.is_finished(), "bob takes nothing");
    drop((bob, relay));
    alice.close();
    sending.join().unwrap();
}

#[test]
fn a_program_is_never_lost_for_being_slow_and_a_hand_is() {
    let relay =
        RelayThread::with(false, Limits { write_by_hand: SOON, quiet: SOON / 4, ..Limits::default() });
    let (mut alice, mut bob) = two_programs(relay.address);
    let sending = alice.send_in_background(far_too_much());
    // Far longer than a hand would have.
    (0..16).for_each(|_| alice.expect("pong"));
    for number in 1..=2000 {
        bob.receive_until(&message(ALICE, BOB, number, &"x".repeat(20_000)));
    }
    sending.join().unwrap();
    bob.close();
    alice.receive_until(&format!("absent {BOB}"));
    let mut by_hand = Peer::login(relay.address, "bob");
    by_hand.expect(&format!("present {ALICE}"));
    let sending = alice.send_in_background(far_too_much());
    alice.receive_until(&format!("absent {BOB}"));
    sending.join().unwrap();
}

#[test]
fn leaving_and_being_told_do_not_wait_for_a_slow_one() {
    let (relay, alice, mut bob) = alice_and_bob();
    bob.expect_quiet();
    let sending = alice.send_in_background(far_too_much());
    assert!(bob.receive().is_some());
    // alice's own connection is full of what is for bob; he leaves, and she is told.
    bob.send("quitter");
    let mut alice = alice;
    alice.expect(&format!("fin {BOB}"));
    alice.expect_end();
    // What was on its way to him comes before his own end.
    let before: Vec<String> = bob.receive_until(&format!("fin {BOB}"));
    for (line, number) in before.iter().zip(2..) {
        assert_eq!(*line, message(ALICE, BOB, number, &"x".repeat(20_000)));
    }
    bob.expect_end();
    alice.close();
    drop((bob, relay));
    sending.join().unwrap();
}

#[test]
fn everything_waits_in_its_order_for_a_slow_one() {
    let (relay, mut alice, mut bob) = alice_and_bob();
    bob.expect_quiet();
    let much = far_too_much();
    let sending = alice.send_in_background([&much[..], b"quitter\n"].concat());
    for number in 1..=2000 {
        bob.expect(&message(ALICE, BOB, number, &"x".repeat(20_000)));
    }
    for peer in [&mut alice, &mut bob] {
        peer.expect(&format!("fin {ALICE}"));
        peer.expect_end();
    }
    sending.join().unwrap();
    drop((alice, bob));
    relay.join();
}

#[test]
fn thousands_of_wrong_lines_are_all_answered_once_somebody_reads_the_answers() {
    const LINES: usize = 100_000;
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let sending = alice.send_in_background(b"bonjour\n".repeat(LINES));
    // Nobody else notices.
    bob.send_message(ALICE, 1, "ça va ?");
    bob.expect_quiet();
    let mut refusals = 0;
    for line in alice.receive_until(&message(BOB, ALICE, 1, "ça va ?")) {
        assert!(line.starts_with("refus trame-invalide "), "{line}");
        refusals += 1;
    }
    (refusals..LINES).for_each(|_| alice.expect_refusal("trame-invalide"));
    alice.expect_quiet();
    sending.join().unwrap();
}

#[test]
fn who_was_away_at_the_end_is_told_and_then_the_relay_ends() {
    let relay = RelayThread::start();
    let (mut alice, bob) = two_programs(relay.address);
    bob.close();
    alice.expect(&format!("absent {BOB}"));
    alice.send("quitter");
    alice.expect(&format!("fin {ALICE}"));
    alice.expect_end();
    alice.close();
    refused(relay.address, "login 2 carol/c1", "complet");
    refused(relay.address, "login 2 bob/autre", "complet");
    // A connection that breaks before he has read it leaves him where he was.
    let mut bob = Peer::login_as(relay.address, BOB);
    bob.expect(&format!("fin {ALICE}"));
    bob.break_off();
    let mut bob = Peer::login_as(relay.address, "BOB/s-bob");
    bob.expect(&format!("fin {ALICE}"));
    bob.expect_end();
    bob.close();
    relay.join();
}

#[test]
fn whose_connection_breaks_at_the_very_end_is_told_again() {
    let relay = RelayThread::permanent();
    let (mut alice, mut bob) = two_programs(relay.address);
    alice.send("quitter");
    bob.expect(&format!("fin {ALICE}"));
    bob.break_off();
    alice.expect(&format!("fin {ALICE}"));
    alice.break_off();
    for who in [ALICE, BOB] {
        let mut back = Peer::login_as(relay.address, who);
        back.expect(&format!("fin {ALICE}"));
        back.expect_end();
        back.close();
    }
    // Both know now: they sit down to something new.
    let (_alice, refusals) = log_in_at_last(relay.address, ALICE);
    assert_eq!(refusals, [""; 0]);
}

#[test]
fn who_has_heard_of_the_end_and_who_typed_by_hand_begin_anew() {
    let relay = RelayThread::permanent();
    let mut alice = Peer::login(relay.address, "alice");
    alice.expect_quiet();
    let mut bob = Peer::login(relay.address, "bob");
    bob.expect(&format!("present {ALICE}"));
    alice.expect(&format!("present {BOB}"));
    bob.close();
    alice.expect(&format!("absent {BOB}"));
    alice.send("quitter");
    alice.expect(&format!("fin {ALICE}"));
    alice.expect_end();
    alice.close();
    let mut bob = Peer::login(relay.address, "bob");
    bob.expect_quiet();
    // The relay may be about to notice that she has closed.
    let mut alice = loop {
        let mut alice = Peer::login(relay.address, "alice");
        match alice.receive().unwrap() {
            line if line == format!("fin {ALICE}") => alice.expect_end(),
            line => {
                assert_eq!(line, format!("present {BOB}"));
                break alice;
            }
        }
    };
    bob.receive_until(&format!("present {ALICE}"));
    alice.expect_quiet();
}

#[test]
fn whom_a_stranger_followed_at_an_empty_table_has_nothing_to_do_with_his_end() {
    let relay = RelayThread::permanent();
    two_who_are_gone(relay.address);
    let (mut carol, _) = log_in_at_last(relay.address, "carol/c1");
    carol.send("quitter");
    carol.expect("fin carol/c1");
    let mut alice = Peer::login(relay.address, "alice");
    alice.expect_quiet();
}

#[test]
fn who_comes_back_to_an_empty_table_goes_on_and_the_other_hears_of_the_end() {
    let relay = RelayThread::permanent();
    two_who_are_gone(relay.address);
    let (mut alice, _) = log_in_at_last(relay.address, ALICE);
    alice.send("quitter");
    alice.receive_until(&format!("fin {ALICE}"));
    let mut bob = Peer::login(relay.address, "bob");
    bob.expect(&format!("fin {ALICE}"));
}

#[test]
fn the_relay_waits_for_a_while_for_who_has_not_heard_of_the_end() {
    let relay = RelayThread::with(false, Limits { last_wait: SOON, ..Limits::default() });
    let (mut alice, bob) = two_programs(relay.address);
    bob.close();
    alice.expect(&format!("absent {BOB}"));
    alice.send("quitter");
    alice.expect(&format!("fin {ALICE}"));
    alice.close();
    relay.join();
}

#[test]
fn the_relay_does_not_wait_for_ever_for_who_goes_on_talking_after_the_end() {
    let relay = RelayThread::with(false, Limits { telling: 2 * SOON, ..Limits::default() });
    let (mut alice, mut bob) = two_programs(relay.address);
    alice.send("quitter");
    bob.expect(&format!("fin {ALICE}"));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                bob.try_send_bytes(b"ping\n");
                thread::sleep(SOON / 20);
            }
        });
        relay.join();
        over.store(true, Ordering::SeqCst);
    });
}

#[test]
fn the_end_does_not_wait_long_for_someone_who_types_by_hand_and_does_not_close() {
    let relay = RelayThread::with(false, Limits { farewell: SOON, ..Limits::default() });
    let (mut alice, mut bob) = seat_two(relay.address);
    alice.send("quitter");
    for peer in [&mut alice, &mut bob] {
        peer.expect(&format!("fin {ALICE}"));
    }
    // Both stay open.
    relay.join();
}

#[test]
fn who_still_talks_after_the_end_loses_nothing_to_a_reset() {
    let relay = RelayThread::permanent();
    let (mut alice, mut bob) = two_programs(relay.address);
    let talking = bob
        .send_in_background((message(BOB, ALICE, 1, &"x".repeat(1000)) + "\n").repeat(10_000).into_bytes());
    alice.send("quitter");
    alice.receive_until(&format!("fin {ALICE}"));
    talking.join().unwrap();
    bob.expect(&format!("fin {ALICE}"));
    bob.expect_end();
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
    carol.expect_refusal("complet");
    carol.expect_end();
}
