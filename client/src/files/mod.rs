//! Files, from one to the other.
//!
//! [`Transfers`] is the part without disk, socket, clock or thread: what was offered, accepted and asked for, what to
//! ask for next and what to answer. What happens goes in with its time; frames, entries, [`Job`]s for the [`disk`],
//! [`FileEvent`]s for the user and [`FileChange`]s for the store come out.
//!
//! ```text
//! alice's: offer ── Job::Hash ── fichier ────────>  bob's: Offered, accept ── Job::Begin
//!          Job::Read <────────────────── demande ──
//!                    ── bloc bloc bloc ──────────>         Job::Write … Job::Finish
//!          Delivered <───────────── issue … recu ──        Received
//! ```

pub mod disk;
#[cfg(test)]
mod hostile;
mod meter;
pub(crate) mod name;
mod pace;
mod receiver;
mod sender;
#[cfg(test)]
mod simulation;
mod wording;

use std::collections::VecDeque;
use std::mem::take;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use common::address::{Address, Pseudo};
use common::delivery::{Delivery, Incoming, MessageId};
use common::frame::{Body, Content, FileHash, Outcome};

use disk::FileTrouble;
use receiver::IncomingFiles;
pub use receiver::ReceivedOffer;
use sender::OutgoingFiles;
pub use sender::SentOffer;

/// How many files may be offered and neither complete nor given up, in each direction.
pub const MAX_OPEN: usize = 100;
/// The most bytes of a file in one `bloc`.
pub const MAX_BLOCK_BYTES: usize = 32_768;
/// How many answers may wait until they can be written.
const MAX_PENDING: usize = 1000;

/// Names a file among all that this client has offered or was offered.
pub type FileId = u64;

/// A file on the disk as it was when it was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// When it was changed last.
    pub modified: SystemTime,
}

/// Something to do with the disk. Each is answered by a [`Done`], but for the last, and for what comes behind a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Look at a file that is to be offered.
    Hash(FileId, PathBuf),
    /// Read so many bytes from that position on, if the file is still the same.
    Read(FileId, Source, u64, usize),
    /// Prepare to receive.
    Begin(FileId, Target),
    /// Append to what was received, if it ends at that position.
    Write(FileId, u64, Vec<u8>),
    /// All is there: check it and give it its name.
    Finish(FileId),
    /// Delete what was received, if anything was.
    Discard(FileId, Option<PathBuf>),
}

/// What a file is to be, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A safe name, to be changed a little if it is taken.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// Its SHA-256.
    pub hash: FileHash,
    /// Into this folder,
    pub folder: PathBuf,
    /// or, if it is still there, where a part of it is already.
    pub partial: Option<PathBuf>,
}

/// What became of a [`Job`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It can be offered, or not.
    Hashed(FileId, Result<(Source, FileHash), FileTrouble>),
    /// What was read from that position on.
    Read(FileId, u64, Result<Vec<u8>, FileTrouble>),
    /// That many bytes are in that partial file.
    Begun(FileId, Result<(u64, PathBuf), FileTrouble>),
    /// That many bytes were appended.
    Written(FileId, Result<usize, FileTrouble>),
    /// It is complete, and where it is.
    Finished(FileId, Result<PathBuf, FileTrouble>),
}

/// What a user is told about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEvent {
    /// Which.
    pub id: FileId,
    /// What it is called, or would be kept as.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// Our own user has offered it.
    pub is_own: bool,
    /// The other one; `None`: whoever comes first.
    pub with: Option<Pseudo>,
    /// What happened to it.
    pub what: Happened,
}

