//! The discussion on disk, with the real programs: killed at any moment, each message is in both histories exactly once.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use client::store::{Fate, History, Part, Said};
use common::address::Pseudo;
use support::PATIENCE;
use support::program::{DATA_VARIABLE, Program, binary, server};
use support::relay::RelayThread;
use support::terminal::Terminal;
use tempfile::TempDir;

/// A client whose discussion is kept, though its input and outputs are pipes.
fn keeping(folder: &Path, relay: SocketAddr, pseudo: &str) -> Program {
    let mut command = Command::new(binary("client"));
    command.args([&relay.to_string(), pseudo, "--terminal", "--avec-historique"]);
    Program::spawn(command.env(DATA_VARIABLE, folder))
}

fn in_terminal(folder: &Path, relay: SocketAddr, pseudo: &str) -> Terminal {
    let terminal = Terminal::client_with(relay, pseudo, &[(DATA_VARIABLE, folder.to_str().unwrap())]);
    terminal.wait_for("Connecté");
    terminal
}

/// What `client --historique` gives.
fn printed(folder: &Path, pseudo: &[&str]) -> Output {
    let mut command = Command::new(binary("client"));
    command.arg("--historique").args(pseudo).env(DATA_VARIABLE, folder).output().unwrap()
}

fn history(folder: &Path, pseudo: &str) -> Vec<Said> {
    let pseudo: Pseudo = pseudo.parse().unwrap();
    let history = History::open(folder, &pseudo).unwrap().expect("something is kept");
    history.page(None, Part::After(0), 1_000_000).unwrap()
}

/// The messages of one's own, and those received.
fn own_and_received(said: &[Said]) -> (Vec<&str>, Vec<&str>) {
    let texts = |own: bool| {
        let these = said.iter().filter(move |said| said.own.is_some() == own);
        these.map(|said| said.message().unwrap()).collect()
    };
    (texts(true), texts(false))
}

/// Looks again and again, since no event tells of what another program has written to its disk.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// A participant who is killed now and then, and what he has to say.
struct Talker {
    name: &'static str,
    folder: TempDir,
    program: Program,
    lines: Vec<String>,
    /// How many of these were given to the program.
    given: usize,
}

impl Talker {
    fn start(relay: SocketAddr, name: &'static str, count: usize) -> Talker {
        let folder = TempDir::new().unwrap();
        let lines = (1..=count).map(|n| format!("{name} {n} {}", "é".repeat(n % 100))).collect();
        Talker { program: keeping(folder.path(), relay, name), name, folder, lines, given: 0 }
    }

    fn says(&mut self, count: usize) {
        let end = self.lines.len().min(self.given + count);
        let lines = self.lines[self.given..end].join("\n") + "\n";
        if end > self.given {
            self.program.type_bytes(lines.as_bytes());
        }
        self.given = end;
    }

    /// Killed and started again; what it had read and not yet kept is said once more.
    fn is_killed(&mut self, relay: SocketAddr) {
        self.program.kill();
        self.given = own_and_received(&history(self.folder.path(), self.name)).0.len();
        self.program = keeping(self.folder.path(), relay, self.name);
    }
}

