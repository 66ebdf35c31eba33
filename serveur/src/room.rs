//! The two seats: [`Room`].

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use common::address::Address;
use common::frame::{Frame, Refusal};

use crate::connection::Connection;
use crate::display::Display;

/// Someone who has logged in.
#[derive(Debug)]
pub(crate) struct Participant {
    pub(crate) address: Address<'static>,
    /// The name alone, shared with the display.
    pub(crate) pseudo: Arc<str>,
    pub(crate) connection: Arc<Connection>,
    /// Its thread will not touch the connection any more.
    done: (Mutex<bool>, Condvar),
}

impl Participant {
    pub(crate) fn new(address: Address<'static>, connection: Arc<Connection>) -> Arc<Self> {
        let pseudo = address.pseudo_str().into();
        Arc::new(Participant { address, pseudo, connection, done: (Mutex::new(false), Condvar::new()) })
    }

    /// Its thread ends here.
    pub(crate) fn set_done(&self) {
        *self.done.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.done.1.notify_all();
    }

    /// Waits for its thread to end by itself until `deadline`, then makes it.
    pub(crate) fn close_by(&self, deadline: Instant) {
        let mut done = self.done.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !*done {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            done = self.done.1.wait_timeout(done, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        self.connection.abort();
    }
}

/// What a participant finds on the other side of the table.
pub(crate) enum Opposite {
    Nobody,
    Someone(Arc<Participant>),
    /// One's own seat is gone: the discussion is over.
    Over,
}

/// The table with its two seats.
///
/// Whoever changes a seat takes, while still holding the room's lock, the right to write to everyone who has to be
/// told. So each participant learns of changes in the order in which they happened, and before anything that
/// follows from them; and nobody holds the room's lock while writing. The display is told under the same lock.
#[derive(Debug)]
pub(crate) struct Room {
    /// One discussion follows another.
    permanent: bool,
    display: Display,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    seats: [Option<Arc<Participant>>; 2],
    /// The last discussion is over.
    closed: bool,
}

impl Table {
    fn opposite(&self, participant: &Participant) -> Opposite {
        match &self.seats {
            [Some(a), b] if is(a, participant) => b.clone().map_or(Opposite::Nobody, Opposite::Someone),
            [a, Some(b)] if is(b, participant) => a.clone().map_or(Opposite::Nobody, Opposite::Someone),
            _ => Opposite::Over,
        }
    }
}

impl Room {
    pub(crate) fn new(permanent: bool) -> Self {
        Room { permanent, display: Display::default(), table: Mutex::default() }
    }

    /// Where the discussion is shown.
    pub(crate) fn display(&self) -> &Display {
        &self.display
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there will be no discussion any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// How many newcomers could take a seat now.
    pub(crate) fn free_seats(&self) -> usize {
        let table = self.lock();
        if table.closed { 0 } else { table.seats.iter().filter(|seat| seat.is_none()).count() }
    }

    /// Takes a seat and tells both.
    ///
    /// # Errors
    /// Someone has the same pseudo, or both seats are taken; `None`: there will be no discussion any more.
    pub(crate) fn enter(&self, newcomer: &Arc<Participant>) -> Result<(), Option<Refusal>> {
        let mut table = self.lock();
        if table.closed {
            return Err(None);
        }
        let seats = &mut table.seats;
        let pseudo = newcomer.address.pseudo();
        if seats.iter().flatten().any(|seated| seated.address.pseudo() == pseudo) {
            return Err(Some(Refusal::PseudoPris));
        }
        let Some(free) = seats.iter().position(Option::is_none) else {
            return Err(Some(Refusal::Complet));
        };
        seats[free] = Some(Arc::clone(newcomer));
        let other = seats[1 - free].clone();
        let mut to_newcomer = newcomer.connection.writer();
        let to_other = other.as_ref().map(|other| (other, other.connection.writer()));
        self.display.notice(&format!("{} a rejoint la discussion.", newcomer.pseudo));
        drop(table);

        let mut lines = Vec::new();
        Frame::Bienvenue(newcomer.address.borrowed()).write(&mut lines);
        if let Some((other, mut to_other)) = to_other {
            Frame::Present(other.address.borrowed()).write(&mut lines);
            to_newcomer.send(&lines);
            lines.clear();
            Frame::Present(newcomer.address.borrowed()).write(&mut lines);
            to_other.send(&lines);
        } else {
            to_newcomer.send(&lines);
        }
        Ok(())
    }

    /// Who sits opposite `participant`.
    pub(crate) fn opposite(&self, participant: &Participant) -> Opposite {
        self.lock().opposite(participant)
    }

    /// Frees the seat of one whose connection was lost, if he still has it, and tells the other.
    pub(crate) fn lose(&self, participant: &Participant) {
        let mut table = self.lock();
        let seats = &mut table.seats;
        let Some(seat) = seats.iter().position(|seat| seat.as_ref().is_some_and(|it| is(it, participant)))
        else {
            return;
        };
        seats[seat] = None;
        let other = seats[1 - seat].clone();
        let to_other = other.as_ref().map(|other| other.connection.writer());
        self.display.notice(&format!("{} a perdu la connexion.", participant.pseudo));
        drop(table);
        if let Some(mut to_other) = to_other {
            let mut line = Vec::new();
            Frame::Absent(participant.address.borrowed()).write(&mut line);
            to_other.send(&line);
        }
    }

    /// Ends the discussion: both seats are free, both participants are told. Gives who sat opposite. If the other one
    /// has ended it already, nothing happens: the seats may be taken by people who know neither of them.
    pub(crate) fn end(&self, participant: &Participant) -> Opposite {
        let mut table = self.lock();
        let opposite = table.opposite(participant);
        if matches!(opposite, Opposite::Over) {
            return opposite;
        }
        let both = std::mem::take(&mut table.seats);
        table.closed = !self.permanent;
        let mut writers: Vec<_> = both.iter().flatten().map(|seated| seated.connection.writer()).collect();
        self.display.notice(&format!("{} a quitté la discussion.", participant.pseudo));
        drop(table);
        let mut line = Vec::new();
        Frame::Fin(participant.address.borrowed()).write(&mut line);
        for writer in &mut writers {
            writer.finish(&line);
        }
        opposite
    }
}

fn is(seated: &Participant, participant: &Participant) -> bool {
    seated.connection.id == participant.connection.id
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::address::Address;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    /// A participant, and the other end of the connection.
    fn participant(id: u64, address: &str) -> (Arc<Participant>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let connection = Connection::new(id, listener.accept().unwrap().0).unwrap();
        let address = Address::parse(address).unwrap().into_owned();
        (Participant::new(address, Arc::new(connection)), theirs)
    }

    #[test]
    fn a_second_quitter_does_not_end_the_next_discussion() {
        let room = Room::new(true);
        let (alice, _alice_reads) = participant(1, "alice/a");
        let (bob, _bob_reads) = participant(2, "bob/b");
        let (carol, mut carol_reads) = participant(3, "carol/c");
        room.enter(&alice).unwrap();
        room.enter(&bob).unwrap();
        assert!(matches!(room.end(&bob), Opposite::Someone(other) if is(&other, &alice)));
        room.enter(&carol).unwrap();
        assert!(matches!(room.end(&alice), Opposite::Over));
        assert!(matches!(room.opposite(&carol), Opposite::Nobody));
        carol.connection.writer().finish(b"");
        let mut read = String::new();
        carol_reads.read_to_string(&mut read).unwrap();
        assert_eq!(read, "bienvenue carol/c\n");
    }
}
