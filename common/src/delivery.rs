//! The delivery rules: nothing lost, nothing twice, nothing out of order.
//!
//! [`Delivery`] is one client's side of them, as a state machine without socket, clock, disk or thread. What the user
//! writes and what arrives goes in; frames to send, things to tell the user and things to keep come out.
//!
//! ```
//! use common::address::Address;
//! use common::delivery::{Delivery, Incoming};
//! use common::frame::{Content, Frame};
//! use common::text::Text;
//!
//! let mut alice = Delivery::new(Address::parse("alice/a1")?.into_owned());
//! alice.handle(&Frame::parse("present bob/b1")?);
//! let text = Text::from_plain("Salut Bob !").expect("short enough");
//! alice.write(&Content::Msg { date: "2026-11-20T14:03:07.123+01:00", text }).expect("there is room");
//! alice.handle(&Frame::parse("recu bob/b1 alice/a1 0")?);
//!
//! let mut wire = Vec::new();
//! while let Some(frame) = alice.next_frame() {
//!     frame.write(&mut wire);
//! }
//! assert_eq!(
//!     String::from_utf8_lossy(&wire),
//!     "recu alice/a1 bob/b1 0\n\
//!      debut alice/a1 bob/b1 1\n\
//!      msg alice/a1 bob/b1 1 2026-11-20T14:03:07.123+01:00 Salut Bob !\n"
//! );
//!
//! let recu = Frame::parse("recu bob/b1 alice/a1 1")?;
//! assert!(matches!(alice.handle(&recu), Some(Incoming::Delivered(ids)) if ids.len() == 1));
//! assert!(alice.all_delivered());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem::take;

use crate::address::{Address, Pseudo, Session};
use crate::frame::{Body, Content, Frame, Relayed};

/// What all kept entries together may take, in bytes of their text and date plus [`MESSAGE_OVERHEAD`] each.
pub const MAX_OUTBOX_BYTES: usize = 4 << 20;

/// What a kept entry counts for beside its text and date.
pub const MESSAGE_OVERHEAD: usize = 128;

/// How many bytes of entries may be sent and not acknowledged: so a slow reader holds up a little, and leaving is never
/// far behind.
pub const MAX_UNDER_WAY_BYTES: usize = 256 << 10;

/// How many addresses a client remembers, beside those for whom something waits.
pub const MAX_REMEMBERED: usize = 1000;

/// Names an entry among all that this client has written: 1, 2, 3 … in the order of writing.
pub type MessageId = u64;

/// What a frame from the relay means. It borrows from the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// That one is seated opposite.
    Joined {
        /// Who.
        address: &'a Address<'a>,
        /// His pseudo was met before, but not in this session of his.
        renewed: bool,
    },
    /// That one's connection was lost; he may come back.
    Lost(&'a Address<'a>),
    /// An entry, to be shown once, now.
    Entry(&'a Content<'a>),
    /// Entries of one's own that the other has shown.
    Delivered(Vec<MessageId>),
    /// Something of the other that is neither numbered nor about delivery.
    Other(&'a Body<'a>),
    /// What this client remembers is older than what the other one has seen: a backup was put back. It must draw a new
    /// session, [`Delivery::renew`], and log in again.
    Outdated,
    /// That one ended the discussion.
    Ended(&'a Address<'a>),
    /// The discussion before has ended, as an earlier run knew; the relay did not know that it did. Whoever logs in once
    /// more is not told again.
    KnownEnd,
}

/// An entry was not taken: [`MAX_OUTBOX_BYTES`] are waiting to be acknowledged. There is room again after an
/// [`Incoming::Delivered`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// An entry of one's own that nobody has acknowledged yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kept {
    /// Its place in the queue of the pseudo it is for; 0 as long as it is for the first to come.
    pub number: u64,
    /// Its name.
    pub id: MessageId,
    /// The frame's first word.
    pub word: Cow<'static, str>,
    /// What follows the number on the wire.
    pub rest: String,
}

