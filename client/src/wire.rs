//! What passes on a connection, line by line, for whoever wants to look: [`Tap`].

use std::collections::VecDeque;
use std::fmt;
use std::mem::take;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Local};
use common::clock;
use common::lines::split_line;
use common::text::harmless;

/// How many lines are kept for whoever looks, the last ones.
pub const MAX_LINES: usize = 2000;
/// How many bytes of a line are shown: addresses, a date, and enough of a text to know it by.
const SHOWN_BYTES: usize = 400;

/// Which way a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the server.
    Sent,
    /// From the server.
    Received,
}

impl Way {
    /// An arrow.
    pub fn arrow(self) -> char {
        match self {
            Way::Sent => '→',
            Way::Received => '←',
        }
    }
}

/// A line that has passed. Its `Display` is the whole of it, with the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which way.
    pub way: Way,
    /// When.
    pub time: DateTime<Local>,
    /// Its first 400 bytes, made harmless.
    pub text: String,
    /// How many bytes it had with its line feed, if that is not all of it.
    pub cut_from: Option<usize>,
}

impl Line {
    fn new(way: Way, time: DateTime<Local>, begun: &Begun) -> Self {
        let is_cut = begun.length > begun.head.len() + 1;
        let head = if is_cut { before_cut(&begun.head) } else { &begun.head };
        let text = harmless(&String::from_utf8_lossy(head)).into_owned();
        Line { way, time, text, cut_from: is_cut.then_some(begun.length) }
    }

    /// The text, and how long it is if it was cut.
    pub fn shown(&self) -> String {
        match self.cut_from {
            Some(bytes) => format!("{}… ({bytes} octets)", self.text),
            None => self.text.clone(),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.time.format("%H:%M:%S%.3f");
        write!(f, "{time} {} {}", self.way.arrow(), self.shown())
    }
}

/// A character whose end was cut off is left out.
fn before_cut(head: &[u8]) -> &[u8] {
    match std::str::from_utf8(head) {
        Err(error) if error.error_len().is_none() => &head[..error.valid_up_to()],
        _ => head,
    }
}

/// What was seen since it was asked for last.
#[derive(Debug, Default)]
pub struct Seen {
    /// The last lines, [`MAX_LINES`] at most.
    pub lines: VecDeque<Line>,
    /// How many there were before these.
    pub missed: usize,
}

/// Where lines can be watched as they pass. While it is closed, nothing is kept and nothing looked at.
#[derive(Debug, Default)]
pub struct Tap {
    is_open: AtomicBool,
    watched: Mutex<Watched>,
    something_new: Condvar,
}

#[derive(Debug, Default)]
struct Watched {
    seen: Seen,
    sent: Begun,
    received: Begun,
}

/// A line whose end has not passed yet.
#[derive(Debug, Default)]
struct Begun {
    head: Vec<u8>,
    /// How many bytes have passed.
    length: usize,
    /// It began before the tap was opened.
    is_rest: bool,
}

impl Tap {
    /// Whether somebody looks.
    pub fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }

    /// From now on lines are kept; the one that is being received is not, if it has begun already.
    pub(crate) fn open(&self, is_inside_line: bool) {
        let mut watched = self.lock();
        *watched = Watched::default();
        watched.received.is_rest = is_inside_line;
        self.is_open.store(true, Ordering::Relaxed);
    }

    /// Nobody looks any more.
    pub fn close(&self) {
        let mut watched = self.lock();
        self.is_open.store(false, Ordering::Relaxed);
        *watched = Watched::default();
        self.something_new.notify_all();
    }

    /// What has passed.
    pub fn take(&self) -> Seen {
        take(&mut self.lock().seen)
    }

    /// Waits for something to pass; `None` if it is closed.
    pub fn wait(&self) -> Option<Seen> {
        let nothing = |watched: &mut Watched| self.is_open() && watched.seen.lines.is_empty();
        let watched = self.something_new.wait_while(self.lock(), nothing);
        let mut watched = watched.unwrap_or_else(PoisonError::into_inner);
        self.is_open().then(|| take(&mut watched.seen))
    }

    /// A new connection: what the last one has begun has no end.
    pub(crate) fn begin_connection(&self) {
        let mut watched = self.lock();
        (watched.sent, watched.received) = Default::default();
    }

