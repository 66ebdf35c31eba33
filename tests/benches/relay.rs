//! What the relay costs, beside a bare byte pump and, where they are installed, other relays.
//!
//! Everything is measured in this run, in turn, repetition by repetition; the tables show the median and, behind
//! « ± », half of the distance between the fastest and the slowest repetition. Nothing here passes or fails.
//! `cargo bench --bench relay -- bursts memory` runs only those parts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use support::free_address;
use support::measure::{Spread, ratio};
use support::program::{Process, Program, binary, listening};
use support::pump::pump;
use support::usage::{busy_of, peak_of};

const REPETITIONS: usize = 7;
const ROUND_TRIPS: usize = 3_000;
const BURST_MESSAGES: usize = 1_000_000;
/// How much is written at once in a burst.
const WRITE_BYTES: usize = 16 * 1024;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args == ["pump"] {
        return pump();
    }
    let parts: [(&str, fn()); 6] = [
        ("round-trips", round_trips),
        ("bursts", bursts),
        ("transfer", transfer),
        ("growth", growth),
        ("memory", memory),
        ("idle", idle),
    ];
    for (name, part) in parts {
        if args.is_empty() || args.iter().any(|arg| arg == name) {
            part();
        }
    }
}

/// The relays that are compared.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ours,
    Pump,
    NcatBroker,
    NcatChat,
    Python,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Ours => "serveur",
            Kind::Pump => "bare pump",
            Kind::NcatBroker => "ncat --broker",
            Kind::NcatChat => "ncat --chat",
            Kind::Python => "Python, as in the coursework",
        }
    }
}

/// A relay with two connections, whose bytes go from one to the other.
struct Pair {
    a: TcpStream,
    b: TcpStream,
    _process: Process,
}

impl Pair {
    /// Starts a relay; `None` if its program is not installed.
    fn start(kind: Kind) -> Option<Pair> {
        match kind {
            Kind::Ours => Some(Pair::ours()),
            Kind::Pump => Pair::other(Command::new(std::env::current_exe().unwrap()).arg("pump")),
            Kind::NcatBroker => Pair::ncat("--broker"),
            Kind::NcatChat => Pair::ncat("--chat"),
            Kind::Python => Pair::other(Command::new("python3").args(["-c", PYTHON_RELAY])),
        }
    }

    fn ours() -> Pair {
        let (process, address) = our_server();
        let connect = |line: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            writeln!(stream, "login 2 {line}").unwrap();
            stream
        };
        let (mut a, mut b) = (connect("alice/a"), connect("bob/b"));
        for stream in [&mut a, &mut b] {
            read_until(stream, b"present ");
            read_until(stream, b"\n");
        }
        Pair { a, b, _process: process }
    }

    fn ncat(mode: &str) -> Option<Pair> {
        let port = free_address().port();
        let mut command = Command::new("ncat");
        command.args(["-l", "127.0.0.1", &port.to_string(), mode]).stdin(Stdio::null());
        let process = Process(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let (a, b) = (connect_when_up(address), connect_when_up(address));
        let mut pair = Pair { a, b, _process: process };
        pair.settle();
        Some(pair)
    }

    /// A relay that prints its port.
    fn other(command: &mut Command) -> Option<Pair> {
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().ok()?;
        let mut out = child.stdout.take()?;
        let process = Process(child);
        let mut line = Vec::new();
        let mut byte = [0];
        while out.read(&mut byte).ok()? == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        let port: u16 = String::from_utf8(line).ok()?.trim().parse().ok()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut pair = Pair { a: connect_when_up(address), b: connect_when_up(address), _process: process };
        pair.settle();
        Some(pair)
    }

    /// Waits until both connections are known to the relay and what it says by itself (--chat) is read.
    fn settle(&mut self) {
        self.b.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"ready\n") {
            self.a.write_all(b"ready\n").unwrap();
            let mut chunk = [0; 4096];
            let count = self.b.read(&mut chunk).unwrap_or(0);
            seen.extend_from_slice(&chunk[..count]);
        }
        self.b.set_read_timeout(None).unwrap();
    }
}

