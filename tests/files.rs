//! Files, from one real program to another.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::{self, File};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use common::frame::FileHash;
use sha2::{Digest, Sha256};
use support::PATIENCE;
use support::peer::Peer;
use support::program::{DATA_VARIABLE, Program, binary, listening, server};
use support::proxy::{Proxy, Weather};
use support::relay::RelayThread;
use support::terminal::Terminal;
use tempfile::TempDir;

/// A folder for each of the two, and what they keep.
struct Desk {
    folder: TempDir,
    data: TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk { folder: TempDir::new().unwrap(), data: TempDir::new().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn command(&self, relay: SocketAddr, pseudo: &str) -> Command {
        let mut command = Command::new(binary("client"));
        command.args([&relay.to_string(), pseudo]).env(DATA_VARIABLE, self.data.path());
        command
    }

    /// `client RELAY PSEUDO --envoyer FILES…`
    fn send(&self, relay: SocketAddr, pseudo: &str, files: &[&Path]) -> Program {
        Program::spawn(self.command(relay, pseudo).arg("--envoyer").args(files))
    }

    /// `client RELAY PSEUDO --recevoir FOLDER`
    fn receive(&self, relay: SocketAddr, pseudo: &str) -> Program {
        Program::spawn(self.command(relay, pseudo).arg("--recevoir").arg(self.folder.path()))
    }
}

/// Bytes of which no two parts are the same.
fn content(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..length.div_ceil(8)).flat_map(|_| word()).take(length).collect()
}

fn hash_of(path: &Path) -> FileHash {
    let mut hasher = Sha256::new();
    std::io::copy(&mut File::open(path).unwrap(), &mut hasher).unwrap();
    FileHash(hasher.finalize().into())
}

/// Waits until a file is that long.
#[track_caller]
fn wait_for_length(path: &Path, length: u64) {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if fs::metadata(path).is_ok_and(|metadata| metadata.len() >= length) {
            return;
        }
        // Nothing tells of a file that grows.
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("{} never has {length} bytes", path.display());
}

#[test]
fn files_are_sent_received_and_both_know_it() {
    let relay = RelayThread::start();
    let (alice, bob) = (Desk::new(), Desk::new());
    let large = alice.write("grand.bin", &content(3_000_000));
    let (empty, accented) = (alice.write("vide", b""), alice.write("été à la mer.txt", "août".as_bytes()));
    // The offers wait for one who is not there yet.
    let mut sender = alice.send(relay.address, "alice", &[&large, &empty, &accented]);
    sender.err.wait_for("« été à la mer.txt » (5 octets) sera proposé au premier qui viendra.");
    bob.write("vide", b"not empty");
    let mut receiver = bob.receive(relay.address, "bob");
    assert_eq!(sender.status(), 0, "{}", sender.err.text());
    assert_eq!(receiver.status(), 0, "{}", receiver.err.text());
    assert!(sender.err.text().contains("bob a reçu « grand.bin » (3 Mo)."), "{}", sender.err.text());
    assert_eq!(bob.names(), ["grand.bin", "vide", "vide (2)", "été à la mer.txt"]);
    assert_eq!(hash_of(&bob.path("grand.bin")), hash_of(&large));
    assert_eq!(fs::read(bob.path("vide")).unwrap(), b"not empty");
    assert_eq!(fs::read_to_string(bob.path("été à la mer.txt")).unwrap(), "août");
    assert_eq!(receiver.out.text(), "", "data only");
    assert!(
        !receiver.err.text().contains('\x1b') && !receiver.err.text().contains('%'),
        "no progress in a file"
    );
}

