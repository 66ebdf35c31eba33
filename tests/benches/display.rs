//! How fast the window's display is: beside Tk's text widget and FLTK's own, on the same X server, in turn, in one run;
//! then its longest frame and its resizing.
//!
//! `cargo bench -p tests --bench display`. Without a display it starts an Xvfb; without wish (Debian package tk)
//! the table says so.
//!
//! Why the display is our own: FLTK's `TextDisplay` counts its lines anew for each text that is appended. And it draws
//! one text in one column, code point by code point: no bubbles, no sides, no time beside a message, nothing that becomes
//! a tick later, no Arabic that joins or stands at the right.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, Local, TimeDelta};
use fenetre::display::{Display, Entry};
use fenetre::theme::Theme;
use fltk::app;
use fltk::prelude::*;
use fltk::text::{TextBuffer, TextDisplay, WrapMode};
use fltk::window::Window;
use support::measure::{Spread, ratio};
use support::usage::Usage;
use support::xvfb::with_display;

const MESSAGES: usize = 100_000;
const BURST: usize = 500;
const REPETITIONS: usize = 5;
const FRAME_RUNS: usize = 3;
const SIZE: (i32, i32) = (480, 640);

/// What people write to each other.
const TEXTS: [&str; 8] = [
    "Salut Bob !",
    "Tu as vu le sujet du projet ? Il faut un client, un serveur, et une fenêtre qui reste lisible.",
    "ok",
    "Je pense qu'on peut commencer par le protocole, puis la fenêtre ensuite. Qu'en dis-tu ? On en parle demain ?",
    "السلام عليكم، كيف حالك اليوم؟",
    "https://example.org/un/chemin/assez/long/pour/passer/a/la/ligne?avec=des&parametres=partout",
    "À demain 😀",
    "deux lignes\nen un message",
];

/// Has this program fill FLTK's widget only, in a process of its own.
const ONLY_TEXT_DISPLAY: &str = "--text-display";

