//! Leaving: what is still to be done once the user has gone.

use std::time::{Duration, Instant};

use common::address::Pseudo;
use common::delivery::Delivery;

use super::connection::{COUNT_LIMIT, OpenConnection};
use crate::event::Failure;

/// How long the other one, if present, may take until he acknowledges more of what is on its way.
const DELIVERY_LIMIT: Duration = Duration::from_secs(120);
/// How long nothing but `pong` may come in answer to `quitter`.
const FIN_LIMIT: Duration = Duration::from_secs(30);
/// How long no relay may answer on the way back.
const UNREACHED_LIMIT: Duration = Duration::from_secs(10);
/// How long a relay may refuse on the way back.
const REFUSED_LIMIT: Duration = Duration::from_secs(30);
/// How long the other one may take to come back too, so that he hears of it.
const RETURN_LIMIT: Duration = Duration::from_secs(10);
/// How long after the first login the relay may take to say who is there, if there is something for him.
const PRESENT_LIMIT: Duration = Duration::from_secs(1);

/// How far it has come.
#[derive(Debug)]
pub(super) struct Leaving {
    since: Instant,
    /// Who is left: the one opposite, or the last who was.
    peer: Option<Pseudo>,
    /// When something was delivered last.
    pub(super) progress: Instant,
    /// Since when there is no connection.
    unreached: Instant,
    /// A relay has refused since then.
    refused: bool,
    /// Why the last attempt failed.
    pub(super) failure: Option<Failure>,
    /// On this connection: since when `quitter` is due, or when something came in answer to it.
    pub(super) quitter: Option<Instant>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing before that moment, unless something happens.
    Wait(Instant),
    /// To send `quitter`.
    Quit,
    /// To close, whatever is missing.
    End,
}

impl Leaving {
    pub(super) fn new(peer: Option<Pseudo>, now: Instant) -> Self {
        Leaving {
            since: now,
            peer,
            progress: now,
            unreached: now,
            refused: false,
            failure: None,
            quitter: None,
        }
    }

    /// A frame other than `pong` has come.
    pub(super) fn heard(&mut self, now: Instant) {
        if let Some(quitter) = &mut self.quitter {
            *quitter = now;
        }
    }

    pub(super) fn lost_connection(&mut self, now: Instant) {
        self.unreached = now;
        self.refused = false;
        self.failure = None;
        self.quitter = None;
    }

    pub(super) fn attempt_failed(&mut self, failure: Failure) {
        self.refused |= matches!(failure, Failure::Refused(..));
        self.failure = Some(failure);
    }

    /// What is to be done now, on this connection if there is one.
    pub(super) fn next(&self, open: Option<&OpenConnection>, delivery: &Delivery, now: Instant) -> Next {
        let until = |limit: Instant, then: Next| if now >= limit { then } else { Next::Wait(limit) };
        let Some((open, login)) = open.and_then(|open| Some((open, open.logged_in?))) else {
            let limit = if self.refused { REFUSED_LIMIT } else { UNREACHED_LIMIT };
            // Without any progress over all of that, not even if every login is accepted.
            return until((self.unreached + limit).min(self.progress + DELIVERY_LIMIT + limit), Next::End);
        };
        match (delivery.peer(), self.quitter) {
            (Some(other), _) if !open.quitter_sent && self.is_stranger(&other.pseudo()) => Next::End,
            (_, Some(since)) => until(since + FIN_LIMIT, Next::End),
            (Some(_), None) if delivery.peer_has_everything() && !delivery.is_showing() => Next::Quit,
            (Some(_), None) if delivery.is_acknowledged() => {
                until(self.progress + DELIVERY_LIMIT, Next::Quit)
            }
            (Some(_), None) => {
                let seated = open.seated.unwrap_or(login);
                until(seated.max(self.since) + COUNT_LIMIT, Next::Quit)
            }
            // He was there and is not any more: the relay remembers him.
            (None, None) if open.seated.is_some() => Next::Quit,
            (None, None) if self.peer.is_some() => until(login + RETURN_LIMIT, Next::Quit),
            (None, None) if !delivery.all_delivered() => until(login + PRESENT_LIMIT, Next::Quit),
            (None, None) => Next::Quit,
        }
    }

    /// Whether somebody else was left.
    fn is_stranger(&self, other: &Pseudo) -> bool {
        self.peer.as_ref().is_some_and(|left| left != other)
    }
}