/// What happened to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It is offered.
    Offered,
    /// It could not be offered.
    NotOffered(NotOffered),
    /// Our user has accepted it; so many bytes are there already.
    Accepted(u64),
    /// It is under way.
    Progress {
        /// How many bytes are there.
        done: u64,
        /// How many more in a second; 0 if that is not known yet.
        speed: u64,
    },
    /// It cannot be kept just now; it is still offered.
    Stopped(FileTrouble),
    /// The one who offered it has come back without it; it goes on if he offers it again.
    Orphaned,
    /// It is complete, and where it is, if that is known: the history does not keep it.
    Received(Option<PathBuf>),
    /// It is complete on the other side.
    Delivered,
    /// It was refused, because [`MAX_OPEN`] were offered.
    TooMany,
    /// The receiver did not want it.
    Refused,
    /// The receiver does not want it any more, or could not use what came.
    Cancelled,
    /// Our user has withdrawn it.
    Withdrawn,
    /// The one who offered it does not have it any more; why, if that is our user.
    Unavailable(Option<FileTrouble>),
    /// The receiver has lost what he knew of it.
    Forgotten,
    /// The discussion is over before it was complete; whether it goes on in the next one.
    Interrupted(bool),
    /// What came was not what was offered. It was thrown away.
    Corrupt,
}

impl Happened {
    /// Whether nothing more will happen to it.
    pub fn is_final(&self) -> bool {
        use Happened::{Accepted, Offered, Orphaned, Progress, Stopped};
        !matches!(self, Offered | Accepted(_) | Progress { .. } | Stopped(_) | Orphaned)
    }
}

/// Why a file is not offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotOffered {
    /// It cannot be read.
    Trouble(FileTrouble),
    /// The same content is offered to the same person already.
    Twice,
    /// [`MAX_OPEN`] are offered.
    TooMany,
    /// The one it was meant for has gone, and another one has come.
    Gone,
}

/// Something to be kept from one run to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// Keep this, in the place of what was kept with the same name.
    Kept(Record),
    /// Forget that one.
    Dropped(FileId),
}

/// What is kept of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Our user has offered it.
    Sent(SentOffer),
    /// It was offered to our user.
    Received(ReceivedOffer),
}

/// What comes out for those outside.
#[derive(Debug, Default)]
struct Output {
    jobs: VecDeque<Job>,
    events: Vec<FileEvent>,
    changes: Vec<FileChange>,
    /// What others are to be told of a file.
    issues: VecDeque<(Pseudo, FileHash, Outcome)>,
}

impl Output {
    fn tell(&mut self, whom: Pseudo, hash: FileHash, outcome: Outcome) {
        if self.issues.len() < MAX_PENDING {
            self.issues.push_back((whom, hash, outcome));
        } else {
            log::warn!(
                "Trop de réponses attendent : {whom} n'apprend pas ce qu'est devenu le fichier {hash}"
            );
        }
    }
}

/// All files that are offered, in both directions; see the [module](self).
#[derive(Debug, Default)]
pub struct Transfers {
    sender: OutgoingFiles,
    receiver: IncomingFiles,
    out: Output,
    last_id: FileId,
    /// The block that was given out last.
    base64: String,
}

impl Transfers {
    /// What an earlier run has kept.
    pub fn remembering(records: Vec<Record>) -> Self {
        let mut transfers = Transfers::default();
        for record in records {
            let id = match record {
                Record::Sent(offer) => transfers.sender.restore(offer, &mut transfers.out),
                Record::Received(offer) => transfers.receiver.restore(offer, &mut transfers.out),
            };
            transfers.last_id = transfers.last_id.max(id);
        }
        transfers
    }

    /// Takes what the delivery rules make of a frame. `peer` is who is seated opposite.
    pub fn handle(&mut self, incoming: &Incoming<'_>, peer: Option<&Address<'_>>) {
        let out = &mut self.out;
        let Some(peer) = peer else { return self.connection_lost() };
        match incoming {
            Incoming::Joined { .. } => {
                self.sender.joined(peer, out);
                self.receiver.joined(peer, out);
            }
            Incoming::Delivered(entries) => self.sender.shown(entries, peer, out),
            Incoming::Entry(Content::Fichier { size, hash, name, .. }) => {
                self.last_id += 1;
                let name = name::safe(&name.plain());
                self.receiver.offered(self.last_id, peer, *hash, *size, name, out);
            }
            Incoming::Entry(Content::Issue { hash, outcome, .. }) => {
                self.sender.settled(peer, *hash, *outcome, out);
                self.receiver.settled(peer, *hash, *outcome, out);
            }
            Incoming::Other(Body::Demande { hash, position, length }) => {
                self.sender.asked(peer, *hash, *position, *length, out);
            }
            Incoming::Other(Body::Bloc { hash, position, base64 }) => {
                self.receiver.block(*hash, *position, base64, out);
            }
            Incoming::Entry(_) | Incoming::Other(_) => {}
            Incoming::Lost(_) | Incoming::Outdated | Incoming::Ended(_) | Incoming::KnownEnd => {
                self.connection_lost();
            }
        }
    }

