//! Finding a relay without its address: [`Search`], and [`find`] for the terminal.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use common::address::Session;
use common::discovery::{Answer, QUESTION_BYTES, Question};
use common::endpoint::Endpoint;
use common::text::harmless;

use crate::networks::Networks;

/// How many relays are shown at most; anybody can answer as often as he likes.
const MOST: usize = 16;
/// A name that is longer is no help.
const MAX_NAME_CHARS: usize = 40;
/// A relay that has not answered for this long is gone.
const GONE_AFTER: Duration = Duration::from_secs(10);
/// How long the relays of a network are waited for, once one has answered or nobody does.
const ROUND: Duration = Duration::from_secs(1);
/// Datagrams get lost: so often each round asks.
const QUESTIONS_PER_ROUND: u32 = 3;
/// How long the terminal goes on asking when nobody answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// A relay that has answered. What it says of itself may be untrue: only its address was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub address: SocketAddr,
    /// How many seats a newcomer could take.
    pub seats: u64,
    /// What its machine is called; harmless, on one line.
    pub name: String,
}

impl Found {
    /// Where to connect to.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint { host: self.address.ip().to_string(), port: self.address.port() }
    }

    /// Which machine it is, for a person.
    pub fn machine(&self) -> &str {
        match (self.address.ip().is_loopback(), &*self.name) {
            (true, _) => "cette machine",
            (false, "") => "sans nom",
            (false, name) => name,
        }
    }

    /// Whether a newcomer finds a seat, for a person.
    pub fn room(&self) -> String {
        match self.seats {
            0 => "complet".to_owned(),
            1 => "1 place".to_owned(),
            seats => format!("{seats} places"),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.endpoint(), self.machine(), self.room())
    }
}

/// A search for relays, on all networks of this machine and on itself.
#[derive(Debug)]
pub struct Search {
    socket: UdpSocket,
    port: u16,
    token: Session,
    networks: Networks,
    /// Each with when it answered last.
    found: Vec<(Found, Instant)>,
}

impl Search {
    /// A search that has not asked yet, for relays that are found at UDP port `port`.
    ///
    /// # Errors
    /// The system gives no socket.
    pub fn new(port: u16) -> io::Result<Search> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_broadcast(true)?;
        Ok(Search {
            socket,
            port,
            token: Session::random_key(),
            networks: Networks::default(),
            found: Vec::new(),
        })
    }

    /// Asks everybody, as the networks are now.
    pub fn ask(&mut self) {
        self.networks = Networks::now();
        let question = Question { token: self.token.as_str() }.to_bytes();
        for there in self.networks.broadcasts().into_iter().chain([Ipv4Addr::LOCALHOST]) {
            if let Err(error) = self.socket.send_to(&question, (there, self.port)) {
                // One network without a way must not keep the others from being asked.
                log::info!("Recherche vers {there} : {error}");
            }
        }
    }

    /// Takes the answers that come within `time`.
    ///
    /// # Errors
    /// The socket is of no use.
    pub fn receive(&mut self, time: Duration) -> io::Result<()> {
        let deadline = Instant::now() + time;
        // One byte more than any answer may have.
        let mut datagram = [0; QUESTION_BYTES + 1];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.socket.set_read_timeout(Some(left))?;
            match self.socket.recv_from(&mut datagram) {
                Ok((length, from)) => self.take(&datagram[..length], from, Instant::now()),
                // The time is over; or, on some systems, nobody listens where a question went, or a datagram is too long.
                Err(error) => log::debug!("Recherche : {error}"),
            }
        }
        self.found.retain(|(_, heard)| heard.elapsed() < GONE_AFTER);
        Ok(())
    }

    /// The relays that have answered, in the order in which they did first.
    pub fn found(&self) -> Vec<Found> {
        self.found.iter().map(|(found, _)| found.clone()).collect()
    }

    fn take(&mut self, datagram: &[u8], from: SocketAddr, now: Instant) {
        if datagram.len() > QUESTION_BYTES {
            return;
        }
        let Some(answer) = Answer::parse(datagram).filter(|answer| answer.token == self.token.as_str())
        else {
            return;
        };
        let name: String = harmless(answer.name).replace('\n', " ").chars().take(MAX_NAME_CHARS).collect();
        let mut found = Found { address: SocketAddr::new(from.ip(), answer.port), seats: answer.seats, name };
        let is_same = |known: &Found| {
            known.address == found.address || self.is_same_machine(known.address, found.address)
        };
        match self.found.iter().position(|(known, _)| is_same(known)) {
            Some(place) => {
                let known = self.found[place].0.address;
                if known.ip().is_loopback() {
                    // This machine is best reached by itself.
                    found.address = known;
                }
                self.found[place] = (found, now);
            }
            None if self.found.len() < MOST => self.found.push((found, now)),
            None => {}
        }
    }

    /// Whether that is one relay, of this machine: it answers from each of its addresses.
    fn is_same_machine(&self, one: SocketAddr, other: SocketAddr) -> bool {
        one.port() == other.port() && self.networks.is_own(one.ip()) && self.networks.is_own(other.ip())
    }
}

