//! The link to the relay: sockets, threads and the clock around a [`Session`], which knows what to do with them.
//!
//! Two threads. « reception » has connections made, reads, and shows what has happened on the [`Front`]; « envoi », one
//! per connection, writes; a third one, « historique », keeps what the user writes while these two are held up. Between
//! them and the caller stands one mutex around the session; nobody reads, writes, keeps or shows anything while holding
//! it.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chrono::{DateTime, Local, SecondsFormat};
use common::address::Pseudo;
use common::delivery::{Memory, MessageId};
use common::endpoint::Endpoint;
use common::frame::Content;
use common::text::Text;
use crossbeam_channel::{Receiver, Sender, bounded, never};

use crate::event::{Ending, Failure, Front, Undelivered, cause};
use crate::files::disk::Disk;
use crate::files::{Done, FileId};
use crate::networks::resolve;
use crate::session::{Identity, Refused, Session, Wants};
use crate::store::{Remembered, Store};
use crate::wire::{Tap, Way};

/// How long one attempt to connect may take, per address of the host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the relay may take to close once the discussion is over.
const LINGER: Duration = Duration::from_secs(2);
/// How many bytes are read at once, at most: each read is shown and acknowledged by itself.
const READ_BYTES: usize = 256 * 1024;
/// A read timeout is set in such steps: the same one need not be set again each time.
const TIMEOUT_STEP: Duration = Duration::from_millis(100);

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
    /// Its name in [`Event::Delivered`](crate::event::Event::Delivered).
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

impl From<Refused> for SendError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Full => SendError::Full,
            Refused::Over => SendError::Over,
        }
    }
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

struct Shared {
    /// Where events are shown. Locked before everything else by whoever shows something or takes what has arrived: so
    /// only that is acknowledged which is on the screen.
    front: Mutex<Box<dyn Front>>,
    disk: Disk,
    /// Locked before the session, by whoever keeps what has changed: so the changes are kept in their order, and nobody
    /// goes on before those are on disk that another one is still writing.
    store: Mutex<Option<Store>>,
    session: Mutex<Session>,
    /// The present connection, for whoever has to end it while its threads are blocked.
    stream: Mutex<Option<Arc<TcpStream>>>,
    /// There is something to do for the writer, or for who waits to connect.
    work: (Sender<()>, Receiver<()>),
    /// The user has written something that is to be kept.
    unkept: (Sender<()>, Receiver<()>),
    /// Who waits for [`Shared::report_progress`].
    waiting: Mutex<Vec<Sender<()>>>,
    tap: Tap,
}

impl Link {
    /// Starts to connect to `server` as `pseudo`, with what is kept of him if anything is, and goes on trying for
    /// `patience` (for ever without one) until the first login; after that, always. The thread returns when the link is
    /// closed.
    ///
    /// # Errors
    /// [`Failure::Thread`] if the system gives no thread.
    pub fn open(
        server: Endpoint,
        pseudo: &Pseudo,
        kept: Option<(Store, Remembered)>,
        patience: Option<Duration>,
        front: impl Front + 'static,
    ) -> Result<(Link, JoinHandle<Arc<Ending>>), Failure> {
        let (store, identity, memory, files) = match kept {
            Some((store, Remembered { identity, memory, files, .. })) => {
                (Some(store), identity, memory, files)
            }
            None => (None, Identity::new(pseudo), Memory::default(), Vec::new()),
        };
        let keeps = store.is_some();
        let mut session = Session::new(server.clone(), identity, memory, patience, Instant::now());
        session.remember_files(files);
        if !keeps {
            session.forget_changes();
        }
        let (disk, workers) = Disk::new();
        let shared = Arc::new(Shared {
            front: Mutex::new(Box::new(front)),
            disk,
            store: Mutex::new(store),
            session: Mutex::new(session),
            stream: Mutex::default(),
            work: bounded(1),
            unkept: bounded(1),
            waiting: Mutex::default(),
            tap: Tap::default(),
        });
        let weak = Arc::downgrade(&shared);
        let report = move |done| weak.upgrade().map_or((), |shared| shared.job_done(done));
        workers.start(report).map_err(Failure::Thread)?;
        if keeps {
            let shared = Arc::clone(&shared);
            let keeping = thread::Builder::new().name("historique".to_owned());
            keeping.spawn(move || keep_what_is_written(&shared)).map_err(Failure::Thread)?;
        }
        let reception = Reception { shared: Arc::clone(&shared), server };
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
        let text = Text::from_plain(text).map_err(|_| SendError::TooLong)?;
        let (date, wire) = now();
        let id = self.shared.act(|session| session.write(&Content::Msg { date: &wire, text }))?;
        self.shared.keep_soon();
        Ok(Sent { id, date })
    }

