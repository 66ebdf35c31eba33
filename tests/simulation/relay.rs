//! A model of the relay: two seats, nothing kept. It knows lines, connections and the time, no sockets.

use std::time::{Duration, Instant};

use common::address::{Address, Pseudo};
use common::frame::{Frame, Refusal, Relayed};

pub(crate) const LOGIN_LIMIT: Duration = Duration::from_secs(10);
const SILENCE_LIMIT: Duration = Duration::from_secs(20);
const PONG_AFTER: Duration = Duration::from_secs(5);
const SEAT_KEPT: Duration = Duration::from_secs(30);
const END_REMEMBERED: Duration = Duration::from_secs(600);

/// What the relay does; connections are named by numbers.
pub(crate) enum Output {
    /// Sends this line, its LF included, of its own or passed on.
    Line(usize, String),
    /// Closes this connection.
    Close(usize),
    /// The same because nothing came from it for too long.
    Lost(usize),
    /// Has dropped a line: the one it is for is not seated opposite.
    Dropped,
    /// Has refused a login.
    Refused(Refusal),
}

struct Seat {
    connection: usize,
    address: Address<'static>,
    key: Option<String>,
    has_pinged: bool,
    last_heard: Instant,
    last_told: Instant,
}

/// Somebody who has not heard that this one has ended his discussion.
struct Unaware {
    address: Address<'static>,
    ended_by: Address<'static>,
    since: Instant,
}

#[derive(Default)]
pub(crate) struct Relay {
    seats: Vec<Seat>,
    kept: Option<(Address<'static>, Instant)>,
    /// Who was in the discussion and has lost his connection.
    absent: Vec<Address<'static>>,
    unaware: Vec<Unaware>,
}

impl Relay {
    /// Handles one line, given without its LF.
    pub(crate) fn handle(&mut self, from: usize, line: &str, now: Instant) -> Vec<Output> {
        let seat = self.seats.iter().position(|seat| seat.connection == from);
        match (Frame::parse(line).expect("a client sends valid frames"), seat) {
            (Frame::Login { address, key }, None) => self.login(from, address.into_owned(), key, now),
            (Frame::Relayed(Relayed { source, destination, .. }), Some(seat)) => {
                assert_eq!(self.seats[seat].address, source, "not the sender's own address");
                let opposite = self.seats.iter().find(|other| other.connection != from);
                match opposite.filter(|other| other.address.as_str() == destination.as_str()) {
                    Some(other) => vec![Output::Line(other.connection, format!("{line}\n"))],
                    None => vec![Output::Dropped],
                }
            }
            (Frame::Ping, Some(seat)) => {
                self.seats[seat].has_pinged = true;
                vec![output(from, &Frame::Pong)]
            }
            (Frame::Quitter, Some(seat)) => self.quit(seat, now),
            // From a connection that lost its seat while this was on its way.
            (Frame::Relayed(_) | Frame::Ping | Frame::Quitter, None) => Vec::new(),
            (other, _) => panic!("no client in this simulation sends {other:?}"),
        }
    }

    /// Bytes have come from that connection, or it is not being read from.
    pub(crate) fn heard(&mut self, connection: usize, now: Instant) {
        for seat in self.seats.iter_mut().filter(|seat| seat.connection == connection) {
            seat.last_heard = now;
        }
    }

    /// Bytes were sent to that connection.
    pub(crate) fn told(&mut self, connection: usize, now: Instant) {
        for seat in self.seats.iter_mut().filter(|seat| seat.connection == connection) {
            seat.last_told = now;
        }
    }

    /// Does what is due by now.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Vec<Output> {
        self.kept = self.kept.take().filter(|(_, until)| now < *until);
        self.unaware.retain(|unaware| now < unaware.since + END_REMEMBERED);
        let pinged = || self.seats.iter().filter(|seat| seat.has_pinged);
        let silent = pinged().find(|seat| now >= seat.last_heard + SILENCE_LIMIT).map(|seat| seat.connection);
        let waiting = pinged().filter(|seat| now >= seat.last_told + PONG_AFTER);
        let mut outputs: Vec<Output> = waiting.map(|seat| output(seat.connection, &Frame::Pong)).collect();
        if let Some(connection) = silent {
            outputs.push(Output::Lost(connection));
            outputs.extend(self.lost(connection, now));
        }
        outputs
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let seats = self.seats.iter().filter(|seat| seat.has_pinged);
        let seats = seats.flat_map(|seat| [seat.last_heard + SILENCE_LIMIT, seat.last_told + PONG_AFTER]);
        seats.chain(self.kept.iter().map(|(_, until)| *until)).min()
    }

