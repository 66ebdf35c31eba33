//! A model of the network: streams of bytes that are slow, stall, or are cut.

use std::time::{Duration, Instant};

/// How fast a client's link is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkSpeed {
    pub(crate) bytes_per_second: u64,
    /// How many bytes are in flight at most, in one direction: who writes more waits.
    pub(crate) buffer: usize,
}

impl LinkSpeed {
    /// Whether what is in flight arrives within a few seconds.
    pub(crate) fn is_fast(self) -> bool {
        self.buffer as u64 <= 5 * self.bytes_per_second
    }
}

/// One direction of a connection.
pub(crate) struct Pipe {
    in_flight: Vec<u8>,
    speed: LinkSpeed,
    /// What of the last moment's allowance was too little for a byte, in bytes per thousand seconds.
    allowance: u64,
    /// Nothing moves.
    pub(crate) stalled: bool,
    /// Nothing is put in any more; what is in flight still arrives.
    closed: bool,
}

impl Pipe {
    pub(crate) fn new(speed: LinkSpeed) -> Self {
        Pipe { in_flight: Vec::new(), speed, allowance: 0, stalled: false, closed: false }
    }

    pub(crate) fn room(&self) -> usize {
        self.speed.buffer.saturating_sub(self.in_flight.len())
    }

    /// Takes as much as there is room for; how much that is.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        let count = if self.closed { bytes.len() } else { bytes.len().min(self.room()) };
        if !self.closed {
            self.in_flight.extend_from_slice(&bytes[..count]);
        }
        count
    }

    /// Takes all, as the system does with a line of the relay's own.
    pub(crate) fn write_all(&mut self, bytes: &[u8]) {
        if !self.closed {
            self.in_flight.extend_from_slice(bytes);
        }
    }

    /// What arrives in that time.
    pub(crate) fn arrive(&mut self, time: Duration) -> Vec<u8> {
        if self.stalled || self.in_flight.is_empty() {
            return Vec::new();
        }
        self.allowance += self.speed.bytes_per_second.saturating_mul(time.as_millis() as u64);
        let count = usize::try_from(self.allowance / 1000).unwrap_or(usize::MAX).min(self.in_flight.len());
        self.allowance = if count == self.in_flight.len() { 0 } else { self.allowance % 1000 };
        self.in_flight.drain(..count).collect()
    }

    /// Cuts it: of what is in flight, so many bytes still arrive.
    pub(crate) fn cut(&mut self, keep: usize) {
        self.in_flight.truncate(keep);
        self.closed = true;
    }

    pub(crate) fn is_moving(&self) -> bool {
        !self.in_flight.is_empty() && !self.stalled
    }

    /// The reader has all there will be, and is told so.
    pub(crate) fn has_ended(&self) -> bool {
        self.closed && self.in_flight.is_empty() && !self.stalled
    }
}

/// A connection, seen from both ends: each gives its own up at its own time.
pub(crate) struct Connection {
    pub(crate) owner: usize,
    pub(crate) made: Instant,
    pub(crate) up: Pipe,
    pub(crate) down: Pipe,
    pub(crate) held_by_client: bool,
    pub(crate) held_by_relay: bool,
    /// When the network held back what its client sends, last.
    pub(crate) stood_still: Instant,
}

impl Connection {
    pub(crate) fn close_by_client(&mut self) {
        self.held_by_client = false;
        self.up.cut(usize::MAX);
        self.down.cut(0);
    }

    pub(crate) fn close_by_relay(&mut self) {
        self.held_by_relay = false;
        self.down.cut(usize::MAX);
        self.up.cut(0);
    }

    pub(crate) fn is_fast(&self) -> bool {
        self.up.speed.is_fast()
    }

    /// It is not as slow any more.
    pub(crate) fn speed_up(&mut self, bytes_per_second: u64) {
        for pipe in [&mut self.up, &mut self.down] {
            pipe.speed.bytes_per_second = pipe.speed.bytes_per_second.max(bytes_per_second);
        }
    }

    pub(crate) fn is_moving(&self) -> bool {
        (self.up.is_moving() && self.held_by_relay) || (self.down.is_moving() && self.held_by_client)
    }
}