impl Kept {
    /// What it is.
    pub fn content(&self) -> Content<'_> {
        Content::parse(&self.word, &self.rest)
    }

    fn cost(&self) -> usize {
        MESSAGE_OVERHEAD + self.rest.len()
    }
}

/// What is remembered of one pseudo: his queue, and the addresses under which he was met.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Person {
    /// Whose.
    pub pseudo: Pseudo,
    /// The last number of his queue that was ever given out.
    pub last: u64,
    /// What waits for him, in order: all before was delivered or given up. Where a number is missing, that entry was
    /// given up.
    pub kept: VecDeque<Kept>,
    /// Each address of his that was met, the one met last behind.
    pub met: Vec<Met>,
    /// The highest number that may be sent to anybody of that name: what an earlier run was about to send counts as sent.
    pub may_be_sent: u64,
    /// The highest number that may ever have been sent to anybody of that name.
    sent: u64,
    /// It is from an earlier run, and may be older than what he has seen: in this run he has not said yet, on sitting
    /// down, how much that is.
    is_old: bool,
}

/// What is remembered of one address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Met {
    /// Which.
    pub address: Address<'static>,
    /// The highest number received from it in order and handed out as an [`Incoming::Entry`].
    pub received: u64,
    /// The highest number shown: `received` as of the last [`Delivery::acknowledge`].
    shown: u64,
}

impl Person {
    /// Somebody of whom an earlier run has kept this much.
    pub fn remembered(pseudo: Pseudo, last: u64, may_be_sent: u64) -> Self {
        let (kept, met) = (VecDeque::new(), Vec::new());
        Person { pseudo, last, kept, met, may_be_sent, sent: may_be_sent, is_old: true }
    }

    /// Numbers an entry that is for him.
    fn push(&mut self, kept: Kept) -> &Kept {
        self.last += 1;
        self.kept.push_back(Kept { number: self.last, ..kept });
        &self.kept[self.kept.len() - 1]
    }

    /// The number before the first that waits.
    fn before_first(&self) -> u64 {
        self.kept.front().map_or(self.last, |first| first.number - 1)
    }
}

impl Met {
    /// An address up to whose entry number `received` everything was shown.
    pub fn new(address: Address<'static>, received: u64) -> Self {
        Met { address, received, shown: received }
    }
}

/// What a client remembers from one run to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Memory {
    /// Everybody it has not forgotten, the one not seen for longest first.
    pub people: Vec<Person>,
    /// What was written before anybody came.
    pub unaddressed: VecDeque<Kept>,
    /// No number of anybody it has forgotten is higher.
    pub floor: u64,
    /// The last entry ever written.
    pub last_id: MessageId,
    /// An earlier run has left it, with the address it had: it may be an old copy.
    pub from_earlier_run: bool,
    /// The last discussion has ended, and its end is known.
    pub knows_end: bool,
}

