//! The delivery rules: nothing lost, nothing twice, nothing out of order.
//!
//! [`Delivery`] is one client's side of them, as a state machine without socket, clock or thread. What the user
//! writes and what arrives goes in; frames to send and events to show come out.
//!
//! ```
//! use common::address::Address;
//! use common::delivery::{Delivery, Event};
//! use common::frame::Frame;
//! use common::text::Text;
//!
//! let mut alice = Delivery::new(Address::parse("alice/a1")?.into_owned());
//! alice.handle(&Frame::parse("present bob/b1")?);
//! alice.acknowledge();
//! let text = Text::from_plain("Salut Bob !").expect("short enough");
//! alice.write("2026-11-20T14:03:07.123+01:00", &text).expect("there is room");
//!
//! let mut wire = Vec::new();
//! while let Some(frame) = alice.next_frame() {
//!     frame.write(&mut wire);
//! }
//! assert_eq!(
//!     String::from_utf8_lossy(&wire),
//!     "recu alice/a1 bob/b1 0\n\
//!      msg alice/a1 bob/b1 1 2026-11-20T14:03:07.123+01:00 Salut Bob !\n"
//! );
//!
//! let recu = Frame::parse("recu bob/b1 alice/a1 1")?;
//! assert!(matches!(alice.handle(&recu), Some(Event::Delivered(ids)) if ids.len() == 1));
//! assert_eq!(alice.undelivered().count(), 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::mem::take;

use crate::address::{Address, Pseudo};
use crate::backlog::Backlog;
use crate::frame::{Frame, MAX_DATE_BYTES, Msg};
use crate::text::Text;

/// What all kept messages together may take, in bytes of text and date plus [`MESSAGE_OVERHEAD`] each.
pub const MAX_OUTBOX_BYTES: usize = 4 << 20;

/// What a kept message counts for beside its text and date.
pub const MESSAGE_OVERHEAD: usize = 128;

/// How many addresses a client remembers. Only a new run of somebody's client makes a new one, so nobody gets
/// here by talking; past it the address met first is forgotten, with its count.
pub const MAX_MET: usize = 256;

/// Names a message within the run of the client that wrote it: 1, 2, 3 … in the order of writing.
pub type MessageId = u64;

/// Something to tell the user. It borrows from the frame that brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// That one is seated opposite.
    Joined(&'a Address<'a>),
    /// That one's connection was lost; he may come back.
    Lost(&'a Address<'a>),
    /// A message, to be shown once, now.
    Message(&'a Msg<'a>),
    /// Messages of one's own that have reached the other's screen.
    Delivered(Vec<MessageId>),
    /// That one ended the discussion.
    Ended(&'a Address<'a>),
}

/// A message was not taken: [`MAX_OUTBOX_BYTES`] are waiting to be acknowledged. There is room again after an
/// [`Event::Delivered`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The messages that belong to one pseudo. The first ever written to it has position 1, the next 2, and so on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Queue {
    recipient: Pseudo,
    /// How many messages were acknowledged and let go: the first one kept has position `released` + 1.
    released: u64,
    /// The last position that was sent to anybody of that name.
    sent: u64,
    kept: Backlog,
}

impl Queue {
    fn last_position(&self) -> u64 {
        self.released + self.kept.len() as u64
    }
}

/// What is remembered of one address met.
///
/// Number `n` between us and that address is the message at position `n + offset` of its pseudo's queue: as long
/// as nobody else of that name acknowledges something, the two run side by side.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Met {
    address: Address<'static>,
    /// The highest number received from it in order and handed out as an event.
    received: u64,
    /// The highest number shown: `received` as of the last [`Delivery::acknowledge`].
    shown: u64,
    /// The highest number ever sent to it.
    sent: u64,
    /// The number to send next: not above `sent` while something is sent again.
    next: u64,
    offset: u64,
}