fn main() -> ExitCode {
    let only_text_display = std::env::args().any(|arg| arg == ONLY_TEXT_DISPLAY);
    match with_display(if only_text_display { fill_text_display } else { run }) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> ExitCode {
    let _app = app::App::default();
    let bytes = memory();
    burst(bytes);
    frames();
    resize();
    ExitCode::SUCCESS
}

/// The messages' date, as far as it matters: a minute apart, so that days change too.
fn date(start: DateTime<Local>, number: usize) -> DateTime<Local> {
    start + TimeDelta::minutes(i64::try_from(number).unwrap())
}

fn entries(start: DateTime<Local>, numbers: std::ops::Range<usize>) -> impl Iterator<Item = Entry> {
    numbers.map(move |number| {
        let (date, text) = (date(start, number), TEXTS[number % TEXTS.len()].to_owned());
        match number % 3 {
            0 => Entry::Own { id: number as u64, date, text },
            _ => Entry::Other { name: "bob".to_owned(), date, text },
        }
    })
}

/// A window that shows an empty display.
fn window() -> (Window, Display) {
    let mut window = Window::new(20, 20, SIZE.0, SIZE.1, "display");
    Theme::Light.apply(false);
    let display = Display::new(0, 0, SIZE.0, SIZE.1);
    window.end();
    window.resizable(&display.widget());
    window.show();
    window.wait_for_expose();
    settle();
    (window, display)
}

/// Lets everything that is under way arrive.
fn settle() {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(200) {
        let _ = app::wait_for(0.02);
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Draws now what there is to draw.
fn frame(display: &Display) -> Duration {
    let start = Instant::now();
    display.widget().redraw();
    app::flush();
    start.elapsed()
}

/// A window with all the messages, and how long each burst took.
fn filled() -> (Window, Display, Vec<Duration>) {
    let (window, display) = window();
    let start = Local::now();
    let mut bursts = Vec::new();
    for first in (0..MESSAGES).step_by(BURST) {
        let before = Instant::now();
        display.push(entries(start, first..first + BURST));
        app::check();
        bursts.push(before.elapsed());
    }
    assert_eq!(display.len(), MESSAGES);
    (window, display, bursts)
}

fn resident_bytes() -> usize {
    1024 * Usage::of(std::process::id()).resident
}

/// The bytes by which this process, while it is fresh, grows for each message.
fn memory() -> usize {
    let start = Local::now();
    let (window, display) = window();
    let before = resident_bytes();
    for first in (0..MESSAGES).step_by(BURST) {
        display.push(entries(start, first..first + BURST));
        app::check();
    }
    let grown = resident_bytes() - before;
    Window::delete(window);
    grown / MESSAGES
}

/// What a widget takes for all messages.
struct Filling {
    ms: f64,
    /// The longest burst.
    slowest: f64,
    bytes_per_message: usize,
}

impl Filling {
    /// As another process prints it: the three numbers, the bytes of all messages together.
    fn parse(output: &[u8]) -> Filling {
        let output = String::from_utf8_lossy(output);
        let numbers: Vec<f64> = output.split_whitespace().map_while(|word| word.parse().ok()).collect();
        let [ms, slowest, bytes] = numbers[..] else { panic!("no three numbers: {output}") };
        Filling { ms, slowest, bytes_per_message: bytes as usize / MESSAGES }
    }
}

fn burst(bytes: usize) {
    let [mut ours, mut tk, mut tk_following, mut fltk] = [const { Vec::new() }; 4];
    let (mut first_bursts, mut last_bursts) = (Vec::new(), Vec::new());
    for repetition in 0..REPETITIONS {
        let (window, _display, bursts) = filled();
        let slowest = bursts.iter().max().copied().unwrap();
        ours.push(Filling { ms: ms(bursts.iter().sum()), slowest: ms(slowest), bytes_per_message: bytes });
        first_bursts.push(ms(bursts[..20].iter().sum()) / 20.0);
        last_bursts.push(ms(bursts[bursts.len() - 20..].iter().sum()) / 20.0);
        Window::delete(window);
        settle();
        tk.extend(tk_text(false));
        tk_following.extend(tk_text(true));
        // Once is long enough.
        if repetition == 0 {
            fltk.push(text_display());
        }
    }
    let text: usize = (0..MESSAGES).map(|number| TEXTS[number % TEXTS.len()].len()).sum();
    println!("\n{MESSAGES} messages in bursts of {BURST}, drawn after each, {REPETITIONS} times in turn");
    println!("(memory: growth of VmRSS in a fresh process; {} bytes of it are text)", text / MESSAGES);
    println!("| widget | ms | ours / this | slowest burst, ms | bytes per message |");
    println!("| --- | --- | --- | --- | --- |");
    let times = |fillings: &[Filling]| fillings.iter().map(|filling| filling.ms).collect::<Vec<f64>>();
    for (name, fillings) in [
        ("ours, following the end", &ours),
        ("Tk's text, staying at the start", &tk),
        ("Tk's text, following the end", &tk_following),
        ("FLTK's TextDisplay, following the end, once", &fltk),
    ] {
        let Some(last) = fillings.last() else {
            println!("| {name} | wish is missing (Debian package tk) | | | |");
            continue;
        };
        let slowest = fillings.iter().map(|filling| filling.slowest).fold(0.0, f64::max);
        let (all, bytes) = (times(fillings), last.bytes_per_message);
        let to_this = ratio(&times(&ours), &all);
        println!("| {name} | {:.0} | {to_this:.3} | {slowest:.2} | {bytes} |", Spread::of(&all));
    }
    println!("\nOne of these bursts in ours, drawing included\n| burst | ms |\n| --- | --- |");
    println!("| of the first 20 | {:.2} |", Spread::of(&first_bursts));
    println!("| of the last 20 | {:.2} |", Spread::of(&last_bursts));
}

/// FLTK's own widget, in a fresh process.
fn text_display() -> Filling {
    let mut command = Command::new(std::env::current_exe().unwrap());
    Filling::parse(&command.arg(ONLY_TEXT_DISPLAY).output().unwrap().stdout)
}

/// Fills FLTK's own widget, each burst in one piece, and prints what it took.
fn fill_text_display() -> ExitCode {
    let _app = app::App::default();
    let mut window = Window::new(20, 20, SIZE.0, SIZE.1, "display");
    let mut display = TextDisplay::new(0, 0, SIZE.0, SIZE.1, None);
    let mut buffer = TextBuffer::default();
    display.set_buffer(buffer.clone());
    display.set_text_size(15);
    display.wrap_mode(WrapMode::AtBounds, 0);
    window.end();
    window.show();
    window.wait_for_expose();
    settle();
    let before = resident_bytes();
    let mut bursts = Vec::new();
    for first in (0..MESSAGES).step_by(BURST) {
        let start = Instant::now();
        let line = |number: usize| format!("14:03 bob : {}\n", TEXTS[number % TEXTS.len()]);
        buffer.append(&(first..first + BURST).map(line).collect::<String>());
        display.set_insert_position(buffer.length());
        display.show_insert_position();
        app::check();
        bursts.push(start.elapsed());
    }
    let grown = resident_bytes() - before;
    println!("{} {} {grown}", ms(bursts.iter().sum()), ms(*bursts.iter().max().unwrap()));
    ExitCode::SUCCESS
}

/// What Tk takes for the same, by its own clock; nothing if it is not installed.
fn tk_text(following: bool) -> Option<Filling> {
    let (w, h) = SIZE;
    let texts: Vec<String> = TEXTS.iter().map(|text| format!("{{{text}}}")).collect();
    let see = if following { ".t see end" } else { "" };
    let script = format!(
        "wm geometry . {w}x{h}+20+20\n\
         text .t -wrap word -font {{Sans -15}} -undo 0\n\
         pack .t -fill both -expand 1\n\
         update\n\
         after 200\n\
         update\n\
         set texts [list {texts}]\n\
         proc resident {{}} {{\n\
           set file [open /proc/self/status]\n\
           regexp {{VmRSS:\\s+(\\d+)}} [read $file] -> kib\n\
           close $file\n\
           return [expr {{$kib * 1024}}]\n\
         }}\n\
         set before [resident]\n\
         set slowest 0\n\
         set start [clock microseconds]\n\
         for {{set i 0}} {{$i < {MESSAGES}}} {{}} {{\n\
           set burst [clock microseconds]\n\
           for {{set end [expr {{$i + {BURST}}}]}} {{$i < $end}} {{incr i}} {{\n\
             .t insert end \"14:03 bob : [lindex $texts [expr {{$i % {count}}}]]\\n\"\n\
           }}\n\
           {see}\n\
           update\n\
           set slowest [expr {{max($slowest, [clock microseconds] - $burst)}}]\n\
         }}\n\
         set time [expr {{[clock microseconds] - $start}}]\n\
         puts \"[expr {{$time / 1000.0}}] [expr {{$slowest / 1000.0}}] [expr {{[resident] - $before}}]\"\n\
         exit\n",
        texts = texts.join(" "),
        count = TEXTS.len(),
    );
    let mut wish = Command::new("wish")
        .arg("-")
        .env("LANG", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    wish.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    Some(Filling::parse(&wish.wait_with_output().unwrap().stdout))
}

/// Frames in all places that can be hard: each is scrolled to, wrapped and drawn for the first time.
fn frames() {
    let arabic: String = (0..6_000).map(|number| format!("كلمة{number} ")).collect();
    let places = [
        ("ordinary messages", String::new()),
        ("10,000 characters", TEXTS[3].repeat(93)),
        ("a word of 65,000 characters", "a".repeat(65_000)),
        ("65,000 bytes of Arabic, no word twice", arabic.chars().take(36_000).collect()),
        ("16,000 emoji without a space", "😀".repeat(16_000)),
        ("32,000 line feeds", "\n".repeat(32_000)),
        ("x and 31,000 accents", format!("x{}", "\u{301}".repeat(31_000))),
        ("x and 31,000 Hebrew points", format!("x{}", "\u{5b0}".repeat(31_000))),
        ("x and 31,000 Arabic signs", format!("x{}", "\u{64e}".repeat(31_000))),
        ("x and 20,000 enclosing circles", format!("x{}", "\u{20dd}".repeat(20_000))),
        ("20,000 joiners", "\u{200d}".repeat(20_000)),
        ("20,000 Chinese characters, none twice", ('\u{4e00}'..).take(20_000).collect()),
        ("16,000 rare Chinese characters, none twice", ('\u{20000}'..).take(16_000).collect()),
        ("one character of each script", ('\u{a1}'..='\u{1fbff}').step_by(7).take(20_000).collect()),
        ("5,400 links", "http://a.b/ ".repeat(5_400)),
        ("one link after the other", "http://a.b".repeat(6_000)),
        ("mail addresses that are none", "a@".repeat(32_000)),
        ("20,000 letters of two directions", "aא".repeat(20_000)),
    ];
    println!("\nLongest frame with {MESSAGES} messages: scrolling, wrapping, drawing");
    println!("| in view | ms, of {FRAME_RUNS} runs |\n| --- | --- |");
    for (place, text) in places {
        let longest: Vec<f64> = (0..FRAME_RUNS).map(|_| longest_frame(&text)).collect();
        println!("| {place} | {} |", Spread::of(&longest));
    }
}

/// The longest frame while that text comes into view and while the view goes up by pages and by jumps.
fn longest_frame(text: &str) -> f64 {
    let (window, display, _) = filled();
    let mut longest = Duration::ZERO;
    if !text.is_empty() {
        let before = Instant::now();
        display.push([Entry::Other { name: "bob".to_owned(), date: Local::now(), text: text.to_owned() }]);
        frame(&display);
        longest = before.elapsed();
    }
    for step in 0..120 {
        let before = Instant::now();
        display.scroll_by(if step < 100 { -SIZE.1 + 40 } else { -250_000 });
        frame(&display);
        longest = longest.max(before.elapsed());
    }
    settle();
    Window::delete(window);
    ms(longest)
}

fn resize() {
    let (mut window, display, _) = filled();
    println!(
        "\nResizing with {MESSAGES} messages, drawing included\n| view | ms | longest |\n| --- | --- | --- |"
    );
    for place in ["at the end", "in the middle"] {
        if place == "in the middle" {
            display.scroll_by(-2_000_000);
        }
        let mut times = Vec::new();
        for step in 0..20 {
            let before = Instant::now();
            window.resize(20, 20, if step % 2 == 0 { 900 } else { SIZE.0 }, SIZE.1);
            frame(&display);
            times.push(ms(before.elapsed()));
            settle();
        }
        let longest = times.iter().copied().fold(0.0, f64::max);
        println!("| {place} | {:.1} | {longest:.1} |", Spread::of(&times));
    }
    Window::delete(window);
}
