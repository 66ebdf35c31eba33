//! One socket, and who may write to it when: [`Connection`].

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::lines::{LineBuffer, WRITE_TIMEOUT, write_within};

/// Lines that the other side has not taken within this time end the connection: it does not read, or too slowly.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// After the last line, how long the other side may take to close its end.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// A connection. Its own thread reads from it; several threads write to it, one at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Tells connections apart, in the order they were accepted.
    pub(crate) id: u64,
    stream: TcpStream,
    /// Whether lines may still be written. Lock order: the room's lock comes before this one, and whoever takes this
    /// one of several connections does so under the room's.
    open: Mutex<bool>,
}

/// The right to write to a connection, until dropped.
pub(crate) struct Writer<'a> {
    stream: &'a TcpStream,
    open: MutexGuard<'a, bool>,
}

impl Connection {
    pub(crate) fn new(id: u64, stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        Ok(Connection { id, stream, open: Mutex::new(true) })
    }

    /// Waits for the right to write.
    pub(crate) fn writer(&self) -> Writer<'_> {
        Writer { stream: &self.stream, open: self.open.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Reads what has arrived, waiting for it if need be, as long as the last timeout set allows.
    pub(crate) fn read(&self, lines: &mut LineBuffer) -> io::Result<usize> {
        lines.read_from(&self.stream)
    }

    pub(crate) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        // Zero is not a timeout for the system.
        self.stream.set_read_timeout(timeout.map(|timeout| timeout.max(Duration::from_millis(1))))
    }

    /// Closes both directions at once; whoever is blocked on the connection is woken.
    pub(crate) fn abort(&self) {
        // It fails when the connection is gone already, which is as well.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// After the last line ([`Writer::finish`]): reads on until the other side has closed too, or `deadline`. Closing
    /// while something is unread would reset the connection and could destroy what is still on its way.
    pub(crate) fn linger(&self, deadline: Instant) {
        let mut discarded = [0; 4096];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.set_read_timeout(Some(left)).is_err() {
                return;
            }
            if matches!((&self.stream).read(&mut discarded), Ok(0) | Err(_)) {
                return;
            }
        }
    }
}

impl Writer<'_> {
    /// Writes whole lines. If that fails, or blocks for too long, the connection is closed: its own thread
    /// notices and does the rest.
    pub(crate) fn send(&mut self, lines: &[u8]) {
        if !*self.open || lines.is_empty() {
            return;
        }
        if let Err(error) = write_within(self.stream, lines, WRITE_LIMIT) {
            log::info!("écriture : {error}");
            *self.open = false;
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }

    /// Writes the last lines of the connection and closes the sending side.
    pub(crate) fn finish(&mut self, lines: &[u8]) {
        self.send(lines);
        if *self.open {
            *self.open = false;
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}
