//! What is being written: the text, the cursor, what is selected, and what can be undone. It knows of no screen.

use std::collections::VecDeque;
use std::ops::Range;

use common::text::harmless;

use crate::text::{cluster, clusters, word_after, word_before};

/// How many changes can be undone, and how many bytes they may hold together.
const MOST_CHANGES: usize = 500;
const MOST_BYTES: usize = 1 << 20;

/// How far a key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// What a reader takes for one character.
    Character,
    Word,
}

/// What was taken out at a place and what was put in there.
#[derive(Debug)]
struct Change {
    at: usize,
    removed: String,
    inserted: String,
}

/// Which changes are undone as one: letters typed in a row, characters erased in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Typing,
    Erasing,
}

#[derive(Debug, Default)]
pub(super) struct Draft {
    text: String,
    /// Where the selection was begun, and where the cursor is: the same place if nothing is selected.
    anchor: usize,
    cursor: usize,
    done: VecDeque<Change>,
    undone: Vec<Change>,
    /// The last change can still grow.
    run: Option<Run>,
}

impl Draft {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(super) fn selection(&self) -> Range<usize> {
        self.anchor.min(self.cursor)..self.anchor.max(self.cursor)
    }

    pub(super) fn selected(&self) -> &str {
        &self.text[self.selection()]
    }

    pub(super) fn clear(&mut self) {
        *self = Draft::default();
    }

    // The cursor.

    /// The place that a step before the cursor leads to.
    pub(super) fn before(&self, step: Step) -> usize {
        let paragraph = self.text[..self.cursor].rfind('\n').map_or(0, |feed| feed + 1);
        if paragraph == self.cursor {
            return self.cursor.saturating_sub(1);
        }
        let text = &self.text[paragraph..self.cursor];
        match step {
            Step::Character => paragraph + clusters(text).last().map_or(0, |last| last.start),
            Step::Word => paragraph + word_before(text, text.len()),
        }
    }

    /// The place that a step behind the cursor leads to.
    pub(super) fn after(&self, step: Step) -> usize {
        let text = &self.text[self.cursor..];
        let paragraph = text.find('\n').unwrap_or(text.len());
        if paragraph == 0 {
            return (self.cursor + 1).min(self.text.len());
        }
        let text = &text[..paragraph];
        self.cursor
            + match step {
                Step::Character => cluster(text),
                Step::Word => word_after(text, 0),
            }
    }

    /// Puts the cursor there; what lies between it and where it was begun to be moved so is selected.
    pub(super) fn move_to(&mut self, place: usize, select: bool) {
        self.cursor = place;
        if !select {
            self.anchor = place;
        }
        self.run = None;
    }

    pub(super) fn select(&mut self, part: Range<usize>) {
        self.move_to(part.start, false);
        self.move_to(part.end, true);
    }

    // Changes.

    /// Puts a letter in the place of what is selected, as it was typed.
    pub(super) fn type_text(&mut self, text: &str) {
        self.replace(self.selection(), text, Some(Run::Typing));
    }

    /// Puts a whole text there at once. What would not be seen, or would do something to what is, becomes what stands
    /// for it: what is sent is what can be read here.
    pub(super) fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        self.replace(self.selection(), &harmless(&text), None);
    }

    /// Takes out what is selected, or else what lies between the cursor and that place.
    pub(super) fn erase_to(&mut self, place: usize) {
        if self.selection().is_empty() {
            self.replace(place.min(self.cursor)..place.max(self.cursor), "", Some(Run::Erasing));
        } else {
            self.replace(self.selection(), "", None);
        }
    }

    /// Takes back the last change. Says whether there was one.
    pub(super) fn undo(&mut self) -> bool {
        let Some(change) = self.done.pop_back() else { return false };
        self.exchange(change.at, change.inserted.len(), &change.removed);
        self.undone.push(change);
        true
    }

    /// Does again what was taken back last. Says whether there was something.
    pub(super) fn redo(&mut self) -> bool {
        let Some(change) = self.undone.pop() else { return false };
        self.exchange(change.at, change.removed.len(), &change.inserted);
        self.done.push_back(change);
        true
    }

    fn exchange(&mut self, at: usize, length: usize, text: &str) {
        self.text.replace_range(at..at + length, text);
        self.move_to(at + text.len(), false);
    }

    fn replace(&mut self, part: Range<usize>, text: &str, run: Option<Run>) {
        if part.is_empty() && text.is_empty() {
            return;
        }
        let removed = self.text[part.clone()].to_owned();
        let change = Change { at: part.start, removed, inserted: text.to_owned() };
        self.undone.clear();
        let goes_on = run.is_some() && self.run == run;
        self.exchange(part.start, part.len(), text);
        self.run = run;
        if let Some(last) = self.done.back_mut().filter(|_| goes_on)
            && last.grow(&change)
        {
            return;
        }
        self.done.push_back(change);
        let bytes = |change: &Change| change.removed.len() + change.inserted.len();
        while self.done.len() > MOST_CHANGES || self.done.iter().map(bytes).sum::<usize>() > MOST_BYTES {
            self.done.pop_front();
        }
    }
}

