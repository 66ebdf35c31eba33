//! The delivery rules of one client against a relay that says whatever it likes, in whatever order.
//!
//! Ten minutes of it, from the top of the project, with a nightly compiler and `cargo install cargo-fuzz`:
//!
//! ```sh
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz delivery -- -max_total_time=600
//! ```

#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use common::address::Address;
use common::delivery::{Delivery, Incoming, MAX_OUTBOX_BYTES, MESSAGE_OVERHEAD, MessageId};
use common::frame::{Body, Content, Frame, Relayed};
use common::text::Text;
use libfuzzer_sys::fuzz_target;

const OWN: &str = "alice/a1";
const DATE: &str = "2026-11-20T14:03:07.123+01:00";
/// The last is a run of our own client, which nobody opposite can be.
const ADDRESSES: [&str; 6] = ["bob/b1", "BOB/b2", "bob/b3", "carol/c1", "carol/c2", OWN];
const NUMBERS: [u64; 4] = [0, 1 << 32, (1 << 63) - 2, (1 << 63) - 1];

fuzz_target!(|input: &[u8]| {
    let mut client = Client::new();
    let mut input = input.iter().copied();
    while let Some(step) = input.next() {
        let mut next = || input.next().unwrap_or(0);
        match step % 14 {
            0 | 1 => client.receive(&format!("present {}", address(next()))),
            2 => client.receive(&format!("absent {}", address(next()))),
            3 | 4 => {
                let line = format!("msg {} {OWN} {} {DATE} texte", address(next()), number(next()).max(1));
                client.receive(&line);
            }
            5 | 6 => client.receive(&format!("recu {} {OWN} {}", address(next()), number(next()))),
            7 => client.write(next()),
            8 => client.send(next()),
            9 => client.acknowledge(),
            10 => client.delivery.connection_lost(),
            11 => client.delivery.stop_waiting_for_count(),
            12 => client.receive(&format!("debut {} {OWN} {}", address(next()), number(next()))),
            _ => client.receive(&format!("present p{}/s", next())),
        }
    }
    client.check();
});

fn address(byte: u8) -> &'static str {
    ADDRESSES[usize::from(byte) % ADDRESSES.len()]
}

/// Mostly small; now and then one that jumps.
fn number(byte: u8) -> u64 {
    match byte {
        0..=31 => u64::from(byte),
        _ => NUMBERS[usize::from(byte) % NUMBERS.len()],
    }
}

/// The machine under test, and what it has promised so far.
struct Client {
    delivery: Delivery,
    last_written: MessageId,
    sent: BTreeSet<MessageId>,
    delivered: BTreeSet<MessageId>,
    /// The number of the last message handed out or left out, by address.
    received: BTreeMap<String, u64>,
}

impl Client {
    fn new() -> Self {
        let own = Address::parse(OWN).expect("a valid address").into_owned();
        Client {
            delivery: Delivery::new(own),
            last_written: 0,
            sent: BTreeSet::new(),
            delivered: BTreeSet::new(),
            received: BTreeMap::new(),
        }
    }

    fn receive(&mut self, line: &str) {
        let frame = Frame::parse(line).expect("a valid line");
        let source = match &frame {
            Frame::Relayed(relayed) => relayed.source.to_string(),
            _ => String::new(),
        };
        match self.delivery.handle(&frame) {
            Some(Incoming::Entry(_)) => {
                let Frame::Relayed(Relayed { body: Body::Entry { number, .. }, .. }) = &frame else {
                    panic!("{line} is no entry")
                };
                let received = self.received.entry(source).or_default();
                // `debut` may have raised it, and an address that was forgotten begins again.
                assert!(*number > *received || *number == 1, "{line} after {received}");
                *received = *number;
            }
            Some(Incoming::Delivered(ids)) => {
                for id in ids {
                    assert!(self.sent.contains(&id), "{line}: {id} was never sent");
                    assert!(self.delivered.insert(id), "{line}: {id} was delivered before");
                }
            }
            Some(Incoming::Joined { address, .. }) => assert_ne!(address.as_str(), OWN),
            Some(Incoming::Outdated | Incoming::KnownEnd) => panic!("{line}: there is no earlier run"),
            Some(Incoming::Lost(_) | Incoming::Ended(_) | Incoming::Other(_)) => {}
            None => {
                if let Frame::Relayed(Relayed { body: Body::Debut(number), .. }) = &frame
                    && self.delivery.peer().is_some_and(|peer| peer.to_string() == source)
                {
                    let received = self.received.entry(source).or_default();
                    *received = (*received).max(number.saturating_sub(1));
                }
            }
        }
    }

    /// Mostly short; now and then so long that the outbox is full after a few.
    fn write(&mut self, byte: u8) {
        let length = if byte < 250 { 0 } else { 65_000 };
        let text = format!("{} {}", self.last_written + 1, "x".repeat(length));
        let text = Text::from_plain(&text).expect("short enough");
        if let Ok(id) = self.delivery.write(&Content::Msg { date: DATE, text }) {
            assert_eq!(id, self.last_written + 1);
            self.last_written = id;
        }
    }

    fn send(&mut self, count: u8) {
        let peer = self.delivery.peer().cloned();
        let undelivered = owners(&self.delivery);
        for _ in 0..count {
            let Some(frame) = self.delivery.next_frame() else { return };
            let peer = peer.as_ref().expect("nothing is sent to nobody");
            assert_eq!((frame.source.as_str(), &frame.destination), (OWN, peer));
            match frame.body {
                Body::Entry { content: Content::Unknown { rest, .. }, .. } => {
                    let id = id_of(rest);
                    assert_eq!(undelivered.get(&id), Some(&Some(peer.pseudo())), "only to whom it is for");
                    self.sent.insert(id);
                }
                Body::Recu(number) => {
                    let received = self.received.get(peer.as_str()).copied().unwrap_or(0);
                    assert!(number <= received, "not received yet");
                }
                Body::Debut(number) => assert!(number >= 1),
                other => panic!("{other:?} is not of delivery"),
            }
        }
    }

    fn acknowledge(&mut self) {
        self.delivery.acknowledge();
    }

    /// Nothing written is lost or let go without a reason, and the memory has its limit.
    fn check(&self) {
        let undelivered = owners(&self.delivery);
        let all: BTreeSet<_> = undelivered.keys().chain(&self.delivered).copied().collect();
        assert_eq!(all, (1..=self.last_written).collect(), "each message is kept or was delivered");
        assert_eq!(all.len(), undelivered.len() + self.delivered.len(), "and not both");
        let bytes: usize =
            self.delivery.undelivered().map(|(_, kept)| MESSAGE_OVERHEAD + kept.rest.len()).sum();
        assert!(bytes <= MAX_OUTBOX_BYTES);
        assert_eq!(self.delivery.all_delivered(), undelivered.is_empty());
    }
}

/// For whom each message kept is.
fn owners(delivery: &Delivery) -> BTreeMap<MessageId, Option<common::address::Pseudo>> {
    delivery.undelivered().map(|(to, kept)| (id_of(&kept.rest), to.cloned())).collect()
}

/// Its number, behind the date.
fn id_of(rest: &str) -> MessageId {
    rest.split(' ').nth(1).and_then(|id| id.parse().ok()).expect("a text of this target")
}
