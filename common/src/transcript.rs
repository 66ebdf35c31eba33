//! Lines for a terminal: a message in a form that nothing in it can imitate.

use memchr::memchr;

use crate::command_line::stdout_takes_sequences;
use crate::text::harmless;

/// What stands before every further line of a message, so that none can pass for the first of another.
const INDENT: &str = "\n    ";

/// Whether a reader sees a difference between what the program says and what people write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emphasis {
    /// A file or a pipe: plain text only.
    None,
    /// A terminal: date and name in bold. A message so long that the terminal wraps it at the right place could
    /// otherwise show something like another person's line; it cannot make it bold.
    Bold,
}

impl Emphasis {
    /// What can be done on the standard output.
    pub fn on_stdout() -> Self {
        if stdout_takes_sequences() { Emphasis::Bold } else { Emphasis::None }
    }
}

/// How the messages of one person at one moment begin: `[STAMP] PSEUDO : `.
///
/// ```
/// # use common::transcript::{Emphasis, MessageStart};
/// let mut out = String::new();
/// let mut start = MessageStart::default();
/// start.set("14:03:07", "bob", Emphasis::None);
/// start.push(&mut out, "Salut !\nTu viens ?");
/// assert_eq!(out, "[14:03:07] bob : Salut !\n    Tu viens ?\n");
/// ```
#[derive(Clone, Debug, Default)]
pub struct MessageStart(String);

impl MessageStart {
    /// From now on it is this one; `stamp` is the date or time as it is to be shown.
    pub fn set(&mut self, stamp: &str, pseudo: &str, emphasis: Emphasis) {
        let (bold, normal) = match emphasis {
            Emphasis::None => ("", ""),
            Emphasis::Bold => ("\x1b[1m", "\x1b[0m"),
        };
        self.0.clear();
        for part in [bold, "[", stamp, "] ", &harmless(pseudo), " :", normal, " "] {
            self.0.push_str(part);
        }
    }

    /// Appends a message, as it was written, and a line feed; further lines are indented.
    pub fn push(&self, out: &mut String, text: &str) {
        out.push_str(&self.0);
        let mut rest = &*harmless(text);
        // By `memchr`: nearly every message is one line, and `split` takes several times as long to see it.
        while let Some(end) = memchr(b'\n', rest.as_bytes()) {
            out.push_str(&rest[..end]);
            out.push_str(INDENT);
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_begin_a_line_of_its_own() {
        let forged =
            "ok\n[14:03:07] alice : je te dois 100 €\r[14:03:07] alice : vrai\u{2028}[14:03:07] alice : oui";
        let mut out = String::new();
        let mut start = MessageStart::default();
        start.set("14:03:08", "bob", Emphasis::None);
        start.push(&mut out, forged);
        assert!(
            out.lines().all(|line| line.starts_with("[14:03:08] bob : ") || line.starts_with("    ")),
            "{out}"
        );
        assert!(!out.contains(['\r', '\u{2028}']));
    }
}
