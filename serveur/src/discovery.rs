//! Answers whoever looks for a relay.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::discovery::{Answer, Question};

use crate::addresses::from_this_machine;
use crate::display::Display;

/// How many answers are given at most within [`PER`], to all together.
const MOST: usize = 20;
const PER: Duration = Duration::from_secs(1);
/// Longer than any question.
const LONGEST_BYTES: usize = 1024;
/// When nothing can be received, the time until it is worth looking again.
const FAULT_PAUSE: Duration = Duration::from_millis(200);

/// Starts to answer at UDP port `port` for a relay that listens on `relay`, or shows why it cannot.
pub(crate) fn start(
    port: u16,
    relay: SocketAddr,
    display: &Display,
    free_seats: impl Fn() -> usize + Send + 'static,
) -> Option<Answerer> {
    Answerer::start(port, relay, free_seats).unwrap_or_else(|error| {
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => "un autre serveur de cette machine répond déjà à sa place".to_owned(),
            _ => error.to_string(),
        };
        display.plain(&format!(
            "(Les clients ne le trouveront pas tout seuls : {why}, port UDP {port}. Il faudra taper l'adresse.)\n"
        ));
        None
    })
}

/// A thread that answers, until this is dropped.
#[derive(Debug)]
pub(crate) struct Answerer {
    questions: UdpSocket,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Answerer {
    /// Nothing for a relay that does not listen on IPv4: it has no broadcast to be asked by.
    fn start(
        port: u16,
        relay: SocketAddr,
        free_seats: impl Fn() -> usize + Send + 'static,
    ) -> io::Result<Option<Answerer>> {
        let Some(ip) = ipv4_of(relay) else { return Ok(None) };
        // A question by broadcast comes to no socket that is bound to one address.
        let asked_at = if ip.is_loopback() { ip } else { Ipv4Addr::UNSPECIFIED };
        let questions = UdpSocket::bind((asked_at, port))?;
        let answers = if ip == asked_at { questions.try_clone()? } else { UdpSocket::bind((ip, 0))? };
        let stopping = Arc::new(AtomicBool::new(false));
        let thread = thread::Builder::new().name("decouverte".to_owned()).spawn({
            let (questions, stopping) = (questions.try_clone()?, Arc::clone(&stopping));
            move || answer_all(&questions, &answers, relay.port(), &free_seats, &stopping)
        })?;
        Ok(Some(Answerer { questions, stopping, thread: Some(thread) }))
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Nothing else wakes a thread that waits for a datagram. If there is no room for this one, others wake it.
        let woken =
            self.questions.local_addr().and_then(|own| self.questions.send_to(&[], from_this_machine(own)));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            // A panic there was said there.
            let _ = thread.join();
        }
    }
}

