//! A network that misbehaves on command: a TCP proxy between a client and the relay.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use socket2::SockRef;

use crate::PATIENCE;

/// How many bytes a slow connection's sockets hold, about: what passes in an eighth of a second, and at least so many.
/// With less, the kernel sends tiny pieces and waits for each to be acknowledged: another link than it is to be.
const SMALL_BUFFER: usize = 4096;

/// What happens to the bytes that pass from now on, in both directions of every connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// They pass.
    Fine,
    /// They pass one at a time.
    ByteByByte,
    /// A connection is cut once so many bytes have passed in one direction.
    CutAfter(usize),
    /// The connection on which these bytes come is cut instead of passing them; then [`Fine`](Weather::Fine).
    CutAt(&'static str),
    /// So many bytes a second pass, in each direction, each of them late by that much; little is in flight.
    Slow {
        /// In each direction.
        bytes_per_second: usize,
        /// How late.
        late: Duration,
    },
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
    /// How many connections were made.
    connections_made: AtomicUsize,
    bytes_passed: AtomicUsize,
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
            connections_made: AtomicUsize::new(0),
            bytes_passed: AtomicUsize::new(0),
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

    /// How many connections were made so far.
    pub fn connections_made(&self) -> usize {
        self.shared.connections_made.load(Ordering::SeqCst)
    }

    /// How many bytes have passed so far, in both directions together.
    pub fn bytes_passed(&self) -> usize {
        self.shared.bytes_passed.load(Ordering::SeqCst)
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
        self.connections_made.fetch_add(1, Ordering::SeqCst);
        for (from, to) in [(client, &server), (&server, client)] {
            from.set_nodelay(true).unwrap();
            if let Weather::Slow { bytes_per_second, .. } = self.weather() {
                let size = SMALL_BUFFER.max(bytes_per_second / 8);
                let _ = SockRef::from(from).set_recv_buffer_size(size);
                let _ = SockRef::from(from).set_send_buffer_size(size);
            }
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

    /// How much is read at once.
    fn chunk_bytes(&self) -> usize {
        match self.weather() {
            Weather::Slow { bytes_per_second, .. } => (bytes_per_second / 20).max(1),
            _ => 65_536,
        }
    }

    fn pump(&self, mut from: &TcpStream, mut to: &TcpStream) {
        let mut chunk = [0; 65_536];
        let mut passed = 0;
        while let Ok(count @ 1..) = from.read(&mut chunk[..self.chunk_bytes()]) {
            // How many of these bytes pass, and how many at a time.
            let (passing, at_once) = match self.weather() {
                Weather::Fine | Weather::Closed | Weather::SilentAfterPong => (count, count),
                Weather::ByteByByte => (count, 1),
                Weather::Silent => continue,
                Weather::CutAfter(limit) => (count.min(limit.saturating_sub(passed)), count),
                Weather::CutAt(bytes) => match find(&chunk[..count], bytes.as_bytes()) {
                    Some(at) => {
                        self.set(Weather::Fine);
                        (at, count)
                    }
                    None => (count, count),
                },
                Weather::Slow { bytes_per_second, late } => {
                    std::thread::sleep(Duration::from_secs_f64(count as f64 / bytes_per_second as f64));
                    if passed == 0 {
                        std::thread::sleep(late);
                    }
                    (count, count)
                }
            };
            passed += passing;
            self.bytes_passed.fetch_add(passing, Ordering::SeqCst);
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

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn cut(stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Both);
}
