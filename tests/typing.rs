//! The client in a real terminal, as a person uses it: keys go in, the screen is looked at.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::net::TcpListener;

use support::bob::Bob;
use support::peer::Peer;
use support::program::{Program, server};
use support::relay::RelayThread;
use support::terminal::Terminal;

const LEFT: &str = "\x1b[D";
const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const HOME: &str = "\x1b[H";
const END: &str = "\x1b[F";
const CTRL_LEFT: &str = "\x1b[1;5D";
const DELETE: &str = "\x1b[3~";
const ALT_ENTER: &str = "\x1b\r";

/// alice in a terminal, and bob, by hand, who knows of her.
fn alice_and_bob() -> (RelayThread, Terminal, Bob) {
    let relay = RelayThread::start();
    let alice = Terminal::client(relay.address, "alice");
    let bob = Bob::join(relay.address);
    alice.wait_for("bob a rejoint la discussion.");
    (relay, alice, bob)
}

/// alice at a shell, in which she has started the client with this behind its command line, and bob.
fn alice_at_a_shell_and_bob(behind: &str) -> (RelayThread, Terminal, Bob) {
    let relay = RelayThread::start();
    let mut alice = Terminal::shell();
    alice.keys(&format!("client {} alice --terminal{behind}\r", relay.address));
    alice.wait_for("Connecté");
    let bob = Bob::join(relay.address);
    alice.wait_for("bob a rejoint");
    (relay, alice, bob)
}

#[test]
fn what_arrives_is_shown_above_the_line_being_typed_which_stays_whole() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    alice.keys(&format!("je tape une ligne{LEFT}{LEFT}"));
    alice.wait_for_end("> je tape une ligne");
    let (row, column) = alice.cursor();
    bob.say("et moi je t'écris");
    bob.say("deux fois");
    alice.wait_for("] bob : deux fois");
    alice.wait_for_end("] bob : deux fois\n> je tape une ligne");
    assert!(alice.text().contains("] bob : et moi je t'écris\n["), "{alice:?}");
    assert_eq!(alice.cursor(), (row + 2, column));
    alice.keys("G\r");
    assert_eq!(bob.hear(), "je tape une ligGne");
}

#[test]
fn arrows_words_and_ends_edit_the_line() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    alice.keys(&format!("bonjuor{LEFT}{LEFT}{LEFT}{DELETE}{END}\x7f\x7four\r"));
    assert_eq!(bob.hear(), "bonjour");
    alice.keys(&format!("un deux{CTRL_LEFT}\x17{END} trois{HOME}zéro \r"));
    assert_eq!(bob.hear(), "zéro deux trois");
    // What was cut comes back; wide and composed characters are one each.
    alice.keys(&format!("漢字e\u{301}x{LEFT}{LEFT}\x7f{END}\x15\x19!\r"));
    assert_eq!(bob.hear(), "漢e\u{301}x!");
    alice.wait_for("\n> 漢e\u{301}x!\n");
}

#[test]
fn up_brings_back_what_was_entered_in_this_run() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    alice.keys("premier\rsecond\r");
    alice.keys(&format!("brouillon{UP}{UP}{DOWN}{DOWN}{UP}{UP} encore\r"));
    assert_eq!([bob.hear(), bob.hear(), bob.hear()], ["premier", "second", "premier encore"]);
}

#[test]
fn a_line_may_be_as_long_as_a_message() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    // Far more than a terminal takes for one line by itself.
    let typed = "0123456789".repeat(500) + "fin";
    alice.keys(&typed);
    alice.keys("\r");
    assert_eq!(bob.hear(), typed);
    let longest = "é".repeat(32_000);
    alice.paste(&longest);
    alice.paste(&"x".repeat(2_000));
    alice.wait_for("Ce texte ne tient pas dans un message");
    alice.keys("\r");
    assert_eq!(bob.hear(), longest);
    alice.paste(&"un mégaoctet ".repeat(80_000));
    alice.keys("suite\r");
    assert_eq!(bob.hear(), "suite");
}

