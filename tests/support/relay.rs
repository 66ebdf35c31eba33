//! A relay in a thread, on a free loopback port.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use common::endpoint::Endpoint;
use serveur::{Emphasis, Limits, Relay, Stopper};

use crate::PATIENCE;
use crate::peer::Peer;

/// A relay that runs until it ends by itself or is dropped.
#[derive(Debug)]
pub struct RelayThread {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it shows.
    pub screen: Screen,
    stopper: Stopper,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl RelayThread {
    /// One that ends with the first discussion.
    pub fn start() -> RelayThread {
        RelayThread::with(false, Limits::default())
    }

    /// One that goes on.
    pub fn permanent() -> RelayThread {
        RelayThread::with(true, Limits::default())
    }

    /// One with other limits than the protocol's.
    pub fn with(permanent: bool, limits: Limits) -> RelayThread {
        let endpoint = Endpoint { host: "127.0.0.1".to_owned(), port: 0 };
        let relay = Relay::bind_with(&endpoint, permanent, limits).expect("a free port");
        let (address, stopper) = (relay.local_addr(), relay.stopper());
        let screen = Screen::default();
        let out = Box::new(screen.clone());
        let thread = std::thread::spawn(move || relay.run(out, Emphasis::None));
        RelayThread { address, screen, stopper, thread: Some(thread) }
    }

    /// Waits for it to end by itself.
    pub fn join(mut self) {
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

impl Drop for RelayThread {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            // One panic is enough to end a test.
            assert!(std::thread::panicking() || ended.is_ok(), "the relay panicked");
        }
    }
}

/// A relay with alice and bob seated, who both know of each other.
pub fn alice_and_bob() -> (RelayThread, Peer, Peer) {
    let relay = RelayThread::start();
    let (alice, bob) = seat_two(relay.address);
    (relay, alice, bob)
}

/// alice and bob take their seats.
pub fn seat_two(relay: SocketAddr) -> (Peer, Peer) {
    let mut alice = Peer::login(relay, "alice");
    let mut bob = Peer::login(relay, "bob");
    alice.expect("present bob/s-bob");
    bob.expect("present alice/s-alice");
    (alice, bob)
}

/// What a program has written, to be looked at and waited for.
#[derive(Clone, Debug, Default)]
pub struct Screen(Arc<(Mutex<Vec<u8>>, Condvar)>);

impl Screen {
    /// All of it, so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.0.lock().unwrap()).into_owned()
    }

    /// Waits until it contains `what`.
    #[track_caller]
    pub fn wait_for(&self, what: &str) {
        self.wait_until(what, |text| text.contains(what));
    }

    /// Waits until `seen` is content with it; `what` says what was awaited.
    #[track_caller]
    pub fn wait_until(&self, what: &str, seen: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut bytes = self.0.0.lock().unwrap();
        while !seen(&String::from_utf8_lossy(&bytes)) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                drop(bytes);
                panic!("« {what} » never came; what came is:\n{}", &text[text.len().saturating_sub(4000)..]);
            }
            bytes = self.0.1.wait_timeout(bytes, left).unwrap().0;
        }
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.0.lock().unwrap().extend_from_slice(bytes);
        self.0.1.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
