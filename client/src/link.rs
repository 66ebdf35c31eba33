//! The link to the relay: sockets, threads and the clock around a [`Session`], which knows what to do with them.
//!
//! Two threads do nearly all. « reception » has connections made (each by a « connexion »), reads, and shows what has
//! happened on the [`Front`]; « envoi », one per connection, writes. Where these two may be held up, others go on:
//! « historique » keeps what the user writes, « suites » shows what follows from it, « fichiers » and « empreintes » are
//! the disk's. Between them and the caller stands one mutex around the session; nobody reads, writes, keeps or shows
//! anything while holding it.

mod shared;
#[cfg(test)]
mod tests;
mod threads;

use std::net::Shutdown;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chrono::{DateTime, Local, SecondsFormat};
use common::address::Pseudo;
use common::clock;
use common::delivery::{Memory, MessageId};
use common::endpoint::Endpoint;
use common::frame::Content;
use common::text::Text;
use crossbeam_channel::bounded;

use crate::event::{Ending, Failure, Front, Undelivered};
use crate::files::FileId;
use crate::files::disk::Disk;
use crate::session::{Identity, SendError, Session};
use crate::store::{Remembered, Store};
use crate::wire::Tap;
use shared::Shared;
use threads::{Reception, keep_what_is_written, shut_down};

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
            let taken = self.shared.act(|session| {
                while let Some(text) = rest.peek() {
                    let message = Content::Msg { date: &date, text: (*text).clone() };
                    session.write(&message)?;
                    rest.next();
                }
                Ok(())
            });
            self.shared.keep_soon();
            match taken {
                Err(SendError::Full) => self.shared.wait_until(Session::has_ample_room),
                Err(_) => return false,
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

/// The present moment, and the same on the wire.
fn now() -> (DateTime<Local>, String) {
    let date = clock::now();
    (date, date.to_rfc3339_opts(SecondsFormat::Millis, false))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
