//! The side of the one who offers: [`OutgoingFiles`].

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Instant;

use base64_simd::STANDARD;
use common::address::{Address, Pseudo};
use common::delivery::{Delivery, MessageId};
use common::frame::{Content, FileHash, Outcome};
use common::text::Text;

use super::disk::FileTrouble;
use super::meter::Meter;
use super::pace;
use super::{
    FileChange, FileEvent, FileId, Happened, Job, MAX_BLOCK_BYTES, MAX_OPEN, NotOffered, Output, Record,
    Source,
};

/// How much is read at a time. While one such piece is being sent, the next is being read.
const READ_BYTES: u64 = 8 * MAX_BLOCK_BYTES as u64;

/// A file that our user has offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentOffer {
    /// Its name in this client.
    pub id: FileId,
    /// The entry that offers it.
    pub entry: MessageId,
    /// Whom it is offered to; `None`: to the first to come.
    pub to: Option<Pseudo>,
    /// The address to which it was shown.
    pub shown_to: Option<Address<'static>>,
    /// Where it is, and how it was.
    pub source: Source,
    /// Its SHA-256.
    pub hash: FileHash,
}

impl SentOffer {
    fn event(&self, what: Happened) -> FileEvent {
        event(self.id, &self.source, self.to.clone(), what)
    }

    fn is(&self, hash: FileHash, peer: &Address<'_>) -> bool {
        self.hash == hash && self.is_for(peer)
    }

    fn is_for(&self, peer: &Address<'_>) -> bool {
        self.to.as_ref().is_some_and(|to| *to == peer.pseudo())
    }
}

fn event(id: FileId, source: &Source, with: Option<Pseudo>, what: Happened) -> FileEvent {
    FileEvent { id, name: name(source), size: source.size, is_own: true, with, what }
}

/// The bare name, as it is offered.
fn name(source: &Source) -> String {
    source.path.file_name().unwrap_or(source.path.as_os_str()).to_string_lossy().into_owned()
}

/// A file that is being looked at, or waits for room among the entries.
#[derive(Debug)]
struct Prepared {
    id: FileId,
    to: Option<Pseudo>,
    source: Source,
    /// Not known yet.
    hash: Option<FileHash>,
}

/// The last `demande` of a file, as far as it is not answered.
#[derive(Debug)]
struct Demand {
    id: FileId,
    hash: FileHash,
    /// Up to here blocks were given out.
    sent: u64,
    /// Up to here it was read.
    read: u64,
    end: u64,
}

/// What was read and is to be sent.
#[derive(Debug)]
struct Piece {
    id: FileId,
    bytes: Vec<u8>,
    /// How many of them were given out.
    taken: usize,
}

impl Piece {
    fn left(&self) -> usize {
        self.bytes.len() - self.taken
    }
}

/// The files that our user offers.
#[derive(Debug, Default)]
pub(super) struct OutgoingFiles {
    prepared: Vec<Prepared>,
    open: Vec<OpenOffer>,
    /// What was open, and ended on this side: the receiver may have had all of it before he heard. And whether he is
    /// going to.
    ended: VecDeque<(SentOffer, bool)>,
    /// At most one a file; the first is read from next.
    demands: VecDeque<Demand>,
    pieces: VecDeque<Piece>,
    is_reading: bool,
}

#[derive(Debug)]
struct OpenOffer {
    offer: SentOffer,
    meter: Meter,
}

impl OutgoingFiles {
    pub(super) fn restore(&mut self, offer: SentOffer, out: &mut Output) -> FileId {
        let id = offer.id;
        out.events.push(offer.event(Happened::Offered));
        self.open.push(OpenOffer { offer, meter: Meter::default() });
        id
    }

    pub(super) fn prepare(&mut self, id: FileId, path: PathBuf, to: Option<&Pseudo>, out: &mut Output) {
        let source = Source { path, size: 0, modified: std::time::UNIX_EPOCH };
        if self.open.len() + self.prepared.len() >= MAX_OPEN {
            let why = Happened::NotOffered(NotOffered::TooMany);
            return out.events.push(event(id, &source, to.cloned(), why));
        }
        out.jobs.push_back(Job::Hash(id, source.path.clone()));
        self.prepared.push(Prepared { id, to: to.cloned(), source, hash: None });
    }

    pub(super) fn hashed(
        &mut self,
        id: FileId,
        result: Result<(Source, FileHash), FileTrouble>,
        out: &mut Output,
    ) {
        let Some(at) = self.prepared.iter().position(|prepared| prepared.id == id) else { return };
        match result {
            Ok((source, hash)) => {
                let prepared = &mut self.prepared[at];
                (prepared.source, prepared.hash) = (source, Some(hash));
            }
            Err(trouble) => self.drop_prepared(at, NotOffered::Trouble(trouble), out),
        }
    }

    fn drop_prepared(&mut self, at: usize, why: NotOffered, out: &mut Output) {
        let Prepared { id, to, source, .. } = self.prepared.remove(at);
        out.events.push(event(id, &source, to, Happened::NotOffered(why)));
    }

