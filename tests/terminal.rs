//! The client in the terminal: the real program, with its input and outputs in our hand.

#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use serveur::Limits;
use support::free_address;
use support::peer::Peer;
use support::program::{Program, binary, server};
use support::relay::{RelayThread, seat_two};

/// A client of alice's, and the relay where she is seated, which is ourselves.
fn client_at_our_relay() -> (Program, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let alice = Program::client(listener.local_addr().unwrap(), "alice");
    (alice, Peer::seat(&listener))
}

#[test]
fn messages_are_lines_on_stdout_and_notices_are_on_stderr() {
    let relay = RelayThread::start();
    let (mut alice, mut bob) = Program::two_clients(relay.address, relay.address);
    alice.type_line("Salut Bob !");
    bob.out.wait_for("alice : Salut Bob !\n");
    bob.type_line("Ça va ?");
    alice.out.wait_for("bob : Ça va ?\n");
    let line = bob.out.text();
    let pattern = "[2026-11-20 14:03:07] alice : Salut Bob !\n";
    let shape = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
    assert_eq!(shape(&line), shape(pattern));
    assert!(!alice.out.text().contains("rejoint"));
}

#[test]
fn notices_and_messages_keep_their_order_on_a_terminal() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let shown = std::env::temp_dir().join(format!("terminal-{}", std::process::id()));
    let file = File::create(&shown).unwrap();
    let mut command = Command::new(binary("client"));
    command.args([&listener.local_addr().unwrap().to_string(), "alice", "--ecoute"]);
    command.stdin(Stdio::piped()).stdout(file.try_clone().unwrap()).stderr(file);
    let mut client = command.spawn().unwrap();
    let mut relay = Peer::seat(&listener);
    let own = relay.address.clone();
    let message = |number, text| support::peer::message("bob/b1", &own, number, text);
    let lines = [
        "present bob/b1".to_owned(),
        message(1, "un"),
        "absent bob/b1".to_owned(),
        "present bob/b1".to_owned(),
        message(2, "deux"),
        "fin bob/b1".to_owned(),
    ];
    relay.send(&lines.join("\n"));
    assert!(client.wait().unwrap().success());
    let text = std::fs::read_to_string(&shown).unwrap();
    std::fs::remove_file(shown).unwrap();
    let order = ["a rejoint", "bob : un", "a perdu", "a rejoint", "bob : deux", "a quitté"];
    let mut rest = &*text;
    for words in order {
        let at = rest.find(words).unwrap_or_else(|| panic!("« {words} » is not where it belongs: {text}"));
        rest = &rest[at + words.len()..];
    }
}

#[test]
fn the_date_is_the_senders_in_local_time() {
    let relay = RelayThread::start();
    let client = Program::client(relay.address, "alice");
    let mut bob = Peer::login(relay.address, "bob");
    let alice = bob.expect_present();
    bob.send(&format!("msg {} {alice} 1 2001-02-03T04:05:06.789+00:00 lu", bob.address));
    client.out.wait_for("bob : lu\n");
    let date = chrono::DateTime::parse_from_rfc3339("2001-02-03T04:05:06+00:00").unwrap();
    let local = date.with_timezone(&chrono::Local).format("[%Y-%m-%d %H:%M:%S] bob : lu\n").to_string();
    assert_eq!(client.out.text(), local);
    // One that cannot be read gives way to the moment of arrival.
    let before = chrono::Local::now().format("[%Y-%m-%d ").to_string();
    bob.send(&format!("msg {} {alice} 2 hier illisible", bob.address));
    client.out.wait_for("bob : illisible\n");
    let line = client.out.text().lines().last().unwrap().to_owned();
    let after = chrono::Local::now().format("[%Y-%m-%d ").to_string();
    assert!(line.starts_with(&before) || line.starts_with(&after), "{line}");
}