/// The relay to join when none was named: the only one that answers, or the one that the user chooses in the terminal.
///
/// # Errors
/// Nobody answers, or several do and nobody is there to choose.
pub fn find(port: u16) -> anyhow::Result<Endpoint> {
    const BY_HAND: &str =
        "donnez l'adresse que « serveur » affiche au démarrage : client ADRESSE [PSEUDO] --terminal";
    let mut search = Search::new(port).context("la recherche d'un serveur n'est pas possible")?;
    notice("Recherche d'un serveur sur ce réseau et sur cette machine…");
    let start = Instant::now();
    let mut told = false;
    while search.found.is_empty() {
        if start.elapsed() >= PATIENCE {
            bail!("aucun serveur n'a répondu ; {BY_HAND}");
        }
        if start.elapsed() >= ROUND && !told {
            notice(
                "Aucun serveur ne répond pour l'instant ; la recherche continue (Ctrl-C pour y renoncer).",
            );
            told = true;
        }
        search_once(&mut search)?;
    }
    match &search.found()[..] {
        [only] => {
            notice(&format!("Serveur trouvé : {only}."));
            Ok(only.endpoint())
        }
        several => {
            notice("Plusieurs serveurs répondent :");
            for (place, found) in several.iter().enumerate() {
                notice(&format!("  {}. {found}", place + 1));
            }
            if !io::stdin().is_terminal() {
                bail!("plusieurs serveurs répondent ; {BY_HAND}");
            }
            Ok(choose(several, io::stdin().lock())?.endpoint())
        }
    }
}

fn notice(sentence: &str) {
    // Whoever closed stderr does not want to know.
    let _ = writeln!(io::stderr(), "* {sentence}");
}

/// Asks, and gives everybody the time to answer.
fn search_once(search: &mut Search) -> io::Result<()> {
    let start = Instant::now();
    for question in 1..=QUESTIONS_PER_ROUND {
        search.ask();
        search.receive((ROUND * question / QUESTIONS_PER_ROUND).saturating_sub(start.elapsed()))?;
    }
    Ok(())
}

