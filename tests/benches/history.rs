//! What it costs to keep the discussion on disk.
//!
//! Nothing here passes or fails. `cargo bench -p tests --bench history -- find open` runs only those parts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use client::find::Needle;
use client::store::{Part, Quota, Store};
use common::address::Pseudo;
use common::delivery::Delivery;
use common::frame::Frame;
use support::measure::Spread;
use tempfile::TempDir;

const MESSAGES: usize = 100_000;
const BURST: usize = 500;
const REPETITIONS: usize = 5;

/// As people write, 62 bytes on average.
const TEXTS: [&str; 8] = [
    "ok",
    "Tu as fini l'exercice 3 ? Moi je bloque sur la boucle.",
    "Oui, j'ai fini hier soir.",
    "Il faut fermer la connexion à la fin, sinon le serveur attend pour toujours et rien ne se passe. Regarde l'énoncé.",
    "ça marche !",
    "On se retrouve à 14 h devant la bibliothèque ? J'apporte l'ordinateur, et toi le câble réseau.",
    "D'accord, à tout à l'heure",
    "Le protocole est décrit dans le fichier README ; chaque trame est une ligne terminée par un saut de ligne. Le reste, c'est du détail : commence par lire et afficher.",
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let parts: [(&str, fn()); 3] = [("burst", burst), ("find", find), ("open", open)];
    for (name, part) in parts {
        if args.is_empty() || args.iter().any(|arg| arg == name) {
            part();
        }
    }
    ExitCode::SUCCESS
}

fn alice() -> Pseudo {
    "alice".parse().unwrap()
}

/// A message of bob's, of which there are many, no two alike.
fn text(number: usize) -> String {
    format!("{} ({number})", TEXTS[number % TEXTS.len()])
}

/// alice hears `count` messages from bob, and keeps them burst by burst. Gives the seconds spent on keeping, and how many
/// bytes the texts have.
fn hear(store: &mut Store, delivery: &mut Delivery, count: usize) -> (f64, usize) {
    let own = delivery.own().to_string();
    delivery.handle(&Frame::parse("present bob/b1").unwrap());
    let (mut seconds, mut bytes) = (0.0, 0);
    for first in (1..=count).step_by(BURST) {
        for number in first..first + BURST {
            let text = text(number);
            bytes += text.len();
            let date = "2026-11-20T14:03:07.123+01:00";
            let line = format!("msg bob/b1 {own} {number} {date} {text}");
            assert!(delivery.handle(&Frame::parse(&line).unwrap()).is_some());
        }
        let start = Instant::now();
        assert!(store.commit(&delivery.take_changes(), &[]).is_none());
        store.shown();
        seconds += start.elapsed().as_secs_f64();
    }
    (seconds, bytes)
}

/// A folder in which alice has kept so many messages.
fn filled(count: usize) -> (TempDir, f64, usize) {
    let folder = folder();
    let (mut store, remembered) = Store::open_in(folder.path(), &alice(), Quota::default()).unwrap();
    let mut delivery = Delivery::remembering(remembered.identity.address, remembered.memory);
    let (seconds, bytes) = if count > 0 { hear(&mut store, &mut delivery, count) } else { (0.0, 0) };
    (folder, seconds, bytes)
}

/// On the disk where the programs are built: the folder for temporary files may be in memory.
fn folder() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn bytes_in(folder: &Path) -> u64 {
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

/// What the disk alone takes: as many times as there are bursts, so many bytes are appended and waited for.
fn disk_alone(bytes: usize) -> f64 {
    let folder = folder();
    let mut file = File::create(folder.path().join("file")).unwrap();
    let chunk = vec![b'x'; bytes];
    let start = Instant::now();
    for _ in 0..MESSAGES / BURST {
        file.write_all(&chunk).unwrap();
        file.sync_data().unwrap();
    }
    start.elapsed().as_secs_f64()
}

fn burst() {
    let (mut kept, mut disk, mut growth) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..REPETITIONS {
        let (empty, ..) = filled(0);
        let (folder, seconds, bytes) = filled(MESSAGES);
        kept.push(seconds);
        disk.push(disk_alone(bytes / (MESSAGES / BURST)));
        growth.push((bytes_in(folder.path()) - bytes_in(empty.path())) as f64 / bytes as f64);
    }
    println!("\n100 000 messages reçus, par rafales de 500");
    println!("  gardés                          {:.2} s", Spread::of(&kept));
    println!("  le disque seul (200 fsync)      {:.2} s", Spread::of(&disk));
    println!("  octets du fichier par octet de texte  {:.2}", Spread::of(&growth));
}

fn find() {
    let (folder, ..) = filled(MESSAGES);
    let (store, _) = Store::open_in(folder.path(), &alice(), Quota::default()).unwrap();
    let history = store.history().unwrap();
    println!("\nchercher dans 100 000 messages");
    for (what, words) in [
        ("rien à trouver", "introuvable"),
        ("avec accents", "éxèrcïce 99"),
        ("le plus ancien", "exercice 3 ? moi je bloque sur la boucle. (1)"),
    ] {
        let needle = Needle::new(words).unwrap();
        let times: Vec<f64> = (0..REPETITIONS)
            .map(|_| {
                let start = Instant::now();
                black_box(history.find(Some(&"bob".parse().unwrap()), &needle, Part::Latest).unwrap());
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        println!("  {what:<20} {:.1} ms", Spread::of(&times));
    }
    let pages: Vec<f64> = (0..REPETITIONS)
        .map(|i| {
            let start = Instant::now();
            let middle = i64::try_from(MESSAGES / 2 + i * 1000).unwrap();
            black_box(history.page(Some(&"bob".parse().unwrap()), Part::Before(middle), 100).unwrap());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    println!("  une page de 100      {:.2} ms", Spread::of(&pages));
}

fn open() {
    println!("\nouvrir, et lire la dernière page");
    for count in [0, MESSAGES] {
        let (folder, ..) = filled(count);
        let times: Vec<f64> = (0..REPETITIONS)
            .map(|_| {
                let start = Instant::now();
                let (store, _) = Store::open_in(folder.path(), &alice(), Quota::default()).unwrap();
                black_box(store.history().unwrap().page(None, Part::Latest, 100).unwrap());
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        println!("  {count:>6} messages gardés   {:.2} ms", Spread::of(&times));
    }
}
