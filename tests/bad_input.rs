//! Whatever is sent to a running relay or a running client, by whoever: nobody panics, hangs or grows, the other
//! participant is not disturbed, and nothing reaches a terminal that could do something to it.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::net::TcpListener;
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use support::peer::{Peer, message};
use support::program::{Program, binary, listening};
use support::relay::{RelayThread, alice_and_bob, seat_two};

const ALICE: &str = "alice/s-alice";
const BOB: &str = "bob/s-bob";
const CASES: u32 = 200;

/// One line, LF not included: a frame of the protocol in any role, nearly one, or anything.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let address = prop_oneof![
        4 => Just(ALICE),
        4 => Just(BOB),
        1 => Just("ALICE/s-alice"),
        1 => Just("carol/c1"),
        1 => Just("\u{3164}/s"),
        1 => Just("sans-session"),
        1 => Just("\u{1b}[31mrouge/s"),
        1 => Just("faux\u{202e}nom/s"),
    ];
    let number = prop_oneof![
        4 => (0u64..4).prop_map(|number| number.to_string()),
        1 => Just(u64::MAX.to_string()),
        1 => Just(((1u64 << 63) - 1).to_string()),
        1 => Just("01".to_owned()),
        1 => Just("-1".to_owned()),
    ];
    let word = prop::sample::select(vec![
        "msg",
        "recu",
        "login 1",
        "login 2",
        "debut",
        "fichier",
        "frappe",
        "ping",
        "pong",
        "bienvenue",
        "present",
        "absent",
        "refus",
        "refus complet",
    ]);
    let frame =
        (word, address.clone(), address, number, "\\PC{0,20}").prop_map(|(word, from, to, number, text)| {
            match word {
                "msg" => format!("msg {from} {to} {number} date {text}"),
                "recu" | "debut" => format!("{word} {from} {to} {number}"),
                "fichier" => format!("fichier {from} {to} {number} date {number} {} {text}", "0".repeat(64)),
                "frappe" => format!("frappe {from} {to} {text}"),
                "ping" | "pong" => word.to_owned(),
                "refus" | "refus complet" => format!("{word} {text}"),
                _ => format!("{word} {from}"),
            }
        });
    prop_oneof![
        8 => frame.prop_map(String::into_bytes),
        1 => ".{0,60}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => (1usize..80_000).prop_map(|length| vec![b'x'; length]),
    ]
}

/// Lines, each ended by LF unless it has one inside already.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(line(), 0..12).prop_map(|lines| {
        lines
            .into_iter()
            .flat_map(|mut line| {
                line.push(b'\n');
                line
            })
            .collect()
    })
}

fn for_all(cases: u32, strategy: &impl Strategy<Value = Vec<u8>>, check: impl Fn(&[u8])) {
    // A seed of its own each time; a failure prints what failed, shrunk.
    let config = Config { cases, failure_persistence: None, max_shrink_time: 30_000, ..Config::default() };
    TestRunner::new(config)
        .run(strategy, |bytes| {
            check(&bytes);
            Ok(())
        })
        .unwrap();
}

#[test]
fn whatever_a_stranger_sends_before_a_login_the_two_go_on() {
    let (relay, alice, bob) = alice_and_bob();
    let talk = std::sync::Mutex::new((alice, bob, 0));
    for_all(CASES, &stream(), |bytes| {
        let mut stranger = Peer::connect(relay.address);
        stranger.try_send_bytes(bytes);
        let answers = stranger.finish();
        assert!(answers.len() <= 1 && answers.iter().all(|line| line.starts_with("refus ")), "{answers:?}");
        let (alice, bob, number) = &mut *talk.lock().unwrap();
        *number += 1;
        alice.send_message(BOB, *number, "tranquille");
        bob.expect(&message(ALICE, BOB, *number, "tranquille"));
        alice.expect_quiet();
    });
}

#[test]
fn whatever_a_participant_sends_the_other_receives_frames_of_his_alone() {
    for_all(CASES, &stream(), |bytes| {
        let relay = RelayThread::permanent();
        let (mut alice, mut bob) = seat_two(relay.address);
        alice.try_send_bytes(bytes);
        alice.finish();
        // Only what is his and for bob has passed; then the end of his connection.
        for line in bob.receive_until(&format!("absent {ALICE}")) {
            let mut fields = line.split(' ').skip(1);
            let addresses = (fields.next().map(str::to_lowercase), fields.next());
            assert_eq!(addresses, (Some(ALICE.to_owned()), Some(BOB)), "{line:?}");
        }
        bob.expect_quiet();
        assert!(!relay.screen.text().contains(is_dangerous), "the server's display is a terminal too");
    });
}

