//! What the server shows of the discussion: [`Display`].
//!
//! The threads that relay leave copies in a bounded store; a thread of its own writes them out. A terminal that does
//! not take anything (Ctrl-S, a selection, a pipe that nobody reads) so costs lines of the display, which are
//! counted and announced, and never holds up a message.

use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Local, Timelike};
use common::clock::now;
use common::text::{Text, harmless, readable_size};
use common::transcript::{Emphasis, MessageStart};

/// What the store holds at most, in bytes.
const MAX_STORED_BYTES: usize = 768 * 1024;
/// How many bytes are gathered for one write.
const WRITE_BYTES: usize = 64 * 1024;
/// After each write the display rests for this long, and then shows together what has come meanwhile. Waking it for
/// every message of a fast exchange would cost the messages more than passing them on does.
const REST: Duration = Duration::from_millis(20);
/// Who falls behind shows less: once lines had to be skipped, the display leaves the processor to the messages for
/// longer. What it shows then is a sample in any case.
const REST_BEHIND: Duration = Duration::from_millis(200);

/// Where lines to show are left. Clones share one store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Display {
    shared: Arc<(Mutex<Store>, Condvar)>,
}

#[derive(Debug, Default)]
struct Store {
    entries: Vec<Entry>,
    /// The entries' contents, one after the other.
    contents: String,
    /// Lines for which there was no room.
    skipped: usize,
    /// The display sleeps until there is something to show.
    idle: bool,
    closed: bool,
}

#[derive(Debug)]
struct Entry {
    at: DateTime<Local>,
    length: usize,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// What one person wrote: texts in their wire form, a line each.
    Messages(Arc<str>),
    /// A sentence of the server's own.
    Notice,
    /// Lines to be shown as they are.
    Plain,
}

impl Display {
    /// Shows `count` messages of one person: texts in their wire form, a line each.
    pub(crate) fn messages(&self, pseudo: &Arc<str>, texts: &str, count: usize) {
        self.store(texts, count, Kind::Messages(Arc::clone(pseudo)));
    }

    /// Shows that a person offers a file.
    pub(crate) fn file(&self, pseudo: &str, name: &Text<'_>, size: u64) {
        // In its wire form, which has no line feed.
        self.notice(&format!("{pseudo} propose le fichier « {} » ({}).", name.wire(), readable_size(size)));
    }

    /// Shows a sentence about the discussion.
    pub(crate) fn notice(&self, sentence: &str) {
        self.store(sentence, 1, Kind::Notice);
    }

    /// Shows lines as they are.
    pub(crate) fn plain(&self, lines: &str) {
        self.store(lines, lines.lines().count(), Kind::Plain);
    }

    /// Nothing more will be shown: [`run`](Self::run) returns once it has written what is left.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.shared.1.notify_one();
    }

    /// Writes out what is left here, until [`close`](Self::close).
    pub(crate) fn run(&self, out: &mut dyn Write, emphasis: Emphasis) {
        let mut batch = Store::default();
        let mut text = String::new();
        let mut beginnings = Beginnings::default();
        let mut output = Output { out, failed: false };
        while self.take(&mut batch) {
            for (entry, content) in batch.contents() {
                entry.write_to(content, &mut text, &mut beginnings, emphasis);
                if text.len() >= WRITE_BYTES {
                    output.write(&mut text);
                }
            }
            if batch.skipped > 0 {
                let sentence = match batch.skipped {
                    1 => "1 ligne n'a pas été affichée : la sortie est trop lente.".to_owned(),
                    lines => format!("{lines} lignes n'ont pas été affichées : la sortie est trop lente."),
                };
                push_notice(&mut text, beginnings.stamp.of(&now()), &sentence);
            }
            output.write(&mut text);
            self.rest(if batch.skipped > 0 { REST_BEHIND } else { REST });
            batch.clear();
        }
    }

    fn rest(&self, rest: Duration) {
        let resting = self.shared.1.wait_timeout_while(self.lock(), rest, |store| !store.closed);
        drop(resting.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self, content: &str, lines: usize, kind: Kind) {
        let mut store = self.lock();
        if store.size() + content.len() > MAX_STORED_BYTES {
            store.skipped += lines;
            return;
        }
        store.contents.push_str(content);
        store.entries.push(Entry { at: now(), length: content.len(), kind });
        if std::mem::take(&mut store.idle) {
            self.shared.1.notify_one();
        }
    }

    /// Waits for something to show and swaps it into `batch`, which is empty; false when closed and done.
    fn take(&self, batch: &mut Store) -> bool {
        let mut store = self.lock();
        while store.entries.is_empty() && !store.closed {
            store.idle = true;
            store = self.shared.1.wait(store).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut store.entries, &mut batch.entries);
        std::mem::swap(&mut store.contents, &mut batch.contents);
        batch.skipped = std::mem::take(&mut store.skipped);
        !batch.entries.is_empty()
    }
}

