//! Messages kept in order until they are let go: [`Backlog`].

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use crate::delivery::MessageId;
use crate::text::Text;

/// How much goes into one block, unless a single message needs more.
const BLOCK_BYTES: usize = 64 * 1024;

/// A message of one's own that the other has not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kept<'a> {
    pub(crate) id: MessageId,
    pub(crate) date: &'a str,
    pub(crate) text: Text<'a>,
}

/// Messages in the order in which they were written, the oldest first.
///
/// Their dates and texts stand one behind the other in a few large blocks: a piece of memory for each message would
/// cost more than all the rest of keeping it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backlog {
    places: VecDeque<Place>,
    blocks: VecDeque<String>,
    /// How many blocks were let go, of all there have ever been.
    blocks_gone: usize,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    id: MessageId,
    /// The first block ever has number 0, and each later one the next.
    block: usize,
    start: usize,
    date_bytes: usize,
    text_bytes: usize,
}

impl Backlog {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(crate) fn push(&mut self, id: MessageId, date: &str, text: &Text<'_>) {
        let text = text.wire();
        let bytes = date.len() + text.len();
        if self.blocks.back().is_none_or(|block| block.len() + bytes > block.capacity()) {
            self.blocks.push_back(String::with_capacity(BLOCK_BYTES.max(bytes)));
        }
        let last = self.blocks.len() - 1;
        let block = &mut self.blocks[last];
        self.places.push_back(Place {
            id,
            block: self.blocks_gone + last,
            start: block.len(),
            date_bytes: date.len(),
            text_bytes: text.len(),
        });
        block.push_str(date);
        block.push_str(text);
    }

    /// The message before which there are `index` others.
    pub(crate) fn get(&self, index: usize) -> Option<Kept<'_>> {
        self.places.get(index).map(|place| self.at(place))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Kept<'_>> {
        self.places.iter().map(|place| self.at(place))
    }

    /// Lets go of the oldest message; its name, and how many bytes its date and text had.
    pub(crate) fn pop(&mut self) -> Option<(MessageId, usize)> {
        let oldest = self.places.pop_front()?;
        if self.places.front().is_none_or(|next| next.block > oldest.block) {
            self.blocks.pop_front();
            self.blocks_gone += 1;
        }
        Some((oldest.id, oldest.date_bytes + oldest.text_bytes))
    }

    fn at(&self, place: &Place) -> Kept<'_> {
        let content = &self.blocks[place.block - self.blocks_gone][place.start..];
        let (date, rest) = content.split_at(place.date_bytes);
        Kept { id: place.id, date, text: Text::from_wire(&rest[..place.text_bytes]) }
    }
}

// Two backlogs are the same when their messages are, in whatever blocks they stand.

impl PartialEq for Backlog {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Backlog {}

impl Hash for Backlog {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.iter().for_each(|message| message.hash(state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(backlog: &mut Backlog, id: MessageId, text: &str) {
        backlog.push(id, "d", &Text::from_wire(text));
    }

    #[test]
    fn messages_leave_in_the_order_in_which_they_came_and_the_blocks_with_them() {
        let mut backlog = Backlog::default();
        let text = |id: MessageId| format!("é{}", "x".repeat(id as usize * 37 % 5000));
        for id in 1..=1000 {
            push(&mut backlog, id, &text(id));
        }
        assert!(backlog.blocks.len() > 10);
        for id in 1..=1000 {
            assert_eq!(backlog.get(0).map(|oldest| oldest.text.wire().to_owned()), Some(text(id)));
            assert_eq!(backlog.get(backlog.len() - 1).map(|newest| newest.id), Some(1000));
            let left: usize = backlog.iter().map(|message| message.text.wire().len()).sum();
            let held: usize = backlog.blocks.iter().map(String::len).sum();
            assert!(held <= left + 1000 + BLOCK_BYTES + 5000, "{held} bytes for {left} at {id}");
            assert_eq!(backlog.pop(), Some((id, text(id).len() + 1)));
        }
        assert_eq!(backlog.pop(), None);
        assert!(backlog.is_empty() && backlog.blocks.is_empty());
        push(&mut backlog, 1001, "encore");
        assert_eq!(backlog.get(0).map(|message| (message.id, message.date)), Some((1001, "d")));
    }

    #[test]
    fn the_same_messages_are_the_same_backlog() {
        let (mut one, mut two) = (Backlog::default(), Backlog::default());
        push(&mut one, 1, "un");
        for backlog in [&mut one, &mut two] {
            push(backlog, 2, "deux");
        }
        assert_ne!(one, two);
        one.pop();
        assert_eq!(one, two);
    }
}
