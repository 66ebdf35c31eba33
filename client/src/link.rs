//! The link to the relay: [`Link`].
//!
//! Two threads. « reception » connects, logs in, reads, gives what arrives to the [`Front`] and connects again
//! when the connection breaks. « envoi », one per connection, writes. Between them and the caller stands one
//! mutex around the delivery rules; nobody reads, writes or shows anything while holding it, but for a line in the
//! log.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chrono::{DateTime, Local, SecondsFormat};
use common::address::{Address, Pseudo, Session};
use common::delivery::{self, Delivery, Full, MessageId};
use common::endpoint::Endpoint;
use common::frame::{Content, Frame, Refusal, Route};
use common::lines::{LineBuffer, WRITE_TIMEOUT, write_within};
use common::text::{Text, TooLong};

use crate::event::{Ending, Event, Failure, Front, cause, turned_away};

/// How long one attempt to connect may take, per address of the host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the answer to the login may take.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(10);
/// Without anything received or sent for this long, a `ping` is sent, whatever the reader is held up by; the first one
/// this long after the login in any case.
const PING_AFTER: Duration = Duration::from_secs(5);
/// Without a line for this long, the connection counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(20);
/// A relay that takes nothing for this long counts as lost. Longer than the 10 s that the relay itself gives the
/// other participant, for whom it may be waiting.
const WRITE_LIMIT: Duration = Duration::from_secs(12);
/// The pauses between attempts to connect: the first, which then doubles, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// On leaving: how long a peer who is present may take until he acknowledges more of what is still on its way.
const LAST_RECU_TIMEOUT: Duration = Duration::from_secs(2);
/// On leaving: how long after the login the relay may take to say who is present, if there is something for him.
const PRESENT_TIMEOUT: Duration = Duration::from_secs(1);
/// On leaving: how long the relay may take to answer the login or `quitter`.
const FIN_TIMEOUT: Duration = Duration::from_secs(3);
/// Who waits for the answer to the login looks this often whether the user has left.
const LOGIN_POLL: Duration = Duration::from_millis(200);
/// How many bytes are read at once, at most: each read is shown and acknowledged by itself.
const READ_BYTES: usize = 256 * 1024;
/// How many bytes of frames are gathered for one write. With the last line they still fit into one segment of the
/// loopback interface (65,483 bytes), unless that line is very long: a little more would make two of them, the second
/// nearly empty and nearly as dear.
const BATCH_BYTES: usize = 48 * 1024;

/// A link to the relay: a handle that any thread may hold.
///
/// The link lives until the discussion is over, whoever holds handles; [`Link::leave`] ends it.
#[derive(Clone, Debug)]
pub struct Link {
    shared: Arc<Shared>,
}

/// A message that was taken.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its name in [`delivery::Incoming::Delivered`].
    pub id: MessageId,
    /// The moment it was written.
    pub date: DateTime<Local>,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// It does not fit into one frame.
    TooLong,
    /// Too much is waiting to be delivered.
    Full,
    /// The discussion is over.
    Over,
}

impl From<TooLong> for SendError {
    fn from(_: TooLong) -> Self {
        SendError::TooLong
    }
}

impl From<Full> for SendError {
    fn from(_: Full) -> Self {
        SendError::Full
    }
}

impl std::fmt::Display for SendError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SendError::TooLong => {
                "ce message est trop long (65 000 octets environ au plus, une lettre accentuée en compte deux) : \
                 envoyez-le en plusieurs parties"
            }
            SendError::Full => {
                "trop de messages attendent d'être remis : réessayez quand la liaison sera rétablie"
            }
            SendError::Over => "la discussion est terminée : ce message n'est pas parti",
        })
    }
}

impl std::error::Error for SendError {}