#[test]
fn whatever_a_server_sends_the_client_stays_and_shows_only_what_is_next_in_order() {
    // Each case is a connection of its own, and a client pauses between two of them: several wait side by side.
    const CLIENTS: u32 = 8;
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| send_anything_to_a_client(CASES / CLIENTS));
        }
    });
}

fn send_anything_to_a_client(cases: u32) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = Command::new(binary("client"));
    let address = listener.local_addr().unwrap().to_string();
    let client = Program::spawn(command.args([&address, "alice", "--terminal"]).env("RUST_LOG", "debug"));
    for_all(cases, &stream(), |bytes| {
        let mut relay = Peer::seat(&listener);
        // The client's own address stands for alice's in what is drawn.
        relay.try_send_bytes(&replaced(bytes, ALICE.as_bytes(), relay.address.as_bytes()));
        // It survives: it comes back for the next case.
        relay.close();
    });
    let mut relay = Peer::seat(&listener);
    relay.send("present carol/c9");
    relay.send(&format!("msg carol/c9 {} 1 date toujours là", relay.address));
    client.out.wait_for("carol : toujours là\n");
    let (out, err) = (client.out.text(), client.err.text());
    assert!(!err.contains("panicked"), "{err}");
    assert!(!out.contains(is_dangerous) && !err.contains(is_dangerous));
}

fn replaced(mut bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    while let Some(at) = bytes.windows(from.len()).position(|window| window == from) {
        result.extend([&bytes[..at], to].concat());
        bytes = &bytes[at + from.len()..];
    }
    result.extend_from_slice(bytes);
    result
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_with_endless_strangers_does_not_make_the_client_grow() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Program::client(listener.local_addr().unwrap(), "alice");
    let mut relay = Peer::seat(&listener);
    let own = relay.address.clone();
    let mut peaks = Vec::new();
    for stranger in 1..=20_000 {
        let address = format!("p{stranger}/{}", "s".repeat(32));
        relay.send(&format!("present {address}\nmsg {address} {own} 1 date x\nrecu {address} {own} 9"));
        if stranger == 1000 || stranger == 20_000 {
            client.out.wait_for(&format!("p{stranger} : x\n"));
            peaks.push(support::usage::Usage::of(client.id()).peak);
        }
    }
    assert!(peaks[1] < peaks[0] + 1024, "{peaks:?} KiB");
}

#[test]
fn a_server_that_lies_gets_nothing_shown_twice_or_out_of_order() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Program::client(listener.local_addr().unwrap(), "alice");
    let mut relay = Peer::accept_login(&listener);
    let own = relay.address.clone();
    client.type_line("gardé");
    for line in [
        format!("bienvenue {own}"),
        format!("msg {BOB} {own} 1 date de personne"),
        format!("present {BOB}"),
        format!("recu {BOB} {own} 9223372036854775807"),
        format!("recu {BOB} {own} 1"),
        format!("msg {BOB} {own} 3 date trop tôt"),
        format!("msg {BOB} {own} 1 date premier"),
        format!("msg {BOB} {own} 1 date encore"),
        format!("msg {BOB} {own} 9223372036854775807 date saut"),
        format!("msg carol/c1 {own} 1 date pas en face"),
        format!("msg {BOB} alice/autre 2 date pour une autre"),
        format!("present {own}"),
        format!("bienvenue {BOB}"),
        "login 2 bob/b1".to_owned(),
        "quitter".to_owned(),
        format!("msg {BOB} {own} 2 date second"),
    ] {
        relay.send(&line);
    }
    client.out.wait_for("bob : second\n");
    let text = client.out.text();
    let shown: Vec<&str> = text.lines().map(|line| line.rsplit_once(" : ").unwrap().1).collect();
    assert_eq!(shown, ["premier", "second"]);
    client.type_line("quitter");
    while relay.receive().is_some_and(|line| line != "quitter") {}
    relay.send(&format!("fin {own}"));
    assert_eq!(client.status(), 0);
}

