//! The free text of a message: its form on the wire and its form for a person's eyes.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_normalization::UnicodeNormalization;

use crate::frame::MAX_TEXT_BYTES;

/// Free text in its wire form: one line, `\n` for a line feed, `\\` for a backslash.
///
/// ```
/// # use common::text::Text;
/// let text = Text::from_plain("deux\nlignes").expect("short enough");
/// assert_eq!(text.wire(), r"deux\nlignes");
/// assert_eq!(text.plain(), "deux\nlignes");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Text<'a>(Cow<'a, str>);

/// A text whose wire form is longer than [`MAX_TEXT_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl<'a> Text<'a> {
    /// A text as a person writes it.
    ///
    /// # Errors
    /// [`TooLong`] if it would not fit into one frame.
    pub fn from_plain(plain: &'a str) -> Result<Self, TooLong> {
        let text = Text::escaped(plain);
        if text.0.len() <= MAX_TEXT_BYTES { Ok(text) } else { Err(TooLong) }
    }

    /// A text of any length, for sentences that are known to be short. Every line ending, CR LF or CR alone too,
    /// becomes a line feed: no line with a CR in it is passed on.
    pub fn escaped(plain: &'a str) -> Self {
        if all_bytes(plain, |b| !matches!(b, b'\\' | b'\n' | b'\r')) {
            return Text(Cow::Borrowed(plain));
        }
        Text(Cow::Owned(plain.replace('\\', r"\\").replace("\r\n", r"\n").replace(['\n', '\r'], r"\n")))
    }

    /// A text as it stands at the end of a line that was received, which has no line feed.
    pub fn from_wire(wire: &'a str) -> Self {
        Text(Cow::Borrowed(wire))
    }

    /// The wire form.
    pub fn wire(&self) -> &str {
        &self.0
    }

    /// The text as it was written. A backslash before anything but `\` or `n` stands for itself.
    pub fn plain(&self) -> Cow<'_, str> {
        if all_bytes(&self.0, |b| b != b'\\') {
            return Cow::Borrowed(&self.0);
        }
        let mut plain = String::with_capacity(self.0.len());
        let mut rest = &*self.0;
        while let Some(at) = rest.find('\\') {
            plain.push_str(&rest[..at]);
            let (meaning, length) = match rest.as_bytes().get(at + 1) {
                Some(b'\\') => ('\\', 2),
                Some(b'n') => ('\n', 2),
                _ => ('\\', 1),
            };
            plain.push(meaning);
            rest = &rest[at + length..];
        }
        plain.push_str(rest);
        Cow::Owned(plain)
    }
}

/// The same sentence with a capital letter at the start.
///
/// ```
/// # use common::text::capitalised;
/// assert_eq!(capitalised("état inconnu"), "État inconnu");
/// assert_eq!(capitalised(""), "");
/// ```
pub fn capitalised(sentence: &str) -> String {
    let mut rest = sentence.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// The first so many characters, with « … » for the rest if there is any.
///
/// ```
/// # use common::text::shortened;
/// assert_eq!(shortened("été", 3), "été");
/// assert_eq!(shortened("étés", 3), "été…");
/// ```
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// What stands below a list of which that many are left out: `et 2 autres`.
///
/// ```
/// # use common::text::and_others;
/// assert_eq!(and_others(0), None);
/// assert_eq!(and_others(1).as_deref(), Some("et 1 autre"));
/// assert_eq!(and_others(2).as_deref(), Some("et 2 autres"));
/// ```
pub fn and_others(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("et 1 autre".to_owned()),
        _ => Some(format!("et {count} autres")),
    }
}

/// Text that can be shown to a person: nothing in it moves a cursor, changes a colour, rings, retitles a window
/// or reverses what stands beside it.
///
/// Line feeds stay; tabs become four spaces; the other C0 controls and DEL become their control pictures (`␛`);
/// C1 controls, bidirectional embeddings, overrides and isolates, the Unicode line and paragraph separators and
/// the letters that show as nothing become their number (`<U+202E>`).
///
/// ```
/// # use common::text::harmless;
/// assert_eq!(harmless("\u{1b}[2Jsalut\u{7}"), "␛[2Jsalut␇");
/// assert_eq!(harmless("déjà vu"), "déjà vu");
/// ```
pub fn harmless(text: &str) -> Cow<'_, str> {
    // Printable ASCII, by far the most frequent, needs no look at single characters.
    if all_bytes(text, |b| matches!(b, b' '..=b'~' | b'\n')) || !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => shown.push_str("    "),
            '\n' => shown.push('\n'),
            '\0'..='\x1f' => shown.push(picture(c)),
            '\x7f' => shown.push('␡'),
            _ if is_harmful(c) => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "<U+{:04X}>", u32::from(c));
            }
            _ => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// A text without its case: in lower case and then in upper case, so that letters with several forms (σ and ς, ß and ẞ)
/// meet; and with its accents apart from their letters.
pub fn folded(text: &str) -> impl Iterator<Item = char> {
    text.nfd().flat_map(char::to_lowercase).flat_map(char::to_uppercase).nfd()
}

