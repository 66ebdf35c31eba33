//! What a message costs, in things that can be counted: system calls and allocations.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::alloc::System;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::peer::message;
use support::program::{Program, binary, listening};
use support::relay::{RelayThread, seat_two};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ALICE: &str = "alice/s-alice";
const BOB: &str = "bob/s-bob";

/// Two logged-in sockets, without anything that allocates.
fn sockets(relay: SocketAddr) -> (TcpStream, TcpStream) {
    let (alice, bob) = seat_two(relay);
    (alice.into_stream(), bob.into_stream())
}

/// Sends one message after the other, each when the one before has arrived.
fn one_by_one(mut from: &TcpStream, mut to: &TcpStream, count: usize) {
    let line = message(ALICE, BOB, 1, "un message écrit en français") + "\n";
    let mut received = vec![0; line.len()];
    for _ in 0..count {
        from.write_all(line.as_bytes()).unwrap();
        to.read_exact(&mut received).unwrap();
    }
    assert_eq!(received, line.as_bytes());
}

/// Sends many messages, 16 KiB at a time, while the other end reads.
fn burst(mut from: &TcpStream, mut to: &TcpStream, count: usize) {
    let line = message(ALICE, BOB, 1, &"x".repeat(40)) + "\n";
    let block = line.repeat(16 * 1024 / line.len());
    let blocks = count.div_ceil(block.len() / line.len());
    std::thread::scope(|scope| {
        scope.spawn(move || (0..blocks).for_each(|_| from.write_all(block.as_bytes()).unwrap()));
        let mut chunk = vec![0; 256 * 1024];
        let mut left = blocks * (16 * 1024 / line.len()) * line.len();
        while left > 0 {
            let limit = left.min(chunk.len());
            left -= to.read(&mut chunk[..limit]).unwrap();
        }
    });
}

/// A program whose system calls are counted.
struct Counted {
    program: Program,
    table: PathBuf,
}

impl Counted {
    /// Starts the program of that name.
    fn start(name: &str, args: &[&str]) -> Counted {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let table = std::env::temp_dir().join(format!("appels-{}-{number}", std::process::id()));
        let mut command = Command::new("strace");
        command.args(["-f", "-c", "-o"]).arg(&table).arg(binary(name)).args(args);
        Counted { program: Program::spawn(&mut command), table }
    }

    /// Waits for its end; how often it has made each system call.
    fn calls(mut self) -> impl Fn(&str) -> f64 {
        assert_eq!(self.program.status(), 0);
        let text = std::fs::read_to_string(&self.table).unwrap();
        std::fs::remove_file(&self.table).unwrap();
        move |call| {
            let line = text.lines().find(|line| line.ends_with(&format!(" {call}")));
            line.map_or(0.0, |line| line.split_whitespace().nth(3).unwrap().parse().unwrap())
        }
    }
}

/// How often each system call was made by a server that relayed what `traffic` sends.
fn calls_during(traffic: impl Fn(&TcpStream, &TcpStream)) -> impl Fn(&str) -> f64 {
    let server = Counted::start("serveur", &["127.0.0.1:0"]);
    let (mut alice, bob) = sockets(listening(&server.program));
    traffic(&alice, &bob);
    alice.write_all(b"quitter\n").unwrap();
    drop((alice, bob));
    server.calls()
}

/// Some machines allow no program to watch another.
fn strace_does_not_work() -> bool {
    let works =
        Command::new("strace").args(["-c", "-o", "/dev/null", "true"]).status().is_ok_and(|it| it.success());
    if !works {
        println!("strace ne fonctionne pas ici : les appels système ne sont pas comptés");
    }
    !works
}

#[test]
fn one_message_costs_one_read_and_one_write() {
    if strace_does_not_work() {
        return;
    }
    const MESSAGES: usize = 1000;
    let calls = calls_during(|alice, bob| one_by_one(alice, bob, MESSAGES));
    // A few more for the logins and the end.
    let most = MESSAGES as f64 + 30.0;
    assert!((MESSAGES as f64..most).contains(&calls("recvfrom")), "{} reads", calls("recvfrom"));
    assert!((MESSAGES as f64..most).contains(&calls("sendto")), "{} writes", calls("sendto"));
}

#[test]
fn in_a_burst_hundreds_of_messages_share_a_read_and_a_write() {
    if strace_does_not_work() {
        return;
    }
    const MESSAGES: usize = 200_000;
    let calls = calls_during(|alice, bob| burst(alice, bob, MESSAGES));
    for call in ["recvfrom", "sendto"] {
        let per_message = calls(call) / MESSAGES as f64;
        assert!(per_message < 0.02, "{per_message} {call} per message");
    }
}

#[test]
fn a_piped_file_costs_the_clients_few_system_calls_a_line() {
    if strace_does_not_work() {
        return;
    }
    const LINES: usize = 200_000;
    let relay = RelayThread::start();
    let address = relay.address.to_string();
    let bob = Counted::start("client", &[&address, "bob", "--terminal"]);
    let mut alice = Counted::start("client", &[&address, "alice", "--terminal"]);
    for client in [&alice, &bob] {
        client.program.err.wait_for("a rejoint la discussion.");
    }
    alice.program.type_bytes("une ligne comme il y en a dans un fichier\n".repeat(LINES).as_bytes());
    alice.program.end_input();
    for (who, client) in [("alice", alice), ("bob", bob)] {
        let calls = client.calls();
        for call in ["read", "write", "recvfrom", "sendto", "futex"] {
            let per_line = calls(call) / LINES as f64;
            assert!(per_line < 0.02, "{who}: {per_line} {call} a line");
        }
    }
}

#[test]
fn passing_on_a_message_allocates_nothing() {
    let relay = RelayThread::start();
    let (alice, bob) = sockets(relay.address);
    one_by_one(&alice, &bob, 1000);
    let region = Region::new(ALLOCATOR);
    one_by_one(&alice, &bob, 10_000);
    let allocations = region.change().allocations;
    // The test's own line and buffer, what its screen keeps, a look at the time zone; the other tests of this file.
    assert!(allocations < 1000, "{allocations} allocations for 10,000 messages");
}
