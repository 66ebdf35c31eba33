//! Leaving gets through, and a slow link is not a lost one: the real programs behind a network that cuts, stalls and
//! slows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::time::Duration;

use support::program::{Program, server};
use support::proxy::{Proxy, Weather};

const LEFT: &str = "le client alice a quitté la discussion.";
const UNTOLD: &str = "n'a peut-être pas pu en être prévenu";

/// alice and bob, each behind a network of their own.
struct Scene {
    server: Program,
    alice: Program,
    bob: Program,
    alices_network: Proxy,
    bobs_network: Proxy,
}

impl Scene {
    fn start(server_args: &[&str]) -> Scene {
        let (server, address) = server(server_args);
        Scene::at(server, address, Weather::Fine)
    }

    fn at(server: Program, address: SocketAddr, bobs_weather: Weather) -> Scene {
        let (alices_network, bobs_network) = (Proxy::start(address), Proxy::start(address));
        bobs_network.set(bobs_weather);
        let alice = Program::client(alices_network.address, "alice");
        let bob = Program::client(bobs_network.address, "bob");
        for client in [&alice, &bob] {
            client.err.wait_for("a rejoint la discussion");
        }
        Scene { server, alice, bob, alices_network, bobs_network }
    }

    /// bob reads that alice has left, and all three end well.
    fn expect_told(&mut self) {
        self.bob.err.wait_for(LEFT);
        assert_eq!(self.alice.status(), 0, "{}", self.alice.err.text());
        assert_eq!(self.bob.status(), 0, "{}", self.bob.err.text());
        assert_eq!(self.server.status(), 0);
    }
}

#[test]
fn quitter_typed_while_the_link_is_down_arrives_when_it_is_back() {
    let mut scene = Scene::start(&[]);
    scene.alices_network.set(Weather::Closed);
    scene.alice.err.wait_for("Connexion perdue");
    scene.alice.type_line("quitter");
    scene.alices_network.set(Weather::Fine);
    scene.expect_told();
}

#[test]
fn cut_at_any_of_the_last_lines_leaving_gets_through() {
    for line in ["quitter\n", "au revoir\n", "recu bob", "fin alice"] {
        let mut scene = Scene::start(&[]);
        // The greetings have passed: what is cut is what follows.
        scene.bob.type_line("là ?");
        scene.alice.out.wait_for("là ?");
        scene.alices_network.set(Weather::CutAt(line));
        scene.alice.type_line("au revoir");
        scene.alice.type_line("quitter");
        scene.bob.out.wait_for("alice : au revoir");
        scene.expect_told();
        assert_eq!(scene.bob.out.text().matches("au revoir").count(), 1, "{line:?}");
        assert_eq!(scene.alices_network.connections_made(), 2, "{line:?} was not cut");
    }
}

#[test]
fn whoever_is_absent_hears_of_it_when_he_comes_back() {
    for permanent in [&[][..], &["--permanent"]] {
        let mut scene = Scene::start(permanent);
        scene.bobs_network.set(Weather::Closed);
        scene.alice.err.wait_for("bob a perdu la connexion");
        scene.alice.type_line("quitter");
        assert_eq!(scene.alice.status(), 0, "{}", scene.alice.err.text());
        scene.bobs_network.set(Weather::Fine);
        scene.bob.err.wait_for(LEFT);
        assert_eq!(scene.bob.status(), 0);
        if permanent.is_empty() {
            assert_eq!(scene.server.status(), 0);
        }
    }
}

#[test]
fn a_relay_killed_as_quitter_arrives_and_started_again_tells_the_other() {
    let mut scene = Scene::start(&[]);
    let address = support::program::listening(&scene.server);
    scene.server.kill();
    scene.alice.type_line("quitter");
    scene.server = Program::start("serveur", &[&address.to_string()]);
    scene.expect_told();
}

#[test]
fn without_a_relay_leaving_says_that_the_other_may_not_know() {
    let mut scene = Scene::start(&[]);
    scene.server.kill();
    scene.alice.err.wait_for("Connexion perdue");
    scene.alice.type_line("trop tard");
    scene.alice.type_line("quitter");
    assert_eq!(scene.alice.status(), 1);
    let said = scene.alice.err.text();
    assert!(said.contains(UNTOLD), "{said}");
    assert!(said.contains("1 message n'a pas été remis à bob") && said.contains("« trop tard »"), "{said}");
}

#[test]
fn a_reader_slower_than_anybody_types_gets_all_of_it_before_the_end() {
    let slow = [
        (1, 30_000, Weather::Slow { bytes_per_second: 6_000, late: Duration::ZERO }),
        (200, 200, Weather::Slow { bytes_per_second: 10_000, late: Duration::from_millis(1_500) }),
    ];
    let run = |(lines, length, weather): (usize, usize, Weather)| {
        let (server, address) = server(&[]);
        let mut scene = Scene::at(server, address, weather);
        for _ in 0..lines {
            scene.alice.type_line(&"x".repeat(length));
        }
        scene.alice.type_line("quitter");
        scene.expect_told();
        assert_eq!(scene.bob.out.text().matches(&"x".repeat(length)).count(), lines);
        assert_eq!(scene.bobs_network.connections_made(), 1);
    };
    std::thread::scope(|scope| {
        for case in slow {
            scope.spawn(move || run(case));
        }
    });
}
