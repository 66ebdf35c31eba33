//! What the threads of a link and its handles share.

use std::fmt;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{lock, now};
use crate::event::{Failure, Front};
use crate::files::Done;
use crate::files::disk::Disk;
use crate::session::Session;
use crate::store::Store;
use crate::wire::{Tap, Way};

/// The mutexes around what they share, locked in the order in which they stand here.
pub(super) struct Shared {
    /// Where events are shown. Locked before everything else by whoever shows something or takes what has arrived: so
    /// only that is acknowledged which is on the screen.
    pub(super) front: Mutex<Box<dyn Front>>,
    pub(super) disk: Disk,
    /// Locked before the session, by whoever keeps what has changed: so the changes are kept in their order, and nobody
    /// goes on before those are on disk that another one is still writing.
    pub(super) store: Mutex<Option<Store>>,
    pub(super) session: Mutex<Session>,
    /// The present connection, for whoever has to end it while its threads are blocked.
    pub(super) stream: Mutex<Option<Arc<TcpStream>>>,
    /// There is something to do for the writer, or for who waits to connect.
    pub(super) work: (Sender<()>, Receiver<()>),
    /// The user has written something that is to be kept.
    pub(super) unkept: (Sender<()>, Receiver<()>),
    /// Who waits for [`Shared::report_progress`].
    pub(super) waiting: Mutex<Vec<Sender<()>>>,
    pub(super) tap: Tap,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Shared {
    /// Does something to the session, and has done what follows from it.
    pub(super) fn act<T>(&self, what: impl FnOnce(&mut Session) -> T) -> T {
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
    pub(super) fn keep<T>(&self, what: impl FnOnce(&mut Session) -> T) -> T {
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
    pub(super) fn job_done(&self, done: Done) {
        self.act(|session| session.job_done(done, Instant::now()));
        // Not for every block of a file: whoever takes what has arrived would be held up by it. Asked afterwards, since an
        // offer is written once the session has done with the job.
        let has_news = lock(&self.session).has_news();
        if has_news {
            self.show();
        }
    }

    /// Shows what has happened, and acknowledges it.
    pub(super) fn show(&self) {
        self.show_on(&mut **lock(&self.front));
    }

    /// Takes what has just arrived, shows it, and acknowledges it.
    pub(super) fn receive(&self, bytes: &[u8]) {
        let mut front = lock(&self.front);
        self.act(|session| {
            self.tap.pass(Way::Received, bytes);
            session.received(bytes, Instant::now());
        });
        self.show_on(&mut **front);
    }

    fn show_on(&self, front: &mut dyn Front) {
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

    pub(super) fn keep_soon(&self) {
        // If there is a token already, whoever takes it sees this too.
        let _ = self.unkept.0.try_send(());
    }

    /// Waits until that is so, or the discussion is over.
    pub(super) fn wait_until(&self, is_so: impl Fn(&Session) -> bool) {
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