/// Asks the user for a number until it is one of the list.
fn choose(several: &[Found], mut input: impl io::BufRead) -> anyhow::Result<&Found> {
    loop {
        let _ = write!(io::stderr(), "Lequel ? (1 à {}) ", several.len());
        let mut answer = Vec::new();
        if input.read_until(b'\n', &mut answer)? == 0 {
            bail!("aucun serveur n'a été choisi");
        }
        let number = String::from_utf8_lossy(&answer).trim().parse::<usize>().ok();
        if let Some(found) = number.and_then(|number| several.get(number.checked_sub(1)?)) {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search() -> Search {
        Search::new(0).unwrap()
    }

    fn answer(search: &Search, port: u16, name: &str) -> Vec<u8> {
        Answer { token: search.token.as_str(), port, seats: 2, name }.to_bytes(QUESTION_BYTES).unwrap()
    }

    fn take(search: &mut Search, from: &str, port: u16, name: &str) {
        let datagram = answer(search, port, name);
        search.take(&datagram, from.parse().unwrap(), Instant::now());
    }

    fn shown(search: &Search) -> Vec<String> {
        search.found().iter().map(Found::to_string).collect()
    }

    #[test]
    fn each_relay_is_found_once() {
        let mut search = search();
        for _ in 0..3 {
            take(&mut search, "192.0.2.7:7878", 7878, "salle-12");
            take(&mut search, "192.0.2.7:7878", 9000, "salle-12");
            take(&mut search, "192.0.2.8:40000", 7878, "");
        }
        assert_eq!(
            shown(&search),
            [
                "192.0.2.7:7878 (salle-12, 2 places)",
                "192.0.2.7:9000 (salle-12, 2 places)",
                "192.0.2.8:7878 (sans nom, 2 places)"
            ]
        );
    }

    #[test]
    fn a_relay_of_this_machine_is_found_at_its_loopback_address() {
        for order in [["127.0.0.1:7878", "192.0.2.2:7878"], ["192.0.2.2:7878", "127.0.0.1:7878"]] {
            let mut search = search();
            search.networks = Networks::of(&[("eth0", "192.0.2.2/24")]);
            for from in order {
                take(&mut search, from, 7878, "moi");
            }
            take(&mut search, "192.0.2.3:7878", 7878, "autre");
            assert_eq!(
                shown(&search),
                ["127.0.0.1:7878 (cette machine, 2 places)", "192.0.2.3:7878 (autre, 2 places)"]
            );
        }
    }

    #[test]
    fn ten_thousand_forged_answers_fill_nothing() {
        let mut search = search();
        take(&mut search, "192.0.2.7:7878", 7878, "la vraie");
        for forged in 0..10_000u16 {
            take(&mut search, "192.0.2.66:7878", 1 + forged, "fausse");
        }
        assert_eq!(search.found().len(), 16);
        assert_eq!(search.found()[0].name, "la vraie");
    }

    #[test]
    fn what_was_not_asked_for_is_no_answer() {
        let mut search = search();
        let from = "192.0.2.7:7878".parse().unwrap();
        let now = Instant::now();
        search.take(b"serveur 2 x 7878 2 autre-jeton", from, now);
        search.take(b"bonjour", from, now);
        search.take(&Question { token: search.token.as_str() }.to_bytes(), from, now);
        let mut long = answer(&search, 7878, "x");
        long.resize(QUESTION_BYTES + 1, b'x');
        search.take(&long, from, now);
        assert_eq!(search.found(), []);
    }

    #[test]
    fn no_name_does_harm() {
        let mut search = search();
        take(&mut search, "192.0.2.7:7878", 7878, "a\nb\u{1b}[2J\u{202e}c");
        take(&mut search, "192.0.2.7:7878", 7879, &"long ".repeat(20));
        assert_eq!(search.found()[0].name, "a b␛[2J<U+202E>c");
        assert_eq!(search.found()[1].name.chars().count(), MAX_NAME_CHARS);
    }

    #[test]
    fn the_user_is_asked_until_the_number_is_one_of_the_list() {
        let mut search = search();
        take(&mut search, "192.0.2.7:7878", 7878, "une");
        take(&mut search, "192.0.2.8:7878", 7878, "deux");
        assert_eq!(choose(&search.found(), &b"\n0\n3\nzut\n\xff\n 2 \n"[..]).unwrap().name, "deux");
        assert!(choose(&search.found(), &b"0\n"[..]).is_err());
    }
}