    /// Nobody is seated opposite until the next connection says so.
    pub fn connection_lost(&mut self) {
        self.sender.lost();
        self.receiver.lost();
    }

    /// Our user wants to offer a file to that one, or to the first to come.
    pub fn offer(&mut self, path: PathBuf, to: Option<&Pseudo>) -> FileId {
        self.last_id += 1;
        self.sender.prepare(self.last_id, path, to, &mut self.out);
        self.last_id
    }

    /// Our user wants a file that he was offered, in that folder.
    pub fn accept(&mut self, id: FileId, folder: PathBuf) {
        self.receiver.accept(id, folder, &mut self.out);
    }

    /// Our user does not want a file that he was offered, or has offered, any more.
    pub fn cancel(&mut self, id: FileId) {
        self.receiver.cancel(id, &mut self.out);
        self.sender.withdraw(id, &mut self.out);
    }

    /// The discussion is over. What is kept goes on in another run, as far as the other one knows of it or the entries
    /// that tell him still wait; of the rest, nothing incomplete is left. What is being checked is still to be done.
    pub fn end(&mut self, is_kept: bool, waiting: &[MessageId]) {
        self.connection_lost();
        self.receiver.end(is_kept, &mut self.out);
        self.sender.end(is_kept, waiting, &mut self.out);
    }

    /// Takes what became of a job.
    pub fn done(&mut self, done: Done, now: Instant) {
        let out = &mut self.out;
        match done {
            Done::Hashed(id, result) => self.sender.hashed(id, result, out),
            Done::Read(id, position, result) => self.sender.read(id, position, result, out),
            Done::Begun(id, result) => self.receiver.begun(id, result, out),
            Done::Written(id, result) => self.receiver.written(id, result, now, out),
            Done::Finished(id, result) => self.receiver.finished(id, result, out),
        }
    }

    /// Whether [`write_entries`](Self::write_entries) may have something to do.
    pub fn has_entries(&self) -> bool {
        self.sender.has_offers() || !self.out.issues.is_empty()
    }

    /// Hands over the entries that are due to the one opposite, or last, as the delivery rules have it.
    pub fn write_entries(&mut self, delivery: &mut Delivery, date: &str) {
        self.sender.write_offers(delivery, date, &mut self.out);
        let to = delivery.correspondent().cloned();
        self.out.issues.retain(|(whom, hash, outcome)| {
            let issue = Content::Issue { date, hash: *hash, outcome: *outcome };
            Some(whom) != to.as_ref() || delivery.write(&issue).is_err()
        });
    }

    /// Whether there is a frame to send, behind all entries.
    pub fn has_frame(&self) -> bool {
        self.receiver.wanted().is_some() || self.sender.has_block()
    }

    /// The next frame to send to the one opposite.
    pub fn next_frame(&mut self, now: Instant) -> Option<Body<'_>> {
        if let Some((hash, position, length)) = self.receiver.ask(now) {
            return Some(Body::Demande { hash, position, length });
        }
        let (hash, position) = self.sender.next_block(&mut self.base64, now, &mut self.out)?;
        Some(Body::Bloc { hash, position, base64: &self.base64 })
    }

    /// What is to be done with the disk.
    pub fn next_job(&mut self) -> Option<Job> {
        self.out.jobs.pop_front()
    }

    /// Whether something is to be told or kept.
    pub fn has_news(&self) -> bool {
        !self.out.events.is_empty() || !self.out.changes.is_empty()
    }

    /// What the user is to be told.
    pub fn take_events(&mut self) -> Vec<FileEvent> {
        take(&mut self.out.events)
    }

    /// What is to be kept, in order.
    pub fn take_changes(&mut self) -> Vec<FileChange> {
        take(&mut self.out.changes)
    }
}
