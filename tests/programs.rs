//! The server as a program: its command line, its greeting, its statuses.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use support::peer::Peer;
use support::program::{Program, binary, listening, server};
use support::relay::seat_two;

/// Runs a program that should end by itself; status, stdout, stderr.
fn run(name: &str, args: &[&str]) -> (i32, String, String) {
    let mut program = Program::start(name, args);
    program.end_input();
    let status = program.status();
    (status, program.out.text(), program.err.text())
}

#[test]
fn help_and_version_are_in_french_and_cost_nothing() {
    for name in ["serveur", "client"] {
        let (status, out, err) = run(name, &["--help"]);
        assert_eq!((status, err.as_str()), (0, ""));
        assert!(out.contains("Utilisation :") && out.contains("--version"), "{out}");
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
        let (status, out, _) = run(name, &["--version"]);
        assert_eq!((status, out), (0, format!("{name} {}\n", env!("CARGO_PKG_VERSION"))));
    }
}

#[test]
fn a_wrong_command_line_is_one_clear_line_and_status_2() {
    for (args, words) in [
        (&["--zut"][..], "option inconnue : --zut"),
        (&["127.0.0.1:0", "en-trop"], "argument en trop : en-trop"),
        (&["127.0.0.1:port"], "le port « port » n'est pas valide"),
        (&["127.0.0.1:70000"], "le port « 70000 » n'est pas valide"),
        (&["70000"], "le port « 70000 » n'est pas valide"),
    ] {
        let (status, out, err) = run("serveur", args);
        assert_eq!((status, out.as_str(), err.lines().count()), (2, "", 1), "{err}");
        assert!(err.contains(words), "{err}");
    }
}

#[test]
fn an_address_that_cannot_be_had_is_one_clear_line_and_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    for (address, words) in [
        // With what to type instead.
        (taken.local_addr().unwrap().to_string(), "est déjà pris"),
        (taken.local_addr().unwrap().to_string(), "« serveur 7979 »"),
        ("192.0.2.1:0".to_owned(), "n'est pas une adresse de cette machine"),
        ("machine.invalid:0".to_owned(), "est introuvable"),
    ] {
        let (status, out, err) = run("serveur", &[&address]);
        assert_eq!((status, out.as_str(), err.lines().count()), (1, "", 1), "{err}");
        assert!(err.contains(words), "{err}");
    }
}

#[test]
fn the_server_says_what_to_type_on_the_other_machines() {
    let server = Program::start("serveur", &["0.0.0.0:0"]);
    let port = listening(&server).port();
    server.out.wait_for("    client ");
    let text = server.out.text();
    let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("    client ")).collect();
    assert!(
        lines.iter().all(|line| line.ends_with(&format!(":{port}")) && !line.contains("0.0.0.0")),
        "{text}"
    );
}

#[test]
fn ipv6_addresses_work_too() {
    let server = Program::start("serveur", &["[::1]:0"]);
    let address = listening(&server);
    assert!(address.is_ipv6());
    let (mut alice, mut bob) = seat_two(address);
    alice.send_message("bob/s-bob", 1, "six");
    assert!(bob.receive().unwrap().ends_with(" six"));
    let client = Program::start("client", &[&address.to_string(), "carol", "--terminal"]);
    client.err.wait_for("Deux personnes discutent déjà");
}

#[test]
fn nothing_is_logged_unless_asked_for() {
    let (mut server, address) = server(&[]);
    let (mut alice, bob) = seat_two(address);
    alice.send("n'importe quoi");
    alice.expect_refusal("trame-invalide");
    bob.close();
    alice.expect("absent bob/s-bob");
    alice.send("quitter");
    alice.expect("fin alice/s-alice");
    alice.close();
    assert_eq!(server.status(), 0);
    assert_eq!(server.err.text(), "");
}

#[test]
fn the_log_can_be_asked_for() {
    let mut command = Command::new(binary("serveur"));
    let server = Program::spawn(command.arg("127.0.0.1:0").env("RUST_LOG", "debug"));
    let address = listening(&server);
    Peer::connect(address).send("zut");
    server.err.wait_for("login-attendu");
}

#[test]
fn what_needs_no_window_runs_where_the_window_has_not_been_built() {
    let folder = binary("client").with_file_name(format!("alone-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let client = folder.join("client");
    fs::hard_link(binary("client"), &client).unwrap();
    let run = |option: &str| {
        let output = Command::new(&client).arg(option).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run("--version"), (Some(0), String::new()));
    let (status, err) = run("--demo");
    assert_eq!((status, err.lines().count()), (Some(1), 1), "{err}");
    assert!(err.contains("« messagerie », qui n'est pas à côté") && err.contains("--terminal"), "{err}");
    // The window, on a machine without one of its libraries.
    let mut window = fs::read(binary("messagerie")).unwrap();
    let (present, absent) = (b"libXinerama.so.1\0", b"libXinerama.so.0\0");
    let at = window.windows(present.len()).position(|bytes| bytes == present).unwrap();
    window[at..at + present.len()].copy_from_slice(absent);
    let (changed, copy) = (folder.join("changed"), folder.join("messagerie"));
    fs::write(&changed, window).unwrap();
    // Not written by this process: as long as another thread starts a program, it would count as being written to.
    assert!(Command::new("cp").args([&changed, &copy]).status().unwrap().success());
    fs::set_permissions(&copy, fs::metadata(&client).unwrap().permissions()).unwrap();
    let (status, err) = run("--demo");
    assert_eq!((status, err.lines().count()), (Some(1), 1), "{err}");
    assert!(err.contains("(il manque libXinerama.so.0)") && err.contains("sh client/paquets.sh"), "{err}");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_terminal_needs_nothing_that_draws() {
    for name in ["serveur", "client"] {
        let program = fs::read(binary(name)).unwrap();
        for library in ["libX11.so", "libpango"] {
            let is_there = program.windows(library.len()).any(|bytes| bytes == library.as_bytes());
            assert!(!is_there, "{name} asks for {library}");
        }
    }
}

#[test]
fn without_a_screen_the_window_says_what_to_do() {
    for (display, words) in [("", "DISPLAY est vide"), (":987", "l'écran « :987 » (DISPLAY) ne répond pas")]
    {
        let mut command = Command::new(binary("client"));
        let mut client = Program::spawn(command.arg("--demo").env("DISPLAY", display));
        assert_eq!(client.status(), 1);
        let err = client.err.text();
        assert!(err.contains(words) && err.contains("--terminal") && err.lines().count() == 1, "{err}");
    }
}
