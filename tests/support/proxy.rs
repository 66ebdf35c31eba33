//! A network that misbehaves on command: a TCP proxy between a client and the relay.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crate::PATIENCE;

/// What happens to the bytes that pass from now on, in both directions of every connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// They pass.
    Fine,
    /// They pass one at a time.
    ByteByByte,
    /// A connection is cut once so many bytes have passed in one direction.
    CutAfter(usize),
    /// Nothing arrives and nobody is told, as with a pulled cable.
    Silent,
    /// They pass until somebody was told `pong`; then [`Silent`](Weather::Silent).
    SilentAfterPong,
    /// Every connection is cut, new ones too.
    Closed,
}

/// The proxy. It lives as long as the test's process.
#[derive(Debug)]
pub struct Proxy {
    /// Where clients find it.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    weather: Mutex<Weather>,
    weather_changed: Condvar,
    /// How often a connection was cut inside a line.
    cuts_inside_lines: AtomicUsize,
    connections: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// A proxy in front of `relay`.
    pub fn start(relay: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            weather: Mutex::new(Weather::Fine),
            weather_changed: Condvar::new(),
            cuts_inside_lines: AtomicUsize::new(0),
            connections: Mutex::new(Vec::new()),
        });
        let proxy = Proxy { address, shared: Arc::clone(&shared) };
        std::thread::spawn(move || {
            for client in listener.incoming() {
                shared.connect(&client.unwrap(), relay);
            }
        });
        proxy
    }

    /// Changes the weather.
    pub fn set(&self, weather: Weather) {
        self.shared.set(weather);
        if weather == Weather::Closed {
            self.shared.connections.lock().unwrap().drain(..).for_each(|stream| cut(&stream));
        }
    }

    /// Waits until nothing arrives any more.
    pub fn wait_for_silence(&self) {
        let weather = self.shared.weather.lock().unwrap();
        let silent = |weather: &mut Weather| *weather != Weather::Silent;
        let (weather, _) = self.shared.weather_changed.wait_timeout_while(weather, PATIENCE, silent).unwrap();
        assert_eq!(*weather, Weather::Silent);
    }

    /// How often a connection was cut inside a line.
    pub fn cuts_inside_lines(&self) -> usize {
        self.shared.cuts_inside_lines.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn connect(self: &Arc<Self>, client: &TcpStream, relay: SocketAddr) {
        let server = TcpStream::connect(relay);
        let (Ok(server), false) = (server, self.weather() == Weather::Closed) else { return };
        for (from, to) in [(client, &server), (&server, client)] {
            from.set_nodelay(true).unwrap();
            self.connections.lock().unwrap().push(from.try_clone().unwrap());
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let shared = Arc::clone(self);
            std::thread::spawn(move || shared.pump(&from, &to));
        }
    }

    fn set(&self, weather: Weather) {
        *self.weather.lock().unwrap() = weather;
        self.weather_changed.notify_all();
    }

    fn weather(&self) -> Weather {
        *self.weather.lock().unwrap()
    }

    fn pump(&self, mut from: &TcpStream, mut to: &TcpStream) {
        let mut chunk = [0; 65_536];
        let mut passed = 0;
        while let Ok(count @ 1..) = from.read(&mut chunk) {
            // How many of these bytes pass, and how many at a time.
            let (passing, at_once) = match self.weather() {
                Weather::Fine | Weather::Closed | Weather::SilentAfterPong => (count, count),
                Weather::ByteByByte => (count, 1),
                Weather::Silent => continue,
                Weather::CutAfter(limit) => (count.min(limit.saturating_sub(passed)), count),
            };
            passed += passing;
            let failed = chunk[..passing].chunks(at_once).any(|piece| to.write_all(piece).is_err());
            if self.weather() == Weather::SilentAfterPong && chunk[..count].ends_with(b"pong\n") {
                self.set(Weather::Silent);
            }
            if passing < count && passing > 0 && chunk[passing - 1] != b'\n' {
                self.cuts_inside_lines.fetch_add(1, Ordering::SeqCst);
            }
            if failed || passing < count {
                break;
            }
        }
        if self.weather() == Weather::Silent {
            // A cable that is pulled does not tell of the end either.
            return;
        }
        // What has passed arrives before the end does.
        let _ = to.shutdown(Shutdown::Write);
        cut(from);
    }
}

fn cut(stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Both);
}
