//! Looking for words in what was said: [`Needle`].

use std::ops::Range;
use std::sync::LazyLock;

use common::text::folded;
use memchr::memmem::Finder;
use unicode_normalization::char::canonical_combining_class;

/// What somebody looks for: any part of a text, whatever its case and its accents, as in a browser.
///
/// ```
/// # use client::find::Needle;
/// let needle = Needle::new("ÉTÉ").expect("not empty");
/// assert!(needle.is_in("L'ete dernier"));
/// assert_eq!(needle.ranges("été, Été"), [0..5, 7..12]);
/// ```
#[derive(Clone, Debug)]
pub struct Needle(Finder<'static>);

impl Needle {
    /// `None` if there is nothing to look for.
    pub fn new(text: &str) -> Option<Self> {
        let text = fold(text);
        (!text.is_empty()).then(|| Needle(Finder::new(&text).into_owned()))
    }

    /// Whether it is anywhere in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.find(fold(text).as_bytes()).is_some()
    }

    /// Where in `text` it is, in bytes, from left to right and without overlap.
    pub fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        let (mut shadow, mut places) = (String::new(), Vec::new());
        for (place, c) in text.char_indices() {
            fold_char(c, &mut shadow);
            places.resize(shadow.len(), place);
        }
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for at in self.0.find_iter(shadow.as_bytes()) {
            let last = places[at + self.0.needle().len() - 1];
            // To the next character that is more than an accent of the last one.
            let behind = places.partition_point(|&place| place <= last);
            let end = places.get(behind).copied().unwrap_or(text.len());
            match ranges.last_mut() {
                // Both are in one character: « s » in « ß ».
                Some(before) if places[at] < before.end => before.end = end,
                _ => ranges.push(places[at]..end),
            }
        }
        ranges
    }
}

/// Without case and accents.
fn fold(text: &str) -> String {
    let mut shadow = String::with_capacity(text.len());
    let mut rest = text;
    // Most letters are ASCII: many at once.
    while let Some(other) = rest.bytes().position(|byte| !byte.is_ascii()) {
        push_upper(&mut shadow, &rest[..other]);
        let mut chars = rest[other..].chars();
        if let Some(c) = chars.next() {
            fold_char(c, &mut shadow);
        }
        rest = chars.as_str();
    }
    push_upper(&mut shadow, rest);
    shadow
}

fn push_upper(shadow: &mut String, ascii: &str) {
    let start = shadow.len();
    shadow.push_str(ascii);
    shadow[start..].make_ascii_uppercase();
}

fn fold_char(c: char, shadow: &mut String) {
    /// What each of the first characters becomes, up to the punctuation that follows most alphabets: looking it up in
    /// Unicode's tables again and again would take several times as long as everything else.
    static FIRST: LazyLock<Vec<String>> =
        LazyLock::new(|| ('\0'..'\u{2100}').map(|c| folded_char(c).collect()).collect());
    match FIRST.get(c as usize) {
        Some(known) => shadow.push_str(known),
        None => shadow.extend(folded_char(c)),
    }
}

fn folded_char(c: char) -> impl Iterator<Item = char> {
    let letters: Vec<char> = folded(c.encode_utf8(&mut [0; 4])).collect();
    letters.into_iter().filter(|letter| canonical_combining_class(*letter) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found<'a>(needle: &str, text: &'a str) -> Vec<&'a str> {
        Needle::new(needle).unwrap().ranges(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn case_and_accents_make_no_difference() {
        for (needle, text, there) in [
            ("été", "L'ÉTÉ", "ÉTÉ"),
            ("ete", "l'été", "été"),
            ("ÉTÉ", "l'ete\u{301}", "ete\u{301}"),
            ("cafe", "cafe\u{301}s", "cafe\u{301}"),
            ("ΣΟΦΌΣ", "σοφός", "σοφός"),
            ("strasse", "Straße", "Straße"),
            ("ss", "ß", "ß"),
            ("s", "ß", "ß"),
            ("سلام", "سَلام", "سَلام"),
            ("한", "한국", "한"),
            ("🎉", "a🎉b", "🎉"),
            ("a b", "A b", "A b"),
        ] {
            assert_eq!(found(needle, text), [there], "{needle} in {text}");
        }
        assert_eq!(found("a", "aaa"), ["a", "a", "a"]);
        assert_eq!(found("aa", "aaa"), ["aa"]);
        assert_eq!(found("b", "aaa"), [""; 0]);
    }

    #[test]
    fn nothing_to_look_for_is_no_needle() {
        assert!(Needle::new("").is_none());
        assert!(Needle::new("\u{301}").is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_cut_out_of_a_text_is_found_in_it(text in "\\PC{1,20}", from in 0..20usize, length in 1..6usize) {
            let part: String = text.chars().skip(from).take(length).collect();
            let Some(needle) = Needle::new(&part) else { return Ok(()) };
            let ranges = needle.ranges(&text);
            prop_assert!(needle.is_in(&text));
            prop_assert!(!ranges.is_empty());
            for range in ranges {
                prop_assert!(text.get(range.clone()).is_some_and(|text| needle.is_in(text)), "{range:?}");
            }
        }
    }
}