impl Link {
    /// Starts to connect to `server` under the name `pseudo`, and goes on trying for `patience` (for ever
    /// without one) until the first login; after that, always. The thread returns when the link is closed.
    ///
    /// # Errors
    /// [`Failure::Thread`] if the system gives no thread.
    pub fn open(
        server: Endpoint,
        pseudo: &Pseudo,
        patience: Option<Duration>,
        front: impl Front + 'static,
    ) -> Result<(Link, JoinHandle<Ending>), Failure> {
        let own = Address::new(pseudo, &Session::random());
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                delivery: Delivery::new(own.clone()),
                phase: Phase::Talking,
                connection: Connection::Down,
                traffic: Traffic::new(Instant::now()),
                writer_waits: false,
            }),
            work: Condvar::new(),
            progress: Condvar::new(),
        });
        let reception = Reception { shared: Arc::clone(&shared), own, server, patience, front, route: None };
        let thread = thread::Builder::new()
            .name("reception".to_owned())
            .spawn(move || reception.run())
            .map_err(Failure::Thread)?;
        Ok((Link { shared }, thread))
    }

    /// Takes a message for the other one, or for the first to come.
    ///
    /// # Errors
    /// [`SendError`]; the message was not taken.
    pub fn send(&self, text: &str) -> Result<Sent, SendError> {
        let text = Text::from_plain(text)?;
        let now = Moment::now();
        let mut state = self.shared.lock();
        let id = state.write(&now, &text)?;
        self.shared.release_and_wake_writer(state);
        Ok(Sent { id, date: now.date })
    }

    /// Takes messages one after the other, and waits while there is no room; false if the discussion is over
    /// before all are taken.
    pub fn send_all(&self, texts: &[Text<'_>]) -> bool {
        let mut now = Moment::now();
        let mut state = self.shared.lock();
        for text in texts {
            while let Err(error) = state.write(&now, text) {
                if error == SendError::Over {
                    return false;
                }
                self.shared.work.notify_all();
                state = self.shared.wait_for_progress(state);
                now = Moment::now();
            }
        }
        self.shared.release_and_wake_writer(state);
        true
    }

    /// Waits until everything was delivered, or the discussion is over.
    pub fn wait_until_delivered(&self) {
        let mut state = self.shared.lock();
        while !state.delivery.all_delivered() && state.phase != Phase::Over {
            state = self.shared.wait_for_progress(state);
        }
    }

    /// Leaves the discussion: what was written is delivered if the other one is there, he is told, the link closes.
    /// [`Event::Over`] says when. Who leaves while the first connection is being made joins for just that.
    pub fn leave(&self) {
        self.end_as(Phase::Leaving { since: Instant::now(), quitter_sent: false });
    }

    /// Closes the link without ending the discussion of whoever may be there: for one who has not joined yet.
    pub fn abandon(&self) {
        self.end_as(Phase::Abandoned);
    }

    fn end_as(&self, phase: Phase) {
        let mut state = self.shared.lock();
        if state.phase == Phase::Talking {
            state.phase = phase;
            self.shared.work.notify_all();
        }
    }

    /// Whether the other one is there, as far as is known.
    pub fn has_peer(&self) -> bool {
        self.shared.lock().delivery.peer().is_some()
    }

    /// What was written and has not reached the other's screen, as far as is known: whom it is for (`None`: the
    /// first to come) and the text.
    pub fn undelivered(&self) -> Vec<(Option<Pseudo>, String)> {
        let state = self.shared.lock();
        state
            .delivery
            .undelivered()
            .filter_map(|(to, kept)| match kept.content() {
                Content::Msg { text, .. } => Some((to.cloned(), text.plain().into_owned())),
                _ => None,
            })
            .collect()
    }
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// The writer, or the pause between two attempts, has something to do.
    work: Condvar,
    /// So much was delivered that there is ample room again, or the discussion is over.
    progress: Condvar,
}

#[derive(Debug)]
struct State {
    delivery: Delivery,
    phase: Phase,
    connection: Connection,
    traffic: Traffic,
    /// The writer sleeps on `work`: only then is it worth a system call to wake it.
    writer_waits: bool,
}

/// What passed over the present connection, and when.
#[derive(Clone, Copy, Debug)]
struct Traffic {
    login: Instant,
    /// When something was read last, or else the login.
    last_read: Instant,
    /// When lines were written last, or else the login.
    last_written: Instant,
    last_ping: Option<Instant>,
}

impl Traffic {
    fn new(login: Instant) -> Self {
        Traffic { login, last_read: login, last_written: login, last_ping: None }
    }

    /// How long until a `ping` is due. The relay counts the silence only of those who have sent one: who always has
    /// something to read and to write would otherwise keep his seat for ever once his cable is pulled.
    fn until_ping(&self) -> Duration {
        let quiet_since = self.last_read.min(self.last_written);
        let since = self.last_ping.map_or(self.login, |ping| ping.max(quiet_since));
        PING_AFTER.saturating_sub(since.elapsed())
    }
}