#[test]
fn a_line_higher_than_the_screen_leaves_room_for_what_arrives() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    alice.keys(&"0123456789".repeat(500));
    alice.keys("fin");
    alice.wait_for_end("89fin");
    for number in 1..=5 {
        bob.say(&format!("message {number}"));
    }
    alice.wait_for("message 5\n");
    assert!((1..=5).all(|number| alice.text().contains(&format!("] bob : message {number}"))), "{alice:?}");
    alice.wait_for_end("89fin");
    alice.keys(HOME);
    alice.wait_for("\n> 0123456789");
    alice.keys("\r");
    assert!(bob.hear().ends_with("0123456789fin"));
    // All of it stays, in one piece.
    alice.wait_for_end("89fin\n>");
    assert_eq!(alice.all_text().matches("fin\n").count(), 1);
}

#[test]
fn pasted_lines_are_one_message_that_enter_sends() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    alice.paste("bonjour\nquitter\n  fin");
    alice.wait_for_end("> bonjour\n  quitter\n    fin");
    alice.keys(&format!("{UP}{UP}{END}, toi{DOWN}{DOWN}\r"));
    assert_eq!(bob.hear(), "bonjour, toi\\nquitter\\n  fin");
    alice.keys(&format!("un{ALT_ENTER}deux\r"));
    assert_eq!(bob.hear(), "un\\ndeux");
}

#[test]
fn nothing_of_a_paste_reaches_the_shell() {
    // From a terminal that does not tell what is pasted.
    let (_relay, mut alice, mut bob) = alice_at_a_shell_and_bob("; echo statut $?");
    alice.keys("bonjour\rquitter\recho X$((40 + 2))\r");
    assert_eq!(bob.hear(), "bonjour");
    alice.wait_for("statut 0");
    alice.keys("echo voilà\r");
    alice.wait_for("\nvoilà");
    assert!(!alice.all_text().contains("X42"), "{alice:?}");
}

#[test]
fn what_is_being_typed_when_the_discussion_ends_stays_on_the_screen_and_out_of_the_shell() {
    let (_relay, mut alice, mut bob) = alice_at_a_shell_and_bob("; echo statut $?");
    alice.keys("date; echo fi\\ni");
    alice.wait_for_end("> date; echo fi\\ni");
    bob.peer.send("quitter");
    alice.wait_for("statut 0\n$");
    alice.wait_for("\n* le client bob a quitté la discussion.\n> date; echo fi\\ni\n* ");
    assert!(alice.text().contains("Ce que vous étiez en train d'écrire n'est pas parti"));
    alice.keys("\recho voilà\r");
    alice.wait_for("\nvoilà");
    assert!(!alice.all_text().contains("\nfini"), "{alice:?}");
}

#[test]
fn the_terminal_is_as_before_however_the_client_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = || Terminal::client(listener.local_addr().unwrap(), "alice");
    let mut refused = start();
    Peer::turn_away(&listener, "pseudo-pris");
    refused.wait_for("Ce pseudo est déjà pris");
    assert_eq!((refused.status(), refused.is_restored()), (1, true));

    let mut left = start();
    let mut relay = Peer::seat(&listener);
    left.wait_for("Connecté");
    assert!(!left.is_restored());
    // Ctrl-D is `quitter`.
    left.keys("\x04");
    while relay.receive().unwrap() != "quitter" {}
    relay.send(&format!("fin {}", relay.address));
    drop(relay);
    assert_eq!((left.status(), left.is_restored()), (0, true));

    let mut cut = start();
    let relay = Peer::seat(&listener);
    cut.wait_for("Connecté");
    cut.keys("\x03\x03");
    assert_eq!((cut.status(), cut.is_restored()), (1, true));
    assert!(!relay.rest().iter().any(|line| line == "quitter"));
}

#[test]
fn whoever_is_told_to_end_by_the_system_cuts_and_gives_the_terminal_back() {
    let (_server, address) = server(&["--permanent"]);
    for signal in ["TERM", "INT", "HUP"] {
        let mut alice = Terminal::client(address, "alice");
        alice.wait_for("Connecté.");
        alice.keys("à moitié écrit");
        alice.wait_for_end("> à moitié écrit");
        alice.signal(signal);
        assert_ne!(alice.status(), 0, "{signal}");
        assert!(alice.is_restored(), "{signal}");
        assert!(alice.text().contains("Vous avez coupé la connexion."), "{signal}: {alice:?}");
    }
}

