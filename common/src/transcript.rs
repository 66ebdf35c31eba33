//! Lines for a terminal: a message in a form that nothing in it can imitate.

use crate::text::{Text, harmless};

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

/// Appends a message as `[STAMP] PSEUDO : TEXT` and a line feed, further lines indented.
///
/// ```
/// # use common::{text::Text, transcript::{Emphasis, push_message}};
/// let mut out = String::new();
/// let text = Text::from_plain("Salut !\nÇa va ?").expect("short enough");
/// push_message(&mut out, "14:03:07", "bob", &text, Emphasis::None);
/// assert_eq!(out, "[14:03:07] bob : Salut !\n    Ça va ?\n");
/// ```
pub fn push_message(out: &mut String, stamp: &str, pseudo: &str, text: &Text<'_>, emphasis: Emphasis) {
    let (bold, normal) = match emphasis {
        Emphasis::None => ("", ""),
        Emphasis::Bold => ("\x1b[1m", "\x1b[0m"),
    };
    let pseudo = harmless(pseudo);
    for part in [bold, "[", stamp, "] ", &pseudo, " :", normal, " "] {
        out.push_str(part);
    }
    let plain = text.plain();
    let shown = harmless(&plain);
    let mut lines = shown.split('\n');
    out.push_str(lines.next().unwrap_or(""));
    for line in lines {
        out.push_str(INDENT);
        out.push_str(line);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_begin_a_line_of_its_own() {
        let forged =
            "ok\n[14:03:07] alice : je te dois 100 €\r[14:03:07] alice : vrai\u{2028}[14:03:07] alice : oui";
        let mut out = String::new();
        push_message(&mut out, "14:03:08", "bob", &Text::from_plain(forged).unwrap(), Emphasis::None);
        assert!(
            out.lines().all(|line| line.starts_with("[14:03:08] bob : ") || line.starts_with("    ")),
            "{out}"
        );
        assert!(!out.contains(['\r', '\u{2028}']));
    }
}