/// The IPv4 address on which a relay listens that listens there.
fn ipv4_of(relay: SocketAddr) -> Option<Ipv4Addr> {
    match relay.ip() {
        IpAddr::V4(ip) => Some(ip),
        // On Windows `[::]` is IPv6 alone.
        IpAddr::V6(ip) if ip.is_unspecified() && !cfg!(windows) => Some(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => None,
    }
}

/// The thread.
fn answer_all(
    questions: &UdpSocket,
    answers: &UdpSocket,
    port: u16,
    free_seats: &dyn Fn() -> usize,
    stopping: &AtomicBool,
) {
    let name = gethostname::gethostname().to_string_lossy().replace(char::is_control, "");
    let mut limit = Limit::default();
    let mut datagram = [0; LONGEST_BYTES];
    loop {
        let received = questions.recv_from(&mut datagram);
        if stopping.load(Ordering::SeqCst) {
            return;
        }
        let (length, from) = match received {
            Ok(received) => received,
            Err(error) => {
                log::info!("Rien ne peut être reçu en UDP : {error}");
                thread::sleep(FAULT_PAUSE);
                continue;
            }
        };
        let Some(Question { token }) = Question::parse(&datagram[..length]) else { continue };
        let seats = free_seats() as u64;
        if let Some(answer) = (Answer { token, port, seats, name: &name }).to_bytes(length)
            && limit.allows(Instant::now())
            && let Err(error) = answers.send_to(&answer, from)
        {
            log::info!("{from} cherche un serveur, mais la réponse ne part pas : {error}");
        }
    }
}

/// At most [`MOST`] within any [`PER`].
#[derive(Debug, Default)]
struct Limit {
    /// When the last were allowed, the oldest first.
    last: VecDeque<Instant>,
}

impl Limit {
    fn allows(&mut self, now: Instant) -> bool {
        while self.last.front().is_some_and(|oldest| now.duration_since(*oldest) >= PER) {
            self.last.pop_front();
        }
        let allowed = self.last.len() < MOST;
        if allowed {
            self.last.push_back(now);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Someone who asks, from 127.0.0.1.
    struct Asker(UdpSocket);

    impl Asker {
        fn new() -> Self {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            Asker(socket)
        }

        fn send(&self, answerer: &Answerer, datagram: &[u8]) {
            let to = from_this_machine(answerer.questions.local_addr().unwrap());
            self.0.send_to(datagram, to).unwrap();
        }

        fn receive(&self) -> (Vec<u8>, SocketAddr) {
            let mut datagram = [0; LONGEST_BYTES];
            let (length, from) = self.0.recv_from(&mut datagram).unwrap();
            (datagram[..length].to_vec(), from)
        }
    }

    fn answerer(relay: &str) -> Answerer {
        Answerer::start(0, relay.parse().unwrap(), || 2).unwrap().unwrap()
    }

    #[test]
    fn who_asks_is_told_the_port_the_seats_and_the_name() {
        let (asker, answerer) = (Asker::new(), answerer("0.0.0.0:7979"));
        asker.send(&answerer, &Question { token: "x-1" }.to_bytes());
        let (datagram, from) = asker.receive();
        let answer = Answer::parse(&datagram).unwrap();
        assert_eq!((answer.token, answer.port, answer.seats), ("x-1", 7979, 2));
        assert_eq!(answer.name, gethostname::gethostname().to_string_lossy());
        // The port that was asked answers: most firewalls let nothing else back.
        assert_eq!(from.port(), answerer.questions.local_addr().unwrap().port());
    }

    #[test]
    fn the_answer_comes_from_an_address_on_which_the_relay_listens() {
        for relay in ["127.0.0.2:7979", "127.0.0.1:7979"] {
            let (asker, answerer) = (Asker::new(), answerer(relay));
            asker.send(&answerer, &Question { token: "x" }.to_bytes());
            assert_eq!(asker.receive().1.ip(), relay.parse::<SocketAddr>().unwrap().ip());
        }
    }

    #[test]
    fn no_answer_is_longer_than_its_question() {
        let (asker, answerer) = (Asker::new(), answerer("127.0.0.1:7979"));
        // Too short for any answer, then just long enough for one without a name.
        asker.send(&answerer, b"decouverte 2 abc");
        asker.send(&answerer, b"decouverte 2 def      ");
        let (datagram, _) = asker.receive();
        assert!(datagram.starts_with(b"serveur 2 def 7979 2 ") && datagram.len() <= 22, "{datagram:?}");
    }

    #[test]
    fn whatever_else_comes_is_not_answered_and_does_no_harm() {
        let (asker, answerer) = (Asker::new(), answerer("127.0.0.1:7979"));
        for other in
            [&b""[..], b"bonjour", b"\xff\xfe", &[b' '; 5000], b"serveur 2 x 7979 2 moi", b"decouverte 2 x y"]
        {
            asker.send(&answerer, other);
        }
        asker.send(&answerer, &Question { token: "enfin" }.to_bytes());
        assert_eq!(Answer::parse(&asker.receive().0).unwrap().token, "enfin");
    }

    #[test]
    fn a_relay_on_ipv6_alone_answers_nobody() {
        assert!(Answerer::start(0, "[::1]:7979".parse().unwrap(), || 2).unwrap().is_none());
    }

    #[test]
    fn a_port_that_is_taken_is_an_error_and_free_again_afterwards() {
        let first = answerer("127.0.0.1:7979");
        let port = first.questions.local_addr().unwrap().port();
        let second = Answerer::start(port, "127.0.0.1:7979".parse().unwrap(), || 2);
        assert_eq!(second.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(first);
        assert!(Answerer::start(port, "127.0.0.1:7979".parse().unwrap(), || 2).is_ok());
    }

    #[test]
    fn at_most_20_answers_in_any_second() {
        let start = Instant::now();
        let mut limit = Limit::default();
        // 1,000 questions a second for three seconds, and when each answer is given.
        let asked = (0..3_000).map(|millisecond| start + Duration::from_millis(millisecond));
        let given: Vec<Instant> = asked.filter(|now| limit.allows(*now)).collect();
        assert_eq!(given.len(), 60);
        assert!(given.windows(MOST + 1).all(|answers| answers[MOST] - answers[0] >= PER));
    }
}