    /// The connection is gone and everything that had arrived from it was handled.
    pub(crate) fn lost(&mut self, connection: usize, now: Instant) -> Vec<Output> {
        let Some(at) = self.seats.iter().position(|seat| seat.connection == connection) else {
            return Vec::new();
        };
        let gone = self.seats.remove(at);
        self.absent.push(gone.address.clone());
        self.kept = None;
        if !self.seats.is_empty() {
            self.kept = Some((gone.address.clone(), now + SEAT_KEPT));
        }
        self.seats
            .iter()
            .map(|seat| output(seat.connection, &Frame::Absent(gone.address.borrowed())))
            .collect()
    }

    /// Whether somebody has not heard yet that his discussion has ended.
    pub(crate) fn remembers_an_end(&self) -> bool {
        !self.unaware.is_empty()
    }

    /// A connection that was told `fin` has ended as it should.
    pub(crate) fn heard_end(&mut self, address: &Address<'_>) {
        self.unaware.retain(|unaware| unaware.address != *address);
    }

    /// Who sits on that connection.
    pub(crate) fn opposite(&self, connection: usize) -> Option<usize> {
        self.seats.iter().any(|seat| seat.connection == connection).then_some(())?;
        self.seats.iter().find(|seat| seat.connection != connection).map(|seat| seat.connection)
    }

    fn login(
        &mut self,
        from: usize,
        address: Address<'static>,
        key: Option<&str>,
        now: Instant,
    ) -> Vec<Output> {
        let welcome = output(from, &Frame::Bienvenue(address.borrowed()));
        if let Some(unaware) = self.unaware.iter().find(|unaware| unaware.address == address) {
            return vec![
                welcome,
                output(from, &Frame::Fin(unaware.ended_by.borrowed())),
                Output::Close(from),
            ];
        }
        let owns = |seat: &Seat| seat.address == address && key.is_some() && seat.key.as_deref() == key;
        let mut outputs = Vec::new();
        if let Some(old) = self.seats.iter().find(|seat| owns(seat)).map(|seat| seat.connection) {
            outputs.extend([
                output(old, &Frame::refus(Refusal::Remplace, "ailleurs")),
                Output::Close(old),
                Output::Refused(Refusal::Remplace),
            ]);
            outputs.extend(self.lost(old, now));
        }
        let pseudo: Pseudo = address.pseudo();
        let refusal = match &self.kept {
            _ if self.seats.iter().any(|seat| seat.address.pseudo() == pseudo) => Some(Refusal::PseudoPris),
            _ if self.seats.len() == 2 => Some(Refusal::Complet),
            Some((kept, _)) if kept.pseudo() != pseudo => Some(Refusal::Occupe),
            _ => None,
        };
        if let Some(code) = refusal {
            outputs.extend([
                output(from, &Frame::refus(code, "non")),
                Output::Close(from),
                Output::Refused(code),
            ]);
            return outputs;
        }
        self.kept = None;
        self.absent.retain(|absent| *absent != address);
        outputs.push(welcome);
        let key = key.map(str::to_owned);
        self.seats.push(Seat {
            connection: from,
            address,
            key,
            has_pinged: false,
            last_heard: now,
            last_told: now,
        });
        if let [first, second] = &self.seats[..] {
            outputs.push(output(first.connection, &Frame::Present(second.address.borrowed())));
            outputs.push(output(second.connection, &Frame::Present(first.address.borrowed())));
        }
        outputs
    }

    fn quit(&mut self, seat: usize, now: Instant) -> Vec<Output> {
        let ended_by = self.seats[seat].address.clone();
        let fin = Frame::Fin(ended_by.borrowed());
        let seats = std::mem::take(&mut self.seats);
        let outputs = seats.iter().flat_map(|it| [output(it.connection, &fin), Output::Close(it.connection)]);
        let outputs = outputs.collect();
        self.kept = None;
        let absent = std::mem::take(&mut self.absent);
        for address in seats.into_iter().map(|seat| seat.address).chain(absent) {
            self.unaware.push(Unaware { address, ended_by: ended_by.clone(), since: now });
        }
        outputs
    }
}

fn output(to: usize, frame: &Frame<'_>) -> Output {
    Output::Line(to, String::from_utf8(frame.to_line()).expect("frames are text"))
}