/// Something to be kept from one run to the next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// An entry was written, for that pseudo or for the first to come.
    Written(Option<Pseudo>, Kept),
    /// An entry for the first to come is now for that pseudo, with that number.
    Addressed(Pseudo, MessageId, u64),
    /// Entries up to that number may be sent to that pseudo.
    Sending(Pseudo, u64),
    /// That pseudo's queue was delivered up to that number.
    Delivered(Pseudo, u64),
    /// These entries will not be delivered any more.
    GivenUp(Vec<MessageId>),
    /// An entry was received from that address: its number, the frame's first word, and what follows the number.
    Received(Address<'static>, u64, Cow<'static, str>, String),
    /// What comes next from that address has a number above this one.
    Counted(Address<'static>, u64),
    /// That address is seated opposite: nobody was seen later. The numbers of a new pseudo begin above `floor`.
    Seen(Address<'static>),
    /// That address is forgotten, and its pseudo, if it was his last one and nothing waits for him.
    Forgotten(Address<'static>),
    /// The discussion has ended; the next one begins with [`Change::Seen`].
    Ended,
    /// The own address is another one now, and with it the key.
    Renewed(Address<'static>, Session),
}

/// The one seated opposite on the present connection: the last of [`Memory::people`], at the last address of his.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Seated {
    /// What may have been sent to anybody of that name before he sat down.
    sent_before: u64,
    /// His first `recu` has come: he acknowledges.
    acknowledges: bool,
    /// Entries may be sent: his first `recu` has come, or will not.
    started: bool,
    /// He has had the time to say what he has shown.
    waited_for: bool,
    /// The number to send next.
    next: u64,
    /// How many bytes of entries are sent and not acknowledged.
    under_way: usize,
    /// What was shown of his when he sat down, until it was sent.
    greeting: Option<u64>,
    debut_due: bool,
    /// He is owed a `recu` for what he has sent since.
    recu_due: bool,
}

/// One client's side of the delivery rules; see the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    own: Address<'static>,
    memory: Memory,
    seated: Option<Seated>,
    /// Somebody was seated in this run: what is written is for the one who was last.
    has_correspondent: bool,
    /// What was written before this run has no higher name.
    last_id_before: MessageId,
    /// Something arrived since the last [`acknowledge`](Self::acknowledge) that asks for a `recu`.
    heard: bool,
    outbox_bytes: usize,
    /// What has changed since it was taken, if somebody keeps it.
    changes: Option<Vec<Change>>,
}

impl Delivery {
    /// A client that has met nobody yet, and of which nothing is kept.
    pub fn new(own: Address<'static>) -> Self {
        Delivery { changes: None, ..Delivery::remembering(own, Memory::default()) }
    }

    /// A client that goes on from what an earlier run has kept; its changes are to be kept too, see
    /// [`take_changes`](Self::take_changes).
    pub fn remembering(own: Address<'static>, memory: Memory) -> Self {
        let kept = memory.people.iter().flat_map(|person| &person.kept).chain(&memory.unaddressed);
        Delivery {
            outbox_bytes: kept.map(Kept::cost).sum(),
            own,
            seated: None,
            has_correspondent: false,
            last_id_before: memory.last_id,
            heard: false,
            changes: Some(Vec::new()),
            memory,
        }
    }

    /// The own address.
    pub fn own(&self) -> &Address<'static> {
        &self.own
    }

    /// What is to be remembered from this run to the next.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What has changed since this was called last, in order. It must be on disk before anything that was sent or shown
    /// because of it can be.
    pub fn take_changes(&mut self) -> Vec<Change> {
        self.changes.as_mut().map(take).unwrap_or_default()
    }

    /// Whether somebody keeps what changes.
    pub fn is_kept(&self) -> bool {
        self.changes.is_some()
    }

    /// From now on nobody keeps what changes.
    pub fn forget_changes(&mut self) {
        self.changes = None;
    }

    /// Takes something that the user wrote. It is kept until it was acknowledged.
    ///
    /// # Errors
    /// [`Full`]; it was not taken.
    pub fn write(&mut self, content: &Content<'_>) -> Result<MessageId, Full> {
        let (word, rest) = content.to_wire();
        let kept = Kept { number: 0, id: self.memory.last_id + 1, word, rest };
        if self.outbox_bytes + kept.cost() > MAX_OUTBOX_BYTES {
            return Err(Full);
        }
        self.outbox_bytes += kept.cost();
        self.memory.last_id += 1;
        let correspondent = self.memory.people.last_mut().filter(|_| self.has_correspondent);
        let (to, kept) = match correspondent {
            Some(person) => (Some(&person.pseudo).cloned(), person.push(kept)),
            None => {
                self.memory.unaddressed.push_back(kept);
                (None, &self.memory.unaddressed[self.memory.unaddressed.len() - 1])
            }
        };
        if let Some(changes) = &mut self.changes {
            changes.push(Change::Written(to, kept.clone()));
        }
        self.allow_sending();
        Ok(self.memory.last_id)
    }

    /// All that waits for the one opposite may be sent from now on: whoever goes on from an earlier run has to know that,
    /// or what he has not sent yet would seem to be what somebody of his name has sent before.
    fn allow_sending(&mut self) {
        let Some(person) = self.memory.people.last_mut() else { return };
        if !self.seated.is_some_and(|seated| seated.started) || person.last == person.may_be_sent {
            return;
        }
        person.may_be_sent = person.last;
        if let Some(changes) = &mut self.changes {
            changes.push(Change::Sending(person.pseudo.clone(), person.last));
        }
    }

    /// Takes a frame from the relay. Frames that are not about delivery, or make no sense here, change nothing.
    ///
    /// Once what it gives was shown, call [`acknowledge`](Self::acknowledge).
    pub fn handle<'a>(&mut self, frame: &'a Frame<'a>) -> Option<Incoming<'a>> {
        match frame {
            Frame::Present(address) if *address != self.own => {
                let renewed = self.seat(address);
                Some(Incoming::Joined { address, renewed })
            }
            Frame::Absent(address) if self.is_seated(address) => {
                self.seated = None;
                Some(Incoming::Lost(address))
            }
            Frame::Relayed(Relayed { source, destination, body })
                if self.is_seated(source) && *destination == self.own =>
            {
                self.receive(body)
            }
            Frame::Fin(address) => {
                self.seated = None;
                let is_known = take(&mut self.memory.knows_end);
                Some(if is_known { Incoming::KnownEnd } else { Incoming::Ended(address) })
            }
            _ => None,
        }
    }

    /// Everything that [`handle`](Self::handle) has given out was shown: it may be acknowledged now.
    pub fn acknowledge(&mut self) {
        if !take(&mut self.heard) {
            return;
        }
        for met in self.memory.people.iter_mut().flat_map(|person| &mut person.met) {
            met.shown = met.received;
        }
        if let Some(seated) = &mut self.seated {
            seated.recu_due = true;
        }
    }

    /// The one opposite has had his time to say what he has shown. If he did not, as a person typing by hand never does,
    /// he is sent what waits for him all the same.
    pub fn stop_waiting_for_count(&mut self) {
        let Some(seated) = &mut self.seated else { return };
        seated.waited_for = true;
        seated.started = true;
        if let Some(person) = self.memory.people.last_mut().filter(|_| seated.acknowledges) {
            person.is_old = false;
        }
        self.allow_sending();
    }

    /// Whether the one opposite has yet to say what he has shown.
    pub fn awaits_count(&self) -> bool {
        let is_old = || self.memory.people.last().is_some_and(|person| person.is_old);
        self.seated.is_some_and(|seated| !seated.waited_for && (!seated.started || is_old()))
    }

    /// Whether the one opposite has acknowledged something since he sat down.
    pub fn is_acknowledged(&self) -> bool {
        self.seated.is_some_and(|seated| seated.acknowledges)
    }

    /// The connection is gone; nobody is seated opposite until the next one says so.
    pub fn connection_lost(&mut self) {
        self.seated = None;
    }

    /// Goes on under another address, with all that waits; see [`Incoming::Outdated`].
    pub fn renew(&mut self, own: Address<'static>, key: &Session) {
        self.seated = None;
        self.own = own;
        self.memory.from_earlier_run = false;
        self.note(|delivery| Change::Renewed(delivery.own.clone(), key.clone()));
    }

    /// Whether there is anything to send now.
    pub fn has_frame(&self) -> bool {
        self.seated.is_some_and(|seated| seated.greeting.is_some() || seated.debut_due || seated.recu_due)
            || self.next_entry().is_some()
    }

    /// The next frame to send, if there is anything to send now.
    #[inline]
    pub fn next_frame(&mut self) -> Option<Relayed<'_>> {
        let entry = self.next_entry();
        let person = self.memory.people.last_mut()?;
        let seated = self.seated.as_mut()?;
        let met = person.met.last()?;
        let count = seated.greeting.take().or_else(|| take(&mut seated.recu_due).then_some(met.shown));
        let body = if let Some(number) = count {
            Body::Recu(number)
        } else if take(&mut seated.debut_due) {
            Body::Debut(person.before_first() + 1)
        } else {
            let index = entry?;
            seated.under_way += line_bytes(&self.own, person, index);
            let Kept { number, word, rest, .. } = &person.kept[index];
            seated.next = number + 1;
            person.sent = person.sent.max(*number);
            Body::Entry { number: *number, content: Content::Unknown { word, rest } }
        };
        Some(Relayed { source: self.own.borrowed(), destination: met.address.borrowed(), body })
    }

    /// Where in his queue the entry stands that can be sent now to the one opposite.
    #[inline]
    fn next_entry(&self) -> Option<usize> {
        let seated = self.seated.filter(|seated| seated.started)?;
        let person = self.memory.people.last()?;
        let first = person.kept.front()?.number;
        // Behind a gap only when all before it was delivered: a `debut` that overtook an entry would lose it.
        let index = usize::try_from(seated.next.saturating_sub(first)).ok()?;
        let kept = person.kept.get(index)?;
        let fits = || seated.under_way + line_bytes(&self.own, person, index) <= MAX_UNDER_WAY_BYTES;
        let is_next = kept.number == first + index as u64;
        (is_next && (!seated.acknowledges || seated.under_way == 0 || fits())).then_some(index)
    }

    /// Who is seated opposite.
    pub fn peer(&self) -> Option<&Address<'static>> {
        self.seated.and(self.memory.people.last()?.met.last()).map(|met| &met.address)
    }

    /// Who is seated opposite, or was last in this run.
    pub fn correspondent(&self) -> Option<&Pseudo> {
        self.memory.people.last().filter(|_| self.has_correspondent).map(|person| &person.pseudo)
    }

    /// What was written and not acknowledged, pseudo by pseudo: whom it is for (`None`: the first to come), and what.
    pub fn undelivered(&self) -> impl Iterator<Item = (Option<&Pseudo>, &Kept)> {
        let queued = self.memory.people.iter();
        let queued = queued.flat_map(|person| person.kept.iter().map(|kept| (Some(&person.pseudo), kept)));
        queued.chain(self.memory.unaddressed.iter().map(|kept| (None, kept)))
    }

    /// What the end of the discussion makes undeliverable: what was written in this run, and all that waits for the one
    /// who was opposite.
    pub fn lost_by_ending(&self) -> impl Iterator<Item = (Option<&Pseudo>, &Kept)> {
        self.undelivered().filter(|(to, kept)| self.ends_with_the_discussion(*to, kept))
    }

    fn ends_with_the_discussion(&self, to: Option<&Pseudo>, kept: &Kept) -> bool {
        // What became of a file is told in the next one: files go on from one to the next.
        if kept.word == "issue" && self.is_kept() {
            return false;
        }
        kept.id > self.last_id_before || (to.is_some() && to == self.correspondent())
    }

    /// The discussion has ended: lets go of [`lost_by_ending`](Self::lost_by_ending).
    pub fn end(&mut self) {
        self.seated = None;
        self.memory.knows_end = true;
        self.note(|_| Change::Ended);
        self.give_up();
    }

    fn give_up(&mut self) {
        let mut lost: Vec<MessageId> = self.lost_by_ending().map(|(_, kept)| kept.id).collect();
        if lost.is_empty() {
            return;
        }
        // Person by person, they are in the order in which these were seen.
        lost.sort_unstable();
        let is_lost = |kept: &Kept| lost.binary_search(&kept.id).is_ok();
        let queues = self.memory.people.iter_mut().map(|person| &mut person.kept);
        for queue in queues.chain([&mut self.memory.unaddressed]) {
            let outbox_bytes = &mut self.outbox_bytes;
            queue.retain(|kept| {
                if is_lost(kept) {
                    *outbox_bytes -= kept.cost();
                }
                !is_lost(kept)
            });
        }
        self.note(|_| Change::GivenUp(lost));
    }

    /// Whether a quarter of [`MAX_OUTBOX_BYTES`] is free. Whoever waits for room does better to wait for this much
    /// than to write a little at every acknowledgement.
    pub fn has_ample_room(&self) -> bool {
        self.outbox_bytes <= MAX_OUTBOX_BYTES / 4 * 3
    }

    /// Whether everything that was written was acknowledged.
    pub fn all_delivered(&self) -> bool {
        self.outbox_bytes == 0
    }

    /// Whether nothing is left that the one seated opposite has not acknowledged.
    pub fn peer_has_everything(&self) -> bool {
        self.memory
            .people
            .last()
            .filter(|_| self.seated.is_some())
            .is_none_or(|person| person.kept.is_empty())
    }

    /// Whether something that arrived is still being shown and so was not acknowledged yet.
    pub fn is_showing(&self) -> bool {
        self.heard
    }

    fn note(&mut self, change: impl FnOnce(&Self) -> Change) {
        if self.changes.is_some() {
            let change = change(self);
            self.changes.get_or_insert_default().push(change);
        }
    }

    fn is_seated(&self, address: &Address<'_>) -> bool {
        self.peer().is_some_and(|peer| peer == address)
    }

    /// Whether his pseudo was known, and this address was not.
    fn seat(&mut self, address: &Address<'_>) -> bool {
        let pseudo = address.pseudo();
        let is_old = self.memory.from_earlier_run;
        let people = &mut self.memory.people;
        let mut person = match people.iter().position(|person| person.pseudo == pseudo) {
            Some(known) => people.remove(known),
            None => {
                let floor = self.memory.floor;
                // In the copy of a file that was made before he came, he is missing.
                Person { is_old, ..Person::remembered(pseudo, floor, floor) }
            }
        };
        let known = person.met.iter().position(|met| met.address == *address);
        let renewed = known.is_none() && !person.met.is_empty();
        // As it is spelt now: DESTINATION is compared byte for byte.
        let spelt = address.clone().into_owned();
        let met = match known {
            Some(known) => Met { address: spelt, ..person.met.remove(known) },
            None => Met::new(spelt, 0),
        };
        let greeting = met.shown;
        person.met.push(met);
        let sent_before = person.sent;
        self.memory.people.push(person);
        self.memory.knows_end = false;
        self.note(|_| Change::Seen(address.clone().into_owned()));
        self.address_what_waits_for_anybody();
        self.forget_some();
        self.has_correspondent = true;
        self.seated = Some(Seated {
            sent_before,
            acknowledges: false,
            started: false,
            waited_for: false,
            next: self.memory.people.last().map_or(1, |person| person.before_first() + 1),
            under_way: 0,
            greeting: Some(greeting),
            debut_due: true,
            recu_due: false,
        });
        renewed
    }

    /// What was written before anybody came is for the one who has just sat down.
    fn address_what_waits_for_anybody(&mut self) {
        for kept in take(&mut self.memory.unaddressed) {
            let Some(person) = self.memory.people.last_mut() else { return };
            let id = kept.id;
            let (pseudo, number) = (person.pseudo.clone(), person.push(kept).number);
            self.note(|_| Change::Addressed(pseudo, id, number));
        }
    }

    /// Makes room among the addresses met, but for the one last met by each of those for whom something waits.
    fn forget_some(&mut self) {
        let mut count: usize = self.memory.people.iter().map(|person| person.met.len()).sum();
        while count > MAX_REMEMBERED {
            let last = self.memory.people.len() - 1;
            let may_forget = |(i, person): (usize, &Person)| {
                person.met.len() > 1 || (i < last && !person.met.is_empty() && person.kept.is_empty())
            };
            let Some(oldest) = self.memory.people.iter().enumerate().position(may_forget) else { return };
            let person = &mut self.memory.people[oldest];
            let forgotten = person.met.remove(0).address;
            if person.met.is_empty() {
                self.memory.floor = self.memory.floor.max(person.last);
                self.memory.people.remove(oldest);
            }
            count -= 1;
            self.note(|_| Change::Forgotten(forgotten));
        }
    }

    fn receive<'a>(&mut self, body: &'a Body<'a>) -> Option<Incoming<'a>> {
        match body {
            Body::Entry { number, content } => self.receive_entry(*number, content),
            Body::Recu(number) => self.release(*number),
            Body::Debut(number) => {
                self.skip_to(*number);
                None
            }
            other => Some(Incoming::Other(other)),
        }
    }

    /// An entry from the one seated opposite: the next in order is shown. A lower number is a repetition; a higher one
    /// means that something before it was dropped on the way and will be sent again.
    fn receive_entry<'a>(&mut self, number: u64, content: &'a Content<'a>) -> Option<Incoming<'a>> {
        let met = self.memory.people.last_mut()?.met.last_mut()?;
        self.heard = true;
        if number != met.received + 1 {
            return None;
        }
        met.received += 1;
        if let Some(changes) = &mut self.changes {
            let (word, rest) = content.to_wire();
            changes.push(Change::Received(met.address.clone(), number, word, rest));
        }
        Some(Incoming::Entry(content))
    }

    /// The one seated opposite begins at that number: what was before it, somebody of our name has seen, or nobody will.
    fn skip_to(&mut self, number: u64) {
        let Some(person) = self.memory.people.last_mut() else { return };
        // What he has shown was said just before.
        person.is_old = false;
        let Some(met) = person.met.last_mut() else { return };
        if number > met.received + 1 {
            met.received = number - 1;
            if !self.heard {
                met.shown = met.received;
            }
            let (address, received) = (met.address.clone(), met.received);
            self.note(|_| Change::Counted(address, received));
        }
    }

    /// The one seated opposite has shown our entries up to `number`. A number never sent is ignored.
    fn release(&mut self, number: u64) -> Option<Incoming<'static>> {
        let person = self.memory.people.last_mut()?;
        let seated = self.seated.as_mut()?;
        // Not only his first one: on a slow link some that he sent before he knew of us may come first.
        if person.is_old && number > seated.sent_before {
            person.is_old = false;
            return Some(Incoming::Outdated);
        }
        person.is_old &= !seated.waited_for;
        if number > person.sent {
            return None;
        }
        seated.acknowledges = true;
        seated.started = true;
        let mut delivered = Vec::new();
        while person.kept.front().is_some_and(|first| first.number <= number) {
            let bytes = line_bytes(&self.own, person, 0);
            let Some(kept) = person.kept.pop_front() else { break };
            self.outbox_bytes -= kept.cost();
            if kept.number < seated.next {
                seated.under_way = seated.under_way.saturating_sub(bytes);
            }
            delivered.push(kept.id);
        }
        seated.next = seated.next.max(number + 1);
        // Behind a gap, the other must know that nothing comes before what comes next.
        if seated.next <= person.before_first() {
            seated.next = person.before_first() + 1;
            seated.debut_due = true;
        }
        if !delivered.is_empty()
            && let Some(changes) = &mut self.changes
        {
            changes.push(Change::Delivered(person.pseudo.clone(), number));
        }
        self.allow_sending();
        (!delivered.is_empty()).then_some(Incoming::Delivered(delivered))
    }
}

/// How many bytes the line of that entry has at most.
fn line_bytes(own: &Address<'_>, person: &Person, index: usize) -> usize {
    /// Spaces, the longest number, the line ending.
    const REST: usize = 4 + 19 + 2;
    let peer = person.met.last().map_or(0, |met| met.address.as_str().len());
    let kept = &person.kept[index];
    REST + kept.word.len() + own.as_str().len() + peer + kept.rest.len()
}

#[cfg(test)]
mod tests;