#[test]
fn what_is_typed_ahead_is_sent_line_by_line() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    // As a terminal in its own line mode has kept Enter.
    alice.keys("un\ndeux\n");
    assert_eq!((bob.hear(), bob.hear()), ("un".to_owned(), "deux".to_owned()));
}

#[test]
fn a_terminal_that_is_closed_without_a_signal_ends_the_program() {
    let relay = RelayThread::start();
    let (mut alice, terminal) = Terminal::not_its_own(relay.address, "alice");
    let mut bob = Bob::join(relay.address);
    drop(terminal);
    bob.wait_for("fin");
    alice.wait().unwrap();
}

#[test]
fn ctrl_c_empties_the_line_then_says_how_to_leave_then_cuts() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let how = "encore Ctrl-C la coupe";
    alice.keys("à moitié\x03");
    alice.wait_for_end("\n>");
    assert!(!alice.text().contains(how) && !alice.text().contains("à moitié"), "{alice:?}");
    alice.keys("\x03");
    alice.wait_for(how);
    // Another key in between: it is asked again.
    alice.keys("x\x7f\x03");
    alice.wait_until(how, |text| text.matches(how).count() == 2);
    alice.keys("\x03");
    assert_eq!(alice.status(), 1);
    assert!(alice.text().contains("Vous avez coupé la connexion ; bob attend votre retour."), "{alice:?}");
    // Not `fin`.
    bob.wait_for("absent alice/");
}

#[test]
fn ctrl_z_gives_the_shell_back_and_fg_the_line() {
    let (_relay, mut alice, mut bob) = alice_at_a_shell_and_bob("");
    alice.keys("à moitié\x1a");
    alice.wait_for("Stopped");
    alice.keys("echo dans le shell\r");
    alice.wait_for("\ndans le shell\n$");
    bob.say("pendant ce temps");
    alice.keys("fg\r");
    alice.wait_for("] bob : pendant ce temps");
    alice.wait_for_end("\n> à moitié");
    alice.keys(" fait\r");
    assert_eq!(bob.hear(), "à moitié fait");
}

#[test]
fn a_resized_terminal_is_drawn_again() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let text = "0123456789".repeat(9);
    alice.keys(&text);
    alice.wait_for("\n  789");
    alice.resize(43, 24);
    let row = "0123456789".repeat(4);
    alice.wait_for_end(&format!("> {row}\n  {row}\n  0123456789"));
    alice.resize(120, 10);
    alice.wait_until("one row", |screen| screen.ends_with(&format!("> {text}")));
    bob.say("là");
    alice.wait_for_end(&format!("bob : là\n> {text}"));
    alice.keys("\r");
    assert_eq!(bob.hear(), text);
}

#[test]
fn commands_are_not_sent_and_a_double_slash_is() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    alice.keys("/aide\r");
    alice.wait_for("/quitter");
    alice.keys("/zut alors\r");
    alice.wait_for("« /zut » n'est pas une commande");
    // It is there to be corrected.
    alice.wait_for_end("\n> /zut alors");
    alice.keys(&format!("{HOME}/\r"));
    assert_eq!(bob.hear(), "/zut alors");
    alice.keys("/qui\t\r");
    assert_eq!(alice.status(), 0);
    let rest = bob.peer.rest();
    assert!(!rest.iter().any(|line| line.starts_with("msg ")), "{rest:?}");
    assert!(rest.iter().any(|line| line.starts_with("fin alice/")));
}

