//! The bridge from a link's threads to the window's thread.
//!
//! A link tells its [`Bridge`] what happens. The bridge collects owned copies and hands them over as one
//! [`Batch`], wakes the window's thread, and waits until that one has shown the batch: so what is acknowledged to
//! the sender was really on the screen.

use std::io;

use chrono::{DateTime, Local};
use common::address::Pseudo;
use common::delivery::{self, MessageId};
use common::frame::Refusal;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use fltk::app;

use client::event::{Ending, Event, Failure, Front};

/// Something to be shown: an [`Event`] that no longer borrows anything.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The server cannot be reached for now; why.
    Unreachable(Fault),
    /// On the way back the relay refuses for now; a sentence about it.
    TurnedAway(&'static str),
    /// The login was accepted, the first or again.
    Connected,
    /// The connection broke.
    ConnectionLost,
    /// That one is here.
    Joined(Pseudo),
    /// That one's connection was lost.
    Lost(Pseudo),
    /// A message.
    Message {
        /// Who wrote it.
        name: String,
        /// When he pressed Enter.
        date: DateTime<Local>,
        /// What he wrote.
        text: String,
    },
    /// Messages of one's own have reached the other's screen.
    Delivered(Vec<MessageId>),
    /// The link is closed.
    Over(End),
}

/// How a discussion ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The user left.
    Left,
    /// The other one left.
    LeftByPeer(Pseudo),
    /// It never came to a discussion, or could not go on.
    Failed(Fault),
}

/// What went wrong, and what the user can do about it.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Which field of the form it concerns.
    pub(crate) field: Field,
    /// What to tell the user: a sentence that starts with a capital letter and has no full stop.
    pub(crate) sentence: String,
}

/// A field of the login form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// The server's name or address.
    Host,
    /// The user's pseudo.
    Pseudo,
    /// None of them: beside the button.
    Form,
}

impl Fault {
    /// What a failure means to someone who looks at the form.
    pub(crate) fn new(failure: &Failure) -> Fault {
        let field = match failure {
            Failure::UnknownHost(_) | Failure::Unreachable(..) | Failure::NotARelay(_) => Field::Host,
            Failure::Refused(Refusal::PseudoPris | Refusal::PseudoInvalide, _) => Field::Pseudo,
            Failure::Refused(Refusal::Complet | Refusal::Occupe, _) => Field::Host,
            Failure::Refused(..) | Failure::Display(_) | Failure::Thread(_) => Field::Form,
        };
        Fault { field, sentence: capitalised(&failure.to_string()) }
    }
}

/// The same with a capital letter at the start.
pub(crate) fn capitalised(sentence: &str) -> String {
    let mut rest = sentence.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => String::new(),
    }
}

/// What happened, in order, and whom to tell when it is on the screen.
#[derive(Debug)]
pub(crate) struct Batch {
    /// What happened.
    pub(crate) happenings: Vec<Happening>,
    shown: Sender<()>,
}

impl Batch {
    /// Lets the link go on: the batch is on the screen.
    pub(crate) fn shown(&self) {
        // Nobody waits any more when the link's thread is gone.
        let _ = self.shown.send(());
    }
}

/// The link's end of the bridge.
pub(crate) struct Bridge {
    collected: Vec<Happening>,
    to_window: Sender<Batch>,
}

/// Builds a bridge: the link's end and the window's end.
pub(crate) fn bridge() -> (Bridge, Receiver<Batch>) {
    // At most one batch is under way: the link waits for each.
    let (to_window, batches) = unbounded();
    (Bridge { collected: Vec::new(), to_window }, batches)
}

impl Front for Bridge {
    fn event(&mut self, event: Event<'_>) {
        self.collected.extend(owned(event));
    }

    fn show(&mut self) -> io::Result<()> {
        if self.collected.is_empty() {
            return Ok(());
        }
        let (shown, wait) = bounded(1);
        let batch = Batch { happenings: std::mem::take(&mut self.collected), shown };
        self.to_window.send(batch).map_err(|_| window_is_gone())?;
        // Without a message: FLTK's own queue can lose some.
        app::awake();
        wait.recv().map_err(|_| window_is_gone())
    }
}

fn window_is_gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "la fenêtre est fermée")
}

fn owned(event: Event<'_>) -> Option<Happening> {
    Some(match event {
        Event::Unreachable(failure) => Happening::Unreachable(Fault::new(failure)),
        Event::TurnedAway(sentence) => Happening::TurnedAway(sentence),
        Event::Connected => Happening::Connected,
        Event::ConnectionLost => Happening::ConnectionLost,
        Event::Discussion(delivery::Event::Joined(address)) => Happening::Joined(address.pseudo()),
        Event::Discussion(delivery::Event::Lost(address)) => Happening::Lost(address.pseudo()),
        Event::Discussion(delivery::Event::Message(msg)) => Happening::Message {
            name: msg.source.pseudo_str().to_owned(),
            date: sent_at(msg.date),
            text: msg.text.plain().into_owned(),
        },
        Event::Discussion(delivery::Event::Delivered(ids)) => Happening::Delivered(ids),
        // The link says the same, with more detail, by `Over`.
        Event::Discussion(delivery::Event::Ended(_)) => return None,
        Event::Over(ending) => Happening::Over(match ending {
            Ending::Left => End::Left,
            Ending::LeftByPeer(pseudo) => End::LeftByPeer(pseudo.clone()),
            Ending::Failed(failure) => End::Failed(Fault::new(failure)),
        }),
    })
}

/// The sender's date in our own time zone; now, if it cannot be read.
fn sent_at(date: &str) -> DateTime<Local> {
    DateTime::parse_from_rfc3339(date).map_or_else(|_| Local::now(), |date| date.with_timezone(&Local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_is_the_senders_moment() {
        let date = sent_at("2026-11-20T14:03:07.123+01:00");
        assert_eq!(date.to_utc().to_rfc3339(), "2026-11-20T13:03:07.123+00:00");
    }

    #[test]
    fn a_date_that_cannot_be_read_is_the_moment_of_arrival() {
        let before = Local::now();
        assert!(sent_at("hier") >= before);
    }

    #[test]
    fn sentences_start_with_a_capital() {
        assert_eq!(capitalised("état inconnu"), "État inconnu");
        assert_eq!(capitalised(""), "");
    }

    #[test]
    fn a_window_that_is_gone_is_an_error() {
        let (mut bridge, batches) = bridge();
        drop(batches);
        bridge.event(Event::Connected);
        assert!(bridge.show().is_err());
    }
}
