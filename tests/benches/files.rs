//! A file from disk to disk through the relay, beside other ways; and how long a message takes meanwhile.
//!
//! Everything is measured in this run, in turn. Nothing here passes or fails. `cargo bench --bench files -- speed` runs
//! only that part.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use client::event::{Event, Front};
use client::files::Happened;
use client::link::Link;
use common::endpoint::Endpoint;
use support::free_address;
use support::measure::{Spread, ratio};
use support::program::{DATA_VARIABLE, Process, Program, binary, server};
use support::proxy::{Proxy, Weather};
use support::pump::{pump, start_pump};
use support::relay::RelayThread;
use support::usage::{busy_of, peak_of};
use tempfile::TempDir;

const REPETITIONS: usize = 3;
const FILE_BYTES: usize = 1 << 30;
const MESSAGES: usize = 20;
const MIB: f64 = 1_048_576.0;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args == ["pump"] {
        return pump();
    }
    for (name, part) in [("speed", speed as fn()), ("messages", messages)] {
        if args.is_empty() || args.iter().any(|arg| arg == name) {
            part();
        }
    }
}

/// A file of bytes of which no two parts are the same.
fn write_file(path: &Path, length: usize) {
    let mut file = File::create(path).unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = vec![0; 1 << 20];
    for _ in 0..length / block.len() {
        for word in block.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block).unwrap();
    }
}

// ---- how fast a file goes ----

fn speed() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("fichier.bin");
    write_file(&file, FILE_BYTES);
    let ways: [(&str, Way); 4] = [
        ("bare pump", through_the_pump),
        ("two clients", through_ours),
        ("nc, two nc, nc", through_nc),
        ("magic-wormhole", through_wormhole),
    ];
    println!(
        "\n{} MiB from disk to disk, {REPETITIONS} times; ours with its start and its SHA-256",
        FILE_BYTES >> 20
    );
    let mut results: Vec<Vec<f64>> = vec![Vec::new(); ways.len()];
    for _ in 0..REPETITIONS {
        for ((_, way), speeds) in ways.iter().zip(&mut results) {
            let target = TempDir::new().unwrap();
            if let Some(time) = way(&file, target.path()) {
                let arrived = fs::read_dir(target.path()).unwrap().next().unwrap().unwrap();
                assert_eq!(arrived.metadata().unwrap().len(), FILE_BYTES as u64);
                speeds.push(FILE_BYTES as f64 / MIB / time.as_secs_f64());
            }
        }
    }
    println!("| way | MiB/s | / pump |\n| --- | --- | --- |");
    for ((name, _), speeds) in ways.iter().zip(&results) {
        if speeds.is_empty() {
            println!("| {name} | not installed | |");
        } else {
            println!("| {name} | {:.0} | {:.2} |", Spread::of(speeds), ratio(speeds, &results[0]));
        }
    }
}

/// Brings a file into a folder; how long that takes, if the programs for it are there.
type Way = fn(&Path, &Path) -> Option<Duration>;

fn through_the_pump(file: &Path, folder: &Path) -> Option<Duration> {
    let (_pump, address) = start_pump();
    let (to, mut from) = (TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap());
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            copy(File::open(file).unwrap(), &to);
            to.shutdown(Shutdown::Write).unwrap();
        });
        let mut arrived = File::create(folder.join("copie")).unwrap();
        let mut bytes = vec![0; 256 * 1024];
        let mut left = FILE_BYTES;
        while left > 0 {
            let count = from.read(&mut bytes).unwrap();
            arrived.write_all(&bytes[..count]).unwrap();
            left -= count;
        }
        arrived.sync_all().unwrap();
    });
    Some(start.elapsed())
}

fn copy(mut from: impl Read, mut to: impl Write) {
    let mut bytes = vec![0; 256 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        to.write_all(&bytes[..count]).unwrap();
    }
}