#[test]
fn further_lines_of_a_message_are_indented_and_control_characters_harmless() {
    let relay = RelayThread::start();
    let client = Program::client(relay.address, "alice");
    let mut bob = Peer::login(relay.address, "bob");
    let alice = bob.expect_present();
    bob.send_message(&alice, 1, "un\\n[2026-11-20 14:03:07] carol : deux\\n* carol a rejoint la discussion.");
    bob.send_message(&alice, 2, "\u{1b}[31m\u{7}\u{9b}2J\u{202e}");
    bob.send_message(&alice, 3, "fin");
    client.out.wait_for("bob : fin\n");
    let text = client.out.text();
    assert!(
        text.contains("] bob : un\n    [2026-11-20 14:03:07] carol : deux\n    * carol a rejoint"),
        "{text}"
    );
    assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
}

#[test]
fn piped_input_is_sent_line_by_line_and_delivered_before_the_client_leaves() {
    let (mut server, address) = server(&[]);
    let mut alice = Program::client(address, "alice");
    alice.type_bytes("un\n\n  deux \ntrois\r\nC:\\new\\temp\nsans fin de ligne".as_bytes());
    alice.end_input();
    // The other one comes later.
    alice.err.wait_for("Connecté");
    let mut bob = Program::client(address, "bob");
    assert_eq!(alice.status(), 0);
    assert_eq!(bob.status(), 0);
    assert_eq!(server.status(), 0);
    assert_eq!(bob.texts("alice"), ["un", "", "  deux ", "trois", "C:\\new\\temp", "sans fin de ligne"]);
    assert!(bob.err.text().contains("le client alice a quitté la discussion."));
}

#[test]
fn a_carriage_return_inside_a_line_holds_up_nothing() {
    let (_server, address) = server(&[]);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    alice.type_bytes(b"10 %\r100 %\nfin\r\r\nla suite\n");
    alice.end_input();
    assert_eq!((alice.status(), bob.status()), (0, 0));
    assert_eq!(bob.texts("alice"), ["10 %", "    100 %", "fin", "    ", "la suite"]);
}

#[test]
fn a_piped_file_that_fills_the_outbox_many_times_arrives() {
    const LINES: usize = 200_000;
    let (_server, address) = server(&[]);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    // One read brings more messages than can wait to be acknowledged.
    alice.type_bytes("\n".repeat(LINES).as_bytes());
    alice.end_input();
    assert_eq!((alice.status(), bob.status()), (0, 0));
    assert_eq!(bob.texts("alice"), vec![""; LINES]);
}

#[test]
fn a_line_that_cannot_be_sent_is_said_to_be_so_and_the_others_arrive() {
    let (_server, address) = server(&[]);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    alice.type_line("avant");
    alice.type_bytes(b"pas de l'UTF-8 : \xff\n");
    alice.type_line(&"x".repeat(66_000));
    alice.type_line(&"y".repeat(200_000));
    alice.type_line(&"z".repeat(65_000));
    alice.type_line("après");
    alice.end_input();
    assert_eq!(alice.status(), 1);
    let err = alice.err.text();
    assert!(err.contains("Ligne 2 de l'entrée : cette ligne n'est pas en UTF-8"), "{err}");
    assert!(err.contains("Ligne 3 de l'entrée : ") && err.contains("Ligne 4 de l'entrée : "), "{err}");
    assert_eq!(bob.status(), 0);
    assert_eq!(bob.texts("alice"), ["avant", &"z".repeat(65_000), "après"]);
}

#[test]
fn quitter_leaves_at_once_even_when_nobody_came() {
    let (mut server, address) = server(&[]);
    let mut alice = Program::client(address, "alice");
    alice.err.wait_for("Connecté");
    alice.type_line("il y a quelqu'un ?");
    alice.type_line("quitter");
    assert_eq!(alice.status(), 0);
    assert_eq!(server.status(), 0);
    let err = alice.err.text();
    assert!(
        err.contains("1 message n'a été remis à personne") && err.contains("il y a quelqu'un ?"),
        "{err}"
    );
}