#[test]
fn it_goes_on_from_where_it_was_whoever_is_killed() {
    const SIZE: u64 = 256 << 20;
    let (mut relay, address) = server(&["--permanent"]);
    let proxy = Proxy::start(address);
    let (alice, bob) = (Desk::new(), Desk::new());
    let file = alice.write("grand.bin", &content(SIZE as usize));
    let keeping = |command: &mut Command| Program::spawn(command.arg("--avec-historique"));
    let send = || keeping(alice.command(proxy.address, "alice").arg("--envoyer").arg(&file));
    let receive = || keeping(bob.command(address, "bob").arg("--recevoir").arg(bob.folder.path()));
    let (mut sender, mut receiver) = (send(), receive());
    for step in 1..=6 {
        let partial = bob.path("grand.bin.partiel");
        wait_for_length(&partial, SIZE / 7 * step);
        proxy.set(Weather::Closed);
        assert!(fs::metadata(&partial).unwrap().len() < SIZE, "it is not complete yet");
        match step {
            4 => {
                relay.kill();
                relay = Program::start("serveur", &[&address.to_string(), "--permanent"]);
                assert_eq!(listening(&relay), address);
            }
            5 => {
                sender.kill();
                sender = send();
            }
            6 => {
                receiver.kill();
                receiver = receive();
            }
            _ => {}
        }
        proxy.set(Weather::Fine);
    }
    assert_eq!(sender.status(), 0, "{}", sender.err.text());
    assert_eq!(receiver.status(), 0, "{}", receiver.err.text());
    assert!(receiver.err.text().contains("« grand.bin » : reprise à "), "{}", receiver.err.text());
    assert_eq!(bob.names(), ["grand.bin"]);
    assert_eq!(hash_of(&bob.path("grand.bin")), hash_of(&file));
    // Base64 is a third more.
    let (passed, limit) = (proxy.bytes_passed() as u64, SIZE / 100 * 140);
    assert!(passed < limit, "{passed} bytes crossed the wire, {limit} would be too many");
}

#[test]
fn without_a_history_nothing_incomplete_is_left() {
    let relay = RelayThread::permanent();
    let proxy = Proxy::start(relay.address);
    let (alice, bob) = (Desk::new(), Desk::new());
    let file = alice.write("grand.bin", &content(64 << 20));
    let mut sender = alice.send(proxy.address, "alice", &[&file]);
    let mut receiver = bob.receive(relay.address, "bob");
    wait_for_length(&bob.path("grand.bin.partiel"), 1 << 20);
    proxy.set(Weather::Closed);
    sender.kill();
    // Whoever has begun anew has nothing to go on with.
    let other = alice.write("petit.txt", b"petit");
    proxy.set(Weather::Fine);
    let mut again = alice.send(proxy.address, "alice", &[&other]);
    assert_eq!(again.status(), 0, "{}", again.err.text());
    assert_eq!(receiver.status(), 1, "{}", receiver.err.text());
    assert!(receiver.err.text().contains("alice est revenu sans « grand.bin »"), "{}", receiver.err.text());
    assert_eq!(bob.names(), ["petit.txt"]);
}

#[test]
fn who_receives_and_has_begun_anew_is_offered_it_again() {
    let relay = RelayThread::permanent();
    let proxy = Proxy::start(relay.address);
    let (alice, bob, again) = (Desk::new(), Desk::new(), Desk::new());
    let file = alice.write("grand.bin", &content(64 << 20));
    let mut sender = alice.send(proxy.address, "alice", &[&file]);
    let mut receiver = bob.receive(relay.address, "bob");
    wait_for_length(&bob.path("grand.bin.partiel"), 1 << 20);
    proxy.set(Weather::Closed);
    receiver.kill();
    let mut receiver = again.receive(relay.address, "bob");
    proxy.set(Weather::Fine);
    assert_eq!(sender.status(), 0, "{}", sender.err.text());
    assert_eq!(receiver.status(), 0, "{}", receiver.err.text());
    assert_eq!(hash_of(&again.path("grand.bin")), hash_of(&file));
}