    /// Takes messages one after the other, and waits while there is no room; false if the discussion is over
    /// before all are taken.
    pub fn send_all(&self, texts: &[Text<'_>]) -> bool {
        let mut rest = texts.iter().peekable();
        while rest.peek().is_some() {
            let (_, date) = now();
            let refused = self.shared.act(|session| {
                while let Some(text) = rest.peek() {
                    let message = Content::Msg { date: &date, text: (*text).clone() };
                    session.write(&message).err().map_or(Ok(()), Err)?;
                    rest.next();
                }
                Ok(())
            });
            self.shared.keep_soon();
            match refused {
                Err(Refused::Over) => return false,
                Err(Refused::Full) => self.shared.wait_until(Session::has_ample_room),
                Ok(()) => {}
            }
        }
        true
    }

    /// Offers a file to the other one, or to the first to come.
    pub fn offer(&self, path: PathBuf) -> FileId {
        let file = self.shared.act(|session| session.offer(path));
        self.show_soon();
        file
    }

    /// Accepts a file that was offered, into that folder.
    pub fn accept(&self, file: FileId, folder: PathBuf) {
        self.shared.act(|session| session.accept(file, folder));
        self.show_soon();
    }

    /// Refuses a file, gives it up, or withdraws it.
    pub fn cancel(&self, file: FileId) {
        self.shared.act(|session| session.cancel(file));
        self.show_soon();
    }

    /// Has shown what follows from what the user does, without making him wait for it.
    fn show_soon(&self) {
        let shared = Arc::clone(&self.shared);
        let showing = thread::Builder::new().name("suites".to_owned()).spawn(move || shared.show());
        if let Err(error) = showing {
            // It is shown with whatever happens next.
            log::warn!("{}", Failure::Thread(error));
        }
    }

    /// Waits until everything was delivered, or the discussion is over.
    pub fn wait_until_delivered(&self) {
        self.shared.wait_until(Session::all_delivered);
    }

    /// Leaves the discussion, see [`Session::leave`]. [`Event::Over`](crate::event::Event::Over) says when it is done.
    pub fn leave(&self) {
        self.shared.act(|session| session.leave(Instant::now()));
    }

    /// Closes at once, without ending the discussion of whoever may be there: for one who has not joined yet, or who
    /// does not want to wait until he has left.
    pub fn cut_short(&self) {
        self.shared.act(Session::cut_short);
        if let Some(stream) = &*lock(&self.shared.stream) {
            shut_down(stream, Shutdown::Both);
        }
    }

    /// Whether the other one is there, as far as is known.
    pub fn has_peer(&self) -> bool {
        lock(&self.shared.session).has_peer()
    }

    /// Whether what happens is kept for the next run.
    pub fn is_kept(&self) -> bool {
        lock(&self.shared.store).is_some()
    }

    /// What leaving now would make undeliverable, as far as is known.
    pub fn undelivered(&self) -> Vec<Undelivered> {
        lock(&self.shared.session).lost_by_leaving()
    }

    /// How many lines have come since this was asked last that only repeated something, and were not shown.
    pub fn take_repetitions(&self) -> u64 {
        lock(&self.shared.session).take_repetitions()
    }

    /// Has the lines that pass from now on kept for whoever looks at [`tap`](Self::tap).
    pub fn open_tap(&self) {
        // Held, so that nothing arrives in between.
        let session = lock(&self.shared.session);
        self.shared.tap.open(session.is_inside_line());
    }

    /// The lines that pass, see [`open_tap`](Self::open_tap).
    pub fn tap(&self) -> &Tap {
        &self.shared.tap
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Shared {
    /// Does something to the session, and has done what follows from it.
    fn act<T>(&self, what: impl FnOnce(&mut Session) -> T) -> T {
        let mut session = lock(&self.session);
        let result = what(&mut session);
        self.see_to_files(&mut session);
        let has_work = session.has_work() || !session.is_open();
        // In this order: a writer that wakes earlier only waits again, for the lock.
        drop(session);
        if has_work {
            // If there is a token already, whoever takes it sees this too.
            let _ = self.work.0.try_send(());
        }
        result
    }

    /// Does something to the session, and has on disk what has changed by then.
    fn keep<T>(&self, what: impl FnOnce(&mut Session) -> T) -> T {
        let mut store = lock(&self.store);
        let mut session = lock(&self.session);
        let result = what(&mut session);
        self.see_to_files(&mut session);
        let (changes, files) = (session.take_changes(), session.take_file_changes());
        drop(session);
        if let Some(trouble) = store.as_mut().and_then(|store| store.commit(&changes, &files)) {
            let mut session = lock(&self.session);
            if store.take_if(|store| store.is_broken()).is_some() {
                session.forget_changes();
            }
            session.tell(trouble);
        }
        result
    }

    fn see_to_files(&self, session: &mut Session) {
        session.write_about_files(|| now().1);
        while let Some(job) = session.next_job() {
            self.disk.submit(job);
        }
    }

    /// The disk has done something.
    fn job_done(&self, done: Done) {
        self.act(|session| session.job_done(done, Instant::now()));
        self.show();
    }

    /// Shows what has happened, and acknowledges it.
    fn show(&self) {
        self.receive(&[]);
    }

    /// The same for what has just arrived.
    fn receive(&self, bytes: &[u8]) {
        let mut front = lock(&self.front);
        if !bytes.is_empty() {
            self.act(|session| {
                self.tap.pass(Way::Received, bytes);
                session.received(bytes, Instant::now());
            });
        }
        let events = self.keep(Session::take_events);
        let shown = if events.is_empty() { Ok(()) } else { front.show(events) };
        if let (Ok(()), Some(store)) = (&shown, &mut *lock(&self.store)) {
            store.shown();
        }
        self.act(|session| match shown {
            Ok(()) => session.shown(Instant::now()),
            Err(error) => session.fail(Failure::Display(error)),
        });
        self.report_progress();
    }

    fn keep_soon(&self) {
        // If there is a token already, whoever takes it sees this too.
        let _ = self.unkept.0.try_send(());
    }

    /// Waits until that is so, or the discussion is over.
    fn wait_until(&self, is_so: impl Fn(&Session) -> bool) {
        loop {
            let (told, progress) = bounded(1);
            lock(&self.waiting).push(told);
            let session = lock(&self.session);
            if is_so(&session) || session.ending().is_some() {
                return;
            }
            drop(session);
            // Its sender is dropped, at the latest, with the link.
            let _ = progress.recv();
        }
    }

    /// Whoever waits looks again, if it can be worth it.
    fn report_progress(&self) {
        let session = lock(&self.session);
        if !session.has_ample_room() && session.ending().is_none() {
            return;
        }
        drop(session);
        for waiting in lock(&self.waiting).drain(..) {
            let _ = waiting.try_send(());
        }
    }
}

/// The thread « reception ».
struct Reception {
    shared: Arc<Shared>,
    server: Endpoint,
}

impl Reception {
    fn run(mut self) -> Arc<Ending> {
        let ending = self.take_part();
        self.shared.disk.wait();
        *lock(&self.shared.store) = None;
        self.shared.keep_soon();
        ending
    }

    fn take_part(&mut self) -> Arc<Ending> {
        loop {
            let (wants, ending) = {
                let session = lock(&self.shared.session);
                (session.wants(), session.ending().cloned())
            };
            if let Some(ending) = ending {
                return ending;
            }
            let result = match wants {
                Wants::Pause => self.await_result(&never()),
                Wants::Connection => self.connect(),
            };
            match result {
                Some(Ok(stream)) => self.talk(stream),
                Some(Err(failure)) => {
                    self.shared.act(|session| session.disconnected(failure, Instant::now()));
                }
                None => {}
            }
            self.shared.show();
        }
    }

    /// Has a connection made: by a thread of its own, since nothing else ends the look-up of a name.
    fn connect(&self) -> Option<Result<TcpStream, Failure>> {
        let (done, result) = bounded(1);
        let server = self.server.clone();
        let attempt = thread::Builder::new().name("connexion".to_owned());
        match attempt.spawn(move || done.send(open_stream(&server))) {
            Ok(_) => self.await_result(&result),
            Err(error) => Some(Err(Failure::Thread(error))),
        }
    }

    /// Waits for the result, or until the session wants something else.
    fn await_result<T>(&self, result: &Receiver<T>) -> Option<T> {
        let before = lock(&self.shared.session).wants();
        loop {
            let now = Instant::now();
            let mut session = lock(&self.shared.session);
            session.handle_timeout(now);
            if session.wants() != before || session.ending().is_some() {
                return None;
            }
            let timeout = session.next_timeout(now);
            drop(session);
            let timer = timeout.map_or_else(never, crossbeam_channel::at);
            crossbeam_channel::select! {
                recv(result) -> result => return result.ok(),
                recv(self.shared.work.1) -> _ => {}
                recv(timer) -> _ => {}
            }
        }
    }

    /// One connection, from the login to its end.
    fn talk(&mut self, stream: TcpStream) {
        let stream = Arc::new(stream);
        *lock(&self.shared.stream) = Some(Arc::clone(&stream));
        self.shared.tap.begin_connection();
        self.shared.act(|session| session.connected(Instant::now()));
        let shared = Arc::clone(&self.shared);
        thread::scope(|scope| {
            let writer = thread::Builder::new()
                .name("envoi".to_owned())
                .spawn_scoped(scope, || write_all_work(&shared, &stream));
            let failure = match writer {
                Ok(_) => self.receive(&stream),
                Err(error) => Some(Failure::Thread(error)),
            };
            self.shared.act(|session| {
                // It may have given the connection up already.
                if let Some(failure) = failure.filter(|_| session.is_open()) {
                    session.disconnected(failure, Instant::now());
                }
            });
            self.close(&stream);
        });
        *lock(&self.shared.stream) = None;
    }

    /// Reads and shows until the connection ends; why, if it was not the session that gave it up.
    fn receive(&mut self, stream: &TcpStream) -> Option<Failure> {
        let mut bytes = vec![0; READ_BYTES];
        let mut armed = None;
        loop {
            let now = Instant::now();
            let timeout = {
                let mut session = lock(&self.shared.session);
                session.handle_timeout(now);
                if !session.is_open() {
                    return None;
                }
                session.next_timeout(now).map(|limit| in_steps(limit - now))
            };
            let set = if armed == Some(timeout) { Ok(()) } else { stream.set_read_timeout(timeout) };
            armed = Some(timeout);
            match set.and_then(|()| (&mut &*stream).read(&mut bytes)) {
                Ok(0) => return Some(self.unreachable(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.shared.receive(&bytes[..count]),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => {}
                    _ => return Some(self.unreachable(error)),
                },
            }
        }
    }

    /// Ends the connection; after `fin` in such a way that the relay sees that it was heard.
    fn close(&self, stream: &TcpStream) {
        if lock(&self.shared.session).has_heard_fin() {
            shut_down(stream, Shutdown::Write);
            let deadline = Instant::now() + LINGER;
            let left =
                || Some(deadline.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero());
            while let Some(left) = left()
                && stream.set_read_timeout(Some(left)).is_ok()
                && matches!((&mut &*stream).read(&mut [0; 4096]), Ok(1..))
            {}
        }
        shut_down(stream, Shutdown::Both);
    }

    fn unreachable(&self, error: io::Error) -> Failure {
        log::info!("Lecture : {}", cause(&error));
        Failure::Unreachable(self.server.clone(), error)
    }
}

/// The thread « envoi »: writes until the connection has ended.
fn write_all_work(shared: &Shared, stream: &TcpStream) {
    let mut batch = Vec::new();
    loop {
        let now = Instant::now();
        batch.clear();
        let wake = shared.keep(|session| {
            session.handle_timeout(now);
            session.transmit(&mut batch, now);
            let wake = [session.next_timeout(now), session.next_ping()].into_iter().flatten().min();
            session.is_open().then_some(wake)
        });
        let Some(wake) = wake else { break };
        shared.tap.pass(Way::Sent, &batch);
        if batch.is_empty() {
            let wait = wake.map_or(Duration::MAX, |wake| wake.saturating_duration_since(now));
            let _ = shared.work.1.recv_timeout(wait);
        } else if let Err(error) = (&mut &*stream).write_all(&batch) {
            log::info!("Écriture : {}", cause(&error));
            break;
        }
    }
    // Whatever the reason, the reader shall not wait any longer; after `fin` it reads to the end.
    let heard_fin = lock(&shared.session).has_heard_fin();
    shut_down(stream, if heard_fin { Shutdown::Write } else { Shutdown::Both });
}

/// The thread « historique »: lasts as long as anything is kept.
fn keep_what_is_written(shared: &Shared) {
    while shared.unkept.1.recv().is_ok() && lock(&shared.store).is_some() {
        shared.keep(|_| ());
    }
}

fn open_stream(server: &Endpoint) -> Result<TcpStream, Failure> {
    let addresses = resolve(server).map_err(|error| {
        log::info!("{server} : {error}");
        Failure::UnknownHost(server.clone())
    })?;
    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            // Trying a free local port again and again can, by chance, connect the socket to itself.
            Ok(stream) if stream.local_addr().ok() == Some(address) => {
                last_error = io::ErrorKind::ConnectionRefused.into();
            }
            Ok(stream) => match stream.set_nodelay(true) {
                Ok(()) => return Ok(stream),
                Err(error) => last_error = error,
            },
            Err(error) => last_error = error,
        }
    }
    Err(Failure::Unreachable(server.clone(), last_error))
}

fn shut_down(stream: &TcpStream, how: Shutdown) {
    // It fails when the connection is gone already, which is as well.
    let _ = stream.shutdown(how);
}

/// At least one step, which no timeout may be less than.
fn in_steps(left: Duration) -> Duration {
    let steps = left.as_millis().div_ceil(TIMEOUT_STEP.as_millis()).max(1);
    TIMEOUT_STEP * u32::try_from(steps).unwrap_or(u32::MAX)
}

/// The present moment, and the same on the wire.
fn now() -> (DateTime<Local>, String) {
    let date = Local::now();
    (date, date.to_rfc3339_opts(SecondsFormat::Millis, false))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