    /// These bytes pass.
    pub(crate) fn pass(&self, way: Way, bytes: &[u8]) {
        if !self.is_open() {
            return;
        }
        let mut watched = self.lock();
        // It may have been closed since.
        if self.is_open() {
            watched.pass(way, clock::now(), bytes);
            self.something_new.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn pass(&mut self, way: Way, time: DateTime<Local>, mut bytes: &[u8]) {
        let begun = match way {
            Way::Sent => &mut self.sent,
            Way::Received => &mut self.received,
        };
        while !bytes.is_empty() {
            let piece;
            (piece, bytes) = split_line(bytes);
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            let room = SHOWN_BYTES - begun.head.len();
            begun.head.extend_from_slice(&text[..text.len().min(room)]);
            begun.length += piece.len();
            if text.len() < piece.len() {
                if !begun.is_rest {
                    self.seen.push(Line::new(way, time, begun));
                }
                begun.head.clear();
                (begun.length, begun.is_rest) = (0, false);
            }
        }
    }
}

impl Seen {
    fn push(&mut self, line: Line) {
        if self.lines.len() == MAX_LINES {
            self.lines.pop_front();
            self.missed += 1;
        }
        self.lines.push_back(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Tap {
        let tap = Tap::default();
        tap.open(false);
        tap
    }

    /// The lines without their time.
    fn shown(tap: &Tap) -> Vec<String> {
        tap.take().lines.iter().map(|line| format!("{} {}", line.way.arrow(), line.shown())).collect()
    }

    #[test]
    fn lines_are_whole_whatever_the_pieces_and_each_way_has_its_own() {
        let tap = open();
        tap.pass(Way::Received, b"bienvenue al");
        tap.pass(Way::Sent, b"ping\nrecu a");
        tap.pass(Way::Received, b"ice/a\npong\n\npre");
        tap.pass(Way::Sent, b"/1 b/1 0\n");
        assert_eq!(shown(&tap), ["→ ping", "← bienvenue alice/a", "← pong", "← ", "→ recu a/1 b/1 0"]);
        tap.pass(Way::Received, b"sent bob/b\n");
        assert_eq!(shown(&tap), ["← present bob/b"]);
    }

    #[test]
    fn closed_it_keeps_nothing_and_opened_it_begins_with_a_whole_line() {
        let tap = Tap::default();
        tap.pass(Way::Received, b"pong\npo");
        assert!(shown(&tap).is_empty());
        tap.open(true);
        tap.pass(Way::Received, b"ng\npong\n");
        tap.pass(Way::Sent, b"ping\n");
        assert_eq!(shown(&tap), ["← pong", "→ ping"]);
        tap.pass(Way::Sent, b"ping\n");
        tap.close();
        assert!(shown(&tap).is_empty());
        assert!(tap.wait().is_none());
    }

    #[test]
    fn what_a_lost_connection_has_begun_is_no_part_of_the_next_ones_lines() {
        let tap = open();
        tap.pass(Way::Received, b"msg bob/b al");
        tap.begin_connection();
        tap.pass(Way::Received, b"bienvenue alice/a\n");
        assert_eq!(shown(&tap), ["← bienvenue alice/a"]);
    }

    #[test]
    fn what_is_hostile_is_harmless_and_what_is_long_is_cut_within_no_character() {
        let tap = open();
        tap.pass(Way::Received, b"msg \x1b[2J\x07\xff \xe2\x80\xae\r\n");
        assert_eq!(shown(&tap), ["← msg ␛[2J␇\u{fffd} <U+202E>␍"]);
        for (length, all_shown) in [(SHOWN_BYTES, true), (SHOWN_BYTES + 1, false), (65_535, false)] {
            tap.pass(Way::Received, "é".repeat(length / 2).as_bytes());
            tap.pass(Way::Received, if length % 2 == 1 { b"x\n" } else { b"\n" });
            let rest = if all_shown { String::new() } else { format!("… ({} octets)", length + 1) };
            assert_eq!(shown(&tap), [format!("← {}{rest}", "é".repeat(SHOWN_BYTES / 2))]);
        }
        tap.pass(Way::Received, &["x", &"é".repeat(SHOWN_BYTES), "\n"].concat().into_bytes());
        let [line] = &shown(&tap)[..] else { panic!("one line") };
        assert!(line.ends_with("é… (802 octets)"), "{line}");
    }

    #[test]
    fn the_last_ones_are_kept_and_the_others_counted() {
        let tap = open();
        let lines: String = (0..MAX_LINES + 3).map(|n| format!("{n}\n")).collect();
        tap.pass(Way::Sent, lines.as_bytes());
        let seen = tap.wait().unwrap();
        assert_eq!((seen.lines.len(), seen.missed), (MAX_LINES, 3));
        assert_eq!(seen.lines[0].text, "3");
    }
}