fn through_ours(file: &Path, folder: &Path) -> Option<Duration> {
    let (relay, address) = server(&[]);
    let data = TempDir::new().unwrap();
    let client = |pseudo: &str, what: &str, path: &Path| {
        let mut command = Command::new(binary("client"));
        command.args([&address.to_string(), pseudo, what]).arg(path).env(DATA_VARIABLE, data.path());
        Program::spawn(&mut command)
    };
    let mut bob = client("bob", "--recevoir", folder);
    bob.err.wait_for("Connecté.");
    let start = Instant::now();
    let alice = client("alice", "--envoyer", file);
    let ids = [relay.id(), alice.id(), bob.id()];
    let (mut memory, mut busy) = ([0; 3], [Duration::ZERO; 3]);
    while !bob.err.text().contains("est reçu : ") {
        for (i, id) in ids.into_iter().enumerate() {
            memory[i] = peak_of(id).max(memory[i]);
            busy[i] = busy_of(id);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let time = start.elapsed();
    let [relay, alice, bob_busy] = busy.map(|busy| busy.as_secs_f64());
    println!(
        "serveur, alice, bob: at most {} {} {} KiB; {relay:.1} {alice:.1} {bob_busy:.1} s of processor",
        memory[0], memory[1], memory[2]
    );
    assert_eq!(bob.status(), 0);
    Some(time)
}

fn start(command: &mut Command) -> Option<Process> {
    command.spawn().ok().map(Process)
}

fn wait_until_up(port: u16) {
    // Only looked for among those that listen: nc takes one connection.
    let wanted = format!(":{port:04X} ");
    let is_up = || fs::read_to_string("/proc/net/tcp").unwrap().lines().any(|line| line.contains(&wanted));
    while !is_up() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn through_nc(file: &Path, folder: &Path) -> Option<Duration> {
    let ports = [free_address().port(), free_address().port()];
    let [there, here] = ports.map(|port| port.to_string());
    let nc = |option: &str, port: &str| {
        let mut command = Command::new("nc");
        command.args([option, "127.0.0.1", port]).stderr(Stdio::null());
        command
    };
    let mut first = start(nc("-l", &there).stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let pipe = first.0.stdout.take().unwrap();
    let _second = start(nc("-Nl", &here).stdin(pipe).stdout(Stdio::null()))?;
    ports.into_iter().for_each(wait_until_up);
    let begin = Instant::now();
    let arrived = File::create(folder.join("copie")).unwrap();
    let mut receiver = start(nc("-d", &here).stdin(Stdio::null()).stdout(arrived))?;
    let _sender = start(nc("-N", &there).stdin(File::open(file).unwrap()).stdout(Stdio::null()))?;
    receiver.0.wait().unwrap();
    Some(begin.elapsed())
}

fn through_wormhole(file: &Path, folder: &Path) -> Option<Duration> {
    let port = free_address().port();
    let mailbox = format!("tcp:{port}:interface=127.0.0.1");
    let mut twist = Command::new("twist");
    let quiet = |command: &mut Command| {
        start(command.current_dir(folder.parent().unwrap()).stdout(Stdio::null()).stderr(Stdio::null()))
    };
    let _mailbox = quiet(twist.args(["wormhole-mailbox", "--port", &mailbox, "--channel-db", ":memory:"]))?;
    wait_until_up(port);
    let wormhole = || {
        let mut command = Command::new("wormhole");
        command.args(["--relay-url", &format!("ws://127.0.0.1:{port}/v1"), "--transit-helper", ""]);
        command
    };
    let begin = Instant::now();
    let _sender =
        quiet(wormhole().args(["send", "--hide-progress", "--no-qr", "--code", "1-un-deux"]).arg(file))?;
    let target = folder.join("copie");
    let mut receive = wormhole();
    receive
        .args(["receive", "--hide-progress", "--accept-file", "--output-file"])
        .arg(target)
        .arg("1-un-deux");
    let mut receiver = quiet(&mut receive)?;
    receiver.0.wait().unwrap();
    Some(begin.elapsed())
}

// ---- what a message written meanwhile has to wait ----

/// Tells what happens.
struct Watch(Sender<Event>);

impl Front for Watch {
    fn show(&mut self, events: Vec<Event>) -> io::Result<()> {
        // Whoever looks may have seen enough.
        events.into_iter().for_each(|event| drop(self.0.send(event)));
        Ok(())
    }
}

fn join(relay: SocketAddr, pseudo: &str) -> (Link, Receiver<Event>) {
    let (told, events) = mpsc::channel();
    let server = Endpoint { host: relay.ip().to_string(), port: relay.port() };
    let (link, _) = Link::open(server, &pseudo.parse().unwrap(), None, None, Watch(told)).unwrap();
    (link, events)
}

fn wait_for(events: &Receiver<Event>, is_it: impl Fn(&Event) -> bool) -> Event {
    events.iter().find(is_it).expect("the discussion goes on")
}

fn messages() {
    let slow = Weather::Slow { bytes_per_second: 1_000_000, late: Duration::from_millis(1) };
    println!("\nA message from alice to bob, median of {MESSAGES}, ms");
    println!(
        "| link | without a file | while alice sends one | while she receives one |\n| --- | --- | --- | --- |"
    );
    for (name, weather) in [("loopback", Weather::Fine), ("1 MB/s", slow)] {
        let row = [None, Some(true), Some(false)].map(|sends| message_times(weather, sends));
        println!(
            "| {name} | {:.1} | {:.1} | {:.1} |",
            Spread::of(&row[0]),
            Spread::of(&row[1]),
            Spread::of(&row[2])
        );
    }
}

/// Milliseconds, while alice sends a file, receives one, or neither.
fn message_times(weather: Weather, sends: Option<bool>) -> Vec<f64> {
    let folder = TempDir::new().unwrap();
    let file: PathBuf = folder.path().join("fichier.bin");
    let relay = RelayThread::start();
    let proxy = Proxy::start(relay.address);
    proxy.set(weather);
    let ((alice, of_alice), (bob, of_bob)) = (join(proxy.address, "alice"), join(relay.address, "bob"));
    wait_for(&of_bob, |event| matches!(event, Event::Joined { .. }));
    wait_for(&of_alice, |event| matches!(event, Event::Joined { .. }));
    if let Some(sends) = sends {
        // Long enough for all the messages.
        write_file(&file, if weather == Weather::Fine { 2 * FILE_BYTES } else { 256 << 20 });
        let (from, to, of_to) = if sends { (&alice, &bob, &of_bob) } else { (&bob, &alice, &of_alice) };
        from.offer(file.clone());
        let Event::File(offer) = wait_for(of_to, |event| matches!(event, Event::File(_))) else {
            unreachable!()
        };
        to.accept(offer.id, folder.path().to_owned());
        let is_under_way = |event: &Event| matches!(event, Event::File(file) if matches!(file.what, Happened::Progress { done: 1_000_000.., .. }));
        wait_for(of_to, is_under_way);
    }
    let times = (0..MESSAGES).map(|_| {
        let start = Instant::now();
        alice.send("un message").unwrap();
        wait_for(&of_bob, |event| matches!(event, Event::Message(_)));
        let time = start.elapsed();
        std::thread::sleep(Duration::from_millis(20));
        time.as_secs_f64() * 1e3
    });
    let times = times.collect();
    alice.cut_short();
    bob.cut_short();
    times
}
