//! What the client's window costs, beside a bare FLTK window that does the same with nothing in it.
//!
//! Everything is measured from outside, on the real program: keys are pressed through the X server (XTEST), the X
//! server tells when the pixels change (DAMAGE), and this program plays the relay. The bare window is this program
//! itself, started a second time. All of it happens on an Xvfb of its own, so that no window manager and no other
//! window takes part; the parts are measured in turn, repetition by repetition. Nothing here passes or fails.
//!
//! `cargo bench --bench client -- latency start` runs only those parts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::cell::Cell;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use fltk::app;
use fltk::draw;
use fltk::enums::{Color, Event as FltkEvent, FrameType, Key};
use fltk::frame::Frame;
use fltk::prelude::*;
use fltk::window::DoubleWindow;
use support::measure::{Spread, ratio};
use support::peer::{Peer, message};
use support::program::{DATA_VARIABLE, Program, binary, listening};
use support::relay::RelayThread;
use support::usage::{busy_of, peak_of, wakeups_of};
use support::xvfb::Xvfb;
use tempfile::TempDir;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{
    self, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, ImageFormat, InputFocus,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// As large as the client's window is at first.
const SIZE: (i32, i32) = (480, 640);
const REPETITIONS: usize = 5;
/// Samples of each latency in a repetition.
const SAMPLES: usize = 200;
const STARTS: usize = 25;
const MESSAGES: u64 = 100_000;
const TEXT: &str = "Tu as vu le sujet du projet ? Il faut un client, un serveur, et une fenêtre lisible.";
/// The window counts as still once it has not changed for this long.
const STILL: Duration = Duration::from_millis(15);
const RETURN: u32 = 0xff0d;
const F12: u32 = 0xffc9;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [first, rest @ ..] = &args[..]
        && first == "bare"
    {
        bare(rest);
        return ExitCode::SUCCESS;
    }
    let parts: [(&str, fn()); 5] =
        [("latency", latency), ("start", start), ("burst", burst), ("idle", idle), ("size", size)];
    for (name, part) in parts {
        if args.is_empty() || args.iter().any(|arg| arg == name) {
            part();
        }
    }
    ExitCode::SUCCESS
}

// ---- the bare window ----

/// A window with nothing in it or with one word; with an address, Enter writes a line there and whatever comes from
/// there has the window drawn again.
fn bare(args: &[String]) {
    let _app = app::App::default();
    let mut window = DoubleWindow::new(400, 200, SIZE.0, SIZE.1, "bare");
    let mut content = Frame::new(0, 0, SIZE.0, SIZE.1, None);
    content.set_frame(FrameType::FlatBox);
    window.end();
    window.show();
    match args.first().map(String::as_str) {
        Some("word") => content.set_label("Messagerie"),
        Some(address) => answer(&mut content, TcpStream::connect(address).unwrap()),
        None => {}
    }
    while app::wait() {}
}

fn answer(content: &mut Frame, stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let (came, arrivals) = mpsc::channel();
    let mut reader = stream.try_clone().unwrap();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(1..) = reader.read(&mut bytes) {
            came.send(()).unwrap();
            app::awake();
        }
    });
    let gray = Rc::new(Cell::new(100));
    content.draw({
        let gray = Rc::clone(&gray);
        move |it| draw::draw_rect_fill(it.x(), it.y(), it.w(), it.h(), Color::from_rgb(gray.get(), 200, 200))
    });
    content.handle(move |it, event| match event {
        FltkEvent::Focus => true,
        FltkEvent::KeyDown if app::event_key() == Key::Enter => {
            (&stream).write_all(b"msg\n").unwrap();
            true
        }
        // Any other key only shows.
        FltkEvent::KeyDown => {
            it.redraw();
            true
        }
        _ => false,
    });
    let _ = content.take_focus();
    let mut content = content.clone();
    app::add_check(move |_| {
        if arrivals.try_iter().count() > 0 {
            gray.set(gray.get() ^ 1);
            content.redraw();
            app::flush();
        }
    });
}

// ---- the X server ----