/// When messages are written.
struct Moment {
    date: DateTime<Local>,
    /// `date` as it stands on the wire.
    rfc3339: String,
}

impl Moment {
    fn now() -> Self {
        let date = Local::now();
        Moment { date, rfc3339: date.to_rfc3339_opts(SecondsFormat::Millis, false) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Talking,
    /// Our user has left; `since` then, or since something was delivered after that, or since `quitter` was written.
    Leaving {
        since: Instant,
        quitter_sent: bool,
    },
    /// Our user has left, and no `quitter` shall be written.
    Abandoned,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    /// None, and none is being made.
    Down,
    /// Logged in.
    Up,
    /// The reader has seen its end; the writer has to stop.
    Closing,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_progress<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.progress.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_work<'a>(&self, state: MutexGuard<'a, State>, limit: Duration) -> MutexGuard<'a, State> {
        self.work.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0
    }

    /// In this order: a writer that wakes earlier only waits again, for the lock.
    fn release_and_wake_writer(&self, mut state: MutexGuard<'_, State>) {
        let wakes = state.writer_waits && state.has_work();
        if wakes {
            // Once is enough, however long it takes to get up.
            state.writer_waits = false;
        }
        drop(state);
        if wakes {
            self.work.notify_all();
        }
    }

    /// Waits until there is something to write and appends it to `batch`; false if nothing will be any more.
    fn gather_work(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = self.lock();
        loop {
            if state.connection != Connection::Up {
                return false;
            }
            let login = state.traffic.login;
            let mut wait = state.traffic.until_ping();
            match state.phase {
                Phase::Abandoned | Phase::Over => return false,
                Phase::Talking => state.gather(batch),
                Phase::Leaving { since, quitter_sent: true } => {
                    wait = FIN_TIMEOUT.saturating_sub(since.elapsed());
                    if wait.is_zero() {
                        return false;
                    }
                }
                Phase::Leaving { since, quitter_sent: false } => {
                    state.gather(batch);
                    wait = match state.delivery.peer() {
                        Some(_) => LAST_RECU_TIMEOUT.saturating_sub(since.max(login).elapsed()),
                        None => PRESENT_TIMEOUT.saturating_sub(login.elapsed()),
                    };
                    let done = state.delivery.peer_has_everything() && !state.delivery.is_showing();
                    if batch.is_empty() && (wait.is_zero() || done) {
                        Frame::Quitter.write(batch);
                        state.phase = Phase::Leaving { since: Instant::now(), quitter_sent: true };
                    }
                }
            }
            if !batch.is_empty() {
                state.traffic.last_written = Instant::now();
                return true;
            }
            state.writer_waits = true;
            state = self.wait_for_work(state, wait);
            state.writer_waits = false;
        }
    }
}

impl State {
    fn write(&mut self, now: &Moment, text: &Text<'_>) -> Result<MessageId, SendError> {
        if self.phase != Phase::Talking {
            return Err(SendError::Over);
        }
        Ok(self.delivery.write(&Content::Msg { date: &now.rfc3339, text: text.clone() })?)
    }

    /// Something was delivered: who is leaving waits for more.
    fn note_delivery(&mut self) {
        if let Phase::Leaving { since, quitter_sent: false } = &mut self.phase {
            *since = Instant::now();
        }
    }

    /// Whether the writer has anything to do.
    fn has_work(&self) -> bool {
        self.phase != Phase::Talking || self.delivery.has_frame()
    }

    /// Appends to `batch` what can be sent now, up to [`BATCH_BYTES`] and one line.
    fn gather(&mut self, batch: &mut Vec<u8>) {
        if self.traffic.until_ping().is_zero() {
            self.traffic.last_ping = Some(Instant::now());
            Frame::Ping.write(batch);
        }
        while batch.len() < BATCH_BYTES {
            let Some(frame) = self.delivery.next_frame() else { break };
            frame.write(batch);
        }
    }
}

/// The thread « reception ».
struct Reception<F> {
    shared: Arc<Shared>,
    own: Address<'static>,
    server: Endpoint,
    patience: Option<Duration>,
    front: F,
    /// From the one who joined last to us.
    route: Option<Route>,
}