#[test]
fn thirty_kills_of_either_client_and_of_the_relay_lose_and_repeat_nothing() {
    const MESSAGES: usize = 3000;
    const KILLS: usize = 30;
    let (mut relay, address) = server(&[]);
    let mut talkers = ["alice", "bob"].map(|name| Talker::start(address, name, MESSAGES));
    for talker in &talkers {
        talker.program.err.wait_for("a rejoint la discussion");
    }
    // Another schedule each time; the system's own timing would not let one be repeated anyway.
    let mut random = std::process::id() as usize;
    let mut draw = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for _ in 0..KILLS {
        talkers.iter_mut().for_each(|talker| talker.says(MESSAGES / KILLS));
        thread::sleep(Duration::from_micros(draw(40_000) as u64));
        match draw(3) {
            2 => {
                relay.kill();
                relay = Program::start("serveur", &[&address.to_string()]);
            }
            who => talkers[who].is_killed(address),
        }
    }
    talkers.iter_mut().for_each(|talker| talker.says(MESSAGES));
    let all = |said: &[Said]| {
        let waiting = |said: &Said| said.own.is_some_and(|(_, fate)| fate == Fate::Waiting);
        said.len() == 2 * MESSAGES && !said.iter().any(waiting)
    };
    for talker in &talkers {
        wait_until(talker.name, || all(&history(talker.folder.path(), talker.name)));
    }
    for (talker, other) in [(0, 1), (1, 0)].map(|(one, other)| (&talkers[one], &talkers[other])) {
        let said = history(talker.folder.path(), talker.name);
        let (own, received) = own_and_received(&said);
        assert!(own == talker.lines, "{}'s own", talker.name);
        assert!(received == other.lines, "what {} received", talker.name);
        let lines = String::from_utf8(printed(talker.folder.path(), &[]).stdout).unwrap();
        assert_eq!(lines.lines().count(), 2 * MESSAGES);
        assert!(lines.lines().next().unwrap().contains(" 3000 "), "the latest first");
    }
    talkers[0].program.type_line("quitter");
    talkers.iter_mut().for_each(|talker| assert_eq!(talker.program.status(), 0));
}

#[test]
fn what_waits_when_everything_is_killed_is_delivered_to_him_it_is_for() {
    let (mut relay, address) = server(&[]);
    let (for_alice, for_bob) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut alice = keeping(for_alice.path(), address, "alice");
    let mut bob = keeping(for_bob.path(), address, "bob");
    bob.err.wait_for("alice a rejoint");
    alice.type_line("un");
    bob.out.wait_for("alice : un");
    let delivered = |said: &Said| said.own.is_some_and(|(_, fate)| fate == Fate::Delivered);
    wait_until("acknowledged", || history(for_alice.path(), "alice").iter().any(delivered));
    bob.kill();
    alice.err.wait_for("bob a perdu la connexion");
    alice.type_line("deux");
    alice.type_line("trois");
    wait_until("kept", || history(for_alice.path(), "alice").len() == 3);
    alice.kill();
    relay.kill();

    let relay = RelayThread::permanent();
    let mut alice = keeping(for_alice.path(), relay.address, "alice");
    alice.err.wait_for("2 messages de la dernière fois attendent d'être remis à bob");
    let mut carol = Program::client(relay.address, "carol");
    carol.err.wait_for("alice a rejoint");
    carol.kill();
    alice.err.wait_for("carol a perdu");
    drop(carol);
    // His seat is kept for 30 s: the relay forgets him when alice is alone and begins anew.
    alice.kill();
    let alice = keeping(for_alice.path(), relay.address, "alice");
    alice.err.wait_for("Connecté");
    let bob = keeping(for_bob.path(), relay.address, "bob");
    bob.out.wait_for("alice : trois");
    assert!(!bob.out.text().contains("alice : un"), "{}", bob.out.text());
    wait_until("delivered", || {
        let fates = history(for_alice.path(), "alice");
        fates.iter().all(|said| said.own.is_some_and(|(_, fate)| fate == Fate::Delivered))
    });
}