#[test]
fn the_lines_on_the_wire_are_shown_as_they_pass_when_they_are_asked_for() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    alice.resize(200, 24);
    bob.say("avant");
    alice.wait_for("avant");
    alice.keys("/fil\r");
    alice.wait_for("encore /fil la cache");
    alice.keys("Salut\r");
    assert_eq!(bob.hear(), "Salut");
    bob.say("e\x1b[2Jt \u{202e}toi");
    let recu = format!("← recu bob/s-bob {} 1", bob.other);
    let said = "→ msg alice/";
    alice.wait_until("the lines", |text| {
        let at = |what: &str| text.lines().position(|line| line.starts_with("* ") && line.contains(what));
        let order =
            [at(said), at(&recu), at("e␛[2Jt <U+202E>toi"), at(&format!("→ recu {} bob/s-bob 2", bob.other))];
        order.iter().all(Option::is_some) && order.is_sorted()
    });
    assert!(!alice.text().lines().any(|line| line.contains('←') && line.contains("avant")), "{alice:?}");
    alice.keys("/fil\r");
    alice.wait_for("Le fil n'est plus montré.");
    let before = alice.text().matches("→").count();
    alice.keys("Encore\r");
    assert_eq!(bob.hear(), "Encore");
    bob.say("après");
    alice.wait_for("après");
    assert_eq!(alice.text().matches("→").count(), before, "{alice:?}");
}

#[test]
fn what_is_shown_is_harmless_and_what_is_typed_too() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    bob.say("\u{1b}[2J\u{1b}]0;titre\u{7}effacé ?\\n* carol a rejoint la discussion.");
    alice.wait_for("] bob : ␛[2J␛]0;titre␇effacé ?\n    * carol a rejoint");
    alice.paste("a\u{7}b\u{202e}c\td");
    alice.wait_for_end("> a␇b<U+202E>c    d");
    alice.keys(&format!("{LEFT}{LEFT}\x7f\r"));
    assert_eq!(bob.hear(), "a\u{7}b\u{202e}\td");
}

#[test]
fn a_line_is_typed_undisturbed_while_a_thousand_messages_arrive() {
    let (_relay, mut alice, mut bob) = alice_and_bob();
    let typed = "je tape pendant que tout arrive";
    let keys: Vec<char> = typed.chars().collect();
    for (number, key) in (0..1_000).zip(keys.iter().map(Some).chain(std::iter::repeat(None))) {
        bob.say(&format!("numéro {number}."));
        if let Some(key) = key {
            alice.keys(&key.to_string());
        }
    }
    alice.wait_for_end(&format!("numéro 999.\n> {typed}"));
    let shown = alice.all_text();
    let numbers: Vec<&str> =
        shown.lines().filter_map(|line| line.split_once("] bob : numéro ")?.1.strip_suffix('.')).collect();
    assert_eq!(numbers, (0..1_000).map(|number| number.to_string()).collect::<Vec<_>>());
    alice.keys("\r");
    assert_eq!(bob.hear(), typed);
}

#[test]
fn it_works_in_every_locale_and_in_a_terminal_that_can_do_nothing() {
    let relay = RelayThread::start();
    let mut alice = Terminal::client_with(relay.address, "alice", &[("LC_ALL", "C"), ("LANG", "C")]);
    alice.wait_for("\n>");
    let mut bob = Terminal::client_with(relay.address, "bob", &[("TERM", "dumb")]);
    alice.wait_for("bob a rejoint la discussion.");
    alice.keys("où es-tu, 漢字 ?\r");
    bob.wait_for("] alice : où es-tu, 漢字 ?");
    bob.keys("/aide\rici !\r");
    alice.wait_for("] bob : ici !");
    bob.wait_for("* /aide");
    // Its own line mode drops what goes beyond; that is said.
    bob.keys(&format!("{}\r", "x".repeat(5_000)));
    bob.wait_for("Ce terminal ne transmet que 4095 octets par ligne");
    alice.wait_for("xxxx");
    bob.keys("à moitié");
    alice.keys("quitter\r");
    assert_eq!((alice.status(), bob.status()), (0, 0));
    assert!(bob.is_restored());
}

#[test]
fn with_the_output_elsewhere_what_is_typed_is_sent_all_the_same() {
    let (_server, address) = server(&[]);
    let mut alice = Terminal::shell();
    alice.keys(&format!("client {address} alice --terminal > /dev/null; echo statut $?\r"));
    alice.wait_for("Connecté");
    let mut bob = Program::client(address, "bob");
    alice.wait_for("bob a rejoint");
    alice.keys("bonjour\rquitter\r");
    bob.out.wait_for("] alice : bonjour\n");
    alice.wait_for("statut 0");
    assert_eq!(bob.status(), 0);
}