/// An X server with one program's window on it.
struct Screen {
    server: Xvfb,
    x: RustConnection,
    root: u32,
    /// Where the programs find their settings, none, and keep what was said.
    home: TempDir,
    /// How many folders for what was said there are.
    folders: Cell<usize>,
}

/// A program and its window.
struct Shown {
    program: Program,
    window: u32,
    started: Instant,
    /// When the X server said that the window is on the screen.
    mapped: Instant,
}

impl Screen {
    fn start() -> Screen {
        let server = Xvfb::start(1280, 800).unwrap_or_else(|error| panic!("{error}"));
        let (x, screen) = x11rb::connect(Some(server.display())).unwrap();
        let root = x.setup().roots[screen].root;
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        x.change_window_attributes(root, &events).unwrap();
        x.damage_query_version(1, 1).unwrap().reply().unwrap();
        // Whatever is drawn into any window changes the root window's pixels.
        let damage = x.generate_id().unwrap();
        x.damage_create(damage, root, ReportLevel::RAW_RECTANGLES).unwrap();
        // On the disk where the programs are built: the folder for temporary files may be in memory.
        let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Screen { server, x, root, home, folders: Cell::new(0) }
    }

    /// A client that has nothing to remember.
    fn client(&self, args: &[&str]) -> Shown {
        self.client_that_remembers(&self.new_folder(), args)
    }

    fn client_that_remembers(&self, folder: &Path, args: &[&str]) -> Shown {
        self.show(Command::new(binary("client")).args(args).env(DATA_VARIABLE, folder))
    }

    fn new_folder(&self) -> PathBuf {
        self.folders.set(self.folders.get() + 1);
        self.home.path().join(self.folders.get().to_string())
    }

    fn bare(&self, args: &[&str]) -> Shown {
        self.show(Command::new(std::env::current_exe().unwrap()).arg("bare").args(args))
    }

    /// Starts a program and waits for its window.
    fn show(&self, command: &mut Command) -> Shown {
        while self.x.poll_for_event().unwrap().is_some() {}
        // FLTK would prefer a Wayland session.
        command.env("DISPLAY", self.server.display()).env("FLTK_BACKEND", "x11");
        command.env("LC_ALL", "C.UTF-8").env("XDG_CONFIG_HOME", self.home.path());
        let started = Instant::now();
        let program = Program::spawn(command);
        loop {
            if let Event::MapNotify(event) = self.x.wait_for_event().unwrap() {
                return Shown { program, window: event.window, started, mapped: Instant::now() };
            }
        }
    }

    /// Waits until something has been drawn where there was nothing, the black root window.
    fn wait_for_picture(&self, window: u32) -> Instant {
        loop {
            let (x, y) = (SIZE.0 as i16 / 2, SIZE.1 as i16 / 2);
            let image = self.x.get_image(ImageFormat::Z_PIXMAP, window, x, y, 1, 1, u32::MAX).unwrap();
            if image.reply().unwrap().data[..3] != [0, 0, 0] {
                return Instant::now();
            }
            self.wait_for_change();
        }
    }

    /// Waits until something is drawn anywhere.
    fn wait_for_change(&self) -> Instant {
        while !matches!(self.x.wait_for_event().unwrap(), Event::DamageNotify(_)) {}
        Instant::now()
    }

    /// Waits until nothing has been drawn for a while.
    fn wait_until_still(&self) {
        let mut last = Instant::now();
        while last.elapsed() < STILL {
            std::thread::sleep(Duration::from_millis(1));
            while self.x.poll_for_event().unwrap().is_some() {
                last = Instant::now();
            }
        }
    }