/// Like `all`, but never stops early, and stands by itself: so the compiler makes it look at many bytes at once.
#[inline(never)]
fn all_bytes(text: &str, is_right: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, b| all & is_right(b))
}

/// A number of bytes as French people read it: `512 octets`, `1,4 Mo`.
pub fn readable_size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["ko", "Mo", "Go", "To", "Po", "Eo"];
    if bytes < 1000 {
        return if bytes < 2 { format!("{bytes} octet") } else { format!("{bytes} octets") };
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.5 would be shown as 1000.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = if value < 99.95 { 1 } else { 0 };
    format!("{value:.digits$} {}", UNITS[unit]).replace('.', ",").replace(",0 ", " ")
}

fn is_harmful(c: char) -> bool {
    matches!(c,
        '\0'..='\x09' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}'
        // line and paragraph separators, bidirectional embeddings, overrides and isolates
        | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || is_invisible_letter(c)
}

/// Letters that show as nothing.
pub fn is_invisible_letter(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// The control picture of a C0 control: U+2400 and on, in the same order.
fn picture(c: char) -> char {
    char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_backslashes_stand_for_themselves() {
        for (wire, plain) in [
            (r"C:\temp", r"C:\temp"),
            (r"C:\\new", r"C:\new"),
            (r"a\nb", "a\nb"),
            (r"fin\", r"fin\"),
            (r"\\n", r"\n"),
            (r"\\\n", "\\\n"),
            (r"\é", r"\é"),
        ] {
            assert_eq!(Text::from_wire(wire).plain(), plain, "{wire}");
        }
    }

    #[test]
    fn every_line_ending_is_a_line_feed() {
        for (plain, wire) in
            [("a\rb", r"a\nb"), ("a\r\nb\r", r"a\nb\n"), ("\r\r\n\n", r"\n\n\n"), ("\\\r", r"\\\n")]
        {
            assert_eq!(Text::escaped(plain).wire(), wire);
        }
    }

    #[test]
    fn the_limit_counts_the_wire_form() {
        assert!(Text::from_plain(&"a".repeat(MAX_TEXT_BYTES)).is_ok());
        assert_eq!(Text::from_plain(&"a".repeat(MAX_TEXT_BYTES + 1)), Err(TooLong));
        assert_eq!(Text::from_plain(&"\n".repeat(MAX_TEXT_BYTES / 2 + 1)), Err(TooLong));
    }

    #[test]
    fn real_attacks_are_defused() {
        let attacks = [
            "\x1b[2J\x1b[H",                // clear the screen
            "\x1b]0;titre\x07",             // retitle the window
            "\u{9b}31m",                    // colour, by the C1 form of ESC [
            "\r[14:03:07] alice : faux",    // write over the line
            "\x08\x08\x08",                 // backspaces
            "\u{202e}reversed\u{202c}",     // bidirectional override
            "\u{2066}isolated\u{2069}",     // isolate
            "une\u{2028}deux\u{2029}trois", // Unicode line ends
            "\x1bP+q544e\x1b\\",            // device control string
            "\x0e\x0f\x05\x7f\0",           // shifts, enquiry, delete, NUL
            "\x0b\x0c",                     // vertical tab, form feed
        ];
        for attack in attacks {
            let shown = harmless(attack);
            assert!(!shown.contains(|c| c != '\n' && is_harmful(c)), "{attack:?} gives {shown:?}");
            assert!(!shown.contains(char::is_control), "{attack:?} gives {shown:?}");
        }
    }

    #[test]
    fn each_control_has_its_picture() {
        assert_eq!(harmless("a\tb\x7fc\x1b\0"), "a    b␡c␛␀");
        assert_eq!(harmless("\u{9b}\u{3164}"), "<U+009B><U+3164>");
        assert_eq!(harmless("un\r\n\tdeux"), "un␍\n    deux");
    }

    #[test]
    fn what_people_write_is_left_alone() {
        for text in ["ça va ?", "السلام عليكم", "👩‍👩‍👧‍👦 🇫🇷", "na\u{308}ive", "a\nb", "می‌خواهم"]
        {
            assert!(matches!(harmless(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 octet"),
            (1, "1 octet"),
            (2, "2 octets"),
            (999, "999 octets"),
            (1000, "1 ko"),
            (1449, "1,4 ko"),
            (99_949, "99,9 ko"),
            (99_950, "100 ko"),
            (999_499, "999 ko"),
            (999_500, "1 Mo"),
            (1 << 30, "1,1 Go"),
            (u64::MAX, "18,4 Eo"),
        ] {
            assert_eq!(readable_size(bytes), text);
        }
    }

    proptest! {
        #[test]
        fn wire_form_and_back(plain in any::<String>()) {
            let text = Text::escaped(&plain);
            prop_assert!(!text.wire().contains('\n'));
            prop_assert_eq!(text.plain(), &*plain);
        }

        #[test]
        fn nothing_harmful_is_left(text in any::<String>()) {
            prop_assert!(!harmless(&text).contains(is_harmful));
        }
    }
}
