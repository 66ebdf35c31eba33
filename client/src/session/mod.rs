//! A participation in a discussion, without I/O: [`Session`].
//!
//! Bytes that arrived, the time and what the user does go in; bytes to send, events to show, changes to keep and the
//! moment of the next timeout come out. No socket, no thread, no clock, no disk: whoever has these, [`crate::link`] in
//! the program and a simulation in the tests, calls
//!
//! * [`wants`](Session::wants) to learn whether to connect or to pause, and [`connected`](Session::connected)
//!   and [`disconnected`](Session::disconnected) to say what came of it;
//! * [`received`](Session::received) with what was read, then [`take_events`](Session::take_events), and
//!   [`shown`](Session::shown) once these are on the screen: only then are they acknowledged;
//! * [`transmit`](Session::transmit) for what is to be written;
//! * [`take_changes`](Session::take_changes) before anything of that is shown or written: it is on disk first;
//! * [`next_job`](Session::next_job) for what is to be done with the disk, and [`job_done`](Session::job_done) with what
//!   became of it;
//! * [`handle_timeout`](Session::handle_timeout) when [`next_timeout`](Session::next_timeout) has come.
//!
//! The delivery rules are [`common::delivery`]; here is what stands around them: logging in and coming back
//! (`attempts`), the signs of life of one connection (`connection`), leaving (`leaving`).

mod attempts;
mod connection;
mod leaving;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Local};
use common::address::{Address, Pseudo, Session as Token};
use common::clock;
use common::delivery::{Change, Delivery, Incoming, Memory, MessageId};
use common::endpoint::Endpoint;
use common::frame::{Body, Content, Frame, Refusal, Relayed, Route};
use common::lines::LineBuffer;
use common::text::harmless;

use crate::event::{End, Ending, Event, Failure, Message, Undelivered};
use crate::files::{Done, FileChange, FileId, Job, Record, Transfers};
use crate::store::Trouble;
use attempts::Attempts;
use connection::OpenConnection;
use leaving::{Leaving, Next};

/// How many bytes of frames are gathered for one write. With the last line they still fit into one segment of the
/// loopback interface (65,483 bytes), unless that line is very long: a little more would make two of them, the second
/// nearly empty and nearly as dear.
const BATCH_BYTES: usize = 48 * 1024;
/// How many bytes of lines are held at most.
const LINES_BYTES: usize = 256 * 1024;

/// Who takes part: what the relay is told at each login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The own address.
    pub address: Address<'static>,
    /// What proves to the relay that a seat of this address is ours.
    pub key: Token,
}

impl Identity {
    /// Somebody of that name of whom nothing is remembered.
    pub fn new(pseudo: &Pseudo) -> Self {
        Identity { address: Address::new(pseudo, &Token::random()), key: Token::random_key() }
    }
}

/// What a session wants of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// A connection: to have one made, or to keep the one there is.
    Connection,
    /// No connection before the next timeout.
    Pause,
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

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendError::TooLong => {
                "Ce message est trop long (65 000 octets environ au plus, une lettre accentuée en compte deux) : \
                 envoyez-le en plusieurs fois"
            }
            SendError::Full => {
                "Trop de messages attendent d'être remis : réessayez quand la connexion sera rétablie"
            }
            SendError::Over => "La discussion est terminée : ce message n'est pas parti",
        })
    }
}

impl std::error::Error for SendError {}

/// A participation, see the [module](self).
#[derive(Debug)]
pub struct Session {
    server: Endpoint,
    key: Token,
    delivery: Delivery,
    transfers: Transfers,
    phase: Phase,
    connection: Connection,
    attempts: Attempts,
    events: Vec<Event>,
    /// The relay has said that it is over.
    heard_fin: bool,
    /// Events were taken and are not shown yet: nothing is read meanwhile.
    showing: bool,
    /// The name of the one who is opposite, or was last.
    peer_name: Arc<str>,
    dates: Dates,
    /// Entries that came and were not shown: each comes more than once.
    repetitions: u64,
}