    fn focus(&self, window: u32) {
        self.x.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME).unwrap();
        self.x.flush().unwrap();
        self.wait_until_still();
    }

    /// The key that gives that symbol.
    fn key(&self, symbol: u32) -> u8 {
        let setup = self.x.setup();
        let count = setup.max_keycode - setup.min_keycode + 1;
        let mapping = self.x.get_keyboard_mapping(setup.min_keycode, count).unwrap().reply().unwrap();
        let per_key = usize::from(mapping.keysyms_per_keycode);
        let at = mapping.keysyms.chunks(per_key).position(|symbols| symbols[0] == symbol);
        setup.min_keycode + u8::try_from(at.expect("a key for it")).unwrap()
    }

    /// Presses a key and lets it go. The press counts, and is on its way before this returns.
    fn press(&self, key: u8) -> Instant {
        let now = Instant::now();
        for event in [xproto::KEY_PRESS_EVENT, xproto::KEY_RELEASE_EVENT] {
            self.x.xtest_fake_input(event, key, x11rb::CURRENT_TIME, self.root, 0, 0, 0).unwrap();
        }
        self.x.flush().unwrap();
        now
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

// ---- latency ----

/// The median and the 99th percentile of each repetition.
#[derive(Default)]
struct Percentiles {
    p50: Vec<f64>,
    p99: Vec<f64>,
}

impl Percentiles {
    fn add(&mut self, mut times: Vec<f64>) {
        times.sort_by(f64::total_cmp);
        self.p50.push(times[times.len() / 2]);
        self.p99.push(times[times.len() * 99 / 100]);
    }

    fn row(&self, name: &str, limit: Option<&Percentiles>) {
        let (p50, p99) = (Spread::of(&self.p50), Spread::of(&self.p99));
        match limit {
            None => println!("| {name} | {p50:.0} | {p99:.0} | | |"),
            Some(limit) => println!(
                "| {name} | {p50:.0} | {p99:.0} | {:.2} | {:.2} |",
                ratio(&self.p50, &limit.p50),
                ratio(&self.p99, &limit.p99)
            ),
        }
    }
}

fn latency() {
    let screen = Screen::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let [mut loopback, mut bare_key, mut bare_pixel] =
        [const { Percentiles { p50: vec![], p99: vec![] } }; 3];
    let mut clients = [("nothing kept", "--sans-historique"), ("history kept", "--avec-historique")]
        .map(|(name, option)| (name, option, ClientTimes::default()));
    let mut disk = Percentiles::default();
    for _ in 0..REPETITIONS {
        loopback.add(loopback_times());
        disk.add(disk_times(screen.home.path()));
        let shown = screen.bare(&[&address]);
        let mut peer = Peer::from_stream(listener.accept().unwrap().0);
        screen.focus(shown.window);
        bare_key.add(key_to_wire(&screen, &mut peer));
        bare_pixel.add(wire_to_pixel(&screen, &mut peer, |peer, _| peer.send("msg")));
        drop(shown);

        for (_, option, times) in &mut clients {
            let shown = screen.client(&[&address, "alice", option]);
            let mut bob = welcome(&listener);
            screen.focus(shown.window);
            times.measure(&screen, &mut bob);
        }
    }
    println!("\nOne message, in µs; {REPETITIONS} × {SAMPLES}, at rest before each");
    println!("| from … to … | p50 | p99 | p50 / limit | p99 / limit |\n| --- | --- | --- | --- | --- |");
    loopback.row("write to read, bare loopback", None);
    disk.row("append 4 KiB to a file and wait for the disk", None);
    bare_key.row("Enter to the wire, bare FLTK window (limit)", None);
    bare_pixel.row("wire to the pixel, bare FLTK window (limit)", None);
    for (name, _, times) in &clients {
        times.key.row(&format!("Enter to the wire, {name}"), Some(&bare_key));
        times.pixel.row(&format!("wire to the pixel, {name}"), Some(&bare_pixel));
        let acknowledgement = format!("wire to the acknowledgement, which follows the drawing, {name}");
        times.recu.row(&acknowledgement, Some(&bare_pixel));
    }
    let [without, with] = clients.map(|(.., times)| {
        times.key.p50.iter().zip(&times.pixel.p50).map(|(key, pixel)| key + pixel).collect::<Vec<f64>>()
    });
    // Each of the two keeps the message before it goes on.
    let without_disk: Vec<f64> = with.iter().zip(&disk.p50).map(|(time, disk)| time - 2.0 * disk).collect();
    println!(
        "From Enter to the other's pixel, p50, history / nothing: {:.2}, without the disk's part {:.2}",
        ratio(&with, &without),
        ratio(&without_disk, &without)
    );
}

#[derive(Default)]
struct ClientTimes {
    key: Percentiles,
    pixel: Percentiles,
    recu: Percentiles,
}

impl ClientTimes {
    fn measure(&mut self, screen: &Screen, bob: &mut Peer) {
        let alice = bob.address.clone();
        let message = |number| message("bob/b", &alice, number, "Tu as vu le sujet du projet ?");
        self.key.add(key_to_wire(screen, bob));
        self.pixel.add(wire_to_pixel(screen, bob, |bob, number| bob.send(&message(number))));
        // What the last messages were acknowledged with is still to be read.
        while bob.receive().unwrap() != format!("recu {alice} bob/b {SAMPLES}") {}
        self.recu.add(wire_to_recu(bob, |number| message(number + SAMPLES as u64)));
    }
}

/// Lets a client log in as a relay would, and presents bob to it. The peer's address is the client's.
fn welcome(listener: &TcpListener) -> Peer {
    let mut peer = Peer::seat(listener);
    peer.send("present bob/b");
    let hello = format!("recu {} bob/b 0", peer.address);
    while peer.receive().unwrap() != hello {}
    peer
}

/// One way, from before the write to after the read, in two threads.
fn loopback_times() -> Vec<f64> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    there.set_nodelay(true).unwrap();
    let mut here = listener.accept().unwrap().0;
    let (read, arrivals) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 100];
        while here.read_exact(&mut bytes).is_ok() {
            read.send(Instant::now()).unwrap();
        }
    });
    let times = (0..SAMPLES).map(|_| {
        std::thread::sleep(STILL);
        let start = Instant::now();
        there.write_all(&[b'x'; 100]).unwrap();
        micros(arrivals.recv().unwrap() - start)
    });
    times.collect()
}