/// What would do something to a terminal, end a line or show text elsewhere than where it stands.
fn is_dangerous(c: char) -> bool {
    (c.is_control() && c != '\n') || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Real escape sequences, and tricks with the direction of writing, each after what it would do.
const ATTACKS: [(&str, &str); 27] = [
    ("clear the screen", "\x1b[2J\x1b[H"),
    ("reset the terminal", "\x1bc"),
    ("colour", "\x1b[1;31mrouge\x1b[0m"),
    ("hide", "\x1b[8m"),
    ("move up and write over", "\x1b[1A\x1b[2K[2026-11-20 14:03:07] alice : faux"),
    ("cursor position report, typed back", "\x1b[6n"),
    ("answerback", "\x05"),
    ("title", "\x1b]0;titre\x07"),
    ("title report, typed back", "\x1b[21t"),
    ("link", "\x1b]8;;http://exemple.invalid\x1b\\clic\x1b]8;;\x1b\\"),
    ("clipboard", "\x1b]52;c;ZWNobw==\x07"),
    ("palette", "\x1b]4;0;#ff0000\x07"),
    ("device control string", "\x1bP$q\"p\x1b\\"),
    ("terminfo query", "\x1bP+q544e\x1b\\"),
    ("application program command", "\x1b_Gf=100;AAAA\x1b\\"),
    ("alternate screen", "\x1b[?1049h"),
    ("mouse reporting", "\x1b[?1000h"),
    ("bracketed paste off", "\x1b[?2004l"),
    ("scrolling region", "\x1b[1;1r"),
    ("line drawing characters", "\x1b(0\x0e"),
    ("the same in C1", "\u{9b}31m\u{9d}0;titre\u{9c}\u{90}x\u{9c}\u{85}"),
    ("bells, backspaces, carriage return", "\x07\x07\x08\x08\r[14:03:07] bob : faux"),
    ("vertical tab, form feed, NUL, DEL", "\x0b\x0c\0\x7f"),
    ("print, screen hardcopy", "\x1b[5i\x1b[i"),
    ("override", "fichier\u{202e}gpj.exe\u{202c}"),
    ("isolates and embeddings", "\u{2066}\u{2067}\u{2068}a\u{2069}\u{202a}\u{202b}\u{202d}"),
    (
        "line ends of Unicode, then a notice",
        "a\u{2028}* bob a quitté la discussion.\u{2029}\\n* b\\n[14:03:07] bob : c",
    ),
];

#[test]
fn escape_sequences_and_bidi_tricks_are_harmless_on_every_screen_and_in_every_log() {
    let mut command = Command::new(binary("serveur"));
    let server = Program::spawn(command.arg("127.0.0.1:0").env("RUST_LOG", "debug"));
    let address = listening(&server);
    let mut command = Command::new(binary("client"));
    let client =
        Program::spawn(command.args([&address.to_string(), "bob", "--terminal"]).env("RUST_LOG", "debug"));
    client.err.wait_for("Connecté");
    let mut alice = Peer::login(address, "alice");
    let bob = alice.expect_present();
    // One with a CR is no line at all.
    let mut numbers = 1..;
    for (_, attack) in ATTACKS {
        alice.send_message(&bob, numbers.start, attack);
        numbers.start += u64::from(!attack.contains('\r'));
        // As a frame, a name, a field: each is refused, and may be logged.
        alice.send(attack);
        alice.send(&format!("msg {attack} {bob} 1 date x"));
        let mut stranger = Peer::connect(address);
        stranger.try_send_bytes(format!("login 2 {attack}/s\n").as_bytes());
        stranger.finish();
    }
    alice.send_message(&bob, numbers.start, "fin");
    for screen in [&client.out, &server.out] {
        screen.wait_for("alice : fin\n");
        let text = screen.text();
        assert!(!text.contains(is_dangerous), "{text:?}");
        // Whatever begins a line was put there by the program.
        let begins_well = |line: &str| {
            line.starts_with("    ")
                || line.split_once("] ").is_some_and(|(stamp, rest)| {
                    stamp.starts_with('[') && (rest.starts_with("alice : ") || rest.starts_with("* "))
                })
        };
        let bad: Vec<&str> = text
            .lines()
            .skip_while(|line| !line.starts_with('['))
            .filter(|line| !begins_well(line))
            .collect();
        assert!(bad.is_empty(), "{bad:?}");
    }
    for log in [server.err.text(), client.err.text()] {
        assert!(!log.contains(is_dangerous), "{log:?}");
    }
}

#[test]
fn a_hostile_server_cannot_write_to_the_clients_terminal_either() {
    for (what, attack) in ATTACKS {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut command = Command::new(binary("client"));
        let address = listener.local_addr().unwrap().to_string();
        let mut client =
            Program::spawn(command.args([&address, "alice", "--terminal"]).env("RUST_LOG", "debug"));
        let mut relay = listener.accept().unwrap().0;
        let lines = format!("refus pseudo-invalide {attack}\n");
        relay.write_all(lines.as_bytes()).unwrap();
        assert_eq!(client.status(), 1, "{what}");
        let (out, err) = (client.out.text(), client.err.text());
        assert!(!out.contains(is_dangerous) && !err.contains(is_dangerous), "{what}: {err:?}");
        assert!(!err.contains("panicked") && err.contains("Le serveur refuse"), "{what}: {err}");
    }
}
