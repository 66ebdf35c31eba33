//! The programs for Windows, under Wine, together with those of this system. No part of the suite: `sh tests/windows.sh`
//! runs it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::program::{DATA_VARIABLE, Program, binary, listening};
use support::relay::RelayThread;
use support::window::{Desktop, wait_until};
use tempfile::TempDir;

/// Where the programs for Windows are, each wrapped so that it runs here.
const FOLDER_VARIABLE: &str = "MESSAGERIE_WINDOWS";

/// Whose programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Linux,
    Windows,
}

use System::{Linux, Windows};

impl System {
    fn program(self, name: &str) -> PathBuf {
        match self {
            Linux => binary(name),
            Windows => {
                let folder = std::env::var_os(FOLDER_VARIABLE).expect("sh tests/windows.sh runs this");
                Path::new(&folder).join(name)
            }
        }
    }

    fn server(self, address: &str) -> (Program, SocketAddr) {
        let server = Program::spawn(Command::new(self.program("serveur")).arg(address));
        let address = listening(&server);
        (server, address)
    }

    fn client(self, relay: SocketAddr, pseudo: &str) -> Program {
        Program::spawn(&mut self.client_command(relay, pseudo))
    }

    fn client_command(self, relay: SocketAddr, pseudo: &str) -> Command {
        let mut command = Command::new(self.program("client"));
        command.args([&relay.to_string(), pseudo, "--terminal"]);
        command
    }
}

/// Which of a server and two clients are Windows' programs.
const MIXTURES: [(System, System, System); 6] = [
    (Windows, Windows, Windows),
    (Windows, Windows, Linux),
    (Windows, Linux, Linux),
    (Linux, Windows, Windows),
    (Linux, Windows, Linux),
    (Linux, Linux, Windows),
];

#[test]
fn they_talk_with_each_other_and_with_those_of_this_system() {
    for (of_server, of_alice, of_bob) in MIXTURES {
        let (mut server, relay) = of_server.server("127.0.0.1:0");
        let mut alice = of_alice.client(relay, "alice");
        alice.err.wait_for("Connecté");
        let mut bob = of_bob.client(relay, "bob");
        bob.err.wait_for("Connecté");
        alice.type_line("Ça va ? « Éléonore » 👍🏽 عربي");
        bob.out.wait_for("] alice : Ça va ? « Éléonore » 👍🏽 عربي\n");
        bob.type_bytes(b"la fin de ligne de Windows\r\n");
        alice.out.wait_for("] bob : la fin de ligne de Windows\n");
        server.out.wait_for("] alice : Ça va ? « Éléonore » 👍🏽 عربي\n");
        bob.type_bytes(b"quitter\r\n");
        let statuses = [&mut bob, &mut alice, &mut server].map(Program::status);
        assert_eq!(statuses, [0, 0, 0], "{of_server:?} {of_alice:?} {of_bob:?}");
        assert!(alice.err.text().contains("bob a quitté la discussion"), "{}", alice.err.text());
    }
}

#[test]
fn a_killed_server_is_found_again_and_nothing_is_lost() {
    for (of_server, of_alice, of_bob) in MIXTURES {
        let (mut server, relay) = of_server.server("127.0.0.1:0");
        let mut alice = of_alice.client(relay, "alice");
        let mut bob = of_bob.client(relay, "bob");
        for client in [&alice, &bob] {
            client.err.wait_for("a rejoint la discussion");
        }
        alice.type_line("avant");
        bob.out.wait_for("] alice : avant\n");
        server.kill();
        bob.err.wait_for("perdue");
        alice.err.wait_for("perdue");
        alice.type_line("pendant");
        bob.type_line("pendant aussi");
        let (_server, _) = of_server.server(&relay.to_string());
        bob.out.wait_for("] alice : pendant\n");
        alice.out.wait_for("] bob : pendant aussi\n");
        alice.type_line("quitter");
        assert_eq!([alice.status(), bob.status()], [0, 0], "{of_server:?} {of_alice:?} {of_bob:?}");
        for told in ["avant", "pendant"] {
            assert_eq!(bob.out.text().matches(&format!(": {told}\n")).count(), 1, "{}", bob.out.text());
        }
    }
}

