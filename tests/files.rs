//! Files, from one real program to another.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use support::PATIENCE;
use support::program::{DATA_VARIABLE, Program, binary, listening, server};
use support::proxy::{Proxy, Weather};
use support::relay::RelayThread;
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

fn hash(path: &Path) -> Vec<u8> {
    let mut hasher = Sha256::new();
    std::io::copy(&mut File::open(path).unwrap(), &mut hasher).unwrap();
    hasher.finalize().to_vec()
}

/// Waits until a file is that long; how long it is.
#[track_caller]
fn wait_for_length(path: &Path, length: u64) -> u64 {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(there) =
            fs::metadata(path).ok().map(|metadata| metadata.len()).filter(|there| *there >= length)
        {
            return there;
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
    assert_eq!(hash(&bob.path("grand.bin")), hash(&large));
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
    assert_eq!(hash(&bob.path("grand.bin")), hash(&file));
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
fn where_nothing_can_be_written_the_discussion_goes_on() {
    let (alice, bob) = (Desk::new(), Desk::new());
    let file = alice.write("a.bin", &content(1_000_000));
    // The first is no folder; the other takes no more than 100 KiB in a file, as a full disk.
    let no_folder = "\"$0\" \"$@\" --recevoir /dev/null".to_owned();
    let full =
        format!("trap '' XFSZ; ulimit -f 100; \"$0\" \"$@\" --recevoir '{}'", bob.folder.path().display());
    for (script, why) in
        [(no_folder, "ce n'est pas un dossier"), (full, "ce disque ne prend pas de fichier aussi grand")]
    {
        let relay = RelayThread::start();
        let mut shell = Command::new("bash");
        shell.args(["-c", &script]).arg(binary("client")).args([&relay.address.to_string(), "bob"]);
        let mut receiver = Program::spawn(shell.env(DATA_VARIABLE, bob.data.path()));
        let mut sender = alice.send(relay.address, "alice", &[&file]);
        assert_eq!(sender.status(), 1, "{}", sender.err.text());
        assert_eq!(receiver.status(), 1, "{}", receiver.err.text());
        let told = format!("« a.bin » ne peut pas être gardé : {why}.");
        assert!(receiver.err.text().contains(&told), "{}", receiver.err.text());
        assert!(sender.err.text().contains("bob refuse « a.bin »."), "{}", sender.err.text());
        assert_eq!(bob.names(), [""; 0]);
    }
}
