//! The threads of a link.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use common::endpoint::Endpoint;
use crossbeam_channel::{Receiver, bounded, never};

use super::lock;
use super::shared::Shared;
use crate::event::{Ending, Failure, cause};
use crate::networks::resolve;
use crate::session::Wants;
use crate::wire::Way;

/// How long one attempt to connect may take, per address of the host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the relay may take to close once the discussion is over.
const LINGER: Duration = Duration::from_secs(2);
/// How many bytes are read at once, at most: each read is shown and acknowledged by itself.
const READ_BYTES: usize = 256 * 1024;
/// A read timeout is set in such steps: the same one need not be set again each time.
const TIMEOUT_STEP: Duration = Duration::from_millis(100);

/// The thread « reception ».
pub(super) struct Reception {
    pub(super) shared: Arc<Shared>,
    pub(super) server: Endpoint,
}

impl Reception {
    pub(super) fn run(self) -> Arc<Ending> {
        let ending = self.take_part();
        self.shared.disk.wait();
        *lock(&self.shared.store) = None;
        self.shared.keep_soon();
        ending
    }

    fn take_part(&self) -> Arc<Ending> {
        loop {
            let (wants, ending) = {
                let session = lock(&self.shared.session);
                (session.wants(), session.ending().cloned())
            };
            if let Some(ending) = ending {
                // It may have come while something else was shown.
                self.shared.show();
                return ending;
            }
            let result = match wants {
                Wants::Pause => self.await_result(wants, &never()),
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
            Ok(_) => self.await_result(Wants::Connection, &result),
            Err(error) => Some(Err(Failure::Thread(error))),
        }
    }

    /// Waits for the result, or until the session wants something else than `wants`.
    fn await_result<T>(&self, wants: Wants, result: &Receiver<T>) -> Option<T> {
        loop {
            let now = Instant::now();
            let mut session = lock(&self.shared.session);
            session.handle_timeout(now);
            if session.wants() != wants || session.ending().is_some() {
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
    fn talk(&self, stream: TcpStream) {
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
    fn receive(&self, stream: &TcpStream) -> Option<Failure> {
        let mut bytes = vec![0; READ_BYTES];
        // What the system knows: none on a new connection.
        let mut timeout = None;
        loop {
            let now = Instant::now();
            let wanted = {
                let mut session = lock(&self.shared.session);
                session.handle_timeout(now);
                if !session.is_open() {
                    return None;
                }
                session.next_timeout(now).map(|limit| in_steps(limit - now))
            };
            let set = if timeout == wanted { Ok(()) } else { stream.set_read_timeout(wanted) };
            timeout = wanted;
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
pub(super) fn keep_what_is_written(shared: &Shared) {
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

pub(super) fn shut_down(stream: &TcpStream, how: Shutdown) {
    // It fails when the connection is gone already, which is as well.
    let _ = stream.shutdown(how);
}

/// At least one step, which no timeout may be less than.
fn in_steps(left: Duration) -> Duration {
    let steps = left.as_millis().div_ceil(TIMEOUT_STEP.as_millis()).max(1);
    TIMEOUT_STEP * u32::try_from(steps).unwrap_or(u32::MAX)
}