    pub(super) fn has_offers(&self) -> bool {
        self.prepared.first().is_some_and(|prepared| prepared.hash.is_some())
    }

    /// The discussion is over.
    pub(super) fn end(&mut self, is_kept: bool, waiting: &[MessageId], out: &mut Output) {
        while let Some(Prepared { id, to, source, .. }) = self.prepared.pop() {
            out.events.push(event(id, &source, to, Happened::Interrupted(false)));
        }
        for OpenOffer { offer, .. } in self.open.drain(..) {
            let goes_on = is_kept && (offer.shown_to.is_some() || waiting.contains(&offer.entry));
            out.events.push(offer.event(Happened::Interrupted(goes_on)));
            if !goes_on {
                out.changes.push(FileChange::Dropped(offer.id));
            }
        }
    }

    /// Offers what is ready, in order, as far as there is room for entries.
    pub(super) fn write_offers(&mut self, delivery: &mut Delivery, date: &str, out: &mut Output) {
        while let Some(prepared) = self.prepared.first()
            && let Some(hash) = prepared.hash
        {
            let (id, to) = (prepared.id, delivery.correspondent().cloned());
            if self.open.iter().any(|OpenOffer { offer, .. }| offer.hash == hash && offer.to == to) {
                self.drop_prepared(0, NotOffered::Twice, out);
                continue;
            }
            let source = prepared.source.clone();
            let name = name(&source);
            let offer = Content::Fichier { date, size: source.size, hash, name: Text::escaped(&name) };
            let Ok(entry) = delivery.write(&offer) else { return };
            self.prepared.remove(0);
            let offer = SentOffer { id, entry, to, shown_to: None, source, hash };
            out.events.push(offer.event(Happened::Offered));
            out.changes.push(FileChange::Kept(Record::Sent(offer.clone())));
            self.open.push(OpenOffer { offer, meter: Meter::default() });
        }
    }

    /// That one is seated opposite.
    pub(super) fn joined(&mut self, peer: &Address<'_>, out: &mut Output) {
        self.lost();
        let pseudo = peer.pseudo();
        let is_for_another = |prepared: &Prepared| prepared.to.as_ref().is_some_and(|to| *to != pseudo);
        while let Some(at) = self.prepared.iter().position(is_for_another) {
            self.drop_prepared(at, NotOffered::Gone, out);
        }
        for OpenOffer { offer, .. } in self.open.iter_mut().filter(|open| open.offer.to.is_none()) {
            offer.to = Some(pseudo.clone());
            out.changes.push(FileChange::Kept(Record::Sent(offer.clone())));
        }
        // What was shown to another session of his is lost with it.
        let is_forgotten = |OpenOffer { offer, .. }: &OpenOffer| {
            offer.is_for(peer) && offer.shown_to.as_ref().is_some_and(|session| session != peer)
        };
        while let Some(at) = self.open.iter().position(is_forgotten) {
            self.end_open(at, false, Happened::Forgotten, out);
        }
    }

    /// Nobody is seated opposite.
    pub(super) fn lost(&mut self) {
        self.demands.clear();
        self.pieces.clear();
    }

    /// These entries were shown to that one.
    pub(super) fn shown(&mut self, entries: &[MessageId], peer: &Address<'_>, out: &mut Output) {
        for OpenOffer { offer, .. } in self.open.iter_mut().filter(|open| entries.contains(&open.offer.entry))
        {
            offer.shown_to = Some(peer.clone().into_owned());
            out.changes.push(FileChange::Kept(Record::Sent(offer.clone())));
        }
    }

    /// The receiver says what became of it.
    pub(super) fn settled(&mut self, peer: &Address<'_>, hash: FileHash, outcome: Outcome, out: &mut Output) {
        let what = match outcome {
            Outcome::Recu => Happened::Delivered,
            Outcome::Refuse => Happened::Refused,
            Outcome::Annule => Happened::Cancelled,
            Outcome::Indisponible => return,
        };
        if let Some(at) = self.open.iter().position(|open| open.offer.is(hash, peer)) {
            let offer = self.close(at, out);
            out.events.push(offer.event(what));
        } else if let Some(at) = self.ended.iter().position(|(offer, _)| offer.is(hash, peer)) {
            // He had everything before he heard of the end.
            if let Some((offer, _)) = self.ended.remove(at).filter(|_| outcome == Outcome::Recu) {
                out.events.push(offer.event(what));
            }
        }
    }

    /// Our user withdraws an offer.
    pub(super) fn withdraw(&mut self, id: FileId, out: &mut Output) {
        if let Some(at) = self.prepared.iter().position(|prepared| prepared.id == id) {
            let Prepared { to, source, .. } = self.prepared.remove(at);
            out.events.push(event(id, &source, to, Happened::Withdrawn));
        } else if let Some(at) = self.open.iter().position(|open| open.offer.id == id) {
            self.end_open(at, true, Happened::Withdrawn, out);
        }
    }

