//! Who comes in: [`Doorkeeper`] takes connections from the system, [`Door`] knows those that are there.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use common::frame::{Frame, Refusal};

use crate::connection::Connection;
use crate::limits::Limits;

/// How many connections may be waiting to log in.
const MAX_WAITING: usize = 128;
/// How many may be there only to hear why they were refused.
const MAX_REFUSED: usize = 16;
/// How many there may be in all, each with its thread: a last resort, since those that are closed may take a moment.
const MAX_CONNECTIONS: usize = 256;
/// Without file descriptors, the time until it is worth looking again.
pub(crate) const EXHAUSTED_PAUSE: Duration = Duration::from_millis(200);

/// Every connection that has a thread.
#[derive(Debug, Default)]
pub(crate) struct Door {
    /// In the order they came.
    connections: Mutex<Connections>,
}

type Connections = BTreeMap<u64, (Stage, Arc<Connection>)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its first line is not here yet.
    Waiting,
    /// It has logged in.
    Inside,
    /// It has heard, or is hearing, why not.
    Refused,
    /// It was closed; its thread is about to notice.
    Closed,
}

impl Door {
    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_full(&self) -> bool {
        self.lock().len() >= MAX_CONNECTIONS
    }

    /// One more waits to log in.
    fn add(&self, connection: &Arc<Connection>) {
        self.lock().insert(connection.id, (Stage::Waiting, Arc::clone(connection)));
    }

    /// If too many wait, sends away the one that has waited longest. It is for the thread of the one that has come last:
    /// those of the others, which may have something to read already, have had their turn before.
    pub(crate) fn make_room(&self) {
        let one_too_many = oldest(&mut self.lock(), Stage::Waiting, MAX_WAITING, Stage::Refused);
        if let Some(connection) = one_too_many {
            log::info!("Trop de connexions en attente : la plus ancienne est renvoyée");
            connection.queue_last(&too_many());
            connection.flush();
            self.make_room_for_refused();
        }
    }

    /// Its first line is here; false if it was sent away meanwhile.
    pub(crate) fn enter(&self, id: u64) -> bool {
        match self.lock().get_mut(&id) {
            Some((stage @ Stage::Waiting, _)) => *stage = Stage::Inside,
            _ => return false,
        }
        true
    }

    /// From now on it is there only to hear its last line.
    pub(crate) fn refuse(&self, id: u64) {
        if let Some((stage, _)) = self.lock().get_mut(&id) {
            *stage = Stage::Refused;
        }
        self.make_room_for_refused();
    }

    fn make_room_for_refused(&self) {
        let one_too_many = oldest(&mut self.lock(), Stage::Refused, MAX_REFUSED, Stage::Closed);
        if let Some(connection) = one_too_many {
            connection.abort();
        }
    }

    /// Its thread ends.
    pub(crate) fn forget(&self, id: u64) {
        self.lock().remove(&id);
    }

    pub(crate) fn abort_all(&self) {
        self.lock().values().for_each(|(_, connection)| connection.abort());
    }
}

/// If more than `most` are at `stage`, takes the oldest of them on to the `next`.
fn oldest(connections: &mut Connections, stage: Stage, most: usize, next: Stage) -> Option<Arc<Connection>> {
    let mut there = connections.values_mut().filter(|(found, _)| *found == stage);
    let (first, connection) = there.next()?;
    if there.count() < most {
        return None;
    }
    *first = next;
    Some(Arc::clone(connection))
}

fn too_many() -> Vec<u8> {
    let sentence = "Trop de connexions attendent : réessayez dans quelques secondes.";
    Frame::refus(Refusal::Occupe, sentence).to_line()
}

/// Takes connections from the listener, also when the system has no file descriptors left.
pub(crate) struct Doorkeeper {
    listener: TcpListener,
    /// A descriptor kept in reserve: given up, it makes room to accept a connection and send it away, so that nobody
    /// is left waiting in the system's queue.
    spare: Option<TcpListener>,
    last_id: u64,
}

impl Doorkeeper {
    pub(crate) fn new(listener: TcpListener) -> Self {
        Doorkeeper { spare: listener.try_clone().ok(), listener, last_id: 0 }
    }

    /// The next connection, admitted; `None` when the relay is to end.
    pub(crate) fn next(
        &mut self,
        door: &Door,
        limits: &Limits,
        stopping: &AtomicBool,
    ) -> Option<Arc<Connection>> {
        loop {
            let accepted = self.listener.accept();
            if stopping.load(Ordering::SeqCst) {
                return None;
            }
            match accepted {
                Ok((stream, from)) => {
                    self.last_id += 1;
                    log::debug!("Connexion {} depuis {from}", self.last_id);
                    if let Some(connection) = self.admit(stream, door, limits) {
                        return Some(connection);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    log::warn!("Une connexion ne peut pas être acceptée : {error}");
                    if self.spare.take().is_none() {
                        thread::sleep(EXHAUSTED_PAUSE);
                    }
                }
            }
        }
    }

    /// Makes a connection of it, or sends it away.
    fn admit(&mut self, stream: TcpStream, door: &Door, limits: &Limits) -> Option<Arc<Connection>> {
        let has_spare = self.has_spare();
        if !has_spare || door.is_full() {
            let what = if has_spare { "connexions" } else { "descripteurs de fichiers" };
            log::warn!("Plus de {what} : une connexion est renvoyée");
            send_away(&stream);
            return None;
        }
        match Connection::new(self.last_id, stream, *limits) {
            Ok(connection) => {
                let connection = Arc::new(connection);
                door.add(&connection);
                Some(connection)
            }
            Err(error) => {
                log::info!("Connexion perdue à l'arrivée : {error}");
                None
            }
        }
    }

    fn has_spare(&mut self) -> bool {
        if self.spare.is_none() {
            self.spare = self.listener.try_clone().ok();
        }
        self.spare.is_some()
    }
}

/// Says `occupe` and closes, without ever waiting.
fn send_away(mut stream: &TcpStream) {
    // Best effort: whoever does not take the line is no worse off than without it.
    let _ = stream.set_nonblocking(true).and_then(|()| stream.write_all(&too_many()));
    let _ = stream.shutdown(Shutdown::Write);
    // What was sent already is read, lest closing resets the connection and destroys the line.
    let _ = stream.read(&mut [0; 4096]);
}
