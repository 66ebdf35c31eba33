//! A session with a relay that says whatever it likes, a user who does, and a clock that jumps.
//!
//! Ten minutes of it, from the top of the project, with a nightly compiler and `cargo install cargo-fuzz`:
//!
//! ```sh
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz session -- -max_total_time=600
//! ```

#![no_main]

use std::time::{Duration, Instant};

use client::event::{Event, Failure};
use client::session::{Identity, Session, Wants};
use common::delivery::Memory;
use common::frame::Content;
use common::text::Text;
use libfuzzer_sys::fuzz_target;

const DATE: &str = "2026-11-20T14:03:07.123+01:00";
/// `@` stands for the own address.
const LINES: [&str; 22] = [
    "bienvenue @",
    "present bob/b1",
    "present bob/b2",
    "present carol/c1",
    "absent bob/b1",
    "absent carol/c1",
    "pong",
    "fin bob/b1",
    "fin @",
    "recu bob/b1 @ 0",
    "recu bob/b1 @ 1",
    "recu bob/b1 @ 7",
    "debut bob/b1 @ 1",
    "debut bob/b1 @ 3",
    "msg bob/b1 @ 1 2026-11-20T14:03:07.123+01:00 texte",
    "msg bob/b1 @ 2 demain \\n\u{202e}",
    "sondage bob/b1 @ 3 d oui",
    "frappe bob/b1 @ oui",
    "refus complet Non.",
    "refus occupe Plus tard.",
    "refus remplace Ailleurs.",
    "refus trame-invalide Quoi ?",
];

fuzz_target!(|input: &[u8]| {
    let mut now = Instant::now();
    let mut input = input.iter().copied();
    let remembers = input.next().is_some_and(|byte| byte % 2 == 0);
    let memory = Memory { from_earlier_run: remembers, ..Memory::default() };
    let pseudo = "alice".parse().expect("a pseudo");
    let server = "salle-12".parse().expect("an endpoint");
    let mut session = Session::new(server, Identity::new(&pseudo), memory, None, now);
    let mut over = 0;
    while let Some(step) = input.next() {
        let mut next = || input.next().unwrap_or(0);
        match step % 12 {
            0 => session.connected(now),
            1 => session.disconnected(failure(), now),
            2..=4 => {
                let line = LINES[usize::from(next()) % LINES.len()];
                let line = line.replace('@', session.address().as_str());
                session.received(format!("{line}\n").as_bytes(), now);
            }
            5 => session.received(&[next(), next(), next()], now),
            6 => {
                let text = "x".repeat(usize::from(next()) * 200);
                let text = Text::from_plain(&text).expect("short enough");
                let _ = session.write(&Content::Msg { date: DATE, text });
            }
            7 => now += Duration::from_millis(1 << (next() % 20)),
            8 => session.handle_timeout(now),
            9 => {
                let mut bytes = Vec::new();
                session.transmit(&mut bytes, now);
                assert!(bytes.is_empty() || bytes.ends_with(b"\n"), "whole lines");
                assert!(bytes.len() <= 48 * 1024 + 65_536 + 16, "a batch and a line");
            }
            10 => {
                for event in session.take_events() {
                    assert_eq!(over, 0, "nothing follows the end: {event:?}");
                    let _ = event.to_string();
                    over += usize::from(matches!(event, Event::Over(_)));
                }
                session.take_changes();
                session.shown(now);
            }
            _ if next() % 8 == 0 => session.leave(now),
            _ => {}
        }
        // Whoever waits for the next timeout and does what is due makes progress: it is never due for ever.
        for _ in 0..8 {
            match session.next_timeout(now) {
                Some(due) if due <= now => session.handle_timeout(now),
                _ => break,
            }
        }
        assert!(session.ending().is_some() || session.next_timeout(now).is_none_or(|due| due > now));
        if session.wants() == Wants::Pause && session.ending().is_none() {
            assert!(session.next_timeout(now).is_some(), "a pause ends");
        }
    }
});

fn failure() -> Failure {
    Failure::Unreachable(
        "salle-12".parse().expect("an endpoint"),
        std::io::ErrorKind::ConnectionRefused.into(),
    )
}
