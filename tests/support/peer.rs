//! A participant by hand: raw lines over TCP, as someone with `nc` would type them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::PATIENCE;

/// A connection to a relay, line by line.
#[derive(Debug)]
pub struct Peer {
    stream: TcpStream,
    received: Vec<u8>,
    /// `PSEUDO/SESSION`; empty before the login.
    pub address: String,
}

impl Peer {
    /// Connects and says nothing.
    pub fn connect(relay: SocketAddr) -> Peer {
        let stream = TcpStream::connect(relay).expect("the relay accepts connections");
        Peer::from_stream(stream)
    }

    /// Waits for a client that connects to this listener.
    pub fn accept(listener: &TcpListener) -> Peer {
        listener.set_nonblocking(true).unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false).unwrap();
                    return Peer::from_stream(stream);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < deadline => {
                    // A listener knows no timeout; looking is enough.
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(error) => panic!("nobody connected: {error}"),
            }
        }
    }

    /// Waits for a client that connects to this listener and logs in. The peer's address is the client's.
    pub fn accept_login(listener: &TcpListener) -> Peer {
        let mut peer = Peer::accept(listener);
        peer.address = peer
            .receive()
            .and_then(|login| Some(login.strip_prefix("login 2 ")?.split(' ').next()?.to_owned()))
            .expect("a login");
        peer
    }

    /// Lets a client log in as a relay would. The peer's address is the client's.
    pub fn seat(listener: &TcpListener) -> Peer {
        let mut peer = Peer::accept_login(listener);
        peer.send(&format!("bienvenue {}", peer.address));
        peer
    }

    /// Refuses a client's login as a relay would.
    pub fn turn_away(listener: &TcpListener, code: &str) {
        Peer::accept_login(listener).send(&format!("refus {code} Non."));
    }

    /// Takes over an open connection.
    pub fn from_stream(stream: TcpStream) -> Peer {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Peer { stream, received: Vec::new(), address: String::new() }
    }

    /// Connects and logs in with the session `s-PSEUDO`.
    pub fn login(relay: SocketAddr, pseudo: &str) -> Peer {
        Peer::login_as(relay, &format!("{pseudo}/s-{pseudo}"))
    }

    /// Connects and logs in under a whole address.
    pub fn login_as(relay: SocketAddr, address: &str) -> Peer {
        Peer::welcomed(relay, address, &format!("login 2 {address}"))
    }

    /// Connects and logs in with a key.
    pub fn login_with_key(relay: SocketAddr, address: &str, key: &str) -> Peer {
        Peer::welcomed(relay, address, &format!("login 2 {address} {key}"))
    }

    fn welcomed(relay: SocketAddr, address: &str, login: &str) -> Peer {
        let mut peer = Peer::connect(relay);
        peer.address = address.to_owned();
        peer.send(login);
        peer.expect(&format!("bienvenue {address}"));
        peer
    }

    /// Sends one line.
    pub fn send(&mut self, line: &str) {
        self.send_bytes(format!("{line}\n").as_bytes());
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the other side takes what is sent");
    }

    /// Sends bytes as they are, if the other side still takes them.
    pub fn try_send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends a message of its own to another.
    pub fn send_message(&mut self, to: &str, number: u64, text: &str) {
        self.send(&message(&self.address, to, number, text));
    }

    /// The next line; `None` when the other side has closed the connection properly.
    pub fn receive(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                return Some(String::from_utf8(line[..end].to_vec()).expect("lines are UTF-8"));
            }
            let mut chunk = [0; 65_536];
            match self.stream.read(&mut chunk) {
                Ok(0) if self.received.is_empty() => return None,
                Ok(0) => panic!("{}: the stream ended inside a line: {:?}", self.address, self.received),
                Ok(count) => self.received.extend_from_slice(&chunk[..count]),
                // The whole program was stopped for a moment.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("{}: nothing came in {PATIENCE:?}", self.address)
                }
                Err(error) => panic!("{}: {error}", self.address),
            }
        }
    }

    /// What comes before this line, which is the last that is taken.
    #[track_caller]
    pub fn receive_until(&mut self, line: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            match self.receive() {
                Some(next) if next == line => return before,
                Some(next) => before.push(next),
                None => panic!("{}: {line:?} never came, but {before:?}", self.address),
            }
        }
    }

    /// The next line is this one.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.receive().as_deref(), Some(line));
    }

    /// The next line says that somebody sits opposite; his address.
    #[track_caller]
    pub fn expect_present(&mut self) -> String {
        let line = self.receive().unwrap_or_default();
        line.strip_prefix("present ").unwrap_or_else(|| panic!("expected present, got {line:?}")).to_owned()
    }

    /// The next line is a refusal with this code and a sentence.
    #[track_caller]
    pub fn expect_refusal(&mut self, code: &str) {
        let line = self.receive().unwrap_or_default();
        let sentence = line.strip_prefix(&format!("refus {code} "));
        assert!(sentence.is_some_and(|sentence| sentence.len() > 10), "expected refus {code}, got {line:?}");
    }

    /// The connection was closed properly, without a reset, and nothing came before.
    #[track_caller]
    pub fn expect_end(&mut self) {
        assert_eq!(self.receive(), None);
    }

    /// Nothing is on its way: the answer to a ping is the very next line.
    #[track_caller]
    pub fn expect_quiet(&mut self) {
        self.send("ping");
        self.expect("pong");
    }

    /// Sends bytes from a thread of its own, which may be held up; what the other side does not take is lost when the
    /// connection ends.
    pub fn send_in_background(&self, bytes: Vec<u8>) -> JoinHandle<()> {
        let mut stream = self.stream.try_clone().unwrap();
        stream.set_write_timeout(None).unwrap();
        std::thread::spawn(move || {
            let _ = stream.write_all(&bytes);
        })
    }

    /// Breaks the connection: the other side gets a reset.
    pub fn break_off(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Closes without a word.
    pub fn close(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    /// The bare socket; everything that was received must have been looked at.
    pub fn into_stream(self) -> TcpStream {
        assert!(self.received.is_empty());
        self.stream
    }

    /// Will send nothing more; gives what still comes, until the other side closes or breaks the connection.
    pub fn finish(self) -> Vec<String> {
        let _ = self.stream.shutdown(Shutdown::Write);
        self.rest()
    }

    /// What still comes, until the other side closes or breaks the connection.
    pub fn rest(mut self) -> Vec<String> {
        // A reset is an end like any other here.
        let _ = self.stream.read_to_end(&mut self.received);
        String::from_utf8_lossy(&self.received).lines().map(str::to_owned).collect()
    }

    /// Will send nothing more, but goes on reading.
    pub fn close_sending(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }
}

/// A `msg` line.
pub fn message(from: &str, to: &str, number: u64, text: &str) -> String {
    format!("msg {from} {to} {number} 2026-11-20T14:03:07.123+01:00 {text}")
}