/// Why an attempt to connect and log in failed.
enum Attempt {
    /// It is worth trying again.
    Later(Failure),
    /// It will not get better.
    Never(Failure),
}

impl Attempt {
    /// The address or the pseudo is wrong. Not any more after the first login: then the network is another one for the
    /// moment, or the relay is not what it was.
    fn mistake(failure: Failure, first_login: bool) -> Self {
        if first_login { Attempt::Never(failure) } else { Attempt::Later(failure) }
    }
}

/// What the user knows of the attempts that fail.
#[derive(Default)]
struct Told {
    /// That there is no connection.
    outage: bool,
    /// That something else answers.
    stranger: bool,
    /// The last refusal.
    refusal: Option<Refusal>,
}

impl Told {
    /// What the user does not know yet.
    fn news<'a>(&mut self, failure: &'a Failure) -> Option<Event<'a>> {
        let (is_new, turned_away) = match failure {
            Failure::Refused(code, _) => (self.refusal.replace(*code) != Some(*code), turned_away(*code)),
            Failure::NotARelay(_) => (!std::mem::replace(&mut self.stranger, true), None),
            _ => (!std::mem::replace(&mut self.outage, true), None),
        };
        is_new.then(|| turned_away.map_or(Event::Unreachable(failure), Event::TurnedAway))
    }
}

impl<F: Front> Reception<F> {
    fn run(mut self) -> Ending {
        let ending = self.connect_and_talk();
        let mut state = self.shared.lock();
        state.phase = Phase::Over;
        self.shared.progress.notify_all();
        drop(state);
        self.front.event(Event::Over(&ending));
        if let Err(error) = self.front.show() {
            log::warn!("la fin de la discussion n'a pas pu être affichée : {error}");
        }
        ending
    }

    fn connect_and_talk(&mut self) -> Ending {
        let start = Instant::now();
        let mut first_login = true;
        let mut told = Told::default();
        let mut pause = Duration::ZERO;
        loop {
            let failure = match self.connect(first_login) {
                Ok((stream, lines)) => {
                    first_login = false;
                    // Its loss will be told by itself.
                    told = Told { outage: true, ..Told::default() };
                    let login = Instant::now();
                    if let Some(ending) = self.talk(&stream, lines, login) {
                        return ending;
                    }
                    // At once, unless the relay hangs up after each login.
                    pause = PAUSES.0.saturating_sub(login.elapsed());
                    None
                }
                Err(Attempt::Never(failure)) => return Ending::Failed(failure),
                Err(Attempt::Later(failure)) => {
                    log::info!("tentative de connexion : {failure}");
                    pause = (pause * 2).clamp(PAUSES.0, PAUSES.1);
                    if first_login && self.patience.is_some_and(|patience| start.elapsed() >= patience) {
                        return Ending::Failed(failure);
                    }
                    if self.shared.lock().phase == Phase::Talking
                        && let Some(news) = told.news(&failure)
                    {
                        self.front.event(news);
                        if let Err(error) = self.front.show() {
                            return Ending::Failed(Failure::Display(error));
                        }
                    }
                    Some(failure)
                }
            };
            if !self.pause(pause) {
                let abandoned = self.shared.lock().phase == Phase::Abandoned;
                // Who leaves and never joined is told why there was no discussion.
                let in_vain = failure.filter(|_| first_login && !abandoned);
                return in_vain.map_or(Ending::Left, Ending::Failed);
            }
        }
    }