impl Store {
    fn clear(&mut self) {
        self.entries.clear();
        self.contents.clear();
    }

    /// What it takes, entries included: a thousand empty messages are not nothing.
    fn size(&self) -> usize {
        self.contents.len() + self.entries.len() * size_of::<Entry>()
    }

    fn contents(&self) -> impl Iterator<Item = (&Entry, &str)> {
        let mut rest = self.contents.as_str();
        self.entries.iter().map(move |entry| {
            let (content, after) = rest.split_at(entry.length);
            rest = after;
            (entry, content)
        })
    }
}

impl Entry {
    fn write_to(&self, content: &str, out: &mut String, beginnings: &mut Beginnings, emphasis: Emphasis) {
        let Beginnings { stamp, message } = beginnings;
        let stamp = stamp.of(&self.at);
        match &self.kind {
            Kind::Plain => out.push_str(content),
            Kind::Notice => push_notice(out, stamp, content),
            Kind::Messages(pseudo) => {
                message.set(stamp, pseudo, emphasis);
                for line in content.split_terminator('\n') {
                    message.push(out, &Text::from_wire(line).plain());
                }
            }
        }
    }
}

/// Where the beginnings of lines are made, in the same place again and again.
#[derive(Default)]
struct Beginnings {
    stamp: Stamp,
    message: MessageStart,
}

/// The time of day.
#[derive(Default)]
struct Stamp(String);

impl Stamp {
    fn of(&mut self, at: &DateTime<Local>) -> &str {
        self.0.clear();
        // By hand, since `format` allocates. Writing to a String cannot fail.
        let _ = write!(self.0, "{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
        &self.0
    }
}

/// A notice begins with a star, which no pseudo can.
fn push_notice(out: &mut String, stamp: &str, sentence: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "[{stamp}] * {}", harmless(sentence));
}

/// Where the text goes. If that fails (closed, disk full) it is told once; the discussion goes on without it.
struct Output<'a> {
    out: &'a mut dyn Write,
    failed: bool,
}

impl Output<'_> {
    fn write(&mut self, text: &mut String) {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        text.clear();
        if let Err(error) = written
            && !std::mem::replace(&mut self.failed, true)
        {
            log::warn!("L'affichage ne peut pas être écrit ({error}) ; la discussion continue");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(display: &Display) -> String {
        let mut out = Vec::new();
        display.close();
        display.run(&mut out, Emphasis::None);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn messages_and_notices_in_order() {
        let display = Display::default();
        display.plain("Bonjour\n");
        display.notice("alice a rejoint la discussion.");
        display.messages(&"alice".into(), "Salut\\nBob\n!\r\n", 2);
        let shown = shown(&display);
        let mut lines: Vec<String> =
            shown.lines().map(|line| line.chars().skip_while(|c| *c != ']').collect()).collect();
        lines.retain(|line| !line.is_empty());
        assert_eq!(lines, ["] * alice a rejoint la discussion.", "] alice : Salut", "] alice : !␍"]);
        assert!(shown.starts_with("Bonjour\n[") && shown.contains("Salut\n    Bob\n"));
    }

    #[test]
    fn a_file_is_shown_in_one_line_whatever_its_name() {
        let display = Display::default();
        for (name, size) in
            [("x.pdf", 1_234_567), ("\\n[14:03:07] * bob\u{1b}", 1), ("vide", 0), ("film", 1_999_999_999)]
        {
            display.file("alice", &Text::from_wire(name), size);
        }
        let shown = shown(&display);
        let lines: Vec<&str> = shown.lines().map(|line| &line["[00:00:00] ".len()..]).collect();
        assert_eq!(
            lines,
            [
                "* alice propose le fichier « x.pdf » (1,2 Mo).",
                "* alice propose le fichier « \\n[14:03:07] * bob␛ » (1 octet).",
                "* alice propose le fichier « vide » (0 octet).",
                "* alice propose le fichier « film » (2 Go).",
            ]
        );
    }

    #[test]
    fn a_clock_before_1970_is_only_wrong() {
        let at: DateTime<Local> =
            (std::time::SystemTime::UNIX_EPOCH - Duration::from_millis(86_400_500)).into();
        assert_eq!(Stamp::default().of(&at).len(), "23:59:59".len());
    }

    #[test]
    fn what_does_not_fit_is_counted_and_announced() {
        let display = Display::default();
        let line = format!("{}\n", "x".repeat(1000));
        for _ in 0..2000 {
            display.messages(&"alice".into(), &line, 1);
        }
        let shown = shown(&display);
        let kept = shown.lines().filter(|line| line.contains("alice : x")).count();
        assert!(shown.contains(&format!("{} lignes n'ont pas été affichées", 2000 - kept)), "{kept}");
        assert!(kept * line.len() <= MAX_STORED_BYTES);
    }
}