#[cfg(unix)]
#[test]
fn a_reception_that_the_system_ends_leaves_nothing_incomplete() {
    for signal in ["-INT", "-HUP"] {
        let relay = RelayThread::start();
        let (alice, bob) = (Desk::new(), Desk::new());
        let file = alice.write("grand.bin", &content(64 << 20));
        let proxy = Proxy::start(relay.address);
        let _sender = alice.send(proxy.address, "alice", &[&file]);
        let mut receiver = bob.receive(relay.address, "bob");
        wait_for_length(&bob.path("grand.bin.partiel"), 1 << 20);
        proxy.set(Weather::Closed);
        receiver.signal(signal);
        // As a shell wants it of a program that Ctrl-C ends: by the signal.
        assert_eq!(receiver.status(), -1, "{}", receiver.err.text());
        assert_eq!(bob.names(), [""; 0], "{signal}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn under_nohup_a_reception_outlives_its_terminal() {
    let relay = RelayThread::start();
    let (alice, bob) = (Desk::new(), Desk::new());
    let file = alice.write("grand.bin", &content(64 << 20));
    let proxy = Proxy::start(relay.address);
    let mut sender = alice.send(proxy.address, "alice", &[&file]);
    let mut nohup = Command::new("nohup");
    nohup.arg(binary("client")).args([&relay.address.to_string(), "bob", "--recevoir"]);
    let mut receiver = Program::spawn(nohup.arg(bob.folder.path()));
    wait_for_length(&bob.path("grand.bin.partiel"), 1 << 20);
    proxy.set(Weather::Closed);
    receiver.signal("-HUP");
    proxy.set(Weather::Fine);
    assert_eq!(sender.status(), 0, "{}", sender.err.text());
    assert_eq!(receiver.status(), 0, "{}", receiver.err.text());
}

#[test]
fn a_file_that_changes_on_the_way_is_told_on_both_sides() {
    for remove in [false, true] {
        let relay = RelayThread::start();
        let proxy = Proxy::start(relay.address);
        let (alice, bob) = (Desk::new(), Desk::new());
        let file = alice.write("grand.bin", &content(64 << 20));
        let mut sender = alice.send(proxy.address, "alice", &[&file]);
        let mut receiver = bob.receive(relay.address, "bob");
        wait_for_length(&bob.path("grand.bin.partiel"), 1 << 20);
        proxy.set(Weather::Closed);
        if remove {
            fs::remove_file(&file).unwrap();
        } else {
            File::options().append(true).open(&file).unwrap().write_all(b"more").unwrap();
        }
        proxy.set(Weather::Fine);
        assert_eq!(sender.status(), 1, "{}", sender.err.text());
        assert_eq!(receiver.status(), 1, "{}", receiver.err.text());
        let why = if remove { "introuvable" } else { "il a été modifié depuis qu'il a été proposé" };
        let told = format!("« grand.bin » n'est plus proposé à bob : {why}.");
        assert!(sender.err.text().contains(&told), "{}", sender.err.text());
        let told = "alice ne propose plus « grand.bin » : il l'a retiré, modifié ou supprimé.";
        assert!(receiver.err.text().contains(told), "{}", receiver.err.text());
        assert_eq!(bob.names(), [""; 0]);
    }
}

#[test]
fn what_cannot_be_sent_is_said_and_the_rest_is() {
    let relay = RelayThread::start();
    let (alice, bob) = (Desk::new(), Desk::new());
    let file = alice.write("a.txt", b"a");
    let mut receiver = bob.receive(relay.address, "bob");
    let missing = alice.path("absent");
    let mut sender =
        alice.send(relay.address, "alice", &[&missing, alice.folder.path(), Path::new("/dev/zero"), &file]);
    assert_eq!(sender.status(), 1);
    let told = sender.err.text();
    for sentence in [
        "« absent » n'est pas proposé : introuvable.",
        "n'est pas proposé : c'est un dossier ; faites-en une archive (.zip) et envoyez-la.",
        "« zero » n'est pas proposé : ce n'est pas un fichier ordinaire.",
        "bob a reçu « a.txt » (1 octet).",
    ] {
        assert!(told.contains(sentence), "{told}");
    }
    assert_eq!(receiver.status(), 0, "{}", receiver.err.text());
}

#[test]
fn more_files_than_may_be_open_are_sent_whatever_is_in_them() {
    let relay = RelayThread::start();
    let (alice, bob) = (Desk::new(), Desk::new());
    // Many are empty, as the files of a real project.
    let names: Vec<String> = (0..230).map(|number| format!("{number}.txt")).collect();
    let content = |number: usize| if number < 220 { number.to_string() } else { String::new() };
    let files: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(number, name)| alice.write(name, content(number).as_bytes()))
        .collect();
    // One that is named twice is sent once.
    let mut paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    paths.push(&files[0]);
    let mut receiver = bob.receive(relay.address, "bob");
    receiver.err.wait_for("Connecté");
    let mut sender = alice.send(relay.address, "alice", &paths);
    assert_eq!(sender.status(), 0, "{}", sender.err.text());
    assert_eq!(receiver.status(), 0, "{}", receiver.err.text());
    let mut expected = names.clone();
    expected.sort();
    assert_eq!(bob.names(), expected);
}

#[test]
fn who_has_nothing_to_send_ends_nobody_s_discussion() {
    let relay = RelayThread::start();
    let (alice, bob) = (Desk::new(), Desk::new());
    let mut receiver = bob.receive(relay.address, "bob");
    receiver.err.wait_for("Connecté");
    let mut mistaken = alice.send(relay.address, "alice", &[Path::new("absent.txt")]);
    assert_eq!(mistaken.status(), 1, "{}", mistaken.err.text());
    let file = alice.write("présent.txt", b"contenu");
    let mut sender = alice.send(relay.address, "alice", &[&file]);
    assert_eq!((sender.status(), receiver.status()), (0, 0), "{}", receiver.err.text());
    assert_eq!(bob.names(), ["présent.txt"]);
}

#[test]
fn where_nothing_can_be_written_the_discussion_goes_on() {
    let (alice, bob) = (Desk::new(), Desk::new());
    let file = alice.write("a.bin", &content(1_000_000));
    // It takes no more than 100 KiB in a file, as a full disk.
    let full =
        format!("trap '' XFSZ; ulimit -f 100; \"$0\" \"$@\" --recevoir '{}'", bob.folder.path().display());
    let relay = RelayThread::start();
    let mut shell = Command::new("bash");
    shell.args(["-c", &full]).arg(binary("client")).args([&relay.address.to_string(), "bob"]);
    let mut receiver = Program::spawn(shell.env(DATA_VARIABLE, bob.data.path()));
    let mut sender = alice.send(relay.address, "alice", &[&file]);
    assert_eq!(sender.status(), 1, "{}", sender.err.text());
    assert_eq!(receiver.status(), 1, "{}", receiver.err.text());
    let told = "« a.bin » ne peut pas être gardé : ce disque ne prend pas de fichier aussi grand.";
    assert!(receiver.err.text().contains(told), "{}", receiver.err.text());
    assert!(sender.err.text().contains("bob refuse « a.bin »."), "{}", sender.err.text());
    assert_eq!(bob.names(), [""; 0]);
}

#[test]
fn a_folder_that_is_not_there_is_told_before_anything_is_offered() {
    let relay = RelayThread::start();
    for folder in ["/dev/null", "/nulle/part"] {
        let mut receiver =
            Program::start("client", &[&relay.address.to_string(), "bob", "--recevoir", folder]);
        assert_eq!(receiver.status(), 1);
        let told =
            format!("client : « {folder} » n'est pas un dossier : créez-le d'abord, ou vérifiez son nom.\n");
        assert_eq!(receiver.err.text(), told);
    }
}

#[test]
fn in_the_terminal_one_offers_accepts_refuses_and_withdraws() {
    let relay = RelayThread::start();
    let (alice_desk, bob_desk) = (Desk::new(), Desk::new());
    for name in ["mémo.pdf", "un.txt", "deux.txt", "trois.txt"] {
        alice_desk.write(name, name.as_bytes());
    }
    let mut alice = Terminal::client_in(alice_desk.folder.path(), relay.address, "alice");
    let mut bob = Terminal::client_in(bob_desk.folder.path(), relay.address, "bob");
    alice.wait_for("bob a rejoint");
    bob.keys("/accepter\r");
    bob.wait_for("Aucun fichier n'attend d'être accepté.");
    bob.keys("\x15");
    alice.keys("/fichier m\t\r");
    alice.wait_for("« mémo.pdf » (9 octets) est proposé à bob.");
    bob.wait_for("alice propose « mémo.pdf » (9 octets).");
    bob.wait_for("/accepter le reçoit dans le dossier courant, /refuser le refuse");
    bob.keys("/accepter\r");
    bob.wait_for("« mémo.pdf » (9 octets) est reçu : ");
    alice.wait_for("bob a reçu « mémo.pdf » (9 octets).");
    alice.keys("/fichier un.txt\r/fichier \"deux.txt\"\r/fichier trois.txt\r");
    bob.wait_for("alice propose « trois.txt »");
    bob.keys("/accepter\r");
    bob.wait_for("Lequel ? Écrivez son nom derrière : « un.txt », « deux.txt », « trois.txt »");
    bob.keys("\x15/refuser un.txt\r");
    alice.wait_for("bob refuse « un.txt ».");
    alice.keys("/annuler deux.txt\r");
    alice.wait_for("« deux.txt » n'est plus proposé.");
    bob.wait_for("alice ne propose plus « deux.txt »");
    bob.keys("/accepter\r");
    alice.wait_for("bob a reçu « trois.txt »");
    assert_eq!(bob_desk.names(), ["mémo.pdf", "trois.txt"]);
    assert_eq!(fs::read_to_string(bob_desk.path("trois.txt")).unwrap(), "trois.txt");
}

#[test]
fn of_two_that_are_called_the_same_the_first_is_meant() {
    let relay = RelayThread::start();
    let (alice_desk, bob_desk, other) = (Desk::new(), Desk::new(), Desk::new());
    let (first, second) = (alice_desk.write("photo.jpg", b"un"), other.write("photo.jpg", b"deux"));
    let mut alice = Terminal::client_in(alice_desk.folder.path(), relay.address, "alice");
    let mut bob = Terminal::client_in(bob_desk.folder.path(), relay.address, "bob");
    alice.wait_for("bob a rejoint");
    alice.keys(&format!("/fichier {}\r/fichier {}\r", first.display(), second.display()));
    bob.wait_for("alice propose « photo.jpg » (4 octets).");
    bob.keys("/refuser photo.jpg\r");
    bob.wait_for("« photo.jpg » est refusé.");
    bob.keys("/accepter\r");
    alice.wait_for("bob a reçu « photo.jpg » (4 octets).");
    assert_eq!(bob_desk.names(), ["photo.jpg"]);
    assert_eq!(fs::read(bob_desk.path("photo.jpg")).unwrap(), b"deux");
}

#[test]
fn a_reception_that_is_given_up_leaves_nothing() {
    let relay = RelayThread::start();
    let proxy = Proxy::start(relay.address);
    let (alice, desk) = (Desk::new(), Desk::new());
    let file = alice.write("grand.bin", &content(64 << 20));
    let mut bob = Terminal::client_in(desk.folder.path(), relay.address, "bob");
    let mut sender = alice.send(proxy.address, "alice", &[&file]);
    bob.wait_for("alice propose « grand.bin »");
    bob.keys("/accepter\r");
    wait_for_length(&desk.path("grand.bin.partiel"), 1 << 20);
    proxy.set(Weather::Closed);
    bob.wait_for("alice a perdu la connexion");
    bob.wait_until("no progress", |text| !text.contains(" % de "));
    bob.keys("/annuler\r");
    bob.wait_for("La réception de « grand.bin » est abandonnée ; rien n'en est gardé.");
    proxy.set(Weather::Fine);
    assert_eq!(sender.status(), 1, "{}", sender.err.text());
    let told = "bob a abandonné la réception de « grand.bin ».";
    assert!(sender.err.text().contains(told), "{}", sender.err.text());
    assert_eq!(desk.names(), [""; 0]);
}

/// One who offers files, by hand.
struct Mallory {
    peer: Peer,
    to: String,
    entries: u64,
    /// What the other one has said with entries of his own, which are acknowledged at once.
    said: Vec<String>,
}

impl Mallory {
    /// Waits for somebody.
    fn meet(mut peer: Peer) -> Mallory {
        let to = peer.expect_present();
        peer.send(&format!("recu {} {to} 0", peer.address));
        Mallory { peer, to, entries: 0, said: Vec::new() }
    }

    fn send(&mut self, word: &str, rest: &str) {
        self.peer.send(&format!("{word} {} {} {rest}", self.peer.address, self.to));
    }

    fn offer(&mut self, name: &str, size: u64, hash: FileHash) {
        self.entries += 1;
        self.send("fichier", &format!("{} 2026-11-20T14:03:07.123+01:00 {size} {hash} {name}", self.entries));
    }

    fn block(&mut self, hash: FileHash, position: usize, bytes: &[u8]) {
        self.send("bloc", &format!("{hash} {position} {}", BASE64_STANDARD.encode(bytes)));
    }

    /// The next line of that kind, without the addresses.
    fn next(&mut self, word: &str) -> String {
        loop {
            let line = self.peer.receive().unwrap();
            let Some((kind, rest)) = line.split_once(' ') else { continue };
            let rest = rest.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
            if matches!(kind, "fichier" | "issue" | "msg") {
                let number = rest.split(' ').next().unwrap().to_owned();
                self.send("recu", &number);
                self.said.push(rest.clone());
            }
            if kind == word {
                return rest;
            }
        }
    }

    fn asked(&mut self) -> (FileHash, usize, usize) {
        let demand = self.next("demande");
        let [hash, position, length] = demand.split(' ').collect::<Vec<_>>()[..] else { panic!("{demand}") };
        (FileHash::parse(hash).unwrap(), position.parse().unwrap(), length.parse().unwrap())
    }

    /// Gives what is asked for until all of it was; what became of it.
    fn give(&mut self, bytes: &[u8]) -> String {
        let hash = sha(bytes);
        let mut given = 0;
        while given < bytes.len() {
            let (asked, position, length) = self.asked();
            assert_eq!((asked, position), (hash, given));
            given += length;
            self.block(hash, position, &bytes[position..given]);
        }
        self.outcome()
    }

    fn outcome(&mut self) -> String {
        self.next("issue").rsplit(' ').next().unwrap().to_owned()
    }
}

fn sha(bytes: &[u8]) -> FileHash {
    FileHash(Sha256::digest(bytes).into())
}

/// Everything under a folder.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(tree(&path));
        }
        all.push(path);
    }
    all
}