    /// Waits between two attempts; false if the user leaves meanwhile.
    fn pause(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut state = self.shared.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.phase != Phase::Talking || left.is_zero() {
                return state.phase == Phase::Talking;
            }
            state = self.shared.wait_for_work(state, left);
        }
    }

    /// One attempt to connect and log in. What the relay sent behind `bienvenue` is in the buffer returned.
    fn connect(&self, first_login: bool) -> Result<(TcpStream, LineBuffer), Attempt> {
        let stream = self.open_stream(first_login)?;
        let mut lines = LineBuffer::with_max_bytes(READ_BYTES);
        let unreachable = |error| Attempt::Later(Failure::Unreachable(self.server.clone(), error));
        if self.shared.lock().phase == Phase::Abandoned {
            return Err(unreachable(io::ErrorKind::ConnectionAborted.into()));
        }
        let mut login = Vec::new();
        Frame::Login { address: self.own.borrowed(), key: None }.write(&mut login);
        prepare(&stream).and_then(|()| (&stream).write_all(&login)).map_err(unreachable)?;
        let asked = Instant::now();
        loop {
            match lines.next_line().map(|line| as_frame(line.ok()?, None)) {
                Some(Some(Frame::Bienvenue(address))) if address == self.own => break,
                Some(Some(Frame::Refus { code, text })) => {
                    let failure = Failure::Refused(code, text.plain().into_owned());
                    return Err(match code {
                        Refusal::Occupe => Attempt::Later(failure),
                        _ => Attempt::mistake(failure, first_login),
                    });
                }
                Some(_) => {
                    return Err(Attempt::mistake(Failure::NotARelay(self.server.clone()), first_login));
                }
                None => self.await_answer(&stream, &mut lines, asked).map_err(unreachable)?,
            }
        }
        Ok((stream, lines))
    }

    /// Reads once; an error when that takes too long, all the sooner once the user has left, or the stream has ended.
    fn await_answer(&self, stream: &TcpStream, lines: &mut LineBuffer, asked: Instant) -> io::Result<()> {
        loop {
            let deadline = match self.shared.lock().phase {
                Phase::Talking => asked + LOGIN_TIMEOUT,
                Phase::Leaving { since, .. } => asked.max(since) + FIN_TIMEOUT,
                Phase::Abandoned | Phase::Over => return Err(io::ErrorKind::ConnectionAborted.into()),
            };
            match read_before(stream, lines, deadline.min(Instant::now() + LOGIN_POLL)) {
                Err(error) if error.kind() == io::ErrorKind::TimedOut && Instant::now() < deadline => {}
                done => return done,
            }
        }
    }

    fn open_stream(&self, first_login: bool) -> Result<TcpStream, Attempt> {
        let Endpoint { host, port } = &self.server;
        let addresses = (host.as_str(), *port).to_socket_addrs().map_err(|error| {
            log::info!("{host} : {error}");
            Attempt::mistake(Failure::UnknownHost(self.server.clone()), first_login)
        })?;
        let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
                // Trying a free local port again and again can, by chance, connect the socket to itself.
                Ok(stream) if stream.local_addr().ok() == Some(address) => {
                    last_error = io::ErrorKind::ConnectionRefused.into();
                }
                Ok(stream) => return Ok(stream),
                Err(error) => last_error = error,
            }
        }
        Err(Attempt::Later(Failure::Unreachable(self.server.clone(), last_error)))
    }

    /// One connection, from the login to its end. `None`: it was lost.
    fn talk(&mut self, stream: &TcpStream, lines: LineBuffer, login: Instant) -> Option<Ending> {
        let mut state = self.shared.lock();
        state.connection = Connection::Up;
        state.traffic = Traffic::new(login);
        drop(state);
        let shared = Arc::clone(&self.shared);
        let ending = thread::scope(|scope| {
            let writer = thread::Builder::new()
                .name("envoi".to_owned())
                .spawn_scoped(scope, move || write_all_work(&shared, stream));
            let ending = match writer {
                Ok(_) => self.receive(stream, lines),
                Err(error) => Some(Ending::Failed(Failure::Thread(error))),
            };
            let mut state = self.shared.lock();
            state.connection = Connection::Closing;
            self.shared.work.notify_all();
            drop(state);
            // The writer may be blocked in a write.
            let _ = stream.shutdown(Shutdown::Both);
            ending
        });
        let mut state = self.shared.lock();
        state.connection = Connection::Down;
        state.delivery.connection_lost();
        let left = matches!(state.phase, Phase::Leaving { quitter_sent: true, .. });
        drop(state);
        if ending.is_some() || left {
            return ending.or(Some(Ending::Left));
        }
        self.front.event(Event::ConnectionLost);
        self.front.show().err().map(|error| Ending::Failed(Failure::Display(error)))
    }

    /// Reads and shows until the discussion or the connection ends.
    fn receive(&mut self, stream: &TcpStream, mut lines: LineBuffer) -> Option<Ending> {
        self.front.event(Event::Connected);
        let mut last_line = None;
        loop {
            match self.show_lines(&mut lines) {
                Shown::Lines => last_line = Some(Instant::now()),
                Shown::Nothing => {}
                Shown::Broken => return None,
                Shown::End(ending) => return Some(ending),
            }
            // From the first read on, however long the showing took before.
            let since = *last_line.get_or_insert_with(Instant::now);
            if let Err(error) = read_before(stream, &mut lines, since + LOST_AFTER) {
                log::info!("lecture : {}", cause(&error));
                return None;
            }
        }
    }

    /// Shows the whole lines that have arrived, then lets them be acknowledged.
    fn show_lines(&mut self, lines: &mut LineBuffer) -> Shown {
        let mut shown = Shown::Nothing;
        // One lock for all of them: another thread that wants it now and then would cost more than it waits.
        let mut state = self.shared.lock();
        while let Some(line) = lines.next_line() {
            let Ok(line) = line else {
                log::warn!("le serveur a envoyé une ligne trop longue");
                return Shown::Broken;
            };
            shown = Shown::Lines;
            let frame = as_frame(line, self.route.as_ref());
            let Some(event) = frame.as_ref().and_then(|frame| state.delivery.handle(frame)) else { continue };
            let mut joined = None;
            match &event {
                delivery::Incoming::Ended(by) => {
                    let by_us = **by == self.own;
                    shown = Shown::End(if by_us { Ending::Left } else { Ending::LeftByPeer(by.pseudo()) });
                    break;
                }
                delivery::Incoming::Joined { address: who, .. } => joined = Some((*who).clone().into_owned()),
                delivery::Incoming::Delivered(_) => state.note_delivery(),
                _ => {}
            }
            self.front.event(Event::Discussion(event));
            if let Some(who) = joined {
                self.route = Some(Route::new(who, self.own.clone()));
            }
        }
        state.traffic.last_read = Instant::now();
        // Whoever joined is told at once what was shown of his, however long the showing takes.
        self.shared.release_and_wake_writer(state);
        if let Err(error) = self.front.show() {
            return Shown::End(Ending::Failed(Failure::Display(error)));
        }
        let mut state = self.shared.lock();
        state.delivery.acknowledge();
        let ample_room = state.delivery.has_ample_room();
        self.shared.release_and_wake_writer(state);
        if ample_room {
            self.shared.progress.notify_all();
        }
        shown
    }
}

