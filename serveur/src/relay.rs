//! Accepting connections, and ending: [`Relay`].

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use common::endpoint::Endpoint;
use common::frame::{Frame, Refusal};
use common::text::harmless;
use common::transcript::Emphasis;

use crate::addresses::{from_this_machine, greeting};
use crate::connection::Connection;
use crate::discovery;
use crate::participant::{Departure, serve};
use crate::room::Room;

/// How many connections there may be at once: two participants, and those that are logging in or being sent away.
const MAX_CONNECTIONS: usize = 130;
/// A connection's thread needs little; the default of 2 MiB would be reserved for each of many.
const STACK_BYTES: usize = 256 * 1024;
/// Without file descriptors, the time until it is worth looking again.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(200);
/// How long the connection that stops the relay may take. Some systems try for 2 s before they say that it was refused.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// At the end, how long an output that takes nothing may hold up the program.
const LAST_DISPLAY: Duration = Duration::from_secs(2);

/// The port to propose to whoever cannot have the one he wanted.
const OTHER_PORT: u16 = 7979;

/// A relay that listens.
#[derive(Debug)]
pub struct Relay {
    listener: TcpListener,
    local: SocketAddr,
    shared: Arc<Shared>,
    /// The UDP port at which it can be found.
    found_at: Option<u16>,
}

/// Ends a relay from another thread.
#[derive(Clone, Debug)]
pub struct Stopper {
    local: SocketAddr,
    shared: Arc<Shared>,
}

/// Why a relay cannot listen.
#[derive(Debug)]
pub enum BindError {
    /// The host's name leads nowhere.
    UnknownHost(Endpoint),
    /// The system refuses the address.
    Listen(Endpoint, io::Error),
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (endpoint, error) = match self {
            BindError::UnknownHost(Endpoint { host, .. }) => {
                let host = harmless(host);
                return write!(
                    f,
                    "l'adresse « {host} » est introuvable : \
                     donnez une adresse IP de cette machine, ou 0.0.0.0 pour toutes"
                );
            }
            BindError::Listen(endpoint, error) => (endpoint, error),
        };
        let other = if endpoint.port == OTHER_PORT { OTHER_PORT + 1 } else { OTHER_PORT };
        match error.kind() {
            io::ErrorKind::AddrInUse => write!(
                f,
                "le port {} est déjà pris : un serveur tourne peut-être déjà sur cette machine ; arrêtez-le, \
                 ou choisissez un autre port, par exemple « serveur {other} » ou « client --heberge {other} »",
                endpoint.port
            ),
            io::ErrorKind::AddrNotAvailable => write!(
                f,
                "l'adresse {} n'est pas une adresse de cette machine : \
                 choisissez-en une autre, ou 0.0.0.0 pour toutes",
                endpoint.host
            ),
            io::ErrorKind::PermissionDenied => write!(
                f,
                "le système n'accorde pas le port {} : choisissez-en un autre, à partir de 1024, \
                 par exemple « serveur {other} » ou « client --heberge {other} »",
                endpoint.port
            ),
            _ => write!(f, "impossible d'écouter sur {endpoint} : {error}"),
        }
    }
}

impl std::error::Error for BindError {}

#[derive(Debug)]
struct Shared {
    room: Room,
    stopping: AtomicBool,
    /// Every connection that has a thread: [`MAX_CONNECTIONS`] at most, and the end reaches them all.
    connections: Mutex<HashMap<u64, Arc<Connection>>>,
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a connection of it, or sends it away.
    fn admit(&self, stream: TcpStream, id: u64) -> Option<Arc<Connection>> {
        if self.connections().len() >= MAX_CONNECTIONS {
            log::info!("trop de connexions en attente : une de plus est renvoyée");
            send_away(&stream);
            return None;
        }
        match Connection::new(id, stream) {
            Ok(connection) => Some(Arc::new(connection)),
            Err(error) => {
                log::info!("connexion perdue à l'arrivée : {error}");
                None
            }
        }
    }

    fn abort_connections(&self) {
        for connection in self.connections().values() {
            connection.abort();
        }
    }
}

impl Relay {
    /// Listens on `endpoint` (port 0: a free one). With `permanent`, one discussion follows another; without,
    /// the relay ends with the first.
    ///
    /// # Errors
    /// The address cannot be listened on; the error says why in a sentence.
    pub fn bind(endpoint: &Endpoint, permanent: bool) -> Result<Relay, BindError> {
        let addresses: Vec<SocketAddr> = (endpoint.host.as_str(), endpoint.port)
            .to_socket_addrs()
            .map_err(|_| BindError::UnknownHost(endpoint.clone()))?
            .collect();
        let (local, listener) = TcpListener::bind(&addresses[..])
            .and_then(|listener| Ok((listener.local_addr()?, listener)))
            .map_err(|error| BindError::Listen(endpoint.clone(), error))?;
        let shared = Arc::new(Shared {
            room: Room::new(permanent),
            stopping: AtomicBool::new(false),
            connections: Mutex::new(HashMap::new()),
        });
        Ok(Relay { listener, local, shared, found_at: None })
    }