/// Our server in its own process, its display going to a file.
fn our_server() -> (Process, SocketAddr) {
    let display = std::env::temp_dir().join(format!("affichage-{}", std::process::id()));
    let child = Command::new(binary("serveur"))
        .arg("127.0.0.1:0")
        .stdin(Stdio::null())
        .stdout(File::create(&display).unwrap())
        .spawn()
        .unwrap();
    let process = Process(child);
    let said = "Le serveur écoute sur ";
    loop {
        let text = std::fs::read_to_string(&display).unwrap();
        if let Some((address, _)) = text.strip_prefix(said).and_then(|rest| rest.split_once(".\n")) {
            // The open file goes on; its name is not needed any more.
            std::fs::remove_file(&display).unwrap();
            return (process, address.parse().unwrap());
        }
        std::thread::yield_now();
    }
}

/// The coursework's relay as students write it: threads, 1,024 bytes at a time, Nagle left on.
const PYTHON_RELAY: &str = "
import socket, threading
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.bind(('127.0.0.1', 0))
s.listen(2)
print(s.getsockname()[1], flush=True)
clients = [s.accept()[0] for _ in range(2)]
def relayer(de, vers):
    while True:
        message = de.recv(1024)
        if not message:
            break
        vers.send(message)
fils = [threading.Thread(target=relayer, args=c) for c in (clients, clients[::-1])]
for f in fils: f.start()
for f in fils: f.join()
";

/// A message line of `bytes` bytes in all, from alice to bob or back.
fn line(from: &str, to: &str, bytes: usize) -> Vec<u8> {
    let head = format!("msg {from} {to} 1 d ");
    let mut line = head.into_bytes();
    // The shortest possible message is longer than 10 bytes; the table says how long it is.
    line.resize((bytes - 1).max(line.len()), b'x');
    line.push(b'\n');
    line
}

fn round_trips() {
    println!("\nRound trip of a 100-byte message, alice → bob → alice, {REPETITIONS} × {ROUND_TRIPS}");
    println!("| relay | p50 µs | p99 µs | p50 / pump | p99 / pump |\n| --- | --- | --- | --- | --- |");
    let kinds = [Kind::Pump, Kind::Ours, Kind::NcatBroker, Kind::Python];
    let mut results: Vec<(Vec<f64>, Vec<f64>)> = vec![Default::default(); kinds.len()];
    for _ in 0..REPETITIONS {
        for (kind, (p50, p99)) in kinds.iter().zip(&mut results) {
            // 44 ms each: a few are enough.
            let count = if *kind == Kind::Python { 60 } else { ROUND_TRIPS };
            let Some(pair) = Pair::start(*kind) else { continue };
            let mut times = measure_round_trips(&pair, count);
            times.sort_by(f64::total_cmp);
            p50.push(times[count / 2]);
            p99.push(times[count * 99 / 100]);
        }
    }
    for (kind, (p50, p99)) in kinds.iter().zip(&results) {
        if p50.is_empty() {
            println!("| {} | not installed | | | |", kind.name());
            continue;
        }
        let (to_p50, to_p99) = (ratio(p50, &results[0].0), ratio(p99, &results[0].1));
        println!(
            "| {} | {:.1} | {:.1} | {to_p50:.2} | {to_p99:.2} |",
            kind.name(),
            Spread::of(p50),
            Spread::of(p99)
        );
    }
}

/// Microseconds, one by one.
fn measure_round_trips(pair: &Pair, count: usize) -> Vec<f64> {
    let (there, back) = (line("alice/a", "bob/b", 100), line("bob/b", "alice/a", 100));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut b = &pair.b;
            let mut received = vec![0; there.len()];
            for _ in 0..count {
                b.read_exact(&mut received).unwrap();
                b.write_all(&back).unwrap();
            }
        });
        let mut a = &pair.a;
        let mut received = vec![0; back.len()];
        (0..count)
            .map(|_| {
                let start = Instant::now();
                a.write_all(&there).unwrap();
                a.read_exact(&mut received).unwrap();
                start.elapsed().as_secs_f64() * 1e6
            })
            .collect()
    })
}

fn bursts() {
    for bytes in [100, 10, 4096] {
        let real = line("alice/a", "bob/b", bytes).len();
        let count = BURST_MESSAGES.min(400_000_000 / real);
        println!("\nBurst of {count} messages of {real} bytes, written 16 KiB at a time");
        println!("| relay | MB/s | / pump |\n| --- | --- | --- |");
        let kinds = [Kind::Pump, Kind::Ours, Kind::NcatBroker, Kind::NcatChat];
        let mut results = vec![Vec::new(); kinds.len()];
        for _ in 0..REPETITIONS {
            for (kind, rates) in kinds.iter().zip(&mut results) {
                if let Some(pair) = Pair::start(*kind) {
                    rates.push(measure_burst(&pair, bytes, count));
                }
            }
        }
        for (kind, rates) in kinds.iter().zip(&results) {
            match rates.is_empty() {
                true => println!("| {} | not installed | |", kind.name()),
                false => {
                    println!(
                        "| {} | {:.0} | {:.2} |",
                        kind.name(),
                        Spread::of(rates),
                        ratio(rates, &results[0])
                    );
                }
            }
        }
    }
}