/// What became of the lines that had arrived.
enum Shown {
    Nothing,
    Lines,
    /// They cannot be from a relay.
    Broken,
    End(Ending),
}

/// The thread « envoi »: writes until the connection is closing.
fn write_all_work(shared: &Shared, stream: &TcpStream) {
    let mut batch = Vec::with_capacity(BATCH_BYTES);
    while shared.gather_work(&mut batch) {
        if let Err(error) = write_within(stream, &batch, WRITE_LIMIT) {
            log::info!("écriture : {error}");
            break;
        }
        batch.clear();
    }
    // Whatever the reason, the reader shall not wait any longer.
    let _ = stream.shutdown(Shutdown::Both);
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))
}

/// Reads once; an error when the deadline has passed or the stream has ended.
fn read_before(stream: &TcpStream, lines: &mut LineBuffer, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    match lines.read_from(stream)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// A line as a frame, most likely a message of `route`; `None`, and a word in the log, if it is none.
#[inline]
fn as_frame<'a>(line: &'a [u8], route: Option<&'a Route>) -> Option<Frame<'a>> {
    if let Some(msg) = route.and_then(|route| route.parse_msg(line)) {
        return Some(Frame::Relayed(msg));
    }
    let line = match std::str::from_utf8(line) {
        Ok(line) => line,
        Err(error) => {
            log::warn!("le serveur a envoyé une ligne qui n'est pas en UTF-8 : {error}");
            return None;
        }
    };
    match Frame::parse(line) {
        Ok(Frame::Refus { code, text }) => {
            log::warn!("refus « {} » : {}", code.code(), common::text::harmless(&text.plain()));
            Some(Frame::Refus { code, text })
        }
        Ok(frame) => Some(frame),
        Err(error) => {
            log::warn!("le serveur a envoyé une ligne incomprise : {error}");
            None
        }
    }
}