#[test]
fn whatever_a_file_is_called_it_stays_in_the_folder() {
    let relay = RelayThread::start();
    // The folder is deep within another one, in which nothing may appear: what gets out would be seen, and do no harm.
    let (around, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let folder = around.path().join("1/2/3/4/5/6");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("evade"), "mine").unwrap();
    let mut client = Command::new(binary("client"));
    client
        .args([&relay.address.to_string(), "bob", "--recevoir"])
        .arg(&folder)
        .env(DATA_VARIABLE, data.path());
    let mut bob = Program::spawn(&mut client);
    let mut mallory = Mallory::meet(Peer::login(relay.address, "mallory"));
    let long = "x".repeat(10_000);
    let absolute = around.path().join("evade").display().to_string();
    let names = [
        "../../evade",
        r"..\\..\\evade",
        &absolute,
        r"C:\\Windows\\evade",
        "con",
        "nul.txt",
        ".bashrc",
        "a\u{1b}[2Jb",
        "a\u{202e}gpj.exe",
        &long,
        "",
        "..",
        ".",
        " ",
        r"un\ndeux",
        "a/",
        "fin.",
        "~",
        "-rf",
        "a:b|c?",
        "../6/../../evade.partiel",
    ];
    for (i, name) in names.iter().enumerate() {
        let bytes = format!("number {i}");
        mallory.offer(name, bytes.len() as u64, sha(bytes.as_bytes()));
        assert_eq!(mallory.give(bytes.as_bytes()), "recu", "{name:?}");
    }
    mallory.peer.send("quitter");
    assert_eq!(bob.status(), 0, "{}", bob.err.text());
    let there = tree(around.path());
    assert_eq!(there.len(), 6 + 1 + names.len(), "{there:?}");
    assert_eq!(fs::read_to_string(folder.join("evade")).unwrap(), "mine");
    for path in there.iter().filter(|path| path.is_file()) {
        assert_eq!(path.parent(), Some(&*folder));
        let name = path.file_name().unwrap().to_str().unwrap();
        let stem = name.split('.').next().unwrap().to_lowercase();
        let is_safe = !name.starts_with('.')
            && name.len() <= 210
            && !name.chars().any(|c| c.is_control() || "\u{202e}:|?\\".contains(c))
            && !["con", "nul", ""].contains(&stem.as_str());
        assert!(is_safe, "{name:?}");
    }
    assert!(!bob.err.text().contains('\u{1b}') && !bob.err.text().contains('\u{202e}'));
}

