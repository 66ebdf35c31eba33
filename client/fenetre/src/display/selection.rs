//! What is selected.

use std::ops::Range;

/// A place in the conversation: an entry and a byte in its text.
pub(super) type Place = (usize, usize);

/// From where the selection was begun to where it was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) anchor: Place,
    pub(super) head: Place,
}

impl Selection {
    /// The earlier place and the later.
    pub(super) fn ends(&self) -> (Place, Place) {
        (self.anchor.min(self.head), self.anchor.max(self.head))
    }

    /// The same when all entries stand `count` places nearer to the start; nothing when a part of it is gone.
    pub(super) fn moved_up(&self, count: usize) -> Option<Self> {
        let moved = |place: Place| (place.0 > count).then(|| (place.0 - count, place.1));
        Some(Selection { anchor: moved(self.anchor)?, head: moved(self.head)? })
    }

    /// The same when `count` entries have come before all others.
    pub(super) fn moved_down(&self, count: usize) -> Self {
        let moved = |place: Place| (place.0 + count, place.1);
        Selection { anchor: moved(self.anchor), head: moved(self.head) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.anchor == self.head
    }

    /// Which bytes of an entry with a text of that length are selected.
    pub(super) fn part(&self, entry: usize, length: usize) -> Option<Range<usize>> {
        let (from, to) = self.ends();
        if entry < from.0 || entry > to.0 || self.is_empty() {
            return None;
        }
        let start = if entry == from.0 { from.1 } else { 0 };
        let end = if entry == to.0 { to.1 } else { length };
        Some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_entries_that_move() {
        let selection = Selection { anchor: (7, 2), head: (5, 1) };
        assert_eq!(selection.moved_up(3), Some(Selection { anchor: (4, 2), head: (2, 1) }));
        assert_eq!(selection.moved_up(5), None);
    }

    #[test]
    fn the_middle_entries_are_selected_whole() {
        let selection = Selection { anchor: (5, 3), head: (2, 4) };
        assert_eq!(selection.part(1, 9), None);
        assert_eq!(selection.part(2, 9), Some(4..9));
        assert_eq!(selection.part(3, 9), Some(0..9));
        assert_eq!(selection.part(5, 9), Some(0..3));
        assert_eq!(selection.part(6, 9), None);
        assert_eq!(Selection { anchor: (1, 1), head: (1, 1) }.part(1, 9), None);
    }
}