    /// Ends an open offer on this side; the receiver is told, or need not be.
    fn end_open(&mut self, at: usize, tell: bool, what: Happened, out: &mut Output) {
        let offer = self.close(at, out);
        out.events.push(offer.event(what));
        if let (true, Some(to)) = (tell, &offer.to) {
            out.tell(to.clone(), offer.hash, Outcome::Indisponible);
        }
        if self.ended.len() == MAX_OPEN {
            self.ended.pop_front();
        }
        self.ended.push_back((offer, tell));
    }

    /// No longer open.
    fn close(&mut self, at: usize, out: &mut Output) -> SentOffer {
        let OpenOffer { offer, .. } = self.open.remove(at);
        self.stop(offer.id);
        out.changes.push(FileChange::Dropped(offer.id));
        offer
    }

    fn stop(&mut self, id: FileId) {
        self.demands.retain(|demand| demand.id != id);
        self.pieces.retain(|piece| piece.id != id);
    }

    /// `demande` from the one opposite.
    pub(super) fn asked(
        &mut self,
        peer: &Address<'_>,
        hash: FileHash,
        position: u64,
        length: u64,
        out: &mut Output,
    ) {
        let Some(OpenOffer { offer, .. }) = self.open.iter().find(|open| open.offer.is(hash, peer)) else {
            return self.tell_once(peer, hash, out);
        };
        let (id, length) = (offer.id, length.min(offer.source.size.saturating_sub(position)));
        if length == 0 {
            return;
        }
        // One that begins where the last one ends goes on with it.
        if let Some(demand) = self.demands.iter_mut().find(|demand| demand.id == id && demand.end == position)
        {
            demand.end = (position + length).min(demand.sent + pace::MAX_BYTES);
        } else {
            self.stop(id);
            let end = position + length.min(pace::MAX_BYTES);
            self.demands.push_back(Demand { id, hash, sent: position, read: position, end });
        }
        self.read_on(out);
    }

    /// He asks for what has ended: he may not have heard of it.
    fn tell_once(&mut self, peer: &Address<'_>, hash: FileHash, out: &mut Output) {
        if let Some((_, is_told @ false)) = self.ended.iter_mut().find(|(offer, _)| offer.is(hash, peer)) {
            *is_told = true;
            out.tell(peer.pseudo(), hash, Outcome::Indisponible);
        }
    }

    /// Has the next piece read if there is little left.
    fn read_on(&mut self, out: &mut Output) {
        let ready: usize = self.pieces.iter().map(Piece::left).sum();
        if self.is_reading || ready as u64 > READ_BYTES {
            return;
        }
        let Some(at) = self.demands.iter().position(|demand| demand.read < demand.end) else { return };
        let Some(demand) = self.demands.remove(at) else { return };
        if let Some(OpenOffer { offer, .. }) = self.open.iter().find(|open| open.offer.id == demand.id) {
            let length = (demand.end - demand.read).min(READ_BYTES) as usize;
            out.jobs.push_back(Job::Read(demand.id, offer.source.clone(), demand.read, length));
            self.is_reading = true;
        }
        // The others first, the next time.
        self.demands.push_back(demand);
    }

    pub(super) fn read(
        &mut self,
        id: FileId,
        position: u64,
        result: Result<Vec<u8>, FileTrouble>,
        out: &mut Output,
    ) {
        self.is_reading = false;
        match result {
            Ok(bytes) => {
                let is_due = |demand: &&mut Demand| demand.id == id && demand.read == position;
                if let Some(demand) = self.demands.iter_mut().find(is_due) {
                    demand.read += bytes.len() as u64;
                    self.pieces.push_back(Piece { id, bytes, taken: 0 });
                }
            }
            Err(trouble) => {
                if let Some(at) = self.open.iter().position(|open| open.offer.id == id) {
                    self.end_open(at, true, Happened::Unavailable(Some(trouble)), out);
                }
            }
        }
        self.read_on(out);
    }

    pub(super) fn has_block(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// The next block to send: which file, from where on; its bytes are put into `base64`.
    pub(super) fn next_block(
        &mut self,
        base64: &mut String,
        now: Instant,
        out: &mut Output,
    ) -> Option<(FileHash, u64)> {
        let piece = self.pieces.front_mut()?;
        let (id, length) = (piece.id, piece.left().min(MAX_BLOCK_BYTES));
        base64.clear();
        STANDARD.encode_append(&piece.bytes[piece.taken..piece.taken + length], base64);
        piece.taken += length;
        if piece.left() == 0 {
            self.pieces.pop_front();
        }
        let demand = self.demands.iter_mut().find(|demand| demand.id == id)?;
        let (hash, position) = (demand.hash, demand.sent);
        demand.sent += length as u64;
        let done = demand.sent;
        if done == demand.end {
            self.demands.retain(|demand| demand.id != id);
        }
        if let Some(open) = self.open.iter_mut().find(|open| open.offer.id == id)
            && let Some(speed) = open.meter.tick(done, now)
        {
            out.events.push(open.offer.event(Happened::Progress { done, speed }));
        }
        self.read_on(out);
        Some((hash, position))
    }
}