#[test]
fn only_what_was_asked_for_is_taken_and_only_the_whole_is_kept() {
    let relay = RelayThread::start();
    let desk = Desk::new();
    let mut bob = desk.receive(relay.address, "bob");
    let mut mallory = Mallory::meet(Peer::login(relay.address, "mallory"));
    let bytes = content(10_000);
    let hash = sha(&bytes);
    // Before it was offered, then everything but what was asked for.
    mallory.block(hash, 0, &bytes[..4096]);
    mallory.offer("vrai.bin", 10_000, hash);
    let (_, position, length) = mallory.asked();
    assert_eq!((position, length), (0, 4096));
    mallory.block(sha(b"another"), 0, &bytes[..4096]);
    mallory.block(hash, 4096, &bytes[4096..8192]);
    mallory.block(hash, 0, &bytes[..5000]);
    mallory.block(hash, 0, &content(40_000));
    mallory.block(hash, 0, &[]);
    mallory.send("bloc", &format!("{hash} 0 %%%not-base64%%%"));
    mallory.send("bloc", &format!("{hash} 18446744073709551615 AAAA"));
    mallory.send("bloc", &format!("{hash} -1 AAAA"));
    mallory.send("bloc", &format!("{hash} 0"));
    // What is missing before that is asked for again.
    mallory.block(hash, 1, &bytes[1..100]);
    let (_, position, length) = mallory.asked();
    assert_eq!((position, length), (0, 4096));
    mallory.block(hash, 0, &bytes[..4096]);
    mallory.block(hash, 0, &bytes[..4096]);
    mallory.block(hash, 4000, &bytes[4000..5000]);
    let (_, position, length) = mallory.asked();
    assert_eq!(position, 4096);
    mallory.block(hash, 4096, &bytes[4096..4096 + length]);
    let sent = 4096 + length;
    if sent < bytes.len() {
        let (_, position, length) = mallory.asked();
        assert_eq!((position, length), (sent, bytes.len() - sent));
        // More than there is of it.
        mallory.block(hash, position, &content(length + 1));
        mallory.block(hash, position, &bytes[position..]);
    }
    assert_eq!(mallory.outcome(), "recu");
    assert_eq!(hash_of(&desk.path("vrai.bin")), hash);
    // As long as was said, and something else.
    mallory.offer("faux.bin", 4, sha(b"true"));
    let (false_hash, ..) = mallory.asked();
    mallory.block(false_hash, 0, b"liar");
    assert_eq!(mallory.outcome(), "annule");
    // Nothing at all, rightly and wrongly.
    mallory.offer("vide", 0, sha(b""));
    assert_eq!(mallory.outcome(), "recu");
    mallory.offer("faux vide", 0, sha(b"something"));
    assert_eq!(mallory.outcome(), "annule");
    // No disk is that large.
    mallory.offer("infini", (1 << 63) - 1, sha(b"infinite"));
    assert_eq!(mallory.outcome(), "refuse");
    mallory.peer.send("quitter");
    assert_eq!(bob.status(), 1, "{}", bob.err.text());
    let told = bob.err.text();
    assert!(told.contains("Ce qui est arrivé n'est pas « faux.bin » tel qu'il a été proposé"), "{told}");
    assert!(told.contains("« infini » ne peut pas être gardé : il n'y a pas assez de place"), "{told}");
    assert_eq!(desk.names(), ["vide", "vrai.bin"]);
}