#[test]
fn a_backup_put_back_goes_on_as_somebody_new() {
    let relay = RelayThread::permanent();
    let (for_alice, backup) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut alice = keeping(for_alice.path(), relay.address, "alice");
    let mut bob = Program::client(relay.address, "bob");
    bob.err.wait_for("alice a rejoint");
    alice.type_line("un");
    bob.out.wait_for("alice : un");
    wait_until("delivered", || {
        let said = history(for_alice.path(), "alice");
        said.iter().any(|said| said.own.is_some_and(|(_, fate)| fate == Fate::Delivered))
    });
    copy_folder(for_alice.path(), backup.path());
    alice.type_line("deux");
    alice.type_line("trois");
    bob.out.wait_for("alice : trois");
    alice.kill();
    let mut alice = keeping(backup.path(), relay.address, "alice");
    alice.err.wait_for("une sauvegarde remise en place");
    bob.err.wait_for("depuis un autre programme qu'avant");
    alice.type_line("quatre");
    bob.type_line("cinq");
    bob.out.wait_for("alice : quatre");
    alice.out.wait_for("bob : cinq");
    let shown = bob.out.text();
    let texts: Vec<&str> = shown.lines().map(|line| line.rsplit_once(" : ").unwrap().1).collect();
    assert_eq!(texts, ["un", "deux", "trois", "quatre"]);
}