#[derive(Debug)]
enum Phase {
    /// Not yet, or no longer, being left.
    Talking,
    Leaving(Leaving),
    Over(Arc<Ending>),
}

#[derive(Debug)]
enum Connection {
    /// None before that moment.
    Paused(Instant),
    /// It is to be made, or is being made.
    Wanted,
    Open(Box<OpenConnection>),
}

impl Session {
    /// Joins a discussion at `server`, of which this is what is remembered. Until the first login is accepted, attempts
    /// go on for `patience` (for ever without one); after that, always.
    pub fn new(
        server: Endpoint,
        identity: Identity,
        memory: Memory,
        patience: Option<Duration>,
        now: Instant,
    ) -> Self {
        Session {
            server,
            key: identity.key,
            delivery: Delivery::remembering(identity.address, memory),
            transfers: Transfers::default(),
            phase: Phase::Talking,
            connection: Connection::Wanted,
            attempts: Attempts::new(patience, now),
            events: Vec::new(),
            heard_fin: false,
            showing: false,
            peer_name: Arc::default(),
            dates: Dates::default(),
            repetitions: 0,
        }
    }

    /// Goes on with these files, which an earlier run has kept.
    pub fn remember_files(&mut self, records: Vec<Record>) {
        self.transfers = Transfers::remembering(records);
    }

    /// Nobody keeps what changes: [`take_changes`](Self::take_changes) will give nothing any more.
    pub fn forget_changes(&mut self) {
        self.delivery.forget_changes();
    }

    /// The user has to know this of what is kept.
    pub fn tell(&mut self, trouble: Trouble) {
        self.events.push(Event::Storage(trouble));
    }

    // ---- what the user does ----

    /// Takes something for the other one, or for the first to come.
    ///
    /// # Errors
    /// [`SendError`] says why it was not taken.
    pub fn write(&mut self, content: &Content<'_>) -> Result<MessageId, SendError> {
        if !matches!(self.phase, Phase::Talking) {
            return Err(SendError::Over);
        }
        self.delivery.write(content).map_err(|_| SendError::Full)
    }

    /// Offers a file to the other one, or to the first to come.
    pub fn offer(&mut self, path: PathBuf) -> FileId {
        self.transfers.offer(path, self.delivery.correspondent())
    }

    /// Accepts a file that was offered, into that folder.
    pub fn accept(&mut self, file: FileId, folder: PathBuf) {
        self.transfers.accept(file, folder);
    }

    /// Refuses a file, gives it up, or withdraws it.
    pub fn cancel(&mut self, file: FileId) {
        self.transfers.cancel(file);
    }

    /// Takes what became of a job.
    pub fn job_done(&mut self, done: Done, now: Instant) {
        self.transfers.done(done, now);
    }

    /// Writes what the other one is to be told of files, at the end for the next run. To be called when anything has
    /// happened.
    pub fn write_about_files(&mut self, date: impl FnOnce() -> String) {
        let may_write = match self.phase {
            Phase::Talking => true,
            Phase::Leaving(_) => false,
            Phase::Over(_) => self.delivery.is_kept(),
        };
        if may_write && self.transfers.has_entries() {
            self.transfers.write_entries(&mut self.delivery, &date());
        }
    }

