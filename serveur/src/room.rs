//! The two seats, and who has still to hear that the discussion is over: [`Room`].

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use common::address::{Address, Pseudo};
use common::frame::{Frame, Refusal};

use crate::connection::Connection;
use crate::display::Display;
use crate::limits::Limits;

/// How many may be closing their connections after their last line.
const MAX_LEAVING: usize = 16;
/// How many of those who have lost their connection are remembered.
const MAX_ABSENT: usize = 16;
/// For how many pairs of people the number of the last message shown is remembered.
const MAX_SHOWN: usize = 16;

/// Someone who has logged in.
#[derive(Debug)]
pub(crate) struct Participant {
    pub(crate) address: Address<'static>,
    /// Proves that the seat is his.
    key: Option<String>,
    /// The name alone, shared with the display.
    pub(crate) pseudo: Arc<str>,
    pub(crate) connection: Arc<Connection>,
}

impl Participant {
    pub(crate) fn new(
        address: Address<'static>,
        key: Option<&str>,
        connection: Arc<Connection>,
    ) -> Arc<Self> {
        let pseudo = address.pseudo_str().into();
        Arc::new(Participant { address, key: key.map(str::to_owned), pseudo, connection })
    }

    /// Whether he has proved to be the owner of the other's seat.
    fn owns_seat_of(&self, other: &Participant) -> bool {
        self.key.is_some() && self.key == other.key && self.address == other.address
    }

    fn is(&self, other: &Participant) -> bool {
        self.connection.id == other.connection.id
    }
}

/// What a participant finds on the other side of the table.
pub(crate) enum Opposite {
    Nobody,
    Someone(Arc<Participant>),
    /// One's own seat is gone: nothing more is to be passed on.
    Over,
}

/// The table with its two seats.
///
/// Whoever changes a seat queues, while still holding the room's lock, what everyone has to be told. So each participant
/// learns of changes in the order in which they happened, and before anything that follows from them; and nobody holds
/// the room's lock while writing. The display is told under the same lock.
#[derive(Debug)]
pub(crate) struct Room {
    /// One discussion follows another.
    permanent: bool,
    limits: Limits,
    display: Display,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    seats: [Seat; 2],
    /// Who has lost his connection.
    absent: VecDeque<Absent>,
    /// Who was told his last line and has not closed his connection yet.
    leaving: VecDeque<Leaving>,
    /// When the last discussion of all ended.
    over_since: Option<Instant>,
    shown: VecDeque<Shown>,
}

#[derive(Debug, Default)]
enum Seat {
    #[default]
    Free,
    Taken(Arc<Participant>),
    /// For the owner of a connection that was lost.
    Kept(Pseudo, Instant),
}

impl Seat {
    fn participant(&self) -> Option<&Arc<Participant>> {
        match self {
            Seat::Taken(participant) => Some(participant),
            _ => None,
        }
    }

    /// Whether a newcomer can have it: anybody, or the one of that name.
    fn is_free_for(&self, newcomer: Option<&Pseudo>, now: Instant) -> bool {
        match self {
            Seat::Free => true,
            Seat::Taken(_) => false,
            Seat::Kept(owner, until) => newcomer == Some(owner) || *until <= now,
        }
    }
}

/// Someone whose program does not know, or may not know, of the end of his discussion.
#[derive(Debug)]
struct Absent {
    address: Address<'static>,
    /// His last sign of life.
    last_seen: Instant,
    /// Who has ended the discussion, and when; not while it goes on.
    end: Option<(Address<'static>, Instant)>,
    /// His connection has ended as if he had heard of it, but for the first time: a cut looks like that too.
    may_have_heard: bool,
}

#[derive(Debug)]
struct Leaving {
    connection: Arc<Connection>,
    since: Instant,
}

/// The highest number of what one has written to another and the display has shown.
#[derive(Debug)]
struct Shown {
    from: Address<'static>,
    to: Pseudo,
    highest: Arc<AtomicU64>,
}

impl Table {
    fn opposite(&self, participant: &Participant) -> Opposite {
        let Some(seat) = self.seat_of(participant) else { return Opposite::Over };
        self.seats[1 - seat].participant().cloned().map_or(Opposite::Nobody, Opposite::Someone)
    }

    fn seat_of(&self, participant: &Participant) -> Option<usize> {
        self.seats.iter().position(|seat| seat.participant().is_some_and(|seated| seated.is(participant)))
    }

