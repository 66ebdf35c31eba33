//! The side of the one who is offered a file: [`IncomingFiles`].

use std::path::{Path, PathBuf};
use std::time::Instant;

use base64_simd::STANDARD;
use common::address::{Address, Pseudo};
use common::frame::{FileHash, Outcome};

use super::disk::FileTrouble;
use super::meter::Meter;
use super::pace::Pace;
use super::{
    FileChange, FileEvent, FileId, Happened, Job, MAX_BLOCK_BYTES, MAX_OPEN, Output, Record, Target,
};

/// The length of [`MAX_BLOCK_BYTES`] in base64.
const MAX_BASE64_BYTES: usize = MAX_BLOCK_BYTES.div_ceil(3) * 4;

/// A file that was offered to our user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedOffer {
    /// Its name in this client.
    pub id: FileId,
    /// Who has offered it.
    pub from: Address<'static>,
    /// Its SHA-256.
    pub hash: FileHash,
    /// In bytes.
    pub size: u64,
    /// A safe name.
    pub name: String,
    /// Where it is as long as it is not complete, once our user has accepted it.
    pub partial: Option<PathBuf>,
    /// Our user wants it.
    pub is_wanted: bool,
}

impl ReceivedOffer {
    fn event(&self, what: Happened) -> FileEvent {
        let (name, with) = (self.name.clone(), Some(self.from.pseudo()));
        FileEvent { id: self.id, name, size: self.size, is_own: false, with, what }
    }

    /// Into that folder, if nothing of it is there already.
    fn begin(&self, folder: PathBuf) -> Job {
        let (name, size, hash, partial) = (self.name.clone(), self.size, self.hash, self.partial.clone());
        Job::Begin(self.id, Target { name, size, hash, folder, partial })
    }
}

#[derive(Debug)]
struct Offer {
    offer: ReceivedOffer,
    state: State,
    meter: Meter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Our user has not said yet whether it is wanted, or it could not be kept.
    Waiting,
    /// The disk prepares for it.
    Beginning,
    /// It may be asked for.
    Ready {
        /// Up to here it has come.
        arrived: u64,
        /// Up to here it was written.
        written: u64,
    },
    /// The disk checks it.
    Finishing,
}

/// What is being asked for: one file at a time, so that all together are not more than one may be.
#[derive(Debug)]
struct Asking {
    id: FileId,
    /// Up to here it was asked for.
    asked: u64,
    pace: Pace,
    /// The one who answers takes a `demande` that begins where the last one ends for more of the same, as far as is
    /// known: then there is no need to wait for the end of the last answer.
    goes_on: bool,
}

/// The files that our user is offered.
#[derive(Debug, Default)]
pub(super) struct IncomingFiles {
    offers: Vec<Offer>,
    /// Who is seated opposite.
    peer: Option<Address<'static>>,
    asking: Option<Asking>,
}

impl IncomingFiles {
    pub(super) fn restore(&mut self, offer: ReceivedOffer, out: &mut Output) -> FileId {
        let id = offer.id;
        out.events.push(offer.event(Happened::Offered));
        let state = match &offer.partial {
            Some(partial) if offer.is_wanted => {
                let folder = partial.parent().map(Path::to_owned).unwrap_or_default();
                out.jobs.push_back(offer.begin(folder));
                State::Beginning
            }
            _ => State::Waiting,
        };
        self.offers.push(Offer { offer, state, meter: Meter::default() });
        id
    }

    /// That one is seated opposite.
    pub(super) fn joined(&mut self, peer: &Address<'_>, out: &mut Output) {
        self.lost();
        self.peer = Some(peer.clone().into_owned());
        // What another session of his has offered is lost with it.
        let is_orphan =
            |Offer { offer, .. }: &Offer| offer.from.pseudo() == peer.pseudo() && offer.from != *peer;
        for orphan in self.offers.iter().filter(|offer| is_orphan(offer)) {
            if orphan.state == State::Waiting {
                out.events.push(orphan.offer.event(Happened::Unavailable(None)));
            } else {
                out.events.push(orphan.offer.event(Happened::Orphaned));
            }
        }
        let gone = |offer: &Offer| is_orphan(offer) && offer.state == State::Waiting;
        while let Some(at) = self.offers.iter().position(gone) {
            self.close(at, out);
        }
        self.choose();
    }

    /// Nobody is seated opposite.
    pub(super) fn lost(&mut self) {
        self.peer = None;
        self.asking = None;
    }

    /// `fichier` from the one opposite.
    pub(super) fn offered(
        &mut self,
        id: FileId,
        from: &Address<'_>,
        hash: FileHash,
        size: u64,
        name: String,
        out: &mut Output,
    ) {
        let from = from.clone().into_owned();
        if let Some(at) = self.find(&from.pseudo(), hash) {
            return self.offered_again(at, from, out);
        }
        let offer = ReceivedOffer { id, from, hash, size, name, partial: None, is_wanted: false };
        if self.offers.len() >= MAX_OPEN {
            out.events.push(offer.event(Happened::TooMany));
            return out.tell(offer.from.pseudo(), hash, Outcome::Refuse);
        }
        out.events.push(offer.event(Happened::Offered));
        out.changes.push(FileChange::Kept(Record::Received(offer.clone())));
        self.offers.push(Offer { offer, state: State::Waiting, meter: Meter::default() });
    }