/// Who is seated opposite on the present connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Seated {
    /// Index into [`Delivery::met`].
    met: usize,
    /// Index into [`Delivery::queues`].
    queue: usize,
    /// We have met before and must know what it has shown before anything is sent.
    awaiting_count: bool,
    /// Our own count as of its arrival, until it was sent.
    first_count: Option<u64>,
    /// It is owed a `recu` for what it has sent since.
    recu_due: bool,
}

/// One client's side of the delivery rules; see the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    own: Address<'static>,
    met: Vec<Met>,
    queues: Vec<Queue>,
    /// Written before anybody came: for the first to come.
    unaddressed: Backlog,
    /// Index into `queues` of the last one who was present, to whom what is written now belongs.
    correspondent: Option<usize>,
    seated: Option<Seated>,
    /// Something arrived since the last [`acknowledge`](Self::acknowledge) that asks for a `recu`.
    heard: bool,
    outbox_bytes: usize,
    last_id: MessageId,
}

impl Delivery {
    /// A run of a client that has met nobody yet.
    pub fn new(own: Address<'static>) -> Self {
        Delivery {
            own,
            met: Vec::new(),
            queues: Vec::new(),
            unaddressed: Backlog::default(),
            correspondent: None,
            seated: None,
            heard: false,
            outbox_bytes: 0,
            last_id: 0,
        }
    }