    /// Where the newcomer may sit down.
    fn seat_for(&self, newcomer: &Participant, now: Instant) -> Result<usize, (Refusal, String)> {
        let pseudo = newcomer.address.pseudo();
        let taken_by_him = self
            .seats
            .iter()
            .position(|seat| seat.participant().is_some_and(|seated| seated.address.pseudo() == pseudo));
        if let Some(seat) = taken_by_him {
            let owned = self.seats[seat].participant().is_some_and(|seated| newcomer.owns_seat_of(seated));
            let sentence = "Ce pseudo est déjà pris : choisissez-en un autre.";
            return owned.then_some(seat).ok_or((Refusal::PseudoPris, sentence.to_owned()));
        }
        if let Some(free) = self.seats.iter().position(|seat| seat.is_free_for(Some(&pseudo), now)) {
            return Ok(free);
        }
        let kept = self.seats.iter().find_map(|seat| match seat {
            Seat::Kept(_, until) => Some(*until - now),
            _ => None,
        });
        Err(match kept {
            Some(wait) => (
                Refusal::Occupe,
                format!(
                    "Une place est gardée pour quelqu'un dont la connexion est coupée : réessayez dans {} s.",
                    wait.as_secs() + 1
                ),
            ),
            None => (
                Refusal::Complet,
                "Deux personnes discutent déjà sur ce serveur : réessayez plus tard.".to_owned(),
            ),
        })
    }

    /// Remembers somebody who has lost his connection, or may be about to.
    fn remember(&mut self, address: &Address<'static>, last_seen: Instant) {
        self.absent.retain(|known| known.address != *address);
        if self.absent.len() == MAX_ABSENT {
            self.absent.pop_front();
        }
        let address = address.clone();
        self.absent.push_back(Absent { address, last_seen, end: None, may_have_heard: false });
    }

    /// Someone sits down where nobody is. If he was not in the last discussion, this is another one, and those who were
    /// in that one have nothing to do with its end.
    fn begin_or_resume(&mut self, newcomer: &Participant) {
        let pseudo = newcomer.address.pseudo();
        if !self.absent.iter().any(|known| known.end.is_none() && known.address.pseudo() == pseudo) {
            self.absent.retain(|known| known.end.is_some());
        }
    }

    /// He has been queued his last line.
    fn let_leave(&mut self, connection: &Arc<Connection>, now: Instant) {
        if self.leaving.len() == MAX_LEAVING
            && let Some(oldest) = self.leaving.pop_front()
        {
            oldest.connection.abort();
        }
        self.leaving.push_back(Leaving { connection: Arc::clone(connection), since: now });
    }
}

impl Room {
    pub(crate) fn new(permanent: bool, limits: Limits) -> Self {
        Room { permanent, limits, display: Display::default(), table: Mutex::default() }
    }

    /// Where the discussion is shown.
    pub(crate) fn display(&self) -> &Display {
        &self.display
    }

    /// How long things may take.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many newcomers could take a seat now.
    pub(crate) fn free_seats(&self) -> usize {
        let (table, now) = (self.lock(), Instant::now());
        if table.over_since.is_some() {
            0
        } else {
            table.seats.iter().filter(|seat| seat.is_free_for(None, now)).count()
        }
    }

    /// Takes a seat and tells both; or tells the newcomer that his discussion is over.
    ///
    /// # Errors
    /// There is no seat for him; the sentence says why.
    pub(crate) fn enter(&self, newcomer: &Arc<Participant>) -> Result<(), (Refusal, String)> {
        let now = Instant::now();
        let mut table = self.lock();
        if self.tell_of_the_end(&mut table, newcomer, now) {
            drop(table);
            newcomer.connection.flush();
            return Ok(());
        }
        if table.over_since.is_some() {
            let sentence = "La discussion est terminée, et ce serveur va s'arrêter.";
            return Err((Refusal::Complet, sentence.to_owned()));
        }
        let seat = table.seat_for(newcomer, now)?;
        let other = table.seats[1 - seat].participant().cloned();
        if other.as_ref().is_some_and(|other| other.connection.is_clogged()) {
            let sentence =
                "L'autre personne ne reçoit plus rien pour l'instant : réessayez dans quelques secondes.";
            return Err((Refusal::Occupe, sentence.to_owned()));
        }
        let before = std::mem::replace(&mut table.seats[seat], Seat::Taken(Arc::clone(newcomer)));
        if let Seat::Taken(old) = &before {
            let sentence = "Vous vous êtes connecté d'ailleurs : cette connexion-ci est fermée.";
            old.connection.dismiss(&Frame::refus(Refusal::Remplace, sentence).to_line());
            table.let_leave(&old.connection, now);
            self.announce_loss(old, other.as_deref());
        } else if other.is_none() {
            table.begin_or_resume(newcomer);
        }
        table.absent.retain(|known| known.end.is_some() || known.address != newcomer.address);
        newcomer.connection.queue(&Frame::Bienvenue(newcomer.address.borrowed()).to_line());
        if let Some(other) = &other {
            newcomer.connection.queue(&Frame::Present(other.address.borrowed()).to_line());
            other.connection.queue(&Frame::Present(newcomer.address.borrowed()).to_line());
        }
        self.display.notice(&format!("{} a rejoint la discussion.", newcomer.pseudo));
        drop(table);
        newcomer.connection.flush();
        if let Some(other) = other {
            other.connection.flush();
        }
        if let Seat::Taken(old) = before {
            old.connection.flush();
        }
        Ok(())
    }