    /// The same bytes from the same person: if he has come back with another session, they go on from where they were.
    fn offered_again(&mut self, at: usize, from: Address<'static>, out: &mut Output) {
        let Offer { offer, state, .. } = &mut self.offers[at];
        if offer.from == from {
            log::warn!("{} est proposé deux fois par {from}", offer.name);
            return;
        }
        offer.from = from;
        out.changes.push(FileChange::Kept(Record::Received(offer.clone())));
        out.events.push(offer.event(Happened::Offered));
        if let State::Ready { written, .. } = state {
            out.events.push(offer.event(Happened::Accepted(*written)));
        }
        self.choose();
    }

    /// `issue` from the one opposite.
    pub(super) fn settled(&mut self, from: &Address<'_>, hash: FileHash, outcome: Outcome, out: &mut Output) {
        let Some(at) = self.find(&from.pseudo(), hash).filter(|_| outcome == Outcome::Indisponible) else {
            return;
        };
        // What is there is there.
        if self.offers[at].state != State::Finishing {
            let offer = self.close(at, out);
            out.events.push(offer.event(Happened::Unavailable(None)));
        }
    }

    /// Our user wants it.
    pub(super) fn accept(&mut self, id: FileId, folder: PathBuf, out: &mut Output) {
        let waiting =
            self.offers.iter_mut().find(|offer| offer.offer.id == id && offer.state == State::Waiting);
        let Some(Offer { offer, state, .. }) = waiting else { return };
        *state = State::Beginning;
        offer.is_wanted = true;
        out.jobs.push_back(offer.begin(folder));
    }

    /// Our user does not want it, or not any more.
    pub(super) fn cancel(&mut self, id: FileId, out: &mut Output) {
        let Some(at) = self.position(id) else { return };
        let (what, outcome) = match self.offers[at].state {
            State::Waiting => (Happened::Refused, Outcome::Refuse),
            State::Beginning | State::Ready { .. } => (Happened::Cancelled, Outcome::Annule),
            // All of it is there.
            State::Finishing => return,
        };
        self.settle(at, what, outcome, out);
    }

    /// The discussion is over. What the disk checks is there; [`finished`](Self::finished) will say so.
    pub(super) fn end(&mut self, is_kept: bool, out: &mut Output) {
        for Offer { offer, state, .. } in self.offers.extract_if(.., |offer| offer.state != State::Finishing)
        {
            if state != State::Waiting {
                out.events.push(offer.event(Happened::Interrupted(is_kept)));
            }
            if !is_kept {
                out.jobs.push_back(Job::Discard(offer.id, offer.partial));
            }
        }
    }

    /// The disk is prepared, or cannot be.
    pub(super) fn begun(
        &mut self,
        id: FileId,
        result: Result<(u64, PathBuf), FileTrouble>,
        out: &mut Output,
    ) {
        let Some(at) = self.position(id) else {
            // Cancelled meanwhile.
            let partial = result.ok().map(|(_, partial)| partial);
            return out.jobs.push_back(Job::Discard(id, partial));
        };
        let (position, partial) = match result {
            Ok(begun) => begun,
            Err(trouble) => return self.stop(at, trouble, out),
        };
        let Offer { offer, state, .. } = &mut self.offers[at];
        *state = State::Ready { arrived: position, written: position };
        offer.partial = Some(partial);
        out.changes.push(FileChange::Kept(Record::Received(offer.clone())));
        out.events.push(offer.event(Happened::Accepted(position)));
        self.finish_if_whole(at, out);
    }

    /// `bloc` from the one opposite: only the next bytes of what was asked for are taken.
    pub(super) fn block(&mut self, hash: FileHash, position: u64, base64: &str, out: &mut Output) {
        let Some(asking) = &mut self.asking else { return };
        let is_it = |offer: &&mut Offer| offer.offer.id == asking.id;
        let Some(Offer { offer, state, .. }) = self.offers.iter_mut().find(is_it) else { return };
        let State::Ready { arrived, .. } = state else { return };
        if offer.hash != hash {
            return;
        }
        if position > *arrived && position < asking.asked && asking.goes_on {
            // He has given up the last `demande` for the next one.
            asking.goes_on = false;
            asking.asked = *arrived;
            asking.pace.forget_asks();
        }
        if position != *arrived || base64.len() > MAX_BASE64_BYTES {
            return;
        }
        let Ok(bytes) = STANDARD.decode_to_vec(base64) else {
            log::warn!("{} a envoyé un bloc illisible de {}", offer.from, offer.name);
            return;
        };
        let end = position + bytes.len() as u64;
        if bytes.is_empty() || bytes.len() > MAX_BLOCK_BYTES || end > asking.asked {
            return;
        }
        *arrived = end;
        out.jobs.push_back(Job::Write(offer.id, position, bytes));
    }