#[test]
fn history_is_printed_latest_first_harmless_and_without_connecting() {
    let relay = RelayThread::permanent();
    let folder = TempDir::new().unwrap();
    let mut alice = keeping(folder.path(), relay.address, "alice");
    let mut bob = Program::client(relay.address, "bob");
    bob.err.wait_for("alice a rejoint");
    alice.type_line("salut");
    bob.out.wait_for("alice : salut");
    bob.type_line("\x1b[2Jpiège");
    alice.out.wait_for("piège");
    // While alice is talking.
    let output = printed(folder.path(), &["ALICE"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    assert!(lines[0].starts_with('[') && lines[0].ends_with("] bob : ␛[2Jpiège"), "{lines:?}");
    assert!(lines[1].ends_with("] alice : salut"), "{lines:?}");
    assert_eq!(lines.len(), 2);

    let complaint = |folder: &Path, pseudo: &[&str]| {
        let output = printed(folder, pseudo);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(complaint(folder.path(), &["bob"]).contains("rien n'est gardé sous le pseudo « bob »"));
    // Nothing was said yet.
    let quiet = TempDir::new().unwrap();
    let dave = keeping(quiet.path(), relay.address, "dave");
    dave.err.wait_for("Connexion à");
    assert!(complaint(quiet.path(), &[]).contains("rien n'est gardé sous le pseudo « dave »"));
    let empty = TempDir::new().unwrap();
    assert!(complaint(empty.path(), &[]).contains("rien n'est gardé dans"));
    let carol = keeping(folder.path(), relay.address, "carol");
    carol.err.wait_for("Connexion à");
    let which = complaint(folder.path(), &[]);
    assert!(
        which.contains("plusieurs pseudos") && which.contains("alice") && which.contains("carol"),
        "{which}"
    );
}

#[test]
fn whoever_reads_only_the_beginning_is_no_error() {
    let folder = TempDir::new().unwrap();
    let relay = RelayThread::permanent();
    let mut alice = keeping(folder.path(), relay.address, "alice");
    let line = "x".repeat(1000);
    alice.type_bytes(format!("{line}\n").repeat(2000).as_bytes());
    wait_until("kept", || history(folder.path(), "alice").len() == 2000);
    let script = format!("'{}' --historique | head -n 1", binary("client").display());
    let mut shell = Command::new("bash");
    let output =
        shell.args(["-o", "pipefail", "-c", &script]).env(DATA_VARIABLE, folder.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().ends_with(&format!("alice : {line}\n")));
    // But a disk that is full is one, in French.
    let mut to_full_disk = Command::new(binary("client"));
    to_full_disk.arg("--historique").env(DATA_VARIABLE, folder.path());
    let output = to_full_disk.stdout(fs::File::create("/dev/full").unwrap()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = "client : l'historique ne peut pas être affiché : le disque est plein.\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), told);
}

#[test]
fn pipes_keep_nothing_unless_asked_to_and_terminals_do_unless_asked_not_to() {
    let relay = RelayThread::permanent();
    let folder = TempDir::new().unwrap();
    let start = |name: &str, option: &[&str]| {
        let mut command = Command::new(binary("client"));
        command.args([&relay.address.to_string(), name, "--terminal"]).args(option);
        Program::spawn(command.env(DATA_VARIABLE, folder.path()))
    };
    let mut alice = start("alice", &[]);
    alice.err.wait_for("Connecté");
    alice.kill();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let _kept = start("bob", &["--avec-historique"]);
    wait_until("kept", || History::owners(folder.path()).len() == 1);
    let carol = in_terminal(folder.path(), relay.address, "carol");
    assert_eq!(History::owners(folder.path()).len(), 2);
    drop(carol);
}

#[test]
fn the_terminal_shows_what_was_said_and_empties_its_screen() {
    let relay = RelayThread::permanent();
    let folder = TempDir::new().unwrap();
    let mut alice = in_terminal(folder.path(), relay.address, "alice");
    let mut bob = Program::client(relay.address, "bob");
    bob.err.wait_for("alice a rejoint");
    for i in 1..=25 {
        bob.type_line(&format!("ligne {i}."));
    }
    alice.wait_for("ligne 25.");
    alice.keys("/vider\r");
    alice.wait_until("nothing", |text| text == ">");
    alice.keys("/historique 3\r");
    alice.wait_for("bob : ligne 23.");
    alice.wait_for("bob : ligne 25.");
    assert!(!alice.text().contains("ligne 22."));
    alice.keys("/historique\r");
    alice.wait_for("bob : ligne 6.");
    assert!(!alice.text().contains("ligne 5."));
    alice.keys("\x15/historique beaucoup\r");
    alice.wait_for("« beaucoup » n'est pas un nombre");
}

#[test]
fn files_are_part_of_what_was_said() {
    let relay = RelayThread::permanent();
    let (folder, desk) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let offered = desk.path().join("mémo.pdf");
    fs::write(&offered, "mémo").unwrap();
    let mut alice = in_terminal(folder.path(), relay.address, "alice");
    let mut bob = Terminal::client_in(desk.path(), relay.address, "bob");
    alice.wait_for("bob a rejoint");
    alice.keys(&format!("/fichier {}\r", offered.display()));
    bob.wait_for("alice propose « mémo.pdf »");
    bob.keys("/accepter\r");
    alice.wait_for("bob a reçu « mémo.pdf » (5 octets).");
    let lines = String::from_utf8(printed(folder.path(), &[]).stdout).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    assert!(lines[0].ends_with("] bob a reçu « mémo.pdf » (5 octets)."), "{lines:?}");
    assert!(lines[1].ends_with("] « mémo.pdf » (5 octets) est proposé à bob."), "{lines:?}");
}

#[test]
fn a_client_beside_another_one_of_that_name_says_that_it_keeps_nothing() {
    let relay = RelayThread::permanent();
    let folder = TempDir::new().unwrap();
    let alice = keeping(folder.path(), relay.address, "alice");
    alice.err.wait_for("Connecté");
    let elsewhere = RelayThread::permanent();
    let second = keeping(folder.path(), elsewhere.address, "Alice");
    second.err.wait_for("Alice discute déjà dans un autre programme de cette machine");
    second.err.wait_for("Connecté");
}

#[test]
fn without_a_home_the_discussion_goes_on() {
    let relay = RelayThread::permanent();
    let mut command = Command::new(binary("client"));
    command.args([&relay.address.to_string(), "alice", "--terminal", "--avec-historique"]);
    for variable in ["HOME", "XDG_DATA_HOME", DATA_VARIABLE] {
        command.env_remove(variable);
    }
    let mut alice = Program::spawn(&mut command);
    alice.err.wait_for("n'a pas de dossier personnel");
    let bob = Program::client(relay.address, "bob");
    bob.err.wait_for("alice a rejoint");
    alice.type_line("salut");
    bob.out.wait_for("alice : salut");
}
