//! A model of the relay: two seats, nothing kept. It knows lines and connections, no sockets and no time.

use common::address::Address;
use common::frame::{Frame, Msg, Refusal};

/// What the relay does with a line; `C` names a connection.
pub(crate) enum Output<C> {
    /// Send this line, its LF included.
    Line(C, String),
    /// Close this connection; its last line was sent.
    Refused(C, Refusal),
    /// The line was dropped: the one it is for is not seated opposite.
    Dropped,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Seat<C> {
    connection: C,
    address: Address<'static>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Relay<C> {
    seats: Vec<Seat<C>>,
}

impl<C: Copy + PartialEq> Relay<C> {
    pub(crate) fn new() -> Self {
        Relay { seats: Vec::new() }
    }

    /// Handles one line, given without its LF.
    pub(crate) fn handle(&mut self, from: C, line: &str) -> Vec<Output<C>> {
        match Frame::parse(line).expect("a client sends valid frames") {
            Frame::Login(address) => self.login(from, address.into_owned()),
            Frame::Msg(Msg { source, destination, .. }) | Frame::Recu { source, destination, .. } => {
                vec![self.pass_on(from, &source, &destination, line)]
            }
            other => panic!("no client in this simulation sends {other:?}"),
        }
    }

    /// The connection is gone and everything that had arrived from it was handled.
    pub(crate) fn lost(&mut self, connection: C) -> Vec<Output<C>> {
        let Some(at) = self.seats.iter().position(|seat| seat.connection == connection) else {
            return Vec::new();
        };
        let gone = self.seats.remove(at);
        self.seats.iter().map(|seat| line(seat.connection, &Frame::Absent(gone.address.borrowed()))).collect()
    }

    /// The same connection under another name.
    pub(crate) fn rename(&mut self, old: C, new: C) {
        for seat in self.seats.iter_mut().filter(|seat| seat.connection == old) {
            seat.connection = new;
        }
    }

    pub(crate) fn is_seated(&self, connection: C) -> bool {
        self.seats.iter().any(|seat| seat.connection == connection)
    }

    fn login(&mut self, from: C, address: Address<'static>) -> Vec<Output<C>> {
        if self.seats.iter().any(|seat| seat.address.pseudo() == address.pseudo()) {
            return refused(from, Refusal::PseudoPris);
        }
        if self.seats.len() == 2 {
            return refused(from, Refusal::Complet);
        }
        let mut out = vec![line(from, &Frame::Bienvenue(address.borrowed()))];
        self.seats.push(Seat { connection: from, address });
        if let [first, second] = &self.seats[..] {
            out.push(line(first.connection, &Frame::Present(second.address.borrowed())));
            out.push(line(second.connection, &Frame::Present(first.address.borrowed())));
        }
        out
    }

    fn pass_on(&self, from: C, source: &Address<'_>, destination: &Address<'_>, text: &str) -> Output<C> {
        let own = self.seats.iter().find(|seat| seat.connection == from);
        assert!(own.is_some_and(|seat| seat.address == *source), "{text}: not the sender's own address");
        let opposite = self.seats.iter().find(|seat| seat.connection != from);
        match opposite.filter(|seat| seat.address == *destination) {
            Some(seat) => Output::Line(seat.connection, format!("{text}\n")),
            None => Output::Dropped,
        }
    }
}

fn line<C>(to: C, frame: &Frame<'_>) -> Output<C> {
    let mut wire = Vec::new();
    frame.write(&mut wire);
    Output::Line(to, String::from_utf8(wire).expect("frames are text"))
}

fn refused<C: Copy>(from: C, code: Refusal) -> Vec<Output<C>> {
    vec![line(from, &Frame::refus(code, "non")), Output::Refused(from, code)]
}