    /// Makes it answer, while it runs, to those who look for a relay at that UDP port.
    pub fn found_at(self, port: u16) -> Relay {
        Relay { found_at: Some(port), ..self }
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// A handle that ends the relay from another thread.
    pub fn stopper(&self) -> Stopper {
        Stopper { local: self.local, shared: Arc::clone(&self.shared) }
    }

    /// Relays until the discussion is over (or, with `permanent`, until stopped), and shows on `out` where it listens,
    /// who comes and goes, and every message.
    ///
    /// # Errors
    /// The system gives no thread for the display.
    pub fn run(self, mut out: Box<dyn Write + Send>, emphasis: Emphasis) -> io::Result<()> {
        let display = self.shared.room.display().clone();
        let (done, is_done) = channel();
        let shown = display.clone();
        let showing = thread::Builder::new().name("affichage".to_owned()).spawn(move || {
            shown.run(&mut *out, emphasis);
            // Nobody waits any more if it took too long.
            let _ = done.send(());
        })?;
        display.plain(&greeting(self.local));
        let answerer = self.found_at.and_then(|port| {
            let shared = Arc::clone(&self.shared);
            discovery::start(port, self.local, &display, move || shared.room.free_seats())
        });
        self.accept_all();
        drop(answerer);
        display.close();
        if is_done.recv_timeout(LAST_DISPLAY) == Err(RecvTimeoutError::Timeout) {
            // Not joined: only the end of the program ends a write to an output that takes nothing any more. The log
            // may go there too, so this must not be waited for either.
            let (done, is_done) = channel();
            let _ = thread::Builder::new().spawn(move || {
                log::warn!("la sortie ne prend plus rien : la fin de l'affichage est perdue");
                let _ = done.send(());
            });
            let _ = is_done.recv_timeout(LAST_DISPLAY);
        } else {
            // If it panicked, it has said so itself.
            let _ = showing.join();
        }
        Ok(())
    }

    fn accept_all(self) {
        let stopper = self.stopper();
        let shared = &*self.shared;
        let mut doorkeeper = Doorkeeper::new(self.listener);
        thread::scope(|scope| {
            while let Some(stream) = doorkeeper.next(shared) {
                let Some(connection) = shared.admit(stream, doorkeeper.last_id) else { continue };
                let id = connection.id;
                shared.connections().insert(id, Arc::clone(&connection));
                let thread = thread::Builder::new().name(format!("connexion {id}")).stack_size(STACK_BYTES);
                let stopper = &stopper;
                let spawned =
                    thread.spawn_scoped(scope, move || serve_and_forget(shared, stopper, &connection));
                if let Err(error) = spawned {
                    log::warn!("le système n'accorde plus de fil d'exécution : {error}");
                    shared.connections().remove(&id);
                }
            }
            // Now, not when all threads have ended: with the system's queue full, the stopper's own connection would
            // wait for ever, and these threads for the stopper.
            drop(doorkeeper);
            shared.abort_connections();
        });
    }
}

impl Stopper {
    /// Ends the relay: it accepts nobody any more and closes every connection.
    pub fn stop(&self) {
        if self.shared.stopping.swap(true, Ordering::SeqCst) {
            return;
        }
        // The standard library has no other way to wake a thread that waits for a connection than to make one.
        let local = from_this_machine(self.local);
        while let Err(error) = TcpStream::connect_timeout(&local, STOP_TIMEOUT) {
            if error.kind() == io::ErrorKind::ConnectionRefused {
                // It accepts nobody already.
                return;
            }
            // Perhaps there is no file descriptor for it: those of the connections come free.
            log::warn!("le serveur tarde à s'arrêter : {error}");
            self.shared.abort_connections();
            thread::sleep(EXHAUSTED_PAUSE);
        }
    }
}

/// A connection's thread, from its first line to the last trace of it.
fn serve_and_forget(shared: &Shared, stopper: &Stopper, connection: &Arc<Connection>) {
    let departure = serve(connection, &shared.room);
    shared.connections().remove(&connection.id);
    if departure == Departure::Quit && shared.room.is_closed() {
        stopper.stop();
    }
}

/// Takes connections from the listener, also when the system has no file descriptors left.
struct Doorkeeper {
    listener: TcpListener,
    /// A descriptor kept in reserve: given up, it makes room to accept a connection and send it away, so that nobody
    /// is left waiting in the system's queue.
    spare: Option<TcpListener>,
    last_id: u64,
}

impl Doorkeeper {
    fn new(listener: TcpListener) -> Self {
        Doorkeeper { spare: listener.try_clone().ok(), listener, last_id: 0 }
    }

    /// The next connection; `None` when the relay is to end.
    fn next(&mut self, shared: &Shared) -> Option<TcpStream> {
        loop {
            let accepted = self.listener.accept();
            if shared.stopping.load(Ordering::SeqCst) {
                return None;
            }
            match accepted {
                Ok((stream, from)) => {
                    self.last_id += 1;
                    log::debug!("connexion {} depuis {from}", self.last_id);
                    if self.has_spare() {
                        return Some(stream);
                    }
                    log::warn!("plus de descripteurs de fichiers : une connexion est renvoyée");
                    send_away(&stream);
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    log::warn!("une connexion ne peut pas être acceptée : {error}");
                    if self.spare.take().is_none() {
                        thread::sleep(EXHAUSTED_PAUSE);
                    }
                }
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
    let mut line = Vec::new();
    Frame::refus(Refusal::Occupe, "Trop de connexions attendent : réessayez dans quelques secondes.")
        .write(&mut line);
    // Best effort: whoever does not take the line is no worse off than without it.
    let _ = stream.set_nonblocking(true).and_then(|()| stream.write_all(&line));
    let _ = stream.shutdown(Shutdown::Write);
    // What was sent already is read, lest closing resets the connection and destroys the line.
    let _ = io::Read::read(&mut stream, &mut [0; 4096]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_that_has_ended_already_is_not_waited_for() -> Result<(), BindError> {
        let endpoint = Endpoint { host: "127.0.0.1".to_owned(), port: 0 };
        let relay = Relay::bind(&endpoint, true)?;
        let stopper = relay.stopper();
        drop(relay);
        let (done, is_done) = channel();
        thread::spawn(move || {
            stopper.stop();
            done.send(())
        });
        assert_eq!(is_done.recv_timeout(Duration::from_secs(20)), Ok(()));
        Ok(())
    }
}
