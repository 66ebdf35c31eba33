//! The text being typed: [`Draft`], and what was entered before: [`InputHistory`].

use common::text::Text;
use unicode_segmentation::UnicodeSegmentation;

/// How many entered texts are remembered.
const REMEMBERED: usize = 200;

/// A place in the text, seen from the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// One character to the left or to the right, as a person counts characters.
    Before,
    After,
    /// The start of the word before the cursor, the end of the one behind it.
    WordBefore,
    WordAfter,
    /// The ends of the line the cursor is in.
    LineStart,
    LineEnd,
    /// The same column one line up or down; `None` if there is no such line.
    LineAbove,
    LineBelow,
}

/// The text being typed, of one or several lines, with its cursor. It always fits into a message.
#[derive(Debug, Default)]
pub(super) struct Draft {
    text: String,
    /// Where in `text`, always between two characters.
    cursor: usize,
    /// What was cut last.
    cut: String,
}

impl Draft {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Replaces all of it; the cursor goes to the end.
    pub(super) fn set(&mut self, text: String) {
        self.cursor = text.len();
        self.text = text;
    }

    /// Takes all of it.
    pub(super) fn take(&mut self) -> String {
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Inserts at the cursor; false, and nothing is inserted, if it would no longer fit into a message.
    #[must_use]
    pub(super) fn insert(&mut self, text: &str) -> bool {
        self.text.insert_str(self.cursor, text);
        let fits = Text::from_plain(&self.text).is_ok();
        if fits {
            self.cursor += text.len();
        } else {
            self.text.replace_range(self.cursor..self.cursor + text.len(), "");
        }
        fits
    }

    /// Moves the cursor; false if there is no such place.
    pub(super) fn go(&mut self, to: Place) -> bool {
        let place = self.find(to);
        self.cursor = place.unwrap_or(self.cursor);
        place.is_some()
    }

    /// Deletes from the cursor to there.
    pub(super) fn delete(&mut self, to: Place) {
        self.remove(to);
    }

    /// Deletes from the cursor to there, for [`paste`](Self::paste).
    pub(super) fn cut(&mut self, to: Place) {
        self.cut = self.remove(to);
    }

    /// Inserts what was cut last.
    #[must_use]
    pub(super) fn paste(&mut self) -> bool {
        let cut = self.cut.clone();
        self.insert(&cut)
    }

    fn remove(&mut self, to: Place) -> String {
        let other = self.find(to).unwrap_or(self.cursor);
        let range = self.cursor.min(other)..self.cursor.max(other);
        self.cursor = range.start;
        self.text.drain(range).collect()
    }

    fn find(&self, place: Place) -> Option<usize> {
        let (before, after) = self.text.split_at(self.cursor);
        let line_start = before.rfind('\n').map_or(0, |lf| lf + 1);
        let line_end = self.cursor + after.find('\n').unwrap_or(after.len());
        Some(match place {
            Place::Before => before.grapheme_indices(true).next_back().map_or(0, |(start, _)| start),
            Place::After => self.cursor + after.graphemes(true).next().map_or(0, str::len),
            Place::WordBefore => before.unicode_word_indices().next_back().map_or(0, |(start, _)| start),
            Place::WordAfter => after
                .unicode_word_indices()
                .next()
                .map_or(self.text.len(), |(start, word)| self.cursor + start + word.len()),
            Place::LineStart => line_start,
            Place::LineEnd => line_end,
            Place::LineAbove => {
                let end = line_start.checked_sub(1)?;
                let start = self.text[..end].rfind('\n').map_or(0, |lf| lf + 1);
                self.column_in(start, end, line_start)
            }
            Place::LineBelow => {
                let start = line_end + 1;
                let rest = self.text.get(start..)?;
                self.column_in(start, start + rest.find('\n').unwrap_or(rest.len()), line_start)
            }
        })
    }

    /// The place in another line that has as many characters before it as the cursor has in its own.
    fn column_in(&self, start: usize, end: usize, own_start: usize) -> usize {
        let column = self.text[own_start..self.cursor].graphemes(true).count();
        self.text[start..end].grapheme_indices(true).nth(column).map_or(end, |(at, _)| start + at)
    }
}

/// What was entered in this run, and how far back one has gone in it.
#[derive(Debug, Default)]
pub(super) struct InputHistory {
    entered: Vec<String>,
    /// Of the entry that is shown; the number of entries while it is the draft.
    shown: usize,
    /// What was being typed before one went back.
    draft: String,
}

impl InputHistory {
    /// Remembers what was entered; it is the last from now on.
    pub(super) fn add(&mut self, text: &str) {
        if !text.is_empty() && self.entered.last().is_none_or(|last| last != text) {
            self.entered.push(text.to_owned());
        }
        if self.entered.len() > REMEMBERED {
            self.entered.remove(0);
        }
        self.shown = self.entered.len();
    }