/// What the disk takes for the least that has to be on it.
fn disk_times(folder: &Path) -> Vec<f64> {
    let mut file = File::create(folder.join("disk")).unwrap();
    let times = (0..SAMPLES).map(|_| {
        std::thread::sleep(STILL);
        let start = Instant::now();
        file.write_all(&[b'x'; 4096]).unwrap();
        file.sync_data().unwrap();
        micros(start.elapsed())
    });
    times.collect()
}

/// From Enter, pressed with a letter in the entry field, to the message at the relay.
fn key_to_wire(screen: &Screen, peer: &mut Peer) -> Vec<f64> {
    let (letter, enter) = (screen.key(u32::from('x')), screen.key(RETURN));
    let times = (1..=SAMPLES).map(|number| {
        screen.press(letter);
        screen.wait_for_change();
        screen.wait_until_still();
        let pressed = screen.press(enter);
        while !peer.receive().unwrap().starts_with("msg") {}
        let time = micros(pressed.elapsed());
        if !peer.address.is_empty() {
            let recu = format!("recu bob/b {} {number}", peer.address);
            peer.send(&recu);
        }
        screen.wait_until_still();
        time
    });
    times.collect()
}

/// From before the relay's write to the window's change.
fn wire_to_pixel(screen: &Screen, peer: &mut Peer, send: impl Fn(&mut Peer, u64)) -> Vec<f64> {
    let times = (1..=SAMPLES as u64).map(|number| {
        screen.wait_until_still();
        let start = Instant::now();
        send(peer, number);
        micros(screen.wait_for_change() - start)
    });
    times.collect()
}

fn wire_to_recu(peer: &mut Peer, message: impl Fn(u64) -> String) -> Vec<f64> {
    let times = (1..=SAMPLES as u64).map(|number| {
        std::thread::sleep(STILL);
        let line = message(number);
        let start = Instant::now();
        peer.send(&line);
        assert!(peer.receive().unwrap().starts_with("recu "));
        micros(start.elapsed())
    });
    times.collect()
}

// ---- start ----

