//! The signs of life of one connection.

use std::time::{Duration, Instant};

use common::frame::Route;
use common::lines::LineBuffer;

/// How long the answer to the login may take.
const LOGIN_LIMIT: Duration = Duration::from_secs(10);
/// After so long without anything received, or without anything sent, a `ping` is sent.
const PING_AFTER: Duration = Duration::from_secs(5);
/// After so long without a byte received, the connection is lost.
const SILENCE_LIMIT: Duration = Duration::from_secs(20);
/// How long the other one may take to say what he has shown, before he is sent what waits for him all the same.
pub(super) const COUNT_LIMIT: Duration = Duration::from_secs(5);

/// A connection.
#[derive(Debug)]
pub(super) struct OpenConnection {
    /// The login, until it is transmitted.
    pub(super) hello: Vec<u8>,
    /// What has arrived; away while it is being looked at.
    pub(super) lines: Option<LineBuffer>,
    /// On which most messages come.
    pub(super) route: Option<Route>,
    /// When the login was accepted.
    pub(super) logged_in: Option<Instant>,
    /// When the relay said that somebody sits opposite.
    pub(super) seated: Option<Instant>,
    pub(super) quitter_sent: bool,
    last_received: Instant,
    last_sent: Instant,
    last_ping: Instant,
}

impl OpenConnection {
    pub(super) fn new(hello: Vec<u8>, lines: LineBuffer, now: Instant) -> Self {
        OpenConnection {
            hello,
            lines: Some(lines),
            route: None,
            logged_in: None,
            seated: None,
            quitter_sent: false,
            last_received: now,
            last_sent: now,
            last_ping: now,
        }
    }

    /// Something has arrived, or nothing could.
    pub(super) fn received(&mut self, now: Instant) {
        self.last_received = now;
    }

    pub(super) fn sent(&mut self, now: Instant) {
        self.last_sent = now;
    }

    pub(super) fn pinged(&mut self, now: Instant) {
        self.last_ping = now;
    }

    /// The relay counts the silence only of those who have pinged, and whoever always has something to read and to write
    /// must ask too: his cable may be pulled.
    pub(super) fn ping_due(&self) -> Option<Instant> {
        self.logged_in.map(|_| self.last_received.min(self.last_sent).max(self.last_ping) + PING_AFTER)
    }

    /// When the connection counts as lost; `None` while nothing is read because something is being shown.
    pub(super) fn silence_limit(&self, showing: bool) -> Option<Instant> {
        let limit = if self.logged_in.is_some() { SILENCE_LIMIT } else { LOGIN_LIMIT };
        (!showing).then_some(self.last_received + limit)
    }

    /// When the other one has had his time to say what he has shown.
    pub(super) fn count_limit(&self) -> Option<Instant> {
        self.seated.map(|seated| seated + COUNT_LIMIT)
    }
}