impl Change {
    /// Takes in a change that goes on where this one ends. A new word is a new change.
    fn grow(&mut self, next: &Change) -> bool {
        let starts_word = self.inserted.ends_with(char::is_whitespace)
            && !next.inserted.is_empty()
            && !next.inserted.starts_with(char::is_whitespace);
        if next.removed.is_empty() && next.at == self.at + self.inserted.len() && !starts_word {
            self.inserted.push_str(&next.inserted);
        } else if next.inserted.is_empty() && next.at + next.removed.len() == self.at {
            self.removed.insert_str(0, &next.removed);
            self.at = next.at;
        } else if next.inserted.is_empty() && next.at == self.at {
            self.removed.push_str(&next.removed);
        } else {
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A draft whose cursor is where the bar is.
    fn draft(text: &str) -> Draft {
        let mut draft = Draft::default();
        draft.paste(&text.replace('|', ""));
        draft.move_to(text.find('|').unwrap_or(text.len()), false);
        draft
    }

    fn shown(draft: &Draft) -> String {
        let (before, after) = draft.text().split_at(draft.cursor());
        format!("{before}|{after}")
    }

    #[test]
    fn one_step_is_what_a_reader_takes_for_one_character() {
        for character in ["é", "e\u{301}", "👨‍👩‍👧‍👧", "🇫🇷", "👍🏽", "日", "\n", "1\u{fe0f}\u{20e3}", "مُ"]
        {
            let text = format!("a{character}|");
            let mut there = draft(&text);
            there.erase_to(there.before(Step::Character));
            assert_eq!(shown(&there), "a|");
            let mut there = draft(&format!("a|{character}b"));
            there.erase_to(there.after(Step::Character));
            assert_eq!(shown(&there), "a|b");
            let mut there = draft(&text);
            there.move_to(there.before(Step::Character), false);
            there.move_to(there.after(Step::Character), false);
            assert_eq!(shown(&there), text);
        }
    }

    #[test]
    fn a_word_goes_with_the_spaces_that_follow_or_lead_to_it() {
        for (before, after) in [
            ("un deux  |trois", "un |trois"),
            ("l'été|", "|"),
            ("un\ndeux|", "un\n|"),
            ("un\n|", "un|"),
            ("|un", "|un"),
        ] {
            let mut there = draft(before);
            there.erase_to(there.before(Step::Word));
            assert_eq!(shown(&there), after);
        }
        for (before, after) in
            [("un|  deux trois", "un| trois"), ("un|\ndeux", "un|deux"), ("|un\n", "|\n"), ("un|", "un|")]
        {
            let mut there = draft(before);
            there.erase_to(there.after(Step::Word));
            assert_eq!(shown(&there), after);
        }
    }

    #[test]
    fn what_is_selected_goes_whatever_the_key() {
        let mut there = draft("un deux trois");
        there.select(3..7);
        assert_eq!(there.selected(), "deux");
        there.erase_to(there.before(Step::Word));
        assert_eq!(shown(&there), "un | trois");
        there.select(0..2);
        there.type_text("z");
        assert_eq!(shown(&there), "z|  trois");
    }

    #[test]
    fn each_word_typed_and_each_run_of_erasing_is_undone_by_itself() {
        let mut there = Draft::default();
        "un deux".chars().for_each(|c| there.type_text(c.encode_utf8(&mut [0; 4])));
        (0..2).for_each(|_| there.erase_to(there.before(Step::Character)));
        there.type_text("s");
        let mut seen = vec![shown(&there)];
        while there.undo() {
            seen.push(shown(&there));
        }
        assert_eq!(seen, ["un des|", "un de|", "un deux|", "un |", "|"]);
        let mut again = Vec::new();
        while there.redo() {
            again.push(shown(&there));
        }
        assert_eq!(again, ["un |", "un deux|", "un de|", "un des|"]);
        // What was taken back is gone once something else is written.
        there.undo();
        there.paste("!");
        assert!(!there.redo());
        assert_eq!(shown(&there), "un de!|");
    }

    #[test]
    fn what_can_be_undone_is_bounded() {
        let mut there = Draft::default();
        for _ in 0..20 {
            there.paste(&"x".repeat(100_000));
            there.select(0..100_000);
        }
        let kept: usize = there.done.iter().map(|change| change.removed.len() + change.inserted.len()).sum();
        assert!(kept <= MOST_BYTES, "{kept}");
        (0..2_000).for_each(|_| {
            there.type_text("a ");
            there.move_to(0, false);
        });
        assert_eq!(there.done.len(), MOST_CHANGES);
    }

    #[test]
    fn what_is_pasted_is_what_will_be_read() {
        let mut there = Draft::default();
        there.paste("a\r\nb\rc\td\u{1b}\u{202e}");
        assert_eq!(there.text(), "a\nb\nc    d␛<U+202E>");
    }
}