    /// If this one does not know that his discussion is over, tells him; false if there is nothing to tell.
    fn tell_of_the_end(&self, table: &mut Table, newcomer: &Participant, now: Instant) -> bool {
        let known = table.absent.iter_mut().find(|known| known.address == newcomer.address);
        let Some(Absent { last_seen, end: Some((by, since)), .. }) = known else { return false };
        if now - *since >= self.limits.telling {
            return false;
        }
        *last_seen = now;
        let mut lines = Frame::Bienvenue(newcomer.address.borrowed()).to_line();
        Frame::Fin(by.borrowed()).write(&mut lines);
        newcomer.connection.set_pings();
        newcomer.connection.queue_last(&lines);
        table.let_leave(&newcomer.connection, now);
        true
    }

    fn announce_loss(&self, lost: &Participant, other: Option<&Participant>) {
        if let Some(other) = other {
            other.connection.queue(&Frame::Absent(lost.address.borrowed()).to_line());
        }
        self.display.notice(&format!("{} a perdu la connexion.", lost.pseudo));
    }

    /// Who sits opposite `participant`.
    pub(crate) fn opposite(&self, participant: &Participant) -> Opposite {
        self.lock().opposite(participant)
    }

    /// The highest number of what `from` has written to `to` and the display has shown.
    pub(crate) fn highest_shown(&self, from: &Participant, to: &Participant) -> Arc<AtomicU64> {
        let (from, to) = (&from.address, to.address.pseudo());
        let shown = &mut self.lock().shown;
        if let Some(known) = shown.iter().find(|known| known.from == *from && known.to == to) {
            return Arc::clone(&known.highest);
        }
        if shown.len() == MAX_SHOWN {
            shown.pop_front();
        }
        let highest = Arc::default();
        shown.push_back(Shown { from: from.clone(), to, highest: Arc::clone(&highest) });
        highest
    }

    /// Takes the seat of one whose connection is lost, if he still has it, and tells the other, for whose sake it is
    /// kept for a while.
    pub(crate) fn lose(&self, participant: &Participant, last_seen: Instant) {
        let mut table = self.lock();
        let Some(seat) = table.seat_of(participant) else { return };
        let other = table.seats[1 - seat].participant().cloned();
        if other.is_some() {
            let until = Instant::now() + self.limits.kept_seat;
            table.seats[seat] = Seat::Kept(participant.address.pseudo(), until);
        } else {
            table.seats = Default::default();
        }
        if participant.connection.pings() {
            table.remember(&participant.address, last_seen);
        }
        self.announce_loss(participant, other.as_deref());
        drop(table);
        if let Some(other) = other {
            other.connection.flush();
        }
    }

    /// Ends the discussion: both seats are free, both participants are told. If the other one has ended it already,
    /// nothing happens: the seats may be taken by people who know neither of them.
    pub(crate) fn end(&self, participant: &Participant) {
        let now = Instant::now();
        let mut table = self.lock();
        if table.seat_of(participant).is_none() {
            return;
        }
        let seats = std::mem::take(&mut table.seats);
        let fin = Frame::Fin(participant.address.borrowed()).to_line();
        for seated in seats.iter().filter_map(Seat::participant) {
            seated.connection.queue_last(&fin);
            table.let_leave(&seated.connection, now);
            if seated.connection.pings() {
                table.remember(&seated.address, now);
            }
        }
        for absent in table.absent.iter_mut().filter(|absent| absent.end.is_none()) {
            absent.end = Some((participant.address.clone(), now));
        }
        table.shown.clear();
        table.over_since = (!self.permanent).then_some(now);
        self.display.notice(&format!("{} a quitté la discussion.", participant.pseudo));
        drop(table);
        participant.connection.flush();
        seats.iter().filter_map(Seat::participant).for_each(|seated| seated.connection.flush());
    }