fn start() {
    let screen = Screen::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let kept = keep_messages(&screen);
    let starts: [(&str, &dyn Fn() -> Shown); 5] = [
        ("bare FLTK window", &|| screen.bare(&[])),
        ("bare FLTK window with one word in it", &|| screen.bare(&["word"])),
        ("client, the form", &|| screen.client(&[])),
        ("client ADDRESS PSEUDO, the discussion", &|| screen.client(&[&address, "alice"])),
        ("the same, with 100,000 messages kept", &|| {
            screen.client_that_remembers(&kept, &[&address, "alice"])
        }),
    ];
    let mut times = vec![(Vec::new(), Vec::new()); starts.len()];
    for _ in 0..STARTS {
        for ((_, start), (mapped, drawn)) in starts.iter().zip(&mut times) {
            let shown = start();
            let picture = screen.wait_for_picture(shown.window);
            mapped.push(ms(shown.mapped - shown.started));
            drawn.push(ms(picture - shown.started));
            drop(shown);
            screen.wait_until_still();
        }
    }
    println!("\nFrom the process's start to its window, in ms; {STARTS} times in turn");
    println!("| program | on the screen | / bare | / with a word | first picture | / bare | / with a word |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for ((name, _), (mapped, drawn)) in starts.iter().zip(&times) {
        print!("| {name} ");
        for (values, bare, word) in [(mapped, &times[0].0, &times[1].0), (drawn, &times[0].1, &times[1].1)] {
            print!("| {:.1} | {:.2} | {:.2} ", Spread::of(values), ratio(values, bare), ratio(values, word));
        }
        println!("|");
    }
}

/// A folder in which alice has kept what bob wrote, so many messages.
fn keep_messages(screen: &Screen) -> PathBuf {
    let folder = screen.new_folder();
    let relay = RelayThread::start();
    let (mut bob, mut writer) = seat_bob(relay.address);
    let mut command = Command::new(binary("client"));
    command.args([&relay.address.to_string(), "alice", "--terminal", "--avec-historique"]);
    let mut alice = Program::spawn(command.env(DATA_VARIABLE, &folder));
    let address = bob.expect_present();
    for number in 1..=MESSAGES {
        writeln!(writer, "{}", message("bob/b", &address, number, TEXT)).unwrap();
    }
    writer.flush().unwrap();
    while bob.receive().unwrap() != format!("recu {address} bob/b {MESSAGES}") {}
    alice.type_line("quitter");
    assert_eq!(alice.status(), 0);
    folder
}

// ---- a burst of messages ----

/// Many messages through the real relay, while keys are pressed.
fn burst() {
    burst_with_panel(false);
    burst_with_panel(true);
}