    /// Leaves the discussion: what was written is delivered if the other one is there, he is told, the connection ends.
    /// Whoever leaves before the first login joins for just that.
    pub fn leave(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Talking) {
            return;
        }
        self.phase = Phase::Leaving(Leaving::new(self.delivery.correspondent().cloned(), now));
        if let Connection::Paused(_) = self.connection {
            self.connection = Connection::Wanted;
        }
        self.go_on_leaving(now);
    }

    /// Closes at once: whoever is leaving does not wait any longer; for anybody else it is as if the program were killed,
    /// and no end of the discussion.
    pub fn cut_short(&mut self) {
        self.end(match self.phase {
            Phase::Leaving(_) => End::Left { told: false },
            Phase::Talking | Phase::Over(_) => End::Cut(self.delivery.correspondent().cloned()),
        });
    }

    /// It cannot go on, for that reason.
    pub fn fail(&mut self, failure: Failure) {
        self.end(End::Failed(failure));
    }

    // ---- what happens to the connection ----

    /// What the network is to do.
    pub fn wants(&self) -> Wants {
        match &self.connection {
            Connection::Paused(_) => Wants::Pause,
            Connection::Wanted | Connection::Open(_) => Wants::Connection,
        }
    }

    /// A connection was made.
    pub fn connected(&mut self, now: Instant) {
        if let Connection::Wanted = self.connection
            && self.ending().is_none()
        {
            let mut hello = Vec::new();
            let key = Some(self.key.as_str());
            Frame::Login { address: self.delivery.own().borrowed(), key }.write(&mut hello);
            Frame::Ping.write(&mut hello);
            let open = OpenConnection::new(hello, LineBuffer::with_max_bytes(LINES_BYTES), now);
            self.connection = Connection::Open(Box::new(open));
        }
    }

    /// No connection could be made for that reason, or the one there was is gone.
    pub fn disconnected(&mut self, failure: Failure, now: Instant) {
        if self.ending().is_some() {
            return;
        }
        match &self.connection {
            Connection::Open(open) if open.logged_in.is_some() => self.lose_connection(now),
            Connection::Open(_) | Connection::Wanted => self.attempt_failed(failure, false, now),
            Connection::Paused(_) => {}
        }
    }

    /// Bytes have arrived.
    pub fn received(&mut self, mut bytes: &[u8], now: Instant) {
        if !self.is_open() {
            return;
        }
        let Connection::Open(open) = &mut self.connection else { return };
        open.received(now);
        let Some(mut lines) = open.lines.take() else { return };
        let mut route = open.route.take();
        while !bytes.is_empty() && lines.read_from(&mut bytes).is_ok() {
            while let Some(line) = lines.next_line() {
                let Ok(line) = line else {
                    log::warn!("Le serveur a envoyé une ligne trop longue");
                    self.break_connection(now);
                    return;
                };
                let frame = as_frame(line, route.as_ref());
                let is_present = matches!(frame, Some(Frame::Present(_)));
                match frame {
                    Some(frame) => self.handle(frame, now),
                    None => self.handle_nonsense(now),
                }
                if is_present {
                    // Who leaves sees everybody who comes, however short.
                    self.go_on_leaving(now);
                    route = self.route();
                }
                if !self.is_open() {
                    return;
                }
            }
        }
        if let Connection::Open(open) = &mut self.connection {
            open.lines = Some(lines);
            open.route = route;
        }
        self.go_on_leaving(now);
    }

    // ---- what comes out ----

    /// Whether something has happened that is to be shown, or kept of files.
    pub fn has_news(&self) -> bool {
        !self.events.is_empty() || self.transfers.has_news()
    }

    /// What has happened, in order; [`shown`](Self::shown) has to follow.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.tell_of_files();
        self.showing = !self.events.is_empty();
        std::mem::take(&mut self.events)
    }

    /// What [`take_events`](Self::take_events) gave is on the screen: it may be acknowledged.
    pub fn shown(&mut self, now: Instant) {
        self.delivery.acknowledge();
        if std::mem::take(&mut self.showing)
            && let Connection::Open(open) = &mut self.connection
        {
            // Nothing was read meanwhile, however long it took.
            open.received(now);
        }
        self.go_on_leaving(now);
    }

    /// What is to be on disk before anything more is shown or transmitted, in order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        self.delivery.take_changes()
    }

    /// The same for files.
    pub fn take_file_changes(&mut self) -> Vec<FileChange> {
        self.transfers.take_changes()
    }

    /// What is to be done with the disk, elsewhere.
    pub fn next_job(&mut self) -> Option<Job> {
        self.transfers.next_job()
    }

    /// Appends to `out` what is to be written now, about `BATCH_BYTES` at most.
    pub fn transmit(&mut self, out: &mut Vec<u8>, now: Instant) {
        let Connection::Open(open) = &mut self.connection else { return };
        out.append(&mut open.hello);
        if open.logged_in.is_some() {
            if open.ping_due().is_some_and(|due| due <= now) {
                open.pinged(now);
                Frame::Ping.write(out);
            }
            while out.len() < BATCH_BYTES
                && let Some(frame) = self.delivery.next_frame()
            {
                frame.write(out);
            }
            if let (Phase::Talking, Some(peer)) = (&self.phase, self.delivery.peer()) {
                while out.len() < BATCH_BYTES
                    && let Some(body) = self.transfers.next_frame(now)
                {
                    let (source, destination) = (self.delivery.own().borrowed(), peer.borrowed());
                    Relayed { source, destination, body }.write(out);
                }
            }
            if let Phase::Leaving(leaving) = &self.phase
                && leaving.quitter.is_some()
                && !self.delivery.has_frame()
                && !std::mem::replace(&mut open.quitter_sent, true)
            {
                Frame::Quitter.write(out);
            }
        }
        if !out.is_empty() {
            open.sent(now);
        }
    }

    /// Whether [`transmit`](Self::transmit) has anything to give now, pings aside.
    pub fn has_work(&self) -> bool {
        let Connection::Open(open) = &self.connection else { return false };
        let has_frame = match &self.phase {
            Phase::Talking => open.logged_in.is_some() && self.transfers.has_frame(),
            Phase::Leaving(leaving) => leaving.quitter.is_some() && !open.quitter_sent,
            Phase::Over(_) => false,
        };
        !open.hello.is_empty() || self.delivery.has_frame() || has_frame
    }

    /// When [`transmit`](Self::transmit) has something to give again, if nothing happens before.
    pub fn next_ping(&self) -> Option<Instant> {
        let Connection::Open(open) = &self.connection else { return None };
        open.ping_due()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, at the latest.
    pub fn next_timeout(&self, now: Instant) -> Option<Instant> {
        let of_connection = match &self.connection {
            Connection::Paused(until) => Some(*until),
            Connection::Wanted => None,
            Connection::Open(open) => {
                let count = open.count_limit().filter(|_| self.delivery.awaits_count());
                [open.silence_limit(self.showing), count].into_iter().flatten().min()
            }
        };
        let of_leaving = match self.next_in_leaving(now) {
            Some(Next::Wait(until)) => Some(until),
            Some(_) => Some(now),
            None => None,
        };
        match self.phase {
            Phase::Over(_) => None,
            _ => [of_connection, of_leaving].into_iter().flatten().min(),
        }
    }

    /// Does what is due by now. What it leads to comes out by the other functions.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.ending().is_some() {
            return;
        }
        match &self.connection {
            Connection::Paused(until) if *until <= now => self.connection = Connection::Wanted,
            Connection::Open(open) => {
                let silent = open.silence_limit(self.showing).is_some_and(|limit| limit <= now);
                let waited = open.count_limit().is_some_and(|limit| limit <= now);
                if silent {
                    self.break_connection(now);
                } else if waited {
                    self.delivery.stop_waiting_for_count();
                }
            }
            _ => {}
        }
        self.go_on_leaving(now);
    }

    // ---- what may be asked ----

    /// The own address.
    pub fn address(&self) -> &Address<'static> {
        self.delivery.own()
    }

    /// Whether the other one is there, as far as is known.
    pub fn has_peer(&self) -> bool {
        self.delivery.peer().is_some()
    }

    /// How it ended, once it has.
    pub fn ending(&self) -> Option<&Arc<Ending>> {
        match &self.phase {
            Phase::Over(ending) => Some(ending),
            Phase::Talking | Phase::Leaving(_) => None,
        }
    }

    /// Whether the relay has said that it is over: then the connection is closed with care, so that it learns that it was
    /// heard.
    pub fn has_heard_fin(&self) -> bool {
        self.heard_fin
    }

    /// Whether there is a connection, and it is still wanted.
    pub fn is_open(&self) -> bool {
        matches!(self.connection, Connection::Open(_)) && self.ending().is_none()
    }

    /// Whether everything that was written was acknowledged.
    pub fn all_delivered(&self) -> bool {
        self.delivery.all_delivered()
    }

    /// Whether there is so much room again that it is worth going on writing.
    pub fn has_ample_room(&self) -> bool {
        self.delivery.has_ample_room()
    }

    /// Whether a part of a line has arrived.
    pub fn is_inside_line(&self) -> bool {
        let Connection::Open(open) = &self.connection else { return false };
        open.lines.as_ref().is_some_and(LineBuffer::is_inside_line)
    }

    /// How many entries have come since this was asked last that were not shown, because they were before or, as
    /// something before them is missing, will be when they come again.
    pub fn take_repetitions(&mut self) -> u64 {
        std::mem::take(&mut self.repetitions)
    }

    /// What leaving now would make undeliverable.
    pub fn lost_by_leaving(&self) -> Vec<Undelivered> {
        self.delivery
            .lost_by_ending()
            .filter_map(|(to, kept)| match kept.content() {
                Content::Msg { text, .. } => {
                    Some(Undelivered { id: kept.id, to: to.cloned(), text: text.plain().into_owned() })
                }
                _ => None,
            })
            .collect()
    }

    // ---- frames ----

    fn handle(&mut self, frame: Frame<'_>, now: Instant) {
        let Connection::Open(open) = &mut self.connection else { return };
        if let Phase::Leaving(leaving) = &mut self.phase
            && frame != Frame::Pong
        {
            leaving.heard(now);
        }
        if open.logged_in.is_some() {
            if let Frame::Refus { code, text } = &frame {
                return self.handle_refusal(*code, &text.plain(), now);
            }
            return self.discuss(&frame, now);
        }
        match frame {
            Frame::Bienvenue(address) if address == *self.delivery.own() => {
                open.logged_in = Some(now);
                self.events.push(Event::Connected { again: self.attempts.log_in(), alone: true });
            }
            Frame::Refus { code, text } => {
                let is_final = code != Refusal::Occupe;
                self.attempt_failed(Failure::Refused(code, text.plain().into_owned()), is_final, now);
            }
            // It may come before the answer to a login that waits.
            Frame::Pong => {}
            _ => self.handle_nonsense(now),
        }
    }

    /// A line that is no frame: before the login is accepted, what answers is no relay.
    fn handle_nonsense(&mut self, now: Instant) {
        if let Connection::Open(open) = &self.connection
            && open.logged_in.is_none()
        {
            self.attempt_failed(Failure::NotARelay(self.server.clone()), true, now);
        }
    }

    /// A refusal in the course of the discussion.
    fn handle_refusal(&mut self, code: Refusal, sentence: &str, now: Instant) {
        log::warn!("Refus « {} » : {}", code.code(), harmless(sentence));
        match code {
            Refusal::Remplace => self.end(End::Failed(Failure::Refused(code, sentence.to_owned()))),
            Refusal::TrameInvalide | Refusal::SourceUsurpee | Refusal::DejaConnecte => {}
            _ => self.break_connection(now),
        }
    }

    fn discuss(&mut self, frame: &Frame<'_>, now: Instant) {
        let Some(incoming) = self.delivery.handle(frame) else {
            let is_entry = matches!(frame, Frame::Relayed(Relayed { body: Body::Entry { .. }, .. }));
            self.repetitions += u64::from(is_entry);
            return;
        };
        // In the order in which it happened.
        self.transfers.handle(&incoming, self.delivery.peer());
        self.heard_fin |= matches!(incoming, Incoming::Ended(_));
        match incoming {
            Incoming::Joined { address, renewed } => {
                self.peer_name = address.pseudo_str().into();
                if let Some(Event::Connected { alone, .. }) = self.events.last_mut() {
                    *alone = false;
                }
                self.events.push(Event::Joined { who: address.pseudo(), renewed });
                if let Connection::Open(open) = &mut self.connection {
                    open.seated = Some(now);
                }
            }
            Incoming::Lost(address) => self.events.push(Event::Lost(address.pseudo())),
            Incoming::Entry(Content::Msg { date, text }) => {
                let date = self.dates.read(date);
                let (from, text) = (Arc::clone(&self.peer_name), text.plain().into_owned());
                self.events.push(Event::Message(Message { from, date, text }));
            }
            Incoming::Entry(Content::Fichier { .. } | Content::Issue { .. }) => self.tell_of_files(),
            Incoming::Entry(_) => self.events.push(Event::Unknown { from: Arc::clone(&self.peer_name) }),
            Incoming::Delivered(ids) => {
                if let Phase::Leaving(leaving) = &mut self.phase {
                    leaving.progress = now;
                }
                self.events.push(Event::Delivered(ids));
            }
            Incoming::Other(_) => {}
            Incoming::Outdated => self.begin_anew(now),
            Incoming::KnownEnd => {
                if let Some(Event::Connected { .. }) = self.events.last() {
                    self.events.pop();
                }
                self.attempts.take_back_login();
                self.connection = Connection::Wanted;
                if let Phase::Leaving(leaving) = &mut self.phase {
                    leaving.lost_connection(now);
                }
            }
            Incoming::Ended(by) if by == self.delivery.own() => {
                let told = self.has_been_heard();
                self.end(End::Left { told });
            }
            Incoming::Ended(by) => {
                let by = by.pseudo();
                self.end(End::LeftByPeer(by));
            }
        }
    }

    fn tell_of_files(&mut self) {
        self.events.extend(self.transfers.take_events().into_iter().map(Event::File));
    }

    /// Whether the relay that knows of our leaving knows the one who was left, if there was anybody: he was there, or it
    /// has heard `quitter` before this connection.
    fn has_been_heard(&self) -> bool {
        match &self.connection {
            Connection::Open(open) => {
                open.seated.is_some() || !open.quitter_sent || self.delivery.correspondent().is_none()
            }
            Connection::Paused(_) | Connection::Wanted => false,
        }
    }

    /// What is remembered turned out to be an old copy: under a new address it does no harm.
    fn begin_anew(&mut self, now: Instant) {
        let Some(pseudo) = self.delivery.correspondent().cloned() else { return };
        self.events.push(Event::Outdated(pseudo));
        let identity = Identity::new(&self.delivery.own().pseudo());
        self.delivery.renew(identity.address, &identity.key);
        self.key = identity.key;
        self.break_connection(now);
    }

    /// On which most lines come now.
    fn route(&self) -> Option<Route> {
        self.delivery.peer().map(|peer| Route::new(peer.clone(), self.delivery.own().clone()))
    }

    // ---- connections that end ----

    /// Gives the connection up; the next one is made as if it had been lost.
    fn break_connection(&mut self, now: Instant) {
        self.disconnected(Failure::Silent(self.server.clone()), now);
    }

    fn lose_connection(&mut self, now: Instant) {
        self.delivery.connection_lost();
        self.transfers.connection_lost();
        let pause = self.attempts.after_a_loss(&self.connection, now);
        self.connection = Connection::Paused(now + pause);
        match &mut self.phase {
            Phase::Talking => self.events.push(Event::ConnectionLost),
            Phase::Leaving(leaving) => leaving.lost_connection(now),
            Phase::Over(_) => {}
        }
        self.go_on_leaving(now);
    }

    /// `is_final`: it will not get better, should it be the first login.
    fn attempt_failed(&mut self, failure: Failure, is_final: bool, now: Instant) {
        log::info!("Tentative de connexion : {failure}");
        let pause = self.attempts.next_pause(matches!(self.phase, Phase::Leaving(_)));
        self.connection = Connection::Paused(now + pause);
        if self.attempts.is_hopeless(&failure, is_final, now) {
            return self.end(End::Failed(failure));
        }
        match &mut self.phase {
            Phase::Talking => self.events.extend(self.attempts.news(failure)),
            Phase::Leaving(leaving) => leaving.attempt_failed(failure),
            Phase::Over(_) => {}
        }
        self.go_on_leaving(now);
    }

    // ---- the end ----

    fn next_in_leaving(&self, now: Instant) -> Option<Next> {
        let Phase::Leaving(leaving) = &self.phase else { return None };
        let open = match &self.connection {
            Connection::Open(open) => Some(&**open),
            Connection::Wanted | Connection::Paused(_) => None,
        };
        Some(leaving.next(open, &self.delivery, now))
    }

    /// Whoever is leaving does what is due for that.
    fn go_on_leaving(&mut self, now: Instant) {
        let next = self.next_in_leaving(now);
        let Phase::Leaving(leaving) = &mut self.phase else { return };
        match next {
            Some(Next::Quit) => leaving.quitter = Some(now),
            Some(Next::End) => {
                // Who leaves and never joined is told why there was no discussion.
                let failure = leaving.failure.take().filter(|_| !self.attempts.has_logged_in());
                self.end(failure.map_or(End::Left { told: false }, End::Failed));
            }
            Some(Next::Wait(_)) | None => {}
        }
    }

    fn end(&mut self, how: End) {
        if self.ending().is_some() {
            return;
        }
        // What only could not go on is no end: what is kept waits for the next run.
        let goes_on = matches!(how, End::Failed(_) | End::Cut(_)) && self.delivery.is_kept();
        let lost = if goes_on { Vec::new() } else { self.lost_by_leaving() };
        if goes_on {
            self.delivery.connection_lost();
        } else {
            self.delivery.end();
        }
        let waiting: Vec<_> = self.delivery.undelivered().map(|(_, kept)| kept.id).collect();
        self.transfers.end(self.delivery.is_kept(), &waiting);
        self.tell_of_files();
        let ending = Arc::new(Ending { how, lost });
        self.phase = Phase::Over(Arc::clone(&ending));
        self.events.push(Event::Over(ending));
    }
}