    /// A connection is closed that had no seat any more. It `heard` its last line, or gave its last sign of life then.
    pub(crate) fn leave(&self, participant: &Participant, heard: Result<(), Instant>) {
        let mut table = self.lock();
        table.leaving.retain(|leaving| leaving.connection.id != participant.connection.id);
        let address = &participant.address;
        match heard {
            // Whoever was replaced has heard that, and nothing of the end.
            Ok(()) if participant.connection.is_cut() => {}
            Ok(()) => {
                let is_over = table.over_since.is_some();
                let now = Instant::now();
                table.absent.retain_mut(|known| {
                    let is_his = known.end.is_some() && known.address == *address;
                    let is_told_again = is_his && is_over && !known.may_have_heard;
                    if is_told_again {
                        (known.may_have_heard, known.last_seen) = (true, now);
                    }
                    !is_his || is_told_again
                });
            }
            Err(last_seen) => {
                let known = table.absent.iter_mut().filter(|known| known.address == *address);
                known.for_each(|known| known.last_seen = known.last_seen.max(last_seen));
            }
        }
    }

    /// Whether there will be no discussion any more, and everyone knows or may be taken for gone.
    pub(crate) fn is_finished(&self) -> bool {
        let table = self.lock();
        table.over_since.is_some_and(|since| {
            let wait = |one: &Absent| {
                if one.may_have_heard { self.limits.way_back } else { self.limits.last_wait }
            };
            let all_gone = table.absent.iter().all(|one| one.last_seen.elapsed() >= wait(one));
            (all_gone && table.leaving.is_empty()) || since.elapsed() >= self.limits.telling
        })
    }

    /// Does what no participant's thread can do while it waits for something else.
    pub(crate) fn look_after_all(&self) {
        let table = self.lock();
        let seated: Vec<_> = table.seats.iter().filter_map(Seat::participant).cloned().collect();
        let leaving: Vec<_> =
            table.leaving.iter().map(|one| (Arc::clone(&one.connection), one.since)).collect();
        drop(table);
        for participant in seated {
            if participant.connection.is_cut() {
                self.lose(&participant, Instant::now());
            } else {
                participant.connection.look_after();
            }
        }
        for (connection, since) in leaving {
            let is_program = connection.pings() && !connection.is_cut();
            let most = if is_program { self.limits.telling } else { self.limits.farewell };
            if !connection.lingers() && since.elapsed() >= most {
                // Its thread waits to read from somebody who does not close, or to write to somebody else.
                connection.abort();
            } else {
                connection.flush();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::address::Address;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    /// A participant, and the other end of the connection.
    fn participant(id: u64, address: &str) -> (Arc<Participant>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let connection = Connection::new(id, listener.accept().unwrap().0, Limits::default()).unwrap();
        let address = Address::parse(address).unwrap().into_owned();
        (Participant::new(address, None, Arc::new(connection)), theirs)
    }

    #[test]
    fn a_second_quitter_does_not_end_the_next_discussion() {
        let room = Room::new(true, Limits::default());
        let (alice, _alice_reads) = participant(1, "alice/a");
        let (bob, _bob_reads) = participant(2, "bob/b");
        let (carol, mut carol_reads) = participant(3, "carol/c");
        room.enter(&alice).unwrap();
        room.enter(&bob).unwrap();
        room.end(&bob);
        assert!(matches!(room.opposite(&alice), Opposite::Over));
        room.enter(&carol).unwrap();
        room.end(&alice);
        assert!(matches!(room.opposite(&carol), Opposite::Nobody));
        carol.connection.queue_last(b"");
        carol.connection.flush();
        let mut read = String::new();
        carol_reads.read_to_string(&mut read).unwrap();
        assert_eq!(read, "bienvenue carol/c\n");
    }

    #[test]
    fn a_seat_that_is_kept_no_longer_is_one_that_can_be_found() {
        for (kept_seat, free) in [(Duration::from_secs(30), 0), (Duration::ZERO, 1)] {
            let room = Room::new(true, Limits { kept_seat, ..Limits::default() });
            let (alice, _alice_reads) = participant(1, "alice/a");
            let (bob, _bob_reads) = participant(2, "bob/b");
            room.enter(&alice).unwrap();
            room.enter(&bob).unwrap();
            assert_eq!(room.free_seats(), 0);
            room.lose(&bob, Instant::now());
            assert_eq!(room.free_seats(), free);
        }
    }
}