/// The same with « Sur le fil » closed or open.
fn burst_with_panel(open: bool) {
    let screen = Screen::start();
    let server = Program::start("serveur", &["127.0.0.1:0"]);
    let address = listening(&server);
    let shown = screen.client(&[&address.to_string(), "alice"]);
    let client = shown.program.id();
    let (mut bob, mut writer) = seat_bob(address);
    let alice = bob.expect_present();
    // She waits for this before she sends anything.
    bob.send(&format!("recu bob/b {alice} 0"));
    screen.focus(shown.window);
    if open {
        screen.press(screen.key(F12));
    }
    let before = peak_of(client);

    let (typed, arrivals) = mpsc::channel();
    let start = Instant::now();
    let sender = std::thread::spawn(move || {
        for number in 1..=MESSAGES {
            writeln!(writer, "{}", message("bob/b", &alice, number, TEXT)).unwrap();
        }
        writer.flush().unwrap();
    });
    let reader = std::thread::spawn(move || {
        let mut acknowledged = vec![Instant::now()];
        loop {
            let line = bob.receive().unwrap();
            if line.starts_with("msg ") {
                typed.send(Instant::now()).unwrap();
            } else if let Some((_, number)) =
                line.strip_prefix("recu ").and_then(|rest| rest.rsplit_once(' '))
            {
                acknowledged.push(Instant::now());
                if number == MESSAGES.to_string() {
                    return acknowledged;
                }
            }
        }
    });
    let (letter, enter) = (screen.key(u32::from('x')), screen.key(RETURN));
    let mut keys = Vec::new();
    while !reader.is_finished() {
        screen.press(letter);
        let pressed = screen.press(enter);
        // The last one may come when nobody reads any more.
        let Ok(arrived) = arrivals.recv() else { break };
        keys.push(ms(arrived - pressed));
        std::thread::sleep(Duration::from_millis(3));
    }
    sender.join().unwrap();
    let acknowledged = reader.join().unwrap();
    let seconds = (*acknowledged.last().unwrap() - start).as_secs_f64();
    let frames = acknowledged.windows(2).map(|pair| ms(pair[1] - pair[0])).collect();
    let grown = (peak_of(client) - before) * 1024 / MESSAGES as usize;

    println!(
        "\n{MESSAGES} messages of {} bytes of text through the real relay, in {seconds:.2} s{}",
        TEXT.len(),
        if open { ", with the panel « Sur le fil » open" } else { "" }
    );
    println!("| | count | p50 ms | p99 ms | longest ms |\n| --- | --- | --- | --- | --- |");
    for (name, mut times) in [
        ("between two acknowledgements: a frame, the network and the relay", frames),
        ("letter and Enter, pressed meanwhile, to the other participant", keys),
    ] {
        times.sort_by(f64::total_cmp);
        let at = |percent| times[(times.len() - 1) * percent / 100];
        println!("| {name} | {} | {:.1} | {:.1} | {:.1} |", times.len(), at(50), at(99), at(100));
    }
    println!("\nMemory of the window: {grown} bytes a message (VmHWM), of which text {}", TEXT.len());
}

/// bob, and his connection a second time for a thread that writes.
fn seat_bob(relay: SocketAddr) -> (Peer, impl Write + Send) {
    let stream = TcpStream::connect(relay).unwrap();
    let writer = std::io::BufWriter::with_capacity(16 * 1024, stream.try_clone().unwrap());
    let mut bob = Peer::from_stream(stream);
    bob.send("login 2 bob/b");
    bob.expect("bienvenue bob/b");
    (bob, writer)
}

// ---- idle ----

fn idle() {
    let screen = Screen::start();
    let relay = RelayThread::permanent();
    let form = screen.client(&[]);
    let demo = screen.client(&["--demo"]);
    let discussion = screen.client(&[&relay.address.to_string(), "alice"]);
    let mut bob = Peer::login(relay.address, "bob");
    let alice = bob.expect_present();
    bob.send_message(&alice, 1, "Salut !");
    let shown = format!("recu {alice} bob/s-bob 1");
    while bob.receive().unwrap() != shown {}
    // On the message, whose hint is then shown; and into the entry field, whose cursor is then shown.
    screen.focus(discussion.window);
    screen.x.warp_pointer(x11rb::NONE, discussion.window, 0, 0, 0, 0, 40, SIZE.1 as i16 - 110).unwrap();
    screen.x.flush().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let programs = [("form", &form), ("--demo, two windows and a relay", &demo), ("discussion", &discussion)];
    let count = |shown: &Shown| (busy_of(shown.program.id()), wakeups_of(shown.program.id()));
    let before = programs.map(|(_, shown)| count(shown));
    std::thread::sleep(Duration::from_secs(10));
    println!("\nOver 10 idle seconds");
    println!("| window | ms of processor time | wake-ups of all threads |\n| --- | --- | --- |");
    for ((name, shown), before) in programs.iter().zip(before) {
        let after = count(shown);
        println!("| {name} | {} | {} |", (after.0 - before.0).as_millis(), after.1 - before.1);
    }
}

// ---- size ----

fn size() {
    println!("\nStripped release programs\n| program | MiB |\n| --- | --- |");
    for name in ["serveur", "client", "messagerie"] {
        let mib = std::fs::metadata(binary(name)).unwrap().len() as f64 / 1024.0 / 1024.0;
        println!("| {name} | {mib:.2} |");
    }
}