    /// What has come was written, or could not be.
    pub(super) fn written(
        &mut self,
        id: FileId,
        result: Result<usize, FileTrouble>,
        now: Instant,
        out: &mut Output,
    ) {
        let Some(at) = self.position(id) else { return };
        let Offer { offer, state: State::Ready { written, .. }, meter } = &mut self.offers[at] else {
            return;
        };
        match result {
            Ok(length) => {
                *written += length as u64;
                let done = *written;
                if let Some(asking) = self.asking.as_mut().filter(|asking| asking.id == id) {
                    asking.pace.arrived(done, now);
                }
                if let Some(speed) = meter.tick(done, now) {
                    out.events.push(offer.event(Happened::Progress { done, speed }));
                }
                self.finish_if_whole(at, out);
            }
            Err(trouble) => self.stop(at, trouble, out),
        }
    }

    fn finish_if_whole(&mut self, at: usize, out: &mut Output) {
        let Offer { offer, state, .. } = &mut self.offers[at];
        if matches!(state, State::Ready { written, .. } if *written == offer.size) {
            *state = State::Finishing;
            out.jobs.push_back(Job::Finish(offer.id));
        }
        self.choose();
    }

    /// It was checked and has its name, or not.
    pub(super) fn finished(&mut self, id: FileId, result: Result<PathBuf, FileTrouble>, out: &mut Output) {
        let Some(at) = self.position(id) else { return };
        match result {
            Ok(path) => self.settle(at, Happened::Received(Some(path)), Outcome::Recu, out),
            Err(FileTrouble::Corrupt) => self.settle(at, Happened::Corrupt, Outcome::Annule, out),
            Err(trouble) => self.stop(at, trouble, out),
        }
    }

    /// It cannot be kept just now. What is there stays; our user may accept it again.
    fn stop(&mut self, at: usize, trouble: FileTrouble, out: &mut Output) {
        let Offer { offer, state, .. } = &mut self.offers[at];
        *state = State::Waiting;
        offer.is_wanted = false;
        out.changes.push(FileChange::Kept(Record::Received(offer.clone())));
        out.events.push(offer.event(Happened::Stopped(trouble)));
        self.choose();
    }

    /// Ends an offer on this side, and tells the one who made it.
    fn settle(&mut self, at: usize, what: Happened, outcome: Outcome, out: &mut Output) {
        let offer = self.close(at, out);
        out.tell(offer.from.pseudo(), offer.hash, outcome);
        out.events.push(offer.event(what));
    }

    /// No longer open; nothing incomplete is left.
    fn close(&mut self, at: usize, out: &mut Output) -> ReceivedOffer {
        let Offer { offer, state, .. } = self.offers.remove(at);
        if state != State::Finishing {
            out.jobs.push_back(Job::Discard(offer.id, offer.partial.clone()));
        }
        out.changes.push(FileChange::Dropped(offer.id));
        self.choose();
        offer
    }

    fn position(&self, id: FileId) -> Option<usize> {
        self.offers.iter().position(|offer| offer.offer.id == id)
    }

    fn find(&self, from: &Pseudo, hash: FileHash) -> Option<usize> {
        self.offers.iter().position(|Offer { offer, .. }| offer.hash == hash && offer.from.pseudo() == *from)
    }

    /// Goes on with what is being asked for, or else with the next that can be.
    fn choose(&mut self) {
        let peer = self.peer.as_ref();
        let mut ready = self.offers.iter().filter_map(|Offer { offer, state, .. }| match state {
            State::Ready { arrived, .. } if Some(&offer.from) == peer => Some((offer.id, *arrived)),
            _ => None,
        });
        let current = self.asking.as_ref().map(|asking| asking.id);
        if current.is_none_or(|id| !ready.clone().any(|(ready, _)| ready == id)) {
            self.asking =
                ready.next().map(|(id, asked)| Asking { id, asked, pace: Pace::new(), goes_on: true });
        }
    }

    /// What is to be asked for now: which file, from where on, how much.
    pub(super) fn wanted(&self) -> Option<(FileHash, u64, u64)> {
        let asking = self.asking.as_ref()?;
        let Offer { offer, state, .. } = &self.offers[self.position(asking.id)?];
        let State::Ready { written, .. } = state else { return None };
        let (window, under_way) = (asking.pace.window(), asking.asked - written);
        if under_way > if asking.goes_on { window / 2 } else { 0 } {
            return None;
        }
        let mut length = window - under_way;
        if length > MAX_BLOCK_BYTES as u64 {
            length -= length % MAX_BLOCK_BYTES as u64;
        }
        let length = length.min(offer.size - asking.asked);
        (length > 0).then_some((offer.hash, asking.asked, length))
    }

    /// Asks for it.
    pub(super) fn ask(&mut self, now: Instant) -> Option<(FileHash, u64, u64)> {
        let (hash, position, length) = self.wanted()?;
        let asking = self.asking.as_mut()?;
        asking.asked += length;
        asking.pace.ask(position, asking.asked, now);
        Some((hash, position, length))
    }
}