#[test]
fn what_was_typed_just_before_quitter_arrives() {
    let (_server, address) = server(&[]);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    // More than goes into one write.
    let lines: Vec<String> = (1..=5000).map(|number| format!("ligne {number}")).collect();
    alice.type_bytes(format!("{}\nquitter\n", lines.join("\n")).as_bytes());
    assert_eq!(alice.status(), 0);
    assert_eq!(bob.status(), 0);
    assert_eq!(bob.texts("alice"), lines);
    assert!(!alice.err.text().contains("remis"));
}

#[test]
fn what_stands_behind_quitter_is_counted_and_no_success() {
    let (_server, address) = server(&[]);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    alice.type_bytes(format!("un\nquitter\ndeux\n\n{}", "trois\n".repeat(200_000)).as_bytes());
    alice.end_input();
    assert_eq!((alice.status(), bob.status()), (1, 0));
    assert_eq!(bob.texts("alice"), ["un"]);
    let err = alice.err.text();
    assert!(err.contains("* Des lignes derrière « quitter » ne sont pas parties : 200002."), "{err}");
}

#[test]
fn an_input_that_stays_open_behind_quitter_is_not_waited_for() {
    let (_server, address) = server(&[]);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    alice.type_bytes(b"un\nquitter\ndeux\n");
    assert_eq!((alice.status(), bob.status()), (1, 0));
    let err = alice.err.text();
    assert!(err.contains("* Des lignes derrière « quitter » ne sont pas parties : au moins 1."), "{err}");
}

#[test]
fn an_input_that_is_empty_from_the_start_ends_nobodys_discussion() {
    let relay = RelayThread::start();
    let mut bob = Peer::login(relay.address, "bob");
    let mut alice = Program::client(relay.address, "alice");
    alice.end_input();
    assert_eq!(alice.status(), 1);
    let err = alice.err.text();
    assert!(err.contains("rien ne sera envoyé") && err.contains("--ecoute"), "{err}");
    // Had alice been there, it would be over.
    let _alice = Program::client(relay.address, "alice");
    while !bob.receive().unwrap().starts_with("present alice/") {}
}

#[test]
fn whoever_only_listens_needs_no_input_and_stays_until_the_other_leaves() {
    let (_server, address) = server(&[]);
    let mut alice = Program::start("client", &[&address.to_string(), "alice", "--ecoute"]);
    alice.end_input();
    alice.err.wait_for("Connecté");
    let mut bob = Program::client(address, "bob");
    bob.type_bytes("tu écoutes ?\nquitter\n".as_bytes());
    assert_eq!((bob.status(), alice.status()), (0, 0));
    assert_eq!(alice.texts("bob"), ["tu écoutes ?"]);
    assert!(alice.err.text().contains("le client bob a quitté la discussion."));
}

#[test]
fn a_file_as_windows_writes_it_is_read_or_refused_as_a_whole() {
    let (_server, address) = server(&["--permanent"]);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    alice.type_bytes("\u{feff}un\r\nquitter\r\n".as_bytes());
    assert_eq!((alice.status(), bob.status()), (0, 0));
    assert_eq!(bob.texts("alice"), ["un"]);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    alice.type_bytes(b"\xff\xfeu\0n\0\n\0");
    alice.end_input();
    assert_eq!((alice.status(), bob.status()), (1, 0));
    assert!(bob.out.text().is_empty());
    let err = alice.err.text();
    assert!(err.contains("en UTF-16") && err.contains("UTF-8"), "{err}");
}