/// The dates of messages: in a transfer many share one.
#[derive(Debug, Default)]
struct Dates {
    wire: String,
    read: Option<DateTime<Local>>,
}

impl Dates {
    /// The sender's moment in our own time zone; the moment of arrival, if it cannot be read.
    fn read(&mut self, wire: &str) -> DateTime<Local> {
        if self.wire != wire {
            wire.clone_into(&mut self.wire);
            self.read = DateTime::parse_from_rfc3339(wire).map(DateTime::<Local>::from).ok();
        }
        self.read.unwrap_or_else(clock::now)
    }
}

/// A line as a frame, most likely a message of `route`; `None`, and a word in the log, if it is none.
#[inline]
fn as_frame<'a>(line: &'a [u8], route: Option<&'a Route>) -> Option<Frame<'a>> {
    if let Some(relayed) = route.and_then(|route| route.parse_msg(line)) {
        return Some(Frame::Relayed(relayed));
    }
    let frame = std::str::from_utf8(line).map_err(|error| error.to_string());
    let frame = frame.and_then(|line| Frame::parse(line).map_err(|error| error.to_string()));
    frame.inspect_err(|error| log::warn!("Le serveur a envoyé une ligne incomprise : {error}")).ok()
}

#[cfg(test)]
mod tests;
