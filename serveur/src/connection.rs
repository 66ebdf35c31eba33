//! One socket, and who may write to it when: [`Connection`].
//!
//! What participants say to each other is written in runs of whole lines, by the thread that has read it, as long as it
//! takes. What the relay itself has to say, its *words*, is queued and never waited for: whoever holds the right to
//! write puts it between two lines; if nobody does, it is written at once, or, when the other side takes nothing, by
//! the next who writes or looks after the connection.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::frame::Frame;
use common::lines::{LineBuffer, split_line};
use socket2::{SockRef, TcpKeepalive};

use crate::limits::Limits;

/// After how much silence the system asks whether a connection is still there, and then how often.
const KEEPALIVE: Duration = Duration::from_secs(60);
const KEEPALIVE_AGAIN: Duration = Duration::from_secs(10);
/// How long one write may block. It is tried again: short, so that what else is to be said is noticed meanwhile, and
/// because a system that holds a write up lets it go on only once a good part of its buffer is free, which can take a
/// slow reader minutes.
const WRITE_TIMEOUT: Duration = Duration::from_millis(100);
/// Windows does not tell what went of a write that has timed out, so there it ends the connection: late, and with so
/// little written at once that whoever takes anything at all is in time.
const WRITE_TIMEOUT_ON_WINDOWS: Duration = Duration::from_secs(20);
const WRITE_BYTES_ON_WINDOWS: usize = 16 * 1024;
/// With so many words waiting, whoever asks for more has to wait.
const MAX_WORDS_BYTES: usize = 16 * 1024;

/// A connection. Its own thread reads from it; several threads write to it, one at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Tells connections apart, in the order they were accepted.
    pub(crate) id: u64,
    stream: TcpStream,
    limits: Limits,
    /// It has sent a `ping`: a program is there, which goes on doing so.
    pings: AtomicBool,
    /// Behind the line under way, nothing of it and nothing for it is passed on.
    cut: AtomicBool,
    /// Its thread reads only to see the other side close.
    lingers: AtomicBool,
    out: Mutex<Outgoing>,
    /// The right to write is free.
    free: Condvar,
}

/// What is to be written, and by whom. Its lock is never held while writing.
#[derive(Debug)]
struct Outgoing {
    /// What the relay itself has to say: whole lines, but for the first, which may have been begun.
    words: Vec<u8>,
    /// What comes behind everything else.
    last_words: Vec<u8>,
    state: State,
    /// Somebody holds the right to write.
    writing: bool,
    /// How many wait for it.
    waiting: usize,
    /// When the other side last took something.
    last_sent: Instant,
    /// Since when it has not taken all that it was given.
    stuck_since: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Nothing more is accepted.
    Ending,
    /// All was sent, and the sending side closed.
    Finished,
    Broken,
}

