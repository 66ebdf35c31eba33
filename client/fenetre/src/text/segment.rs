//! What a reader takes for one character, and for one word: Unicode's grapheme clusters and words.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// No cluster has more characters. Nothing that people write comes near it, and what is drawn in one piece takes the
/// more time the longer it is, squared.
const MOST_CHARS: usize = 32;

/// The length in bytes of the first cluster: a letter with its accents, a flag, a family of emoji.
pub(crate) fn cluster(text: &str) -> usize {
    // Two letters of ASCII in a row are two clusters, and most of what there is.
    if let [_, second, ..] = text.as_bytes()
        && text.as_bytes()[0].is_ascii()
        && second.is_ascii()
    {
        return 1;
    }
    let end = text.char_indices().nth(MOST_CHARS).map_or(text.len(), |(end, _)| end);
    text[..end].graphemes(true).next().map_or(0, str::len)
}

/// Where each cluster of a text starts and ends.
pub(crate) fn clusters(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        at += cluster(&text[start..]);
        (at > start).then_some(start..at)
    })
}

/// The word around a place, or the spaces or the sign there; nothing at the end.
pub(crate) fn word_around(text: &str, at: usize) -> Range<usize> {
    words(text).find(|word| word.end > at).unwrap_or(at..at)
}

/// Where the word before a place starts: there, or at the spaces that follow it.
pub(crate) fn word_before(text: &str, at: usize) -> usize {
    let before = words(&text[..at]).filter(|word| !text[word.clone()].trim().is_empty());
    before.last().map_or(0, |word| word.start)
}

/// Where the word after a place ends: there, or behind the spaces that lead to it.
pub(crate) fn word_after(text: &str, at: usize) -> usize {
    let mut after = words(&text[at..]).filter(|word| !text[at..][word.clone()].trim().is_empty());
    after.next().map_or(text.len(), |word| at + word.end)
}

fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.split_word_bound_indices().map(|(start, word)| start..start + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_take_for_one_character_is_one_cluster() {
        for (text, first) in [
            ("abc", "a"),
            ("na", "n"),
            ("i\u{308}ve", "i\u{308}"),
            ("👨‍👩‍👧‍👧👩", "👨‍👩‍👧‍👧"),
            ("🇫🇷🇩🇪", "🇫🇷"),
            ("👍🏽!", "👍🏽"),
            ("❤️x", "❤️"),
            ("1\u{fe0f}\u{20e3}2", "1\u{fe0f}\u{20e3}"),
            ("مُحمد", "مُ"),
            ("क्षि", "क्षि"),
            ("\n\na", "\n"),
            ("", ""),
        ] {
            assert_eq!(&text[..cluster(text)], first, "{text}");
        }
    }

    #[test]
    fn no_cluster_is_endless() {
        let marks = format!("x{}", "\u{301}".repeat(31_000));
        assert!(clusters(&marks).all(|cluster| cluster.len() <= 2 * MOST_CHARS));
        assert_eq!(clusters(&marks).last().map(|cluster| cluster.end), Some(marks.len()));
    }

    #[test]
    fn a_word_is_what_a_double_click_takes() {
        let text = "Où est l'été, السلام عليكم ? aujourd'hui cafe\u{301}";
        let word = |part: &str| &text[word_around(text, text.find(part).unwrap())];
        assert_eq!(word("Où"), "Où");
        assert_eq!(word("st"), "est");
        assert_eq!(word("لام"), "السلام");
        assert_eq!(word("?"), "?");
        assert_eq!(word("hui"), "aujourd'hui");
        assert_eq!(word("fe"), "cafe\u{301}");
        assert_eq!(word_around(text, text.len()), text.len()..text.len());
        assert_eq!(word_around("", 0), 0..0);
    }

    #[test]
    fn words_are_left_and_reached_over_the_spaces_beside_them() {
        let text = "un  deux, trois";
        assert_eq!(word_before(text, text.len()), 10);
        assert_eq!(word_before(text, 10), 8);
        assert_eq!(word_before(text, 4), 0);
        assert_eq!(word_before(text, 0), 0);
        assert_eq!(word_after(text, 0), 2);
        assert_eq!(word_after(text, 2), 8);
        assert_eq!(word_after(text, 9), 15);
        assert_eq!(word_after(text, 15), 15);
    }
}
