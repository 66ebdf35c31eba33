//! The count: what was written, what was shown, what came again, what is lost.

use std::collections::HashSet;
use std::fmt;

use client::event::Event;
use common::delivery::MessageId;

use super::Seat;

/// What has become of the messages of both.
#[derive(Debug, Default)]
pub(super) struct Tally([Side; 2]);

/// The messages of one of them.
#[derive(Debug, Default)]
struct Side {
    written: usize,
    /// Those on the other's screen.
    shown: usize,
    /// Those of which nothing is known yet.
    waiting: HashSet<MessageId>,
    /// What came again to this one, and was not shown.
    repeated: u64,
}

impl Tally {
    /// That one has written a message.
    pub(super) fn wrote(&mut self, seat: Seat, id: MessageId) {
        let side = &mut self.0[seat as usize];
        side.written += 1;
        side.waiting.insert(id);
    }

    /// That one is shown that.
    pub(super) fn show(&mut self, seat: Seat, event: &Event) {
        let side = &mut self.0[seat as usize];
        match event {
            Event::Message(_) => self.0[seat.other() as usize].shown += 1,
            Event::Delivered(ids) => {
                ids.iter().for_each(|id| {
                    side.waiting.remove(id);
                });
            }
            // What was not acknowledged is given up.
            Event::Over(_) => side.waiting.clear(),
            _ => {}
        }
    }

    /// So much came again to that one.
    pub(super) fn repeat(&mut self, seat: Seat, count: u64) {
        self.0[seat as usize].repeated += count;
    }

    /// How many messages are written and not on the other's screen, but will be.
    pub(super) fn waiting(&self) -> usize {
        self.sum(Side::missing) - self.lost()
    }

    /// How many will never be, though they count as delivered or are given up.
    pub(super) fn lost(&self) -> usize {
        self.sum(|side| side.missing().saturating_sub(side.waiting.len()))
    }

    fn sum(&self, of: impl Fn(&Side) -> usize) -> usize {
        self.0.iter().map(of).sum()
    }
}

impl Side {
    fn missing(&self) -> usize {
        self.written.saturating_sub(self.shown)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [written, shown] = [self.sum(|side| side.written), self.sum(|side| side.shown)];
        let repeated: u64 = self.0.iter().map(|side| side.repeated).sum();
        let lost = self.lost();
        write!(f, "écrits {written} · affichés {shown} · répétés sur le fil {repeated} · perdus {lost}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Local;
    use client::event::{End, Ending, Message};

    fn message() -> Event {
        Event::Message(Message { from: "alice".into(), date: Local::now(), text: String::new() })
    }

    fn over() -> Event {
        Event::Over(Ending { how: End::Left { told: true }, lost: Vec::new() }.into())
    }

    #[test]
    fn what_is_on_its_way_waits_and_is_not_lost() {
        let mut tally = Tally::default();
        (1..=3).for_each(|id| tally.wrote(Seat::Alice, id));
        tally.wrote(Seat::Bob, 1);
        assert_eq!((tally.waiting(), tally.lost()), (4, 0));
        tally.show(Seat::Bob, &message());
        tally.show(Seat::Bob, &message());
        tally.show(Seat::Alice, &Event::Delivered(vec![1]));
        assert_eq!((tally.waiting(), tally.lost()), (2, 0));
        tally.repeat(Seat::Bob, 2);
        assert_eq!(tally.to_string(), "écrits 4 · affichés 2 · répétés sur le fil 2 · perdus 0");
    }

    #[test]
    fn what_counts_as_delivered_and_was_not_shown_is_lost_and_so_is_what_was_given_up() {
        let mut tally = Tally::default();
        (1..=4).for_each(|id| tally.wrote(Seat::Alice, id));
        tally.show(Seat::Bob, &message());
        tally.show(Seat::Alice, &Event::Delivered(vec![1, 2]));
        assert_eq!((tally.waiting(), tally.lost()), (2, 1));
        tally.show(Seat::Alice, &over());
        assert_eq!((tally.waiting(), tally.lost()), (0, 3));
    }
}
