//! A cable between a window of the demonstration and its server, which can be pulled.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use common::endpoint::Endpoint;

/// How many bytes go through it at once.
const BYTES: usize = 64 * 1024;

/// A cable: a handle. Its threads last as long as the program.
#[derive(Clone, Debug)]
pub(super) struct Cable {
    address: SocketAddr,
    ends: Arc<Ends>,
}

#[derive(Debug)]
struct Ends {
    server: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_pulled: bool,
    /// How many connections there have been. The client has given up all but the last.
    connections: u64,
}

impl Cable {
    /// A cable to that server, plugged in.
    ///
    /// # Errors
    /// There is no free port, or the system gives no thread.
    pub(super) fn new(server: SocketAddr) -> io::Result<Cable> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let ends = Arc::new(Ends { server, state: Mutex::default(), changed: Condvar::new() });
        let cable = Cable { address, ends: Arc::clone(&ends) };
        thread::Builder::new().name("prise".to_owned()).spawn(move || {
            for client in listener.incoming().flatten() {
                let (ends, number) = (Arc::clone(&ends), ends.next_connection());
                let carrying = thread::Builder::new().name("cable".to_owned());
                if let Err(error) = carrying.spawn(move || ends.carry(&client, number)) {
                    log::error!("Câble : {error}");
                }
            }
        })?;
        Ok(cable)
    }

    /// Where the client finds its end.
    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint { host: self.address.ip().to_string(), port: self.address.port() }
    }

    pub(super) fn is_pulled(&self) -> bool {
        self.ends.lock().is_pulled
    }

    /// Pulls it, and nothing comes through any more; or plugs it in again.
    pub(super) fn set_pulled(&self, is_pulled: bool) {
        self.ends.lock().is_pulled = is_pulled;
        self.ends.changed.notify_all();
    }
}

impl Ends {
    fn next_connection(&self) -> u64 {
        let mut state = self.lock();
        state.connections += 1;
        state.connections
    }

    /// Carries a connection to its end.
    fn carry(&self, client: &TcpStream, number: u64) {
        if !self.is_plugged(number) {
            return;
        }
        let Ok(server) = TcpStream::connect(self.server) else { return };
        for stream in [client, &server] {
            // Without it, it is only slower.
            let _ = stream.set_nodelay(true);
        }
        thread::scope(|scope| {
            scope.spawn(|| self.carry_one_way(&server, client, number));
            self.carry_one_way(client, &server, number);
        });
    }

    fn carry_one_way(&self, mut from: &TcpStream, mut to: &TcpStream, number: u64) {
        let mut bytes = vec![0; BYTES];
        while let Ok(count @ 1..) = from.read(&mut bytes)
            && self.is_plugged(number)
            && to.write_all(&bytes[..count]).is_ok()
        {}
        // A cable that is pulled does not tell of the end either.
        if self.is_plugged(number) {
            let _ = to.shutdown(Shutdown::Write);
        } else {
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        }
    }

    /// Waits until it is plugged in; false if that connection is given up by then.
    fn is_plugged(&self, number: u64) -> bool {
        let state = self.changed.wait_while(self.lock(), |state| state.is_pulled);
        state.unwrap_or_else(PoisonError::into_inner).connections == number
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};

    fn line(stream: &TcpStream) -> String {
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    }

    #[test]
    fn pulled_it_holds_back_what_is_sent_and_the_end_and_a_connection_that_is_given_up_is_never_made() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let cable = Cable::new(listener.local_addr().unwrap()).unwrap();
        let client = || TcpStream::connect(cable.address).unwrap();

        let first = client();
        let (server, _) = listener.accept().unwrap();
        (&first).write_all(b"un\n").unwrap();
        assert_eq!(line(&server), "un\n");
        cable.set_pulled(true);
        (&first).write_all(b"deux\n").unwrap();
        (&server).write_all(b"trois\n").unwrap();
        cable.set_pulled(false);
        assert_eq!((line(&server), line(&first)), ("deux\n".to_owned(), "trois\n".to_owned()));

        cable.set_pulled(true);
        (&first).write_all(b"perdu\n").unwrap();
        drop(first);
        let given_up = client();
        (&given_up).write_all(b"trop tard\n").unwrap();
        let last = client();
        (&last).write_all(b"quatre\n").unwrap();
        // Both have been noticed by then.
        while cable.ends.lock().connections < 3 {
            thread::yield_now();
        }
        cable.set_pulled(false);
        // The old connection ends without what was held back, and the next is the last one.
        let ends = |mut stream: &TcpStream| !matches!(stream.read(&mut [0]), Ok(1..));
        assert!(ends(&server));
        let (next, _) = listener.accept().unwrap();
        assert_eq!(line(&next), "quatre\n");
        assert!(ends(&given_up));
    }
}
