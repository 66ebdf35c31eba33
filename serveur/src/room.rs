//! The two seats: [`Room`].

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use common::address::Address;
use common::frame::{Frame, Refusal};

use crate::connection::Connection;

/// Someone who has logged in.
#[derive(Debug)]
pub(crate) struct Participant {
    pub(crate) address: Address<'static>,
    /// The name alone, shared with the display.
    pub(crate) pseudo: Arc<str>,
    pub(crate) connection: Arc<Connection>,
    /// Its thread will not touch the connection any more.
    done: (Mutex<bool>, Condvar),
}

impl Participant {
    pub(crate) fn new(address: Address<'static>, connection: Arc<Connection>) -> Arc<Self> {
        let pseudo = address.pseudo_str().into();
        Arc::new(Participant { address, pseudo, connection, done: (Mutex::new(false), Condvar::new()) })
    }

    /// Its thread ends here.
    pub(crate) fn set_done(&self) {
        *self.done.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.done.1.notify_all();
    }

    /// Waits for its thread to end by itself until `deadline`, then makes it.
    pub(crate) fn close_by(&self, deadline: Instant) {
        let mut done = self.done.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !*done {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            done = self.done.1.wait_timeout(done, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        self.connection.abort();
    }
}

/// What a participant finds on the other side of the table.
pub(crate) enum Opposite {
    Nobody,
    Someone(Arc<Participant>),
    /// One's own seat is gone: the discussion is over.
    Over,
}

/// The table with its two seats.
///
/// Whoever changes a seat takes, while still holding the room's lock, the right to write to everyone who has to be
/// told. So each participant learns of changes in the order in which they happened, and before anything that
/// follows from them; and nobody holds the room's lock while writing.
#[derive(Debug, Default)]
pub(crate) struct Room {
    seats: Mutex<[Option<Arc<Participant>>; 2]>,
}

impl Room {
    fn lock(&self) -> MutexGuard<'_, [Option<Arc<Participant>>; 2]> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a seat and tells both.
    ///
    /// # Errors
    /// Someone has the same pseudo, or both seats are taken.
    pub(crate) fn enter(&self, newcomer: &Arc<Participant>) -> Result<(), Refusal> {
        let mut seats = self.lock();
        let pseudo = newcomer.address.pseudo();
        if seats.iter().flatten().any(|seated| seated.address.pseudo() == pseudo) {
            return Err(Refusal::PseudoPris);
        }
        let Some(free) = seats.iter().position(Option::is_none) else {
            return Err(Refusal::Complet);
        };
        seats[free] = Some(Arc::clone(newcomer));
        let other = seats[1 - free].clone();
        let mut to_newcomer = newcomer.connection.writer();
        let to_other = other.as_ref().map(|other| (other, other.connection.writer()));
        drop(seats);

        let mut lines = Vec::new();
        Frame::Bienvenue(newcomer.address.borrowed()).write(&mut lines);
        if let Some((other, mut to_other)) = to_other {
            Frame::Present(other.address.borrowed()).write(&mut lines);
            to_newcomer.send(&lines);
            lines.clear();
            Frame::Present(newcomer.address.borrowed()).write(&mut lines);
            to_other.send(&lines);
        } else {
            to_newcomer.send(&lines);
        }
        Ok(())
    }

    /// Who sits opposite `participant`.
    pub(crate) fn opposite(&self, participant: &Participant) -> Opposite {
        match &*self.lock() {
            [Some(a), b] if is(a, participant) => b.clone().map_or(Opposite::Nobody, Opposite::Someone),
            [a, Some(b)] if is(b, participant) => a.clone().map_or(Opposite::Nobody, Opposite::Someone),
            _ => Opposite::Over,
        }
    }

    /// Frees the seat of one whose connection was lost and tells the other. False if he had no seat any more.
    pub(crate) fn lose(&self, participant: &Participant) -> bool {
        let mut seats = self.lock();
        let Some(seat) = seats.iter().position(|seat| seat.as_ref().is_some_and(|it| is(it, participant)))
        else {
            return false;
        };
        seats[seat] = None;
        let other = seats[1 - seat].clone();
        let to_other = other.as_ref().map(|other| other.connection.writer());
        drop(seats);
        if let Some(mut to_other) = to_other {
            let mut line = Vec::new();
            Frame::Absent(participant.address.borrowed()).write(&mut line);
            to_other.send(&line);
        }
        true
    }

    /// Ends the discussion: both seats are free, both participants are told. Gives the other one, if any.
    pub(crate) fn end(&self, participant: &Participant) -> Option<Arc<Participant>> {
        let mut seats = self.lock();
        let both = std::mem::take(&mut *seats);
        let mut writers: Vec<_> = both.iter().flatten().map(|seated| seated.connection.writer()).collect();
        drop(seats);
        let mut line = Vec::new();
        Frame::Fin(participant.address.borrowed()).write(&mut line);
        for writer in &mut writers {
            writer.finish(&line);
        }
        drop(writers);
        both.into_iter().flatten().find(|seated| !is(seated, participant))
    }
}

fn is(seated: &Participant, participant: &Participant) -> bool {
    seated.connection.id == participant.connection.id
}