    /// Shows the entry before; what is being typed is kept for the way back.
    pub(super) fn back(&mut self, draft: &mut Draft) {
        if self.shown == self.entered.len() {
            self.draft = draft.text().to_owned();
        }
        if let Some(before) = self.shown.checked_sub(1) {
            self.shown = before;
            draft.set(self.entered[before].clone());
        }
    }

    /// Shows the entry behind, or in the end what was being typed.
    pub(super) fn forth(&mut self, draft: &mut Draft) {
        if self.shown < self.entered.len() {
            self.shown += 1;
            draft.set(self.entered.get(self.shown).unwrap_or(&self.draft).clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::frame::MAX_TEXT_BYTES;

    /// A draft from its text, with `|` for the cursor.
    fn draft(text: &str) -> Draft {
        let (before, after) = text.split_once('|').unwrap();
        Draft { text: format!("{before}{after}"), cursor: before.len(), cut: String::new() }
    }

    fn shown(draft: &Draft) -> String {
        let (before, after) = draft.text.split_at(draft.cursor);
        format!("{before}|{after}")
    }

    #[test]
    fn the_cursor_goes_by_what_people_take_for_characters_words_and_lines() {
        for (before, to, after) in [
            ("ne\u{301}|", Place::Before, "n|e\u{301}"),
            ("👩‍👩‍👧‍👦|🇫🇷🇧🇪", Place::After, "👩‍👩‍👧‍👦🇫🇷|🇧🇪"),
            ("|", Place::Before, "|"),
            ("|", Place::After, "|"),
            ("l'été  |dernier", Place::WordBefore, "|l'été  dernier"),
            ("un|, deux trois", Place::WordAfter, "un, deux| trois"),
            ("un |  ", Place::WordAfter, "un   |"),
            ("un\nde|ux\ntrois", Place::LineStart, "un\n|deux\ntrois"),
            ("un\nde|ux\ntrois", Place::LineEnd, "un\ndeux|\ntrois"),
            ("été\nd|eux", Place::LineAbove, "é|té\ndeux"),
            ("un\nquatre|\n\ncinq", Place::LineBelow, "un\nquatre\n|\ncinq"),
            ("un|\n", Place::LineBelow, "un\n|"),
        ] {
            let mut moved = draft(before);
            assert!(moved.go(to), "{before} {to:?}");
            assert_eq!(shown(&moved), after, "{before} {to:?}");
        }
        assert!(!draft("u|n\ndeux").go(Place::LineAbove));
        assert!(!draft("un\nde|ux").go(Place::LineBelow));
    }

    #[test]
    fn what_was_cut_can_be_pasted_elsewhere() {
        let mut text = draft("un deux |trois");
        text.cut(Place::WordBefore);
        assert_eq!(shown(&text), "un |trois");
        text.go(Place::LineEnd);
        assert!(text.paste());
        assert_eq!(shown(&text), "un troisdeux |");
        text.delete(Place::Before);
        text.delete(Place::After);
        text.cut(Place::LineStart);
        assert!(text.paste());
        assert_eq!(shown(&text), "un troisdeux|");
    }

    #[test]
    fn it_never_grows_beyond_a_message() {
        let mut text = draft("début | fin");
        assert!(!text.insert(&"x".repeat(MAX_TEXT_BYTES)));
        assert!(!text.insert(&"\n".repeat(MAX_TEXT_BYTES / 2)));
        assert_eq!(shown(&text), "début | fin");
        assert!(text.insert(&"x".repeat(MAX_TEXT_BYTES - text.text.len())));
        assert!(!text.insert("x"));
    }

    #[test]
    fn up_brings_back_what_was_entered_and_down_what_was_being_typed() {
        let mut history = InputHistory::default();
        let mut text = draft("en cours|");
        history.back(&mut text);
        assert_eq!(shown(&text), "en cours|");
        for entered in ["un", "deux", "deux", ""] {
            history.add(entered);
        }
        let mut seen = Vec::new();
        for go in [
            InputHistory::back,
            InputHistory::back,
            InputHistory::back,
            InputHistory::forth,
            InputHistory::forth,
            InputHistory::forth,
        ] {
            go(&mut history, &mut text);
            seen.push(text.text().to_owned());
        }
        assert_eq!(seen, ["deux", "un", "un", "deux", "en cours", "en cours"]);
    }
}