    /// This run's own address.
    pub fn own(&self) -> &Address<'static> {
        &self.own
    }

    /// Takes a message that the user wrote at the given date (RFC 3339 with an offset, at most
    /// [`MAX_DATE_BYTES`]). It is kept until it was acknowledged.
    ///
    /// # Errors
    /// [`Full`]; the message was not taken.
    pub fn write(&mut self, date: &str, text: &Text<'_>) -> Result<MessageId, Full> {
        debug_assert!(!date.is_empty() && date.len() <= MAX_DATE_BYTES && !date.contains(' '));
        let bytes = MESSAGE_OVERHEAD + date.len() + text.wire().len();
        if self.outbox_bytes + bytes > MAX_OUTBOX_BYTES {
            return Err(Full);
        }
        self.outbox_bytes += bytes;
        self.last_id += 1;
        let backlog = match self.correspondent {
            Some(queue) => &mut self.queues[queue].kept,
            None => &mut self.unaddressed,
        };
        backlog.push(self.last_id, date, text);
        Ok(self.last_id)
    }

    /// Takes a frame from the relay. Frames that are not about delivery, or make no sense here, change nothing.
    ///
    /// Once the events of what has arrived were shown, call [`acknowledge`](Self::acknowledge).
    pub fn handle<'a>(&mut self, frame: &'a Frame<'a>) -> Option<Event<'a>> {
        match frame {
            Frame::Present(address) if *address != self.own => {
                self.seat(address.borrowed());
                Some(Event::Joined(address))
            }
            Frame::Absent(address) if self.is_seated(address) => {
                self.seated = None;
                Some(Event::Lost(address))
            }
            Frame::Msg(msg) if self.is_between(&msg.source, &msg.destination) => self.receive(msg),
            Frame::Recu { source, destination, number } if self.is_between(source, destination) => {
                self.release(*number)
            }
            Frame::Fin(address) => {
                self.seated = None;
                Some(Event::Ended(address))
            }
            _ => None,
        }
    }

    /// Everything that [`handle`](Self::handle) has given out was shown: it may be acknowledged now.
    pub fn acknowledge(&mut self) {
        for met in &mut self.met {
            met.shown = met.received;
        }
        if let Some(seated) = &mut self.seated {
            seated.recu_due |= self.heard;
        }
        self.heard = false;
    }

    /// The connection is gone; nobody is seated opposite until the next one says so.
    pub fn connection_lost(&mut self) {
        self.seated = None;
    }

    /// Whether there is anything to send now.
    pub fn has_frame(&self) -> bool {
        self.seated.is_some_and(|seated| {
            let (met, queue) = (&self.met[seated.met], &self.queues[seated.queue]);
            let next_is_kept = met.offset + met.next <= queue.last_position();
            seated.first_count.is_some() || seated.recu_due || (next_is_kept && !seated.awaiting_count)
        })
    }

    /// The next frame to send, if there is anything to send now.
    #[inline]
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        if !self.has_frame() {
            return None;
        }
        let seated = self.seated.as_mut()?;
        let met = &mut self.met[seated.met];
        let count = seated.first_count.take().or_else(|| take(&mut seated.recu_due).then_some(met.shown));
        if let Some(number) = count {
            return Some(Frame::Recu {
                source: self.own.borrowed(),
                destination: met.address.borrowed(),
                number,
            });
        }
        let queue = &mut self.queues[seated.queue];
        let number = met.next;
        let position = met.offset + number;
        let kept = queue.kept.get((position - queue.released - 1) as usize)?;
        met.next += 1;
        met.sent = met.sent.max(number);
        queue.sent = queue.sent.max(position);
        Some(Frame::Msg(Msg {
            source: self.own.borrowed(),
            destination: met.address.borrowed(),
            number,
            date: kept.date,
            text: kept.text,
        }))
    }

    /// Who is seated opposite.
    pub fn peer(&self) -> Option<&Address<'static>> {
        self.seated.map(|seated| &self.met[seated.met].address)
    }

    /// What was written and not acknowledged, pseudo by pseudo: whom it is for (`None`: the first to come) and
    /// the text.
    pub fn undelivered(&self) -> impl Iterator<Item = (Option<&Pseudo>, Text<'_>)> {
        let addressed = self
            .queues
            .iter()
            .flat_map(|queue| queue.kept.iter().map(move |kept| (Some(&queue.recipient), kept.text)));
        addressed.chain(self.unaddressed.iter().map(|kept| (None, kept.text)))
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

    /// Whether nothing is left that the one seated opposite has not acknowledged; with nobody there, whether nothing is
    /// left at all.
    pub fn peer_has_everything(&self) -> bool {
        self.seated.map_or(self.all_delivered(), |seated| self.queues[seated.queue].kept.is_empty())
    }

    /// Whether something that arrived is still being shown and so was not acknowledged yet.
    pub fn is_showing(&self) -> bool {
        self.heard
    }

    fn is_seated(&self, address: &Address<'_>) -> bool {
        self.peer().is_some_and(|peer| peer == address)
    }

    fn is_between(&self, source: &Address<'_>, destination: &Address<'_>) -> bool {
        self.is_seated(source) && *destination == self.own
    }

    fn seat(&mut self, address: Address<'_>) {
        let known = self.met.iter().position(|met| met.address == address);
        if known.is_none() && self.met.len() == MAX_MET {
            self.forget_oldest();
        }
        let queue = self.queue_of(&address.pseudo());
        if self.correspondent.is_none() {
            // The first to come: nothing else is kept yet.
            self.queues[queue].kept = take(&mut self.unaddressed);
        }
        let met = known.unwrap_or_else(|| {
            self.met.push(Met {
                address: address.into_owned(),
                received: 0,
                shown: 0,
                sent: 0,
                next: 1,
                offset: self.queues[queue].released,
            });
            self.met.len() - 1
        });
        self.correspondent = Some(queue);
        self.seated = Some(Seated {
            met,
            queue,
            awaiting_count: known.is_some(),
            first_count: Some(self.met[met].shown),
            recu_due: false,
        });
    }

    /// Makes room in `met`, and in `queues` if nothing is kept for a pseudo that nobody else met bears.
    fn forget_oldest(&mut self) {
        let forgotten = self.met.remove(0).address.pseudo();
        if self.met.iter().all(|met| met.address.pseudo() != forgotten) {
            self.queues.retain(|queue| queue.recipient != forgotten || !queue.kept.is_empty());
        }
    }

    fn queue_of(&mut self, recipient: &Pseudo) -> usize {
        self.queues.iter().position(|queue| queue.recipient == *recipient).unwrap_or_else(|| {
            self.queues.push(Queue {
                recipient: recipient.clone(),
                released: 0,
                sent: 0,
                kept: Backlog::default(),
            });
            self.queues.len() - 1
        })
    }

    /// A message from the one seated opposite: the next in order is shown. A lower number is a repetition; a
    /// higher one means that something before it was dropped on the way and will be sent again.
    fn receive<'a>(&mut self, msg: &'a Msg<'a>) -> Option<Event<'a>> {
        let met = &mut self.met[self.seated?.met];
        self.heard = true;
        if msg.number != met.received + 1 {
            return None;
        }
        met.received += 1;
        Some(Event::Message(msg))
    }

    /// The one seated opposite has shown our messages up to `number`. A number never sent is ignored.
    fn release(&mut self, number: u64) -> Option<Event<'static>> {
        let seated = self.seated.as_mut()?;
        let met = &mut self.met[seated.met];
        let queue = &mut self.queues[seated.queue];
        if number > met.sent {
            return None;
        }
        // Under an earlier offset the same number may have stood for an earlier message.
        let last = (met.offset + number).min(queue.sent);
        let mut delivered = Vec::with_capacity(last.saturating_sub(queue.released) as usize);
        while queue.released < last {
            let Some((id, bytes)) = queue.kept.pop() else { break };
            queue.released += 1;
            self.outbox_bytes -= MESSAGE_OVERHEAD + bytes;
            delivered.push(id);
        }
        // The count may come in several steps: a `recu` that was on its way when we came back tells an older one.
        if seated.awaiting_count || number >= met.next {
            // What is left is numbered from `number` + 1, whatever numbers it had before.
            seated.awaiting_count = false;
            met.next = number + 1;
            met.offset = queue.released - number;
        }
        (!delivered.is_empty()).then_some(Event::Delivered(delivered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "2026-11-20T14:03:07.123+01:00";

    fn alice() -> Delivery {
        Delivery::new(Address::parse("alice/a1").unwrap().into_owned())
    }

    fn write(delivery: &mut Delivery, text: &str) -> Result<MessageId, Full> {
        delivery.write(DATE, &Text::from_plain(text).unwrap())
    }

    /// Feeds one line and gives what was shown for it, in short.
    fn feed(delivery: &mut Delivery, line: &str) -> String {
        let frame = Frame::parse(line).unwrap();
        let shown = match delivery.handle(&frame) {
            None => String::new(),
            Some(Event::Joined(address)) => format!("joined {address}"),
            Some(Event::Lost(address)) => format!("lost {address}"),
            Some(Event::Message(msg)) => format!("message {}", msg.text.plain()),
            Some(Event::Delivered(ids)) => format!("delivered {ids:?}"),
            Some(Event::Ended(address)) => format!("ended {address}"),
        };
        delivery.acknowledge();
        shown
    }

    /// Everything it wants to send now, without the parts that are always the same.
    fn sent(delivery: &mut Delivery) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(frame) = delivery.next_frame() {
            let mut wire = Vec::new();
            frame.write(&mut wire);
            let line = String::from_utf8(wire).unwrap();
            lines.push(line.trim_end().replace("alice/a1 ", "").replace(&format!("{DATE} "), ""));
        }
        lines
    }

    #[test]
    fn messages_wait_for_the_first_to_come() {
        let mut alice = alice();
        write(&mut alice, "un").unwrap();
        write(&mut alice, "deux").unwrap();
        assert!(sent(&mut alice).is_empty());
        assert_eq!(feed(&mut alice, "present bob/b1"), "joined bob/b1");
        assert_eq!(sent(&mut alice), ["recu bob/b1 0", "msg bob/b1 1 un", "msg bob/b1 2 deux"]);
        write(&mut alice, "trois").unwrap();
        assert_eq!(sent(&mut alice), ["msg bob/b1 3 trois"]);
        assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 2"), "delivered [1, 2]");
        assert!(!alice.all_delivered());
        assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 3"), "delivered [3]");
        assert!(alice.all_delivered());
    }

    #[test]
    fn the_count_is_the_first_thing_sent_even_before_the_presence_is_shown() {
        let mut alice = alice();
        write(&mut alice, "un").unwrap();
        let _ = alice.handle(&Frame::parse("present bob/b1").unwrap());
        assert_eq!(sent(&mut alice), ["recu bob/b1 0", "msg bob/b1 1 un"]);
        alice.acknowledge();
        assert!(sent(&mut alice).is_empty(), "once is enough");
    }

    #[test]
    fn the_count_is_sent_even_when_messages_come_right_behind_the_presence() {
        let mut alice = alice();
        for line in ["present bob/b1", "msg bob/b1 alice/a1 1 d x", "msg bob/b1 alice/a1 2 d x"] {
            feed(&mut alice, line);
        }
        assert_eq!(sent(&mut alice), ["recu bob/b1 0", "recu bob/b1 2"]);
    }

    #[test]
    fn only_the_next_number_is_shown_and_each_arrival_acknowledged() {
        let mut alice = alice();
        feed(&mut alice, "present bob/b1");
        sent(&mut alice);
        for (number, shown, count) in [(1, "message x", 1), (1, "", 1), (3, "", 1), (2, "message x", 2)] {
            assert_eq!(feed(&mut alice, &format!("msg bob/b1 alice/a1 {number} d x")), shown);
            assert_eq!(sent(&mut alice), [format!("recu bob/b1 {count}")]);
        }
    }

    #[test]
    fn nothing_is_acknowledged_before_it_was_shown() {
        let mut alice = alice();
        feed(&mut alice, "present bob/b1");
        alice.handle(&Frame::parse("msg bob/b1 alice/a1 1 d x").unwrap());
        assert_eq!(sent(&mut alice), ["recu bob/b1 0"]);
        alice.acknowledge();
        assert_eq!(sent(&mut alice), ["recu bob/b1 1"]);
    }

    #[test]
    fn after_a_lost_connection_it_waits_for_the_count_and_sends_the_rest_again() {
        let mut alice = alice();
        feed(&mut alice, "present bob/b1");
        for text in ["un", "deux", "trois"] {
            write(&mut alice, text).unwrap();
        }
        sent(&mut alice);
        alice.connection_lost();
        feed(&mut alice, "present bob/b1");
        write(&mut alice, "quatre").unwrap();
        assert_eq!(sent(&mut alice), ["recu bob/b1 0"], "nothing before the count is known");
        assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 1"), "delivered [1]");
        assert_eq!(sent(&mut alice), ["msg bob/b1 2 deux", "msg bob/b1 3 trois", "msg bob/b1 4 quatre"]);
    }

    #[test]
    fn a_count_that_was_on_its_way_does_not_hide_a_newer_one() {
        let mut alice = alice();
        feed(&mut alice, "present bob/b1");
        for text in ["un", "deux", "trois"] {
            write(&mut alice, text).unwrap();
        }
        sent(&mut alice);
        alice.connection_lost();
        feed(&mut alice, "present bob/b1");
        // Sent before bob showed the rest; then the connection is lost again, before his newer count came.
        feed(&mut alice, "recu bob/b1 alice/a1 1");
        alice.connection_lost();
        feed(&mut alice, "present bob/b1");
        assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 2"), "delivered [2]");
        // The same, without losing the connection between the two.
        assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 3"), "delivered [3]");
        write(&mut alice, "quatre").unwrap();
        assert_eq!(sent(&mut alice), ["recu bob/b1 0", "msg bob/b1 4 quatre"]);
    }

    #[test]
    fn a_new_run_gets_what_the_old_did_not_acknowledge_under_new_numbers() {
        let mut alice = alice();
        feed(&mut alice, "present bob/b1");
        for text in ["un", "deux", "trois"] {
            write(&mut alice, text).unwrap();
        }
        sent(&mut alice);
        feed(&mut alice, "recu bob/b1 alice/a1 1");
        assert_eq!(feed(&mut alice, "absent bob/b1"), "lost bob/b1");
        feed(&mut alice, "present Bob/b2");
        assert_eq!(sent(&mut alice), ["recu Bob/b2 0", "msg Bob/b2 1 deux", "msg Bob/b2 2 trois"]);
        assert_eq!(feed(&mut alice, "recu Bob/b2 alice/a1 1"), "delivered [2]");
        // The old run is back. It had shown « deux » too, then lost sight of us.
        feed(&mut alice, "absent Bob/b2");
        feed(&mut alice, "present bob/b1");
        feed(&mut alice, "recu bob/b1 alice/a1 1");
        assert_eq!(sent(&mut alice), ["recu bob/b1 0", "msg bob/b1 2 trois"]);
    }

    #[test]
    fn a_number_of_earlier_times_does_not_cover_what_was_never_sent() {
        let mut alice = alice();
        feed(&mut alice, "present bob/b1");
        for text in ["un", "deux", "trois"] {
            write(&mut alice, text).unwrap();
        }
        sent(&mut alice);
        feed(&mut alice, "present bob/b2");
        sent(&mut alice);
        assert_eq!(feed(&mut alice, "recu bob/b2 alice/a1 2"), "delivered [1, 2]");
        // From here on, number 2 of the old run is « trois ».
        feed(&mut alice, "present bob/b1");
        feed(&mut alice, "recu bob/b1 alice/a1 1");
        write(&mut alice, "quatre").unwrap();
        assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 3"), "delivered [3]");
        assert_eq!(sent(&mut alice), ["recu bob/b1 0", "msg bob/b1 4 quatre"]);
    }

    #[test]
    fn what_is_kept_for_one_is_never_sent_to_another() {
        let mut alice = alice();
        feed(&mut alice, "present bob/b1");
        sent(&mut alice);
        feed(&mut alice, "absent bob/b1");
        write(&mut alice, "pour bob").unwrap();
        feed(&mut alice, "present carol/c1");
        assert_eq!(sent(&mut alice), ["recu carol/c1 0"]);
        write(&mut alice, "pour carol").unwrap();
        assert_eq!(sent(&mut alice), ["msg carol/c1 1 pour carol"]);
        feed(&mut alice, "absent carol/c1");
        feed(&mut alice, "present bob/b2");
        assert_eq!(sent(&mut alice), ["recu bob/b2 0", "msg bob/b2 1 pour bob"]);
    }

    #[test]
    fn lies_are_ignored() {
        let mut alice = alice();
        assert_eq!(feed(&mut alice, "msg bob/b1 alice/a1 1 d x"), "", "nobody is there");
        feed(&mut alice, "present bob/b1");
        write(&mut alice, "un").unwrap();
        sent(&mut alice);
        for line in [
            "recu bob/b1 alice/a1 2",      // never sent
            "recu carol/c1 alice/a1 1",    // not the one opposite
            "recu bob/b1 alice/a2 1",      // not for this run
            "msg bob/b1 alice/a2 1 d x",   // not for this run
            "msg carol/c1 alice/a1 1 d x", // not the one opposite
            "msg bob/b1 alice/a1 9223372036854775807 d x",
            "absent carol/c1",
            "present alice/a1",
            "bienvenue alice/a1",
        ] {
            assert_eq!(feed(&mut alice, line), "", "{line}");
        }
        assert_eq!(feed(&mut alice, "recu bob/b1 alice/a1 1"), "delivered [1]");
    }

    #[test]
    fn the_outbox_has_a_limit_and_says_so() {
        let mut alice = alice();
        let text = "x".repeat(1000);
        while write(&mut alice, &text).is_ok() {}
        assert_eq!(write(&mut alice, &text), Err(Full));
        assert!(alice.outbox_bytes <= MAX_OUTBOX_BYTES);
        feed(&mut alice, "present bob/b1");
        sent(&mut alice);
        feed(&mut alice, "recu bob/b1 alice/a1 1");
        assert!(write(&mut alice, &text).is_ok());
    }

    #[test]
    fn a_flood_of_strangers_is_forgotten() {
        let mut alice = alice();
        for i in 0..2 * MAX_MET {
            feed(&mut alice, &format!("present p{i}/s"));
        }
        assert_eq!(alice.met.len(), MAX_MET);
        assert!(alice.queues.len() <= MAX_MET + 1);
    }
}
