//! The bridge from a link's threads to the window's thread.
//!
//! A link tells its [`Bridge`] what happens. The bridge hands it over as one [`Batch`], wakes the window's thread, and
//! waits until that one has shown the batch: so what is acknowledged to the sender was really on the screen.

use std::io;

use common::frame::Refusal;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use fltk::app;

use client::event::{Event, Failure, Front};

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
            Failure::UnknownHost(_)
            | Failure::Unreachable(..)
            | Failure::Silent(_)
            | Failure::NotARelay(_) => Field::Host,
            Failure::Refused(Refusal::PseudoPris | Refusal::PseudoInvalide, _) => Field::Pseudo,
            Failure::Refused(Refusal::Complet | Refusal::Occupe, _) => Field::Host,
            Failure::Refused(..) | Failure::Display(_) | Failure::Thread(_) => Field::Form,
        };
        Fault { field, sentence: failure.to_string() }
    }
}

/// What happened, in order, and whom to tell when it is on the screen.
#[derive(Debug)]
pub(crate) struct Batch {
    /// What happened.
    pub(crate) events: Vec<Event>,
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
    to_window: Sender<Batch>,
}

/// Builds a bridge: the link's end and the window's end.
pub(crate) fn bridge() -> (Bridge, Receiver<Batch>) {
    // At most one batch is under way: the link waits for each.
    let (to_window, batches) = unbounded();
    (Bridge { to_window }, batches)
}

impl Front for Bridge {
    fn show(&mut self, events: Vec<Event>) -> io::Result<()> {
        let (shown, wait) = bounded(1);
        self.to_window.send(Batch { events, shown }).map_err(|_| window_is_gone())?;
        // Without a message: FLTK's own queue can lose some.
        app::awake();
        wait.recv().map_err(|_| window_is_gone())
    }
}

fn window_is_gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "la fenêtre est fermée")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_is_gone_is_an_error() {
        let (mut bridge, batches) = bridge();
        drop(batches);
        assert!(bridge.show(vec![Event::ConnectionLost]).is_err());
    }
}