/// A file, line by line, from one `client --terminal < file` to another `client --terminal > file`, beside the same
/// file through the pump.
fn transfer() {
    const FILE_BYTES: usize = 100_000_000;
    // More than elsewhere: the pump's figures lie far apart.
    const TRANSFERS: usize = 21;
    let folder = std::env::temp_dir().join(format!("transfert-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    println!("\nA file of 100 MB from client to client, beside the same file through the pump");
    println!("| bytes a line | clients MB/s | pump MB/s | / pump | serveur, alice, bob KiB at most |");
    println!("| --- | --- | --- | --- | --- |");
    for line_bytes in [100, 300, 1000, 10_000] {
        let line = format!("{}\n", "x".repeat(line_bytes - 1));
        let (file, copy) = (folder.join("envoyé"), folder.join("reçu"));
        std::fs::write(&file, line.repeat(FILE_BYTES / line_bytes)).unwrap();
        let (mut ours, mut pump, mut memory) = (Vec::new(), Vec::new(), [0; 3]);
        for _ in 0..TRANSFERS {
            pump.push(FILE_BYTES as f64 / pump_file(&file, &copy) / 1e6);
            // Gone before the system writes it to the disk, in the middle of the next measurement.
            std::fs::remove_file(&copy).unwrap();
            let (seconds, peaks) = send_file(&file, &copy);
            std::fs::remove_file(&copy).unwrap();
            ours.push(FILE_BYTES as f64 / seconds / 1e6);
            memory = std::array::from_fn(|i| memory[i].max(peaks[i]));
        }
        let to_pump = ratio(&ours, &pump);
        println!(
            "| {line_bytes} | {:.0} | {:.0} | {to_pump:.2} | {memory:?} |",
            Spread::of(&ours),
            Spread::of(&pump)
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Seconds for a file to get through the pump, read and written 64 KiB at a time.
fn pump_file(file: &Path, copy: &Path) -> f64 {
    let pair = Pair::start(Kind::Pump).unwrap();
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            copy_blocks(&mut File::open(file).unwrap(), &mut &pair.a);
            pair.a.shutdown(Shutdown::Write).unwrap();
        });
        let mut copied = File::create(copy).unwrap();
        copy_blocks(&mut (&pair.b).take(std::fs::metadata(file).unwrap().len()), &mut copied);
    });
    start.elapsed().as_secs_f64()
}

fn copy_blocks(from: &mut impl Read, to: &mut impl Write) {
    let mut block = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut block) {
        to.write_all(&block[..count]).unwrap();
    }
}

/// Seconds from the start of the sending client to its end, when everything was acknowledged, and the most memory
/// that server, sender and receiver had.
fn send_file(file: &Path, received: &Path) -> (f64, [usize; 3]) {
    let (server, address) = our_server();
    let terminal = |pseudo: &str| {
        let mut command = Command::new(binary("client"));
        command.args([&address.to_string(), pseudo, "--terminal"]).stderr(Stdio::piped());
        command
    };
    let mut receiver = Process(
        terminal("bob").stdin(Stdio::piped()).stdout(File::create(received).unwrap()).spawn().unwrap(),
    );
    let mut notices = BufReader::new(receiver.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(notices.any(|notice| notice.starts_with("* Connecté.")));
    let start = Instant::now();
    let mut sender =
        Process(terminal("alice").stdin(File::open(file).unwrap()).stdout(Stdio::null()).spawn().unwrap());
    let mut words = sender.0.stderr.take().unwrap();
    let processes = [&server, &sender, &receiver].map(|process| process.0.id());
    let over = AtomicBool::new(false);
    let (seconds, peaks) = std::thread::scope(|scope| {
        let peaks = scope.spawn(|| peaks_of(processes, &over));
        // It closes its end of the pipe when it ends, and remains to be looked at until it is waited for.
        std::io::copy(&mut words, &mut std::io::sink()).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        over.store(true, Ordering::SeqCst);
        (seconds, peaks.join().unwrap())
    });
    assert!(sender.0.wait().unwrap().success() && receiver.0.wait().unwrap().success());
    (seconds, peaks)
}

/// The most memory that each of the processes had until it is `over`.
fn peaks_of(processes: [u32; 3], over: &AtomicBool) -> [usize; 3] {
    let mut peaks = [0; 3];
    while !over.load(Ordering::SeqCst) {
        for (peak, process) in peaks.iter_mut().zip(processes) {
            *peak = peak_of(process).max(*peak);
        }
        // Often enough for the last moments, seldom enough not to take part in the race.
        std::thread::sleep(Duration::from_millis(5));
    }
    peaks
}

/// Bytes per second, in millions, from the first write to the last byte read.
fn measure_burst(pair: &Pair, message_bytes: usize, count: usize) -> f64 {
    let message = line("alice/a", "bob/b", message_bytes);
    let block = message.repeat(WRITE_BYTES.div_ceil(message.len()).min(count));
    let total = message.len() * count;
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut left = total;
            while left > 0 {
                let now = block.len().min(left);
                (&pair.a).write_all(&block[..now]).unwrap();
                left -= now;
            }
        });
        read_bytes(&pair.b, total);
    });
    total as f64 / start.elapsed().as_secs_f64() / 1e6
}