#[cfg(unix)]
#[test]
fn an_output_that_does_not_wait_loses_nothing() {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    const LINES: usize = 5_000;
    let (_server, address) = server(&[]);
    let (mut screen, output) = UnixStream::pair().unwrap();
    // As whoever has the same terminal may make it.
    output.set_nonblocking(true).unwrap();
    let mut command = Command::new(binary("client"));
    command.args([&address.to_string(), "alice", "--ecoute"]);
    let mut alice = Program::spawn_into(Stdio::from(std::os::fd::OwnedFd::from(output)), &mut command);
    drop(command);
    let mut bob = Program::client(address, "bob");
    alice.err.wait_for("bob a rejoint");
    let text = "x".repeat(100);
    bob.type_bytes(format!("{text}\n").repeat(LINES).as_bytes());
    bob.end_input();
    let mut shown = String::new();
    screen.read_to_string(&mut shown).unwrap();
    assert_eq!(shown.lines().filter(|line| line.ends_with(&text)).count(), LINES);
    assert_eq!((bob.status(), alice.status()), (0, 0));
}

#[test]
fn both_may_quit_in_the_same_instant() {
    let (mut server, address) = server(&[]);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    alice.type_line("quitter");
    bob.type_line("quitter");
    assert_eq!((alice.status(), bob.status(), server.status()), (0, 0, 0));
}

#[test]
fn a_server_that_is_not_up_yet_is_waited_for() {
    let free = free_address();
    let alice = Program::client(free, "alice");
    alice.err.wait_for("Pas de serveur à l'adresse");
    let _server = Program::start("serveur", &[&free.to_string()]);
    alice.err.wait_for("Connecté");
}

#[test]
fn a_file_that_the_others_quitter_cuts_short_is_said_to_be_so() {
    let (mut alice, mut relay) = client_at_our_relay();
    relay.send(&format!("present bob/b1\nrecu bob/b1 {} 0", relay.address));
    let mut input = alice.take_input();
    // Far more than the client keeps.
    let line = "x".repeat(99);
    let typist = std::thread::spawn(move || (0..200_000).try_for_each(|_| writeln!(input, "{line}")));
    while !relay.receive().unwrap().contains(" bob/b1 1 ") {}
    relay.send("fin bob/b1");
    assert_eq!(alice.status(), 1);
    // Whoever writes into a closed pipe notices, which is as well.
    let _ = typist.join().unwrap();
    let err = alice.err.text();
    assert!(err.contains("La suite de l'entrée n'est pas partie"), "{err}");
    assert!(err.contains("le client bob a quitté la discussion."), "{err}");
}

#[test]
fn what_the_others_quitter_leaves_undelivered_is_named_and_no_success() {
    let (mut alice, mut relay) = client_at_our_relay();
    relay.send(&format!("present bob/b1\nrecu bob/b1 {} 0", relay.address));
    alice.type_line("trop tard");
    while !relay.receive().unwrap().ends_with(" trop tard") {}
    relay.send("fin bob/b1");
    assert_eq!(alice.status(), 1);
    assert!(alice.err.text().contains("1 message n'a pas été remis à bob :\n* « trop tard »"));
}

#[test]
fn logins_that_cannot_succeed_end_with_a_sentence_and_status_1() {
    let relay = RelayThread::start();
    let (_alice, _bob) = seat_two(relay.address);
    let silent_garbage = TcpListener::bind("127.0.0.1:0").unwrap();
    let garbage = silent_garbage.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = silent_garbage.accept().unwrap();
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2p1\r\n");
        std::thread::park();
    });
    let relay = relay.address.to_string();
    for (args, words) in [
        (&[relay.as_str(), "Alice", "--terminal"][..], "Ce pseudo est déjà pris"),
        (&[relay.as_str(), "carol", "--terminal"], "Deux personnes discutent déjà"),
        (&["machine.invalid", "carol", "--terminal"], "La machine « machine.invalid » est introuvable"),
        (&[garbage.as_str(), "carol", "--terminal"], "n'est pas un serveur de cette messagerie"),
    ] {
        let mut client = Program::start("client", args);
        assert_eq!(client.status(), 1, "{args:?}");
        let err = client.err.text();
        assert!(err.contains(words), "{args:?}: {err}");
        assert!(!err.contains("panicked") && client.out.text().is_empty());
    }
}

