//! Wrapping: a text becomes the lines that stand below each other.

use std::ops::Range;

use super::line::Line;
use super::link;
use super::script::{direction, is_ideograph, stands_alone};
use super::segment::cluster;

/// How wide things are. A trait so that the tests need no fonts.
pub(crate) trait Measure {
    /// The width of a character that [stands alone](stands_alone).
    fn char(&mut self, c: char) -> f32;
    /// The width of characters that belong together.
    fn run(&mut self, run: &str) -> f32;
}

/// A word longer than this is measured character by character, and broken where it must be.
const LONGEST_RUN: usize = 160;

/// No line has more bytes, however narrow its letters are: of marks that take no room at all a line could hold any
/// number, and Pango's time for them grows with their square.
const LONGEST_LINE: usize = 600;

/// Breaks a text into lines of at most that width: at spaces, in a link also behind `/`, `?` and `&`, within a word only
/// if it is longer than a line. Its paragraphs run from right to left as `rtl` says, or else as their first letter does.
pub(crate) fn wrap(
    text: &str,
    links: &[Range<usize>],
    rtl: Option<bool>,
    max: f32,
    measure: &mut impl Measure,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for paragraph in text.split('\n') {
        wrap_paragraph(text, links, start..start + paragraph.len(), rtl, max, measure, &mut lines);
        start += paragraph.len() + 1;
    }
    lines
}

fn wrap_paragraph(
    text: &str,
    links: &[Range<usize>],
    range: Range<usize>,
    rtl: Option<bool>,
    max: f32,
    measure: &mut impl Measure,
    lines: &mut Vec<Line>,
) {
    let paragraph = &text[range.clone()];
    let (rtl, mixed) = if paragraph.is_ascii() {
        (false, false)
    } else {
        let rtl = rtl.or_else(|| paragraph.chars().find_map(direction)).unwrap_or(false);
        (rtl, rtl || paragraph.chars().any(|c| direction(c) == Some(true)))
    };
    let mut line = Line { start: range.start, end: range.start, width: 0.0, rtl, mixed };
    let mut at = range.start;
    while at < range.end {
        let spaces = at + leading_spaces(&text[at..range.end]);
        if spaces == range.end {
            break;
        }
        let end = part(text, links, spaces..range.end);
        // Together with its spaces: beside Arabic they are as wide as the Arabic font has them.
        let with_spaces = width(&text[at..end], measure);
        if line.width + with_spaces <= max && end - line.start <= LONGEST_LINE {
            line.end = end;
            line.width += with_spaces;
            at = end;
            continue;
        }
        let width = if spaces > at { width(&text[spaces..end], measure) } else { with_spaces };
        at = end;
        if line.end > line.start {
            lines.push(line.clone());
        }
        line = Line { start: spaces, end, width, ..line };
        if width > max || end - spaces > LONGEST_LINE {
            break_word(text, &mut line, max, measure, lines);
        }
    }
    lines.push(line);
}

/// Breaks off full lines from a line that is one word, too long. The rest of the word stays in `line`.
fn break_word(text: &str, line: &mut Line, max: f32, measure: &mut impl Measure, lines: &mut Vec<Line>) {
    let end = line.end;
    line.end = line.start;
    line.width = 0.0;
    while line.end < end {
        let next = line.end + cluster(&text[line.end..end]);
        let width = width(&text[line.end..next], measure);
        let full = line.width + width > max || next - line.start > LONGEST_LINE;
        if full && line.end > line.start {
            lines.push(line.clone());
            line.start = line.end;
            line.width = 0.0;
        }
        line.end = next;
        line.width += width;
    }
}

/// The length of the spaces at the start. No-break spaces are none.
fn leading_spaces(text: &str) -> usize {
    text.bytes().take_while(|b| *b == b' ').count()
}

/// The length of the word at the start: up to the next space, or one ideograph.
fn word(text: &str) -> usize {
    let mut chars = text.char_indices();
    match chars.next() {
        Some((_, c)) if is_ideograph(c) => cluster(text),
        _ => chars.find(|(_, c)| *c == ' ' || is_ideograph(*c)).map_or(text.len(), |(at, _)| at),
    }
}

/// Where the word ends that begins at the start of that range, or, with a link in it, its first part.
fn part(text: &str, links: &[Range<usize>], range: Range<usize>) -> usize {
    let at = range.start;
    let word = at + word(&text[range]);
    let link = links.get(links.partition_point(|link| link.end <= at)).filter(|link| link.start < word);
    let sign =
        link.map(|link| link.start + link::break_after(&text[link.clone()], at.saturating_sub(link.start)));
    sign.filter(|sign| link.is_some_and(|link| *sign < link.end)).unwrap_or(word)
}