#[test]
fn of_ten_thousand_offers_a_hundred_are_kept_and_the_discussion_goes_on() {
    let relay = RelayThread::start();
    let desk = Desk::new();
    let mut bob = desk.receive(relay.address, "bob");
    let mut mallory = Mallory::meet(Peer::login(relay.address, "mallory"));
    let offers: String = (1..=10_000)
        .map(|i| {
            let hash = sha(format!("{i}").as_bytes());
            let date = "2026-11-20T14:03:07.123+01:00";
            format!("fichier {} {} {i} {date} 1 {hash} x{i}\n", mallory.peer.address, mallory.to)
        })
        .collect();
    let sending = mallory.peer.send_in_background(offers.into_bytes());
    while mallory.next("recu") != "10000" {}
    sending.join().unwrap();
    mallory.send("msg", "10001 2026-11-20T14:03:07.123+01:00 toujours là ?");
    bob.out.wait_for("toujours là ?");
    bob.err.wait_for("Réception de « x100 » ");
    let told = bob.err.text();
    assert_eq!(told.matches("mallory propose « x").count(), 100);
    assert_eq!(told.matches("est refusé d'office : 100 fichiers attendent déjà").count(), 9_900);
    assert_eq!(desk.names().len(), 100, "each is begun");
    mallory.peer.send("quitter");
    assert_eq!(bob.status(), 1);
    assert_eq!(desk.names(), [""; 0]);
}

