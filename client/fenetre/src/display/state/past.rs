//! What was said before, and what is looked for in all of it.

use client::find::Needle;
use client::store::Fate;
use common::address::Pseudo;
use common::transcript::{Emphasis, MessageStart};

use super::super::entries::{Entries, Entry, Kind};
use super::super::view::View;
use super::{END_MARGIN, State};

impl State {
    /// Takes in what was said before everything else; what is in view stays. False if there is no room for it.
    pub(in super::super) fn prepend(&mut self, older: Vec<(Entry, Fate)>) -> bool {
        let moved = self.entries.prepend(older);
        if moved == 0 {
            return false;
        }
        let guesses: Vec<i32> =
            self.entries.iter().take(moved).map(|entry| self.sizes.guess(entry)).collect();
        let first = self.entries.get(moved).map_or(0, |entry| self.sizes.guess(entry));
        self.view.prepend(&guesses, first);
        self.layouts.clear();
        self.visible.clear();
        self.pointer.forget();
        self.found = self.found.map(|found| found + moved);
        self.selection = self.selection.map(|selection| selection.moved_down(moved));
        true
    }

    /// Lets go of everything that is shown.
    pub(in super::super) fn clear(&mut self) {
        self.entries = Entries::default();
        self.view = View::new(self.area.h, END_MARGIN);
        self.layouts.clear();
        self.visible.clear();
        (self.selection, self.found) = (None, None);
        self.pointer.forget();
    }

    /// Whether hardly anything is left above the view.
    pub(in super::super) fn is_near_start(&self) -> bool {
        self.view.position().0 <= i64::from(self.view.height())
    }

    /// From now on the places with these words are marked.
    pub(in super::super) fn look_for(&mut self, needle: Option<Needle>) {
        self.needle = needle;
        self.found = None;
    }

    pub(in super::super) fn has_found(&self) -> bool {
        self.found.is_some()
    }

    pub(in super::super) fn transcript(&self, own: &Pseudo) -> String {
        let (mut lines, mut start) = (String::new(), MessageStart::default());
        for entry in self.entries.iter() {
            let name = match &entry.kind {
                Kind::Own(_) => own.as_str(),
                Kind::Other(name) => name,
                Kind::File(_) | Kind::Notice => continue,
            };
            start.set(&entry.date.format("%Y-%m-%d %H:%M:%S").to_string(), name, Emphasis::None);
            start.push(&mut lines, &entry.text);
        }
        lines
    }

    /// Goes to the next message with the words, towards the start or towards the end, from the last one found or else
    /// from the end. False if there is none.
    pub(in super::super) fn find(&mut self, towards_start: bool) -> bool {
        let Some(needle) = &self.needle else { return false };
        let is_match = |index: &usize| {
            self.entries
                .get(*index)
                .is_some_and(|entry| entry.kind != Kind::Notice && needle.is_in(&entry.text))
        };
        let from = self.found.unwrap_or(self.entries.len());
        let found = if towards_start {
            (0..from).rev().find(is_match)
        } else {
            (from + 1..self.entries.len()).find(is_match)
        };
        let Some(found) = found else { return false };
        self.found = Some(found);
        self.view.show(found);
        true
    }
}