/// The width of a word or of a part of one.
fn width(word: &str, measure: &mut impl Measure) -> f32 {
    if word.chars().all(stands_alone) {
        return word.chars().map(|c| measure.char(c)).sum();
    }
    if word.len() <= LONGEST_RUN {
        return measure.run(word);
    }
    let mut width = 0.0;
    let mut rest = word;
    while !rest.is_empty() {
        let (first, others) = rest.split_at(cluster(rest));
        width += match first.chars().next() {
            Some(c) if stands_alone(c) && c.len_utf8() == first.len() => measure.char(c),
            _ => measure.run(first),
        };
        rest = others;
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character is 10 wide; what belongs together is as wide as its first.
    struct Ten;

    impl Measure for Ten {
        fn char(&mut self, _: char) -> f32 {
            10.0
        }

        fn run(&mut self, run: &str) -> f32 {
            let mut width = 0.0;
            let mut rest = run;
            while !rest.is_empty() {
                rest = &rest[cluster(rest)..];
                width += 10.0;
            }
            width
        }
    }

    fn lines(text: &str, max: f32) -> Vec<&str> {
        wrap(text, &[], None, max, &mut Ten).iter().map(|line| &text[line.start..line.end]).collect()
    }

    #[test]
    fn it_breaks_at_spaces_and_line_feeds() {
        assert_eq!(lines("un deux trois", 70.0), ["un deux", "trois"]);
        assert_eq!(lines("un\n\ndeux", 70.0), ["un", "", "deux"]);
        assert_eq!(lines("", 70.0), [""]);
        assert_eq!(lines("un\n", 70.0), ["un", ""]);
        assert_eq!(lines("  un   deux", 70.0), ["  un", "deux"]);
        assert_eq!(lines("ça va\u{202f}?", 50.0), ["ça", "va\u{202f}?"]);
    }

    #[test]
    fn a_link_breaks_behind_its_signs() {
        let text = "voir (https://ex.org/un/deux?trois=3&quatre) sept/huit/neuf";
        let lines = wrap(text, &link::links(text), None, 160.0, &mut Ten);
        let lines: Vec<_> = lines.iter().map(|line| &text[line.start..line.end]).collect();
        assert_eq!(lines, ["voir", "(https://ex.org/", "un/deux?trois=3&", "quatre)", "sept/huit/neuf"]);
    }

    #[test]
    fn long_words_break_anywhere_but_within_a_cluster() {
        assert_eq!(lines("abcdefghij", 40.0), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("un abcdefghij un", 50.0), ["un", "abcde", "fghij", "un"]);
        assert_eq!(lines("abcdef gh", 40.0), ["abcd", "ef", "gh"]);
        assert_eq!(lines("👩‍👩‍👧‍👦👩‍👩‍👧‍👦e\u{301}", 20.0), ["👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "e\u{301}"]);
        assert_eq!(lines("ab", 5.0), ["a", "b"], "narrower than a character");
        assert_eq!(lines("漢字かな交じり", 30.0), ["漢字か", "な交じ", "り"]);
    }

    #[test]
    fn lines_hold_every_visible_character_in_order_and_none_is_too_wide() {
        let text = "Voici https://example.org/un/chemin/bien/trop/long?avec=des&choses=dedans et  السلام عليكم fin.\n\n "
            .repeat(20);
        for max in [10.0, 55.0, 123.0, 400.0, 10_000.0] {
            let lines = wrap(&text, &link::links(&text), None, max, &mut Ten);
            let mut kept = String::new();
            let mut before = 0;
            for line in &lines {
                assert!(line.start >= before && line.width <= max, "{line:?}");
                before = line.end;
                kept.extend(text[line.start..line.end].chars().filter(|c| !c.is_whitespace()));
            }
            assert!(kept.chars().eq(text.chars().filter(|c| !c.is_whitespace())));
        }
    }

    #[test]
    fn the_first_letter_of_a_paragraph_decides_its_direction() {
        let text = "12 السلام abc\nabc السلام\nabc";
        let directions = |rtl| {
            let lines = wrap(text, &[], rtl, 1000.0, &mut Ten);
            lines.iter().map(|line| (line.rtl, line.mixed)).collect::<Vec<_>>()
        };
        assert_eq!(directions(None), [(true, true), (false, true), (false, false)]);
        // Unless it is known.
        assert_eq!(directions(Some(false)), [(false, true), (false, true), (false, false)]);
    }

    #[test]
    fn what_takes_no_room_does_not_make_a_line_endless() {
        struct Nothing;
        impl Measure for Nothing {
            fn char(&mut self, _: char) -> f32 {
                0.0
            }
            fn run(&mut self, _: &str) -> f32 {
                0.0
            }
        }
        for mark in ["\u{301}", "\u{5b0}", "\u{64e}", "\u{20dd}", "\u{200d}", "\u{200b} ", "a"] {
            let text = format!("x{}", mark.repeat(20_000));
            let lines = wrap(&text, &[], None, 100.0, &mut Nothing);
            assert!(lines.iter().all(|line| line.end - line.start <= LONGEST_LINE), "{mark:?}");
            assert!(lines.windows(2).all(|pair| pair[0].end <= pair[1].start), "{mark:?}");
        }
    }

    #[test]
    fn a_line_of_65000_characters_is_measured_a_few_times_at_most() {
        struct Counting(usize);
        impl Measure for Counting {
            fn char(&mut self, c: char) -> f32 {
                self.0 += 1;
                Ten.char(c)
            }
            fn run(&mut self, run: &str) -> f32 {
                self.0 += run.chars().count();
                Ten.run(run)
            }
        }
        let (text, mut counting) = ("a".repeat(65_000), Counting(0));
        assert_eq!(wrap(&text, &[], None, 500.0, &mut counting).len(), 1300);
        assert!(counting.0 < 3 * text.len(), "{}", counting.0);
    }
}