#[test]
fn only_what_was_offered_is_read_and_only_for_whom_it_was_offered() {
    let relay = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let desk = Desk::new();
    let bytes = content(3 << 20);
    let file = desk.write("offert.bin", &bytes);
    let secret = desk.write("secret.txt", b"secret");
    let mut alice = desk.send(relay.local_addr().unwrap(), "alice", &[&file]);
    let mut peer = Peer::seat(&relay);
    let own = std::mem::replace(&mut peer.address, "bob/1".to_owned());
    peer.send("present bob/1");
    let mut bob = Mallory { peer, to: own, entries: 0, said: Vec::new() };
    bob.send("recu", "0");
    bob.next("fichier");
    let hash = sha(&bytes);
    // A block of what comes in between would be seen before the answer.
    let quiet = |mallory: &mut Mallory| {
        mallory.entries += 1;
        let number = mallory.entries;
        mallory.send("msg", &format!("{number} 2026-11-20T14:03:07.123+01:00 ?"));
        loop {
            let line = mallory.peer.receive().unwrap();
            assert!(!line.starts_with("bloc "), "{}", &line[..100]);
            if line.starts_with("recu ") && line.ends_with(&format!(" {number}")) {
                break;
            }
        }
    };
    bob.send("demande", &format!("{} 0 6", hash_of(&secret)));
    bob.send("demande", &format!("{hash} {} 4096", bytes.len()));
    bob.send("demande", &format!("{hash} 9223372036854775807 9223372036854775807"));
    bob.send("demande", &format!("{hash} 0 0"));
    bob.send("demande", &format!("{hash} -1 10"));
    quiet(&mut bob);
    // However much is asked for, a mebibyte comes.
    bob.send("demande", &format!("{hash} 0 9223372036854775807"));
    let mut come = 0;
    while come < 1 << 20 {
        let block = bob.next("bloc");
        let [_, position, base64] = block.split(' ').collect::<Vec<_>>()[..] else { panic!() };
        let block = BASE64_STANDARD.decode(base64).unwrap();
        assert_eq!(position, come.to_string());
        assert_eq!(block, &bytes[come..come + block.len()]);
        come += block.len();
    }
    assert_eq!(come, 1 << 20);
    quiet(&mut bob);
    // Somebody else asks for the same.
    bob.peer.send("absent bob/1");
    bob.peer.send("present carol/1");
    let bob_address = std::mem::replace(&mut bob.peer.address, "carol/1".to_owned());
    bob.send("recu", "0");
    bob.entries = 0;
    bob.send("demande", &format!("{hash} 0 4096"));
    quiet(&mut bob);
    // So often that it can only be ill will: the last one counts, and it goes on.
    bob.peer.send("absent carol/1");
    bob.peer.send("present bob/1");
    bob.peer.address = bob_address;
    bob.send("recu", "1");
    let flood = format!("demande {} {} {hash} 0 4096\n", bob.peer.address, bob.to).repeat(100_000);
    let flooding = bob.peer.send_in_background(flood.into_bytes());
    let block = bob.next("bloc");
    assert!(block.starts_with(&format!("{hash} 0 ")));
    flooding.join().unwrap();
    bob.send("issue", &format!("3 2026-11-20T14:03:07.123+01:00 {hash} recu"));
    while bob.peer.receive().unwrap() != "quitter" {}
    bob.peer.send(&format!("fin {}", bob.to));
    assert_eq!(alice.status(), 0, "{}", alice.err.text());
}