#[test]
fn a_killed_client_goes_on_with_its_history_in_windows_own_folder() {
    let relay = RelayThread::permanent();
    let users = PathBuf::from(std::env::var_os("WINEPREFIX").unwrap()).join("drive_c/users");
    // A device's name for a pseudo: no file may be called so.
    let keeping = || {
        let mut command = Windows.client_command(relay.address, "nul");
        Program::spawn(command.arg("--avec-historique").env_remove(DATA_VARIABLE))
    };
    let kept = || {
        let user = fs::read_dir(&users).unwrap().map(|user| user.unwrap().path());
        let mut folders = user.map(|user| user.join("AppData/Local/messagerie"));
        folders.find(|folder| folder.is_dir()).unwrap()
    };
    let mut bob = Linux.client(relay.address, "bob");
    let mut nul = keeping();
    nul.err.wait_for("bob a rejoint la discussion");
    let second = keeping();
    second.err.wait_for("discute déjà dans un autre programme");
    drop(second);
    nul.type_line("premier");
    bob.out.wait_for("] nul : premier\n");
    bob.type_line("reçu");
    nul.out.wait_for("] bob : reçu\n");
    nul.kill();
    bob.type_line("pendant son absence");
    let mut nul = keeping();
    nul.out.wait_for("] bob : pendant son absence\n");
    nul.type_line("de retour");
    bob.out.wait_for("] nul : de retour\n");
    nul.type_line("quitter");
    assert_eq!([nul.status(), bob.status()], [0, 0]);
    let printed = Command::new(Windows.program("client"))
        .args(["--historique", "nul"])
        .env_remove(DATA_VARIABLE)
        .output()
        .unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let texts: Vec<_> = printed.lines().filter_map(|line| line.split(" : ").nth(1)).collect();
    assert_eq!(texts, ["de retour", "pendant son absence", "reçu", "premier"], "{printed}");
    fs::remove_dir_all(kept()).unwrap();
}

#[test]
fn a_file_gets_across_under_a_name_that_windows_takes() {
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    for (of_server, of_alice, of_bob) in MIXTURES {
        let (mut server, relay) = of_server.server("127.0.0.1:0");
        let [from, to, alices, bobs] = [(); 4].map(|()| TempDir::new().unwrap());
        // On Windows nothing else than a device can be called « aux ».
        let (name, kept) =
            if of_alice == Linux { ("aux.txt", "_aux.txt") } else { ("été.txt", "été.txt") };
        fs::write(from.path().join(name), &content).unwrap();
        let start = |system: System, pseudo: &str, home: &TempDir, option: &str, path: &Path| {
            let mut command = Command::new(system.program("client"));
            command.args([&relay.to_string(), pseudo, option]).arg(path).env(DATA_VARIABLE, home.path());
            Program::spawn(&mut command)
        };
        let mut bob = start(of_bob, "bob", &bobs, "--recevoir", to.path());
        let mut alice = start(of_alice, "alice", &alices, "--envoyer", &from.path().join(name));
        let statuses = [&mut alice, &mut bob, &mut server].map(Program::status);
        let said = (alice.err.text(), bob.err.text());
        assert_eq!(statuses, [0, 0, 0], "{of_server:?} {of_alice:?} {of_bob:?} {said:?}");
        let names: Vec<_> =
            fs::read_dir(to.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [kept], "{of_server:?} {of_alice:?} {of_bob:?}");
        assert!(fs::read(to.path().join(kept)).unwrap() == content, "{of_server:?} {of_alice:?} {of_bob:?}");
    }
}

#[test]
fn piped_text_is_taken_as_it_is_or_refused_with_advice() {
    for (input, sent, said) in [
        (&b"\xef\xbb\xbfbonjour\r\nquitter\r\n"[..], "] alice : bonjour\n", ""),
        (b"\x82t\x82\r\nensuite\r\n", "] alice : ensuite\n", "chcp 65001"),
        (b"\xff\xfeo\0u\0i\0\r\0\n\0", "", "en UTF-16"),
    ] {
        let relay = RelayThread::start();
        let mut bob = Linux.client(relay.address, "bob");
        bob.err.wait_for("Connecté");
        let mut alice = Windows.client(relay.address, "alice");
        alice.type_bytes(input);
        alice.end_input();
        alice.err.wait_for(said);
        bob.out.wait_for(sent);
        assert_eq!(alice.status(), i32::from(!said.is_empty()), "{}", alice.err.text());
        assert_eq!(bob.status(), 0);
        assert_eq!(bob.out.text().lines().count(), usize::from(!sent.is_empty()), "{}", bob.out.text());
    }
}

#[test]
fn the_window_is_typed_into_closed_and_photographed() {
    let relay = RelayThread::permanent();
    let home = TempDir::new().unwrap();
    let mut bob = Linux.client(relay.address, "bob");
    let desktop = Desktop::of_size(520, 700);
    let mut command = Command::new(Windows.program("messagerie"));
    command.args([&relay.address.to_string(), "alice"]).env(DATA_VARIABLE, home.path());
    let window = desktop.open(&mut command);
    bob.err.wait_for("alice a rejoint la discussion");
    // Wine's clipboard is that of the first program's screen, which is another one: nothing is copied or pasted here.
    let mut has_called = window.watch_for_calls();
    window.unfocus();
    bob.type_line("Bonjour ! Tu m'écris depuis Windows ?");
    window.wait_for_title("(1) alice avec bob – Messagerie");
    wait_until("its button in the taskbar flashes", &mut has_called);
    window.click(200, 610);
    window.wait_for_title("alice avec bob – Messagerie");
    for line in ["Oui !", "Ces programmes s'y copient tels quels, puis un double clic."] {
        window.type_line(line);
        bob.out.wait_for(&format!("] alice : {line}\n"));
    }
    window.screenshot("windows");
    window.type_line("quitter");
    assert_eq!(bob.status(), 0);
    window.close();
}
