//! Attempts to connect and log in, one after the other.

use std::time::{Duration, Instant};

use common::frame::Refusal;

use super::Connection;
use crate::event::{Event, Failure};

/// The pauses between attempts to connect: the first, which then doubles, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// The longest while leaving, for which there is little time.
const LONGEST_WHILE_LEAVING: Duration = Duration::from_millis(250);

/// What came of the attempts so far.
#[derive(Debug)]
pub(super) struct Attempts {
    began: Instant,
    /// How long they go on before the first login is accepted.
    patience: Option<Duration>,
    has_logged_in: bool,
    pause: Duration,
    told: Told,
}

/// What the user was told of the present outage.
#[derive(Debug, Default)]
struct Told {
    /// That there is no connection.
    outage: bool,
    /// That something else answers.
    not_a_relay: bool,
    /// With which code a relay refused last.
    refusal: Option<Refusal>,
}

impl Attempts {
    pub(super) fn new(patience: Option<Duration>, now: Instant) -> Self {
        let pause = Duration::ZERO;
        Attempts { began: now, patience, has_logged_in: false, pause, told: Told::default() }
    }

    /// A login was accepted; whether it is not the first.
    pub(super) fn log_in(&mut self) -> bool {
        // Its loss will be told by itself.
        self.told = Told { outage: true, ..Told::default() };
        std::mem::replace(&mut self.has_logged_in, true)
    }

    /// The login led nowhere: it does not count.
    pub(super) fn take_back_login(&mut self) {
        self.has_logged_in = false;
    }

    pub(super) fn has_logged_in(&self) -> bool {
        self.has_logged_in
    }

    /// How long to wait once a connection was lost: not at all, unless the relay hangs up after each login.
    pub(super) fn after_a_loss(&mut self, connection: &Connection, now: Instant) -> Duration {
        let login = match connection {
            Connection::Open(open) => open.logged_in,
            Connection::Paused(_) | Connection::Wanted => None,
        };
        self.pause = login.map_or(PAUSES.0, |login| PAUSES.0.saturating_sub(now - login));
        self.pause
    }

    /// How long to wait once an attempt has failed.
    pub(super) fn next_pause(&mut self, leaving: bool) -> Duration {
        self.pause = (self.pause * 2).clamp(PAUSES.0, if leaving { LONGEST_WHILE_LEAVING } else { PAUSES.1 });
        self.pause
    }

    /// Whether there is no point in going on: not any more after the first login, when the network may be another one
    /// for the moment, or the relay not what it was.
    pub(super) fn is_hopeless(&self, failure: &Failure, is_final: bool, now: Instant) -> bool {
        let impatient = self.patience.is_some_and(|patience| now >= self.began + patience);
        let is_final = is_final || matches!(failure, Failure::UnknownHost(_));
        (!self.has_logged_in && (is_final || impatient)) || matches!(failure, Failure::Thread(_))
    }

    /// What the user was not told yet.
    pub(super) fn news(&mut self, failure: Failure) -> Option<Event> {
        let told = &mut self.told;
        let is_news = match &failure {
            Failure::Refused(code, _) => told.refusal.replace(*code) != Some(*code),
            Failure::NotARelay(_) => !std::mem::replace(&mut told.not_a_relay, true),
            _ => !std::mem::replace(&mut told.outage, true),
        };
        is_news.then_some(Event::Retrying(failure))
    }
}