impl Connection {
    pub(crate) fn new(id: u64, stream: TcpStream, limits: Limits) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(if cfg!(windows) {
            WRITE_TIMEOUT_ON_WINDOWS
        } else {
            WRITE_TIMEOUT
        }))?;
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE_AGAIN);
        SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
        let out = Outgoing {
            words: Vec::new(),
            last_words: Vec::new(),
            state: State::Open,
            writing: false,
            waiting: 0,
            last_sent: Instant::now(),
            stuck_since: None,
        };
        Ok(Connection {
            id,
            stream,
            limits,
            pings: AtomicBool::new(false),
            cut: AtomicBool::new(false),
            lingers: AtomicBool::new(false),
            out: Mutex::new(out),
            free: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Outgoing> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has sent a `ping`.
    pub(crate) fn pings(&self) -> bool {
        self.pings.load(Ordering::Relaxed)
    }

    /// It has sent a `ping`.
    pub(crate) fn set_pings(&self) {
        self.pings.store(true, Ordering::Relaxed);
    }

    /// Whether nothing of it is passed on any more: it broke, or somebody else has its seat.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Relaxed)
    }

    /// Whether its thread only waits for the other side to close.
    pub(crate) fn lingers(&self) -> bool {
        self.lingers.load(Ordering::Relaxed)
    }

    /// Reads what has arrived, waiting for it if need be, as long as the last timeout set allows.
    pub(crate) fn read(&self, lines: &mut LineBuffer) -> io::Result<usize> {
        lines.read_from(&self.stream)
    }

    pub(crate) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        // Zero is not a timeout for the system.
        self.stream.set_read_timeout(timeout.map(|timeout| timeout.max(Duration::from_millis(1))))
    }

    /// Queues words, whole lines, behind those that wait already; [`flush`](Self::flush) sends them.
    pub(crate) fn queue(&self, words: &[u8]) {
        let mut out = self.lock();
        if out.state == State::Open {
            out.words.extend_from_slice(words);
        }
    }

    /// Queues the last words; behind them, and behind the run under way, the sending side is closed.
    pub(crate) fn queue_last(&self, words: &[u8]) {
        let mut out = self.lock();
        if out.state == State::Open {
            out.last_words.extend_from_slice(words);
            out.state = State::Ending;
        }
    }

    /// The same, but behind the line under way nothing of it and nothing for it is passed on.
    pub(crate) fn dismiss(&self, words: &[u8]) {
        self.cut.store(true, Ordering::Relaxed);
        self.queue_last(words);
    }

    /// Whether so many words wait that no more should be queued.
    pub(crate) fn is_clogged(&self) -> bool {
        self.lock().is_clogged()
    }

    /// Sends the words that wait, unless somebody is writing, who does it then. Never waits for a slow reader.
    pub(crate) fn flush(&self) {
        let out = self.lock();
        if !out.writing {
            drop(self.write_all_words(out));
        }
    }

    /// Sends words, the answers to what it has sent itself, and waits while too many of them are waiting.
    pub(crate) fn answer(&self, words: &[u8]) {
        self.queue(words);
        self.flush();
        let mut out = self.lock();
        while out.state == State::Open && out.is_clogged() {
            out = if out.writing { self.wait(out) } else { self.write_all_words(out) };
        }
    }

    /// Sends what waits, and a `pong` to who has sent pings and was not sent anything for a while.
    pub(crate) fn look_after(&self) {
        let mut out = self.lock();
        let idle = out.state == State::Open && !out.writing && out.words.is_empty();
        if idle && self.pings() && out.last_sent.elapsed() >= self.limits.quiet {
            Frame::Pong.write(&mut out.words);
        }
        drop(out);
        self.flush();
    }

    /// Passes on a run of whole lines that `from` has sent, as long as it takes: until one of the two is cut.
    pub(crate) fn pass_on(&self, run: &[u8], from: &Connection) {
        let mut out = self.lock();
        while out.state == State::Open && out.writing && !from.is_cut() {
            out = self.wait(out);
        }
        if out.state != State::Open || out.writing {
            return;
        }
        out.writing = true;
        let mut rest = run;
        let mut inside_line = false;
        while out.state != State::Broken {
            let cut = from.is_cut() || self.is_cut();
            if !inside_line && !out.words.is_empty() {
                out = self.write_words(out);
                continue;
            }
            if !inside_line && (rest.is_empty() || cut) {
                break;
            }
            let piece = if cut || !out.words.is_empty() { split_line(rest).0 } else { rest };
            let count;
            (out, count) = self.write(out, piece);
            if count > 0 {
                inside_line = piece[count - 1] != b'\n';
                rest = &rest[count..];
            }
        }
        drop(self.write_all_words(out));
    }

    /// Takes the right to write, or has it, writes the words that wait, and gives the right back.
    fn write_all_words<'a>(&'a self, mut out: MutexGuard<'a, Outgoing>) -> MutexGuard<'a, Outgoing> {
        out.writing = true;
        let last_words = std::mem::take(&mut out.last_words);
        out.words.extend_from_slice(&last_words);
        out = self.write_words(out);
        out.writing = false;
        if out.state == State::Ending && out.words.is_empty() && out.last_words.is_empty() {
            out.state = State::Finished;
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        if out.waiting > 0 {
            self.free.notify_all();
        }
        out
    }

    /// Writes the words that wait, as long as the other side takes some.
    fn write_words<'a>(&'a self, mut out: MutexGuard<'a, Outgoing>) -> MutexGuard<'a, Outgoing> {
        while !out.words.is_empty() && out.state != State::Broken {
            let mut words = std::mem::take(&mut out.words);
            let count;
            (out, count) = self.write(out, &words);
            words.drain(..count);
            words.append(&mut out.words);
            out.words = words;
            if count == 0 {
                break;
            }
        }
        out
    }

    /// Writes once, without the lock, for a short time at most; how many bytes were taken. If it fails, the connection
    /// is closed: its own thread notices and does the rest.
    fn write<'a>(&'a self, out: MutexGuard<'a, Outgoing>, bytes: &[u8]) -> (MutexGuard<'a, Outgoing>, usize) {
        drop(out);
        let piece = if cfg!(windows) { &bytes[..bytes.len().min(WRITE_BYTES_ON_WINDOWS)] } else { bytes };
        let written = (&self.stream).write(piece);
        let now = Instant::now();
        let mut out = self.lock();
        let count = match written {
            Ok(count) => count,
            Err(error) if is_timeout(&error) && !cfg!(windows) => 0,
            Err(error) => {
                log::info!("Connexion {} : {error}", self.id);
                self.break_off(&mut out);
                0
            }
        };
        if count > 0 {
            out.last_sent = now;
        }
        if count == bytes.len() {
            out.stuck_since = None;
        } else if !self.pings() && now - *out.stuck_since.get_or_insert(now) >= self.limits.write_by_hand {
            log::info!("Connexion {} : elle ne prend plus rien", self.id);
            self.break_off(&mut out);
        }
        (out, count)
    }

    /// Waits for the right to write to become free, for a short time at most.
    fn wait<'a>(&'a self, mut out: MutexGuard<'a, Outgoing>) -> MutexGuard<'a, Outgoing> {
        out.waiting += 1;
        out = self.free.wait_timeout(out, WRITE_TIMEOUT).unwrap_or_else(PoisonError::into_inner).0;
        out.waiting -= 1;
        out
    }

    /// Closes both directions at once; whoever is blocked on the connection is woken.
    pub(crate) fn abort(&self) {
        self.break_off(&mut self.lock());
    }

    fn break_off(&self, out: &mut Outgoing) {
        self.cut.store(true, Ordering::Relaxed);
        out.state = State::Broken;
        out.words.clear();
        out.last_words.clear();
        // It fails when the connection is gone already, which is as well.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// After the last words were queued: reads on until the other side has closed too, or has shown no life for
    /// `patience`, or `most` has passed. Closing while something is unread would reset the connection and could destroy
    /// what is still on its way.
    ///
    /// # Errors
    /// It may not have got everything; when it gave its last sign of life.
    pub(crate) fn linger(&self, patience: Duration, most: Duration) -> Result<(), Instant> {
        self.lingers.store(true, Ordering::Relaxed);
        let mut last_seen = Instant::now();
        let deadline = last_seen + most;
        let mut discarded = [0; 4096];
        loop {
            let left = patience.min(deadline.saturating_duration_since(last_seen));
            if left.is_zero() || self.set_read_timeout(Some(left)).is_err() {
                return Err(last_seen);
            }
            match (&self.stream).read(&mut discarded) {
                Ok(0) => break,
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(last_seen),
                _ => last_seen = Instant::now(),
            }
        }
        // It may have closed its sending side only, and still be taking what it was sent before the end.
        let mut out = self.lock();
        while out.state == State::Ending && last_seen.elapsed() < patience {
            out = if out.writing { self.wait(out) } else { self.write_all_words(out) };
        }
        if out.state == State::Finished { Ok(()) } else { Err(last_seen) }
    }
}

impl Outgoing {
    fn is_clogged(&self) -> bool {
        self.words.len() >= MAX_WORDS_BYTES
    }
}

/// Whether it only took too long; systems name that differently.
fn is_timeout(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
