//! The name under which a received file is kept: [`safe`].

use common::text::is_invisible_letter;

/// The longest name in bytes; it leaves room for what [`numbered`] and the partial file's name add.
const MAX_NAME_BYTES: usize = 200;
/// The longest ending that a shortened name keeps.
const MAX_ENDING_BYTES: usize = 20;
/// What the name of something that cannot keep its own becomes.
const NAMELESS: &str = "fichier";

/// What Windows takes for a device, whatever the ending and the case, everywhere.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
/// These too, with one digit behind.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// A bare name that can be written to in any folder of any system, as near as possible to the one that the sender
/// gave.
pub(crate) fn safe(given: &str) -> String {
    let bare = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = bare.chars().filter(|c| !is_forbidden(*c)).collect();
    // A dot in front would hide it.
    let name = match kept.trim_matches(is_dot_or_space) {
        "" => NAMELESS.to_owned(),
        name if is_device(name) => format!("_{name}"),
        name => name.to_owned(),
    };
    shortened(&name).trim_end_matches(is_dot_or_space).to_owned()
}

/// The names to try when others are taken: `a.txt`, `a (2).txt`, `a (3).txt`…
pub(crate) fn numbered(name: &str) -> impl Iterator<Item = String> {
    let (stem, ending) = split_ending(name);
    std::iter::once(name.to_owned()).chain((2u32..).map(move |i| format!("{stem} ({i}){ending}")))
}

/// Control, direction and reserved characters, and those that show as nothing.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
        // marks, embeddings, overrides and isolates of direction, line and paragraph separators
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || is_invisible_letter(c)
}

fn is_dot_or_space(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let digit = NUMBERED_DEVICES.iter().find_map(|device| stem.strip_prefix(device)).unwrap_or_default();
    let is_digit = |c: char| c.is_ascii_digit() || "¹²³".contains(c);
    DEVICES.contains(&stem.as_str()) || (digit.chars().count() == 1 && digit.contains(is_digit))
}

/// The name before its ending, and the ending with its dot.
fn split_ending(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= MAX_ENDING_BYTES => name.split_at(dot),
        _ => (name, ""),
    }
}

/// At most [`MAX_NAME_BYTES`], with the same ending.
fn shortened(name: &str) -> String {
    let (stem, ending) = split_ending(name);
    let mut length = stem.len().min(MAX_NAME_BYTES - ending.len());
    while !stem.is_char_boundary(length) {
        length -= 1;
    }
    format!("{}{ending}", &stem[..length])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_names_are_kept() {
        for name in [
            "mémo.pdf",
            "Photo de vacances (3).jpeg",
            "archive.tar.gz",
            "Makefile",
            "عقد.docx",
            "👩‍👩‍👧.png",
            "console.txt",
            "com10.txt",
            "comme.txt",
            "c'est l'été & l'hiver!.txt",
            "a..b",
            "-rf",
        ] {
            assert_eq!(safe(name), name);
        }
    }

    #[test]
    fn hostile_names_become_harmless() {
        for (given, kept) in [
            ("../../etc/passwd", "passwd"),
            (r"..\..\windows\win.ini", "win.ini"),
            (r"a/b\c.txt", "c.txt"),
            ("/etc/shadow", "shadow"),
            (r"C:\Users\a.txt", "a.txt"),
            ("C:a.txt", "Ca.txt"),
            ("..", "fichier"),
            (".", "fichier"),
            ("", "fichier"),
            ("/", "fichier"),
            ("dossier/", "fichier"),
            (" \u{3000}\u{a0}", "fichier"),
            ("\u{202e}\u{200f}", "fichier"),
            ("con", "_con"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("Aux .tar.gz", "_Aux .tar.gz"),
            ("com1", "_com1"),
            ("lpt².x", "_lpt².x"),
            ("conout$", "_conout$"),
            ("..con", "_con"),
            ("con:", "_con"),
            (".bashrc", "bashrc"),
            ("...x", "x"),
            ("x. . ", "x"),
            ("a\nb\u{1b}[2J\0\u{7f}\u{9b}.txt", "ab[2J.txt"),
            ("photo\u{202e}gnp.exe", "photognp.exe"),
            ("a\u{2066}b\u{2069}\u{200e}\u{61c}c", "abc"),
            ("a<b>c\"d|e?f*g.txt", "abcdefg.txt"),
            ("a.txt::$DATA", "a.txt$DATA"),
        ] {
            assert_eq!(safe(given), kept, "{given:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        assert_eq!(safe(&format!("{}.pdf", "é".repeat(10_000))), format!("{}.pdf", "é".repeat(98)));
        assert_eq!(safe(&"x".repeat(10_000)), "x".repeat(200));
        assert_eq!(safe(&format!("a.{}", "b".repeat(10_000))).len(), 200);
        assert!(safe(&format!("con.{}", "b".repeat(10_000))).starts_with("_con."));
    }

    #[test]
    fn taken_names_are_numbered() {
        let names = |name| numbered(name).take(3).collect::<Vec<_>>();
        assert_eq!(names("a.txt"), ["a.txt", "a (2).txt", "a (3).txt"]);
        assert_eq!(names("Makefile"), ["Makefile", "Makefile (2)", "Makefile (3)"]);
    }

    proptest! {
        #[test]
        fn every_name_is_one_that_any_system_takes(
            given in prop_oneof![
                any::<String>(),
                "[./\\\\: conulaxpt0-9]{0,40}",
                "[.a-c \u{202e}\u{7f}\u{3164}\u{300}é]{150,300}",
            ]
        ) {
            let name = safe(&given);
            prop_assert!((1..=MAX_NAME_BYTES).contains(&name.len()), "{name:?}");
            prop_assert!(!name.contains(['/', '\\']) && !name.contains(is_forbidden), "{name:?}");
            prop_assert!(!name.starts_with('.') && !name.ends_with(is_dot_or_space), "{name:?}");
            prop_assert!(!is_device(&name), "{name:?}");
            prop_assert_eq!(safe(&name), name, "once is enough");
        }
    }
}
