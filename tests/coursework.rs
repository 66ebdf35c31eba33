//! The numbered points of the coursework, one test each; the names say which.

#![allow(clippy::unwrap_used)]

use std::net::TcpListener;

use support::free_address;
use support::peer::{Peer, message};
use support::program::{Program, server};
use support::relay::{RelayThread, alice_and_bob, seat_two};

/// Part I, 1 and 2: a socket for the server, bound to an address and a port.
#[test]
fn part_1_points_1_and_2_the_server_listens_on_the_address_and_port_it_was_given() {
    let free = free_address();
    let server = Program::start("serveur", &[&free.to_string()]);
    server.out.wait_for(&format!("Le serveur écoute sur {free}."));
    Peer::login(free, "alice");
}

/// Part I, 3: two connections, so that only two users can talk through this server.
#[test]
fn part_1_point_3_a_third_user_is_refused_and_the_two_go_on() {
    let (relay, mut alice, mut bob) = alice_and_bob();
    let mut carol = Peer::connect(relay.address);
    carol.send("login 2 carol/c1");
    carol.expect_refusal("complet");
    carol.expect_end();
    alice.send_message("bob/s-bob", 1, "on continue");
    bob.expect(&message("alice/s-alice", "bob/s-bob", 1, "on continue"));
    bob.expect_quiet();
}

/// Part I, 4: both directions at any time, simultaneously and without end.
#[test]
fn part_1_point_4_both_can_send_at_once_as_long_as_they_like() {
    const MESSAGES: u64 = 5_000;
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let talk = |me: &mut Peer, other: &str| {
        for number in 1..=MESSAGES {
            me.send_message(other, number, "encore un");
        }
        let own = me.address.clone();
        for number in 1..=MESSAGES {
            me.expect(&message(other, &own, number, "encore un"));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| talk(&mut alice, "bob/s-bob"));
        scope.spawn(|| talk(&mut bob, "alice/s-alice"));
    });
}

/// Part I, 4 A and B: the server receives a message and shows it on its terminal with the client's name.
#[test]
fn part_1_point_4_a_b_each_message_is_shown_with_the_name_of_its_sender() {
    let (relay, mut alice, mut bob) = alice_and_bob();
    alice.send_message("bob/s-bob", 1, "Salut Bob !");
    bob.send_message("alice/s-alice", 1, "Ça va ?");
    relay.screen.wait_for("] alice : Salut Bob !\n");
    relay.screen.wait_for("] bob : Ça va ?\n");
}

/// Part I, 4 C: the message is passed on to the second client.
#[test]
fn part_1_point_4_c_each_message_reaches_the_other_client_and_only_him() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    alice.send_message("bob/s-bob", 1, "Salut Bob !");
    bob.expect(&message("alice/s-alice", "bob/s-bob", 1, "Salut Bob !"));
    alice.expect_quiet();
}

/// Part I, 5: the sockets are closed once the exchange is over.
#[test]
fn part_1_point_5_the_sockets_are_closed_at_the_end() {
    let (relay, mut alice, mut bob) = alice_and_bob();
    alice.send("quitter");
    alice.expect("fin alice/s-alice");
    alice.expect_end();
    bob.expect("fin alice/s-alice");
    bob.expect_end();
    alice.close();
    bob.close();
    relay.join();
}

/// Part I, 6: « quitter » tells the other that the discussion is over, and the program ends.
#[test]
fn part_1_point_6_quitter_is_told_to_the_other_and_ends_the_server() {
    let (mut server, address) = server(&[]);
    let (mut alice, mut bob) = seat_two(address);
    bob.send("quitter");
    alice.expect("fin bob/s-bob");
    alice.close();
    bob.close();
    assert_eq!(server.status(), 0);
    assert!(server.out.text().contains("* bob a quitté la discussion.\n"));
}

/// Part II, 1: the client connects to the server's address and port.
#[test]
fn part_2_point_1_the_client_connects_to_the_address_and_port_it_was_given() {
    let relay = RelayThread::start();
    let client = Program::client(relay.address, "alice");
    client.err.wait_for("Connecté");
    relay.screen.wait_for("* alice a rejoint la discussion.");
}

/// Part II, 2 A: what is typed is sent.
#[test]
fn part_2_point_2_a_what_is_typed_is_sent_to_the_server() {
    let relay = RelayThread::start();
    let mut client = Program::client(relay.address, "alice");
    client.type_line("Salut Bob !");
    let mut bob = Peer::login(relay.address, "bob");
    let alice = bob.expect_present();
    bob.expect(&format!("recu {alice} bob/s-bob 0"));
    bob.expect(&format!("debut {alice} bob/s-bob 1"));
    bob.send(&format!("recu bob/s-bob {alice} 0"));
    let line = bob.receive().unwrap();
    assert!(
        line.starts_with(&format!("msg {alice} bob/s-bob 1 ")) && line.ends_with(" Salut Bob !"),
        "{line}"
    );
}

/// Part II, 2 B: what arrives is shown, also while nothing is typed.
#[test]
fn part_2_point_2_b_messages_are_received_and_shown_meanwhile() {
    let relay = RelayThread::start();
    let client = Program::client(relay.address, "alice");
    let mut bob = Peer::login(relay.address, "bob");
    let alice = bob.expect_present();
    bob.send_message(&alice, 1, "Salut Alice !");
    client.out.wait_for("] bob : Salut Alice !\n");
    // The count it had at first may have been sent before.
    let acknowledged = format!("recu {alice} bob/s-bob 1");
    while bob.receive().unwrap() != acknowledged {}
}

/// Part II, 3: the client closes its socket once the exchange is over.
#[test]
fn part_2_point_3_the_client_closes_its_socket_at_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Program::client(listener.local_addr().unwrap(), "alice");
    let mut relay = Peer::seat(&listener);
    client.type_line("quitter");
    relay.expect("ping");
    relay.expect("quitter");
    relay.send(&format!("fin {}", relay.address));
    relay.expect_end();
    assert_eq!(client.status(), 0);
}

/// Part II, 4: the client ends on its own « quitter » and on the other's.
#[test]
fn part_2_point_4_quitter_ends_the_one_who_types_it_and_the_other() {
    let (mut server, address) = server(&[]);
    let mut alice = Program::client(address, "alice");
    let mut bob = Program::client(address, "bob");
    alice.err.wait_for("bob a rejoint la discussion.");
    bob.err.wait_for("alice a rejoint la discussion.");
    alice.type_line("quitter");
    assert_eq!(alice.status(), 0);
    assert_eq!(bob.status(), 0);
    assert_eq!(server.status(), 0);
    assert!(alice.err.text().contains("Vous avez quitté la discussion."));
    assert!(bob.err.text().contains("le client alice a quitté la discussion."));
}
