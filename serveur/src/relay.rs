//! Accepting connections, and ending: [`Relay`].

use std::fmt;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use common::endpoint::Endpoint;
use common::text::harmless;
use common::transcript::Emphasis;

use crate::addresses::{from_this_machine, greeting};
use crate::connection::Connection;
use crate::discovery;
use crate::door::{Door, Doorkeeper, EXHAUSTED_PAUSE};
use crate::limits::Limits;
use crate::participant::serve;
use crate::room::Room;

/// A connection's thread needs little; the default of 2 MiB would be reserved for each of many.
const STACK_BYTES: usize = 256 * 1024;
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

/// Windows keeps ranges of ports to itself, other ones on each machine.
const RESERVED_ON_WINDOWS: &str =
    " (« netsh interface ipv4 show excludedportrange tcp » montre ceux que Windows se réserve)";

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
                "le système n'accorde pas le port {} : choisissez-en un autre{}, \
                 par exemple « serveur {other} » ou « client --heberge {other} »",
                endpoint.port,
                if cfg!(windows) { RESERVED_ON_WINDOWS } else { ", à partir de 1024" }
            ),
            _ => write!(f, "impossible d'écouter sur {endpoint} : {error}"),
        }
    }
}

impl std::error::Error for BindError {}

#[derive(Debug)]
struct Shared {
    room: Room,
    door: Door,
    stopping: AtomicBool,
}

impl Relay {
    /// Listens on `endpoint` (port 0: a free one). With `permanent`, one discussion follows another; without,
    /// the relay ends with the first.
    ///
    /// # Errors
    /// The address cannot be listened on; the error says why in a sentence.
    pub fn bind(endpoint: &Endpoint, permanent: bool) -> Result<Relay, BindError> {
        Relay::bind_with(endpoint, permanent, Limits::default())
    }

    /// The same with other limits than the protocol's.
    ///
    /// # Errors
    /// Those of [`bind`](Self::bind).
    pub fn bind_with(endpoint: &Endpoint, permanent: bool, limits: Limits) -> Result<Relay, BindError> {
        let addresses: Vec<SocketAddr> = (endpoint.host.as_str(), endpoint.port)
            .to_socket_addrs()
            .map_err(|_| BindError::UnknownHost(endpoint.clone()))?
            .collect();
        let (local, listener) = TcpListener::bind(&addresses[..])
            .and_then(|listener| Ok((listener.local_addr()?, listener)))
            .map_err(|error| BindError::Listen(endpoint.clone(), error))?;
        let shared = Arc::new(Shared {
            room: Room::new(permanent, limits),
            door: Door::default(),
            stopping: AtomicBool::new(false),
        });
        Ok(Relay { listener, local, shared, found_at: None })
    }

    /// Makes it answer, while it runs, to those who look for a relay at that UDP port, if any.
    pub fn found_at(self, port: Option<u16>) -> Relay {
        Relay { found_at: port, ..self }
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
    /// The system gives no thread to show or to watch over it.
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
        let accepted = self.accept_all();
        drop(answerer);
        display.close();
        if is_done.recv_timeout(LAST_DISPLAY) == Err(RecvTimeoutError::Timeout) {
            // Not joined: only the end of the program ends a write to an output that takes nothing any more. The log
            // may go there too, so this must not be waited for either.
            let (done, is_done) = channel();
            let _ = thread::Builder::new().spawn(move || {
                log::warn!("La sortie ne prend plus rien : la fin de l'affichage est perdue");
                let _ = done.send(());
            });
            let _ = is_done.recv_timeout(LAST_DISPLAY);
        } else {
            // If it panicked, it has said so itself.
            let _ = showing.join();
        }
        accepted
    }

    fn accept_all(self) -> io::Result<()> {
        let stopper = &self.stopper();
        let shared = &*self.shared;
        let mut doorkeeper = Doorkeeper::new(self.listener);
        let (ended, is_ended) = channel();
        thread::scope(|scope| {
            let watch = thread::Builder::new().name("veille".to_owned());
            watch.spawn_scoped(scope, move || look_after(shared, stopper, &is_ended))?;
            while let Some(connection) = doorkeeper.next(&shared.door, shared.room.limits(), &shared.stopping)
            {
                let id = connection.id;
                let thread = thread::Builder::new().name(format!("connexion {id}")).stack_size(STACK_BYTES);
                let spawned =
                    thread.spawn_scoped(scope, move || serve_and_forget(shared, stopper, &connection));
                if let Err(error) = spawned {
                    log::warn!("Le système n'accorde plus de fil d'exécution : {error}");
                    shared.door.forget(id);
                }
            }
            // Now, not when all threads have ended: with the system's queue full, the stopper's own connection would
            // wait for ever, and these threads for the stopper.
            drop(doorkeeper);
            drop(ended);
            shared.door.abort_all();
            Ok(())
        })
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
            log::warn!("Le serveur tarde à s'arrêter : {error}");
            self.shared.door.abort_all();
            thread::sleep(EXHAUSTED_PAUSE);
        }
    }
}

/// A connection's thread, from its first line to the last trace of it.
fn serve_and_forget(shared: &Shared, stopper: &Stopper, connection: &Arc<Connection>) {
    serve(connection, &shared.door, &shared.room);
    shared.door.forget(connection.id);
    if shared.room.is_finished() {
        stopper.stop();
    }
}

/// Does again and again what has its time, until the relay has `ended`.
fn look_after(shared: &Shared, stopper: &Stopper, ended: &Receiver<()>) {
    let pause = shared.room.limits().pause();
    while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        shared.room.look_after_all();
        if shared.room.is_finished() {
            stopper.stop();
        }
    }
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