fn growth() {
    println!("\nCost as the work grows: serveur / pump, nanoseconds per message (median of {REPETITIONS})");
    println!("| bytes | messages | serveur ns | pump ns | ratio |\n| --- | --- | --- | --- | --- |");
    let sizes = [(10, 100_000), (100, 100_000), (1_000, 100_000), (10_000, 20_000), (65_000, 4_000)];
    let lengths = [(100, 1_000), (100, 10_000), (100, 1_000_000), (100, 10_000_000)];
    for (bytes, count) in sizes.into_iter().chain(lengths) {
        let repetitions = if count > 1_000_000 { 3 } else { REPETITIONS };
        let real = line("alice/a", "bob/b", bytes).len();
        let (mut ours, mut pump) = (Vec::new(), Vec::new());
        for _ in 0..repetitions {
            for (kind, times) in [(Kind::Pump, &mut pump), (Kind::Ours, &mut ours)] {
                let pair = Pair::start(kind).unwrap();
                times.push(real as f64 * 1e3 / measure_burst(&pair, bytes, count));
            }
        }
        println!(
            "| {real} | {count} | {:.0} | {:.0} | {:.2} |",
            Spread::of(&ours),
            Spread::of(&pump),
            ratio(&ours, &pump)
        );
    }
}

fn memory() {
    println!("\nMemory of serveur (VmHWM, the most it ever had)\n| after | KiB |\n| --- | --- |");
    let pair = Pair::ours();
    let id = pair._process.0.id();
    println!("| login | {} |", peak_of(id));
    for burst in 1..=10 {
        measure_burst(&pair, 100, BURST_MESSAGES);
        if burst == 1 || burst == 10 {
            println!("| {burst} × {BURST_MESSAGES} messages of 100 bytes | {} |", peak_of(id));
        }
    }
}

/// Two clients that are connected and quiet.
fn idle() {
    let server = Program::start("serveur", &["127.0.0.1:0"]);
    let address = listening(&server);
    let alice = Program::client(address, "alice");
    let bob = Program::client(address, "bob");
    alice.err.wait_for("bob a rejoint");
    bob.err.wait_for("alice a rejoint");
    let programs = [("serveur", &server), ("alice", &alice), ("bob", &bob)];
    let before = programs.map(|(_, program)| busy_of(program.id()));
    std::thread::sleep(Duration::from_secs(10));
    println!("\nProcessor time over 10 idle seconds\n| program | ms |\n| --- | --- |");
    for ((name, program), before) in programs.iter().zip(before) {
        println!("| {name} | {} |", (busy_of(program.id()) - before).as_millis());
    }
}

fn read_bytes(mut from: &TcpStream, count: usize) {
    let mut chunk = vec![0; 256 * 1024];
    let mut left = count;
    while left > 0 {
        let limit = left.min(chunk.len());
        match from.read(&mut chunk[..limit]).unwrap() {
            0 => panic!("the relay closed the connection"),
            read => left -= read,
        }
    }
}

fn read_until(from: &mut TcpStream, end: &[u8]) {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(end) {
        from.read_exact(&mut byte).unwrap();
        seen.push(byte[0]);
    }
}

fn connect_when_up(address: SocketAddr) -> TcpStream {
    loop {
        if let Ok(stream) = TcpStream::connect(address) {
            stream.set_nodelay(true).unwrap();
            return stream;
        }
        std::thread::yield_now();
    }
}