#[test]
fn a_wrong_command_line_is_one_clear_line_and_status_2() {
    for (args, words) in [
        (&["hote", "Jean Paul", "--terminal"][..], "le pseudo « Jean Paul » n'est pas valide"),
        (&["localhost:port", "carol", "--terminal"], "le port « port » n'est pas valide"),
        (&["localhost", "--terminal"], "il manque votre pseudo"),
        (&["localhost", "--ecoute"], "il manque votre pseudo"),
        (&["--demo", "--terminal"], "deux fois « client localhost PSEUDO --terminal »"),
        (&["--zut"], "option inconnue : --zut"),
    ] {
        let mut client = Program::start("client", args);
        assert_eq!(client.status(), 2, "{args:?}");
        let err = client.err.text();
        assert!(err.contains(words) && err.lines().count() == 1, "{args:?}: {err}");
    }
}

#[test]
fn a_killed_client_is_announced_and_another_run_gets_what_was_kept() {
    let relay = RelayThread::start();
    let (mut alice, mut bob) = Program::two_clients(relay.address, relay.address);
    bob.kill();
    alice.err.wait_for("bob a perdu la connexion");
    alice.type_line("pendant ton absence");
    let bob = Program::client(relay.address, "bob");
    bob.out.wait_for("alice : pendant ton absence\n");
}

#[test]
fn a_third_person_does_not_get_what_was_kept_for_another() {
    // One that keeps no seat for bob.
    let relay = RelayThread::with(false, Limits { kept_seat: Duration::ZERO, ..Limits::default() });
    let mut alice = Program::client(relay.address, "alice");
    let mut bob = Peer::login(relay.address, "bob");
    bob.expect_present();
    alice.type_line("pour bob seul");
    // bob gets it and vanishes without having acknowledged it.
    while !bob.receive().unwrap().ends_with(" pour bob seul") {}
    bob.close();
    alice.err.wait_for("bob a perdu la connexion");
    let mut carol = Program::client(relay.address, "carol");
    alice.err.wait_for("carol a rejoint");
    alice.type_line("pour carol");
    carol.out.wait_for("alice : pour carol\n");
    carol.kill();
    alice.err.wait_for("carol a perdu la connexion");
    let bob = Program::client(relay.address, "bob");
    bob.out.wait_for("alice : pour bob seul\n");
    assert_eq!(carol.texts("alice"), ["pour carol"]);
    assert_eq!(bob.texts("alice"), ["pour bob seul"]);
}

#[test]
fn a_server_killed_in_the_middle_of_a_transfer_loses_nothing() {
    let (mut first, address) = server(&[]);
    let (mut alice, mut bob) = Program::two_clients(address, address);
    let lines: Vec<String> = (1..=10_000).map(|number| format!("ligne {number}")).collect();
    let mut input = alice.take_input();
    let whole = lines.join("\n") + "\n";
    let typist = std::thread::spawn(move || input.write_all(whole.as_bytes()).unwrap());
    bob.out.wait_until("1000 lines", |text| text.len() > 40_000);
    first.kill();
    alice.err.wait_for("Connexion perdue : nouvelle tentative…");
    let mut second = Program::start("serveur", &[&address.to_string()]);
    typist.join().unwrap();
    assert_eq!((alice.status(), bob.status(), second.status()), (0, 0, 0));
    assert_eq!(bob.texts("alice"), lines);
}

#[test]
fn a_seat_or_a_name_taken_meanwhile_is_told_once_and_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Program::client(listener.local_addr().unwrap(), "alice");
    Peer::seat(&listener).close();
    for code in ["complet", "complet", "pseudo-pris", "pseudo-pris"] {
        Peer::turn_away(&listener, code);
    }
    Peer::seat(&listener).send("fin bob/s");
    assert_eq!(client.status(), 0);
    let told = client.err.text();
    for sentence in
        ["Deux personnes discutent en ce moment", "Votre pseudo est encore pris", "Connexion rétablie"]
    {
        assert_eq!(told.matches(sentence).count(), 1, "{told}");
    }
}
