//! What somebody may send who means harm: nothing is written but what was accepted, nothing read but what was offered.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use common::frame::{Body, FileHash, Frame};

use super::simulation::{Client, DATE, bytes, sha};
use super::*;

/// bob, opposite alice, who sends whatever she likes.
struct Bob {
    client: Client,
    now: Instant,
    entries: u64,
}

impl Bob {
    fn new() -> Self {
        let now = Instant::now();
        let mut client = Client::new("bob/b1", now);
        client.receive(b"present alice/a1\n");
        Bob { client, now, entries: 0 }
    }

    fn receive(&mut self, line: &str) {
        self.client.receive(line.as_bytes());
    }

    /// An entry of alice's, numbered.
    fn entry(&mut self, word: &str, rest: &str) {
        self.entries += 1;
        self.receive(&format!("{word} alice/a1 bob/b1 {} {DATE} {rest}", self.entries));
    }

    /// alice offers a file, and bob accepts it.
    fn accept(&mut self, size: u64, hash: FileHash) {
        self.entry("fichier", &format!("{size} {hash} a.bin"));
        self.settle();
    }

    fn block(&mut self, hash: FileHash, position: u64, base64: &str) {
        self.receive(&format!("bloc alice/a1 bob/b1 {hash} {position} {base64}"));
    }

    /// The jobs that are to be done now.
    fn jobs(&mut self) -> Vec<Job> {
        self.client.settle(self.now, Duration::ZERO);
        self.client.disk.jobs.drain(..).map(|(_, job)| job).collect()
    }

    /// Has them done, and what comes of them, and asks for more.
    fn settle(&mut self) {
        self.settle_disk();
        while let Some(Body::Demande { .. }) = self.client.transfers.next_frame(self.now) {}
    }

    fn settle_disk(&mut self) {
        loop {
            let jobs = self.jobs();
            if jobs.is_empty() {
                break;
            }
            for done in jobs.into_iter().filter_map(|job| self.client.disk.run(job)) {
                self.client.transfers.done(done, self.now);
            }
        }
    }

    /// bob offers a file himself.
    fn offer(&mut self, content: &[u8]) -> FileHash {
        let path = PathBuf::from("/envoyes/a.bin");
        self.client.disk.files.insert(path.clone(), content.to_vec());
        self.client.transfers.offer(path, self.client.delivery.correspondent());
        self.settle();
        sha(content)
    }

    /// What bob tells of his files.
    fn issues(&mut self) -> Vec<String> {
        let peer = self.client.delivery.peer().unwrap().clone();
        self.receive(&format!("recu {peer} bob/b1 0"));
        self.client.settle(self.now, Duration::ZERO);
        let mut issues = Vec::new();
        while let Some(frame) = self.client.delivery.next_frame() {
            let line = String::from_utf8(Frame::Relayed(frame).to_line()).unwrap();
            issues.extend(
                line.starts_with("issue").then(|| line.trim_end().rsplit(' ').next().unwrap().to_owned()),
            );
        }
        issues
    }

    fn last(&self) -> &Happened {
        &self.client.events.last().unwrap().what
    }

    fn files(&self) -> Vec<String> {
        self.client.disk.files.keys().map(|path| path.display().to_string()).collect()
    }
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

#[test]
fn only_the_next_bytes_of_what_was_asked_for_are_written() {
    let content = bytes(20_000, 1);
    let (hash, other) = (sha(&content), sha(b"other"));
    let mut bob = Bob::new();
    bob.entry("fichier", &format!("20000 {hash} a.bin"));
    bob.block(hash, 0, &encoded(&content[..100]));
    assert!(!bob.jobs().iter().any(|job| matches!(job, Job::Write(..))), "nothing was accepted yet");

    let mut bob = Bob::new();
    bob.accept(20_000, hash);
    bob.block(hash, 0, &encoded(&content[..100]));
    bob.settle();
    let long = encoded(&vec![0; MAX_BLOCK_BYTES + 1]);
    for (position, block) in [
        (0, encoded(&content[..100])),         // again
        (50, encoded(&content[50..150])),      // overlapping
        (101, encoded(&content[101..150])),    // with a gap
        (19_999, encoded(&content[19_999..])), // not asked for yet
        (u64::MAX >> 1, encoded(b"x")),
        (100, encoded(&content[100..4097])), // more than was asked for
        (100, long),
        (100, String::new()),
        (100, "!!!!".to_owned()),
        (100, "TWE".to_owned()),  // without its padding
        (100, "TWF=".to_owned()), // with bits that say nothing
        (100, "TWFu TWFu".to_owned()),
    ] {
        bob.block(hash, position, &block);
        assert_eq!(bob.jobs(), [], "{position} {block:.20}");
    }
    bob.block(other, 100, &encoded(&content[100..200]));
    bob.receive(&format!("bloc alice/a1 bob/b1 {hash} 99999999999999999999 AAAA"));
    bob.receive(&format!("bloc alice/a1 bob/b1 {} 100 AAAA", "F".repeat(64)));
    bob.receive(&format!("bloc carol/c1 bob/b1 {hash} 100 AAAA"));
    assert_eq!(bob.jobs(), []);

    bob.settle();
    bob.block(hash, 100, &encoded(&content[100..4096]));
    assert_eq!(bob.jobs().len(), 1, "what is right is still taken");
}

#[test]
fn what_is_not_what_was_offered_is_thrown_away() {
    let mut bob = Bob::new();
    bob.accept(1000, sha(b"something else"));
    bob.block(sha(b"something else"), 0, &encoded(&bytes(1000, 1)));
    bob.settle();
    assert_eq!(*bob.last(), Happened::Corrupt);
    assert_eq!(bob.files(), [""; 0]);
    assert_eq!(bob.issues(), ["annule"]);
}

#[test]
fn an_empty_file_is_checked_too() {
    let mut bob = Bob::new();
    bob.accept(0, sha(b""));
    bob.accept(0, sha(b"x"));
    bob.settle();
    assert_eq!(bob.files(), [Path::new("/recus").join("a.bin").display().to_string()]);
    assert_eq!(bob.issues(), ["recu", "annule"]);
}

#[test]
fn a_file_that_never_comes_leaves_nothing_behind() {
    let hash = sha(b"x");
    let mut bob = Bob::new();
    bob.accept((1 << 63) - 1, hash);
    bob.block(hash, 0, &encoded(&bytes(4096, 1)));
    bob.settle();
    assert_eq!(bob.files().len(), 1);
    bob.entry("issue", &format!("{hash} indisponible"));
    bob.settle();
    assert_eq!(*bob.last(), Happened::Unavailable(None));
    assert_eq!(bob.files(), [""; 0]);
    bob.block(hash, 4096, &encoded(&bytes(4096, 1)));
    assert_eq!(bob.jobs(), []);
}

#[test]
fn names_are_made_safe_before_anybody_sees_them() {
    let mut bob = Bob::new();
    for (i, name) in ["../../.bashrc", r"..\\\\..\\\\nul.txt", "", "a\\nb\u{202e}c"].iter().enumerate() {
        bob.entry("fichier", &format!("1 {} {name}", sha(&[i as u8])));
    }
    let jobs = bob.jobs();
    let names = jobs.iter().map(|job| match job {
        Job::Begin(_, target) => target.name.as_str(),
        _ => "",
    });
    assert_eq!(names.collect::<Vec<_>>(), ["bashrc", "_nul.txt", "fichier", "abc"]);
    assert!(
        bob.client
            .events
            .iter()
            .all(|event| !event.name.contains(['.', '\n', '\u{202e}']) || event.name == "_nul.txt")
    );
}

#[test]
fn of_ten_thousand_offers_a_hundred_are_kept() {
    let mut bob = Bob::new();
    for i in 0..10_000u32 {
        bob.entry("fichier", &format!("1 {} a.bin", sha(&i.to_le_bytes())));
        bob.client.events.extend(bob.client.transfers.take_events());
    }
    assert_eq!(bob.client.happened(|what| *what == Happened::Offered), MAX_OPEN);
    assert_eq!(bob.client.happened(|what| *what == Happened::TooMany), 10_000 - MAX_OPEN);
    assert!(bob.issues().iter().all(|code| code == "refuse"));
    assert!(bob.client.delivery.has_ample_room());
}

#[test]
fn the_same_offer_twice_is_one() {
    let mut bob = Bob::new();
    bob.accept(1, sha(b"x"));
    bob.accept(1, sha(b"x"));
    assert_eq!(bob.client.happened(|what| *what == Happened::Offered), 1);
    assert_eq!(bob.files().len(), 1);
}

#[test]
fn only_what_was_offered_to_that_one_is_read() {
    let (mut bob, content) = (Bob::new(), bytes(100_000, 1));
    let hash = bob.offer(&content);
    let demand = |bob: &mut Bob, who: &str, hash: &dyn std::fmt::Display, range: &str| {
        bob.receive(&format!("demande {who} bob/b1 {hash} {range}"));
        bob.jobs()
    };
    bob.settle();
    for (hash, range) in [
        (sha(b"never offered"), "0 4096"),
        (hash, "100000 1"),
        (hash, "9223372036854775807 9223372036854775807"),
        (hash, "9223372036854775808 1"),
        (hash, "0 0"),
        (hash, "-1 5"),
    ] {
        assert_eq!(demand(&mut bob, "alice/a1", &hash, range), [], "{hash} {range}");
    }
    assert_eq!(demand(&mut bob, "alice/a1", &hash.to_string().to_uppercase(), "0 4096"), []);
    assert_eq!(demand(&mut bob, "carol/c1", &hash, "0 4096"), [], "not seated");
    bob.receive("present carol/c1");
    assert_eq!(demand(&mut bob, "carol/c1", &hash, "0 4096"), [], "not offered to her");
    assert_eq!(bob.issues(), [""; 0]);

    bob.receive("present alice/a1");
    let jobs = demand(&mut bob, "alice/a1", &hash, "99999 9223372036854775807");
    assert!(matches!(jobs[..], [Job::Read(_, _, 99_999, 1)]), "{jobs:?}");
}

#[test]
fn a_million_requests_are_answered_once_at_a_time() {
    let (mut bob, content) = (Bob::new(), bytes(5_000_000, 1));
    let hash = bob.offer(&content);
    bob.settle();
    for i in 0..1_000_000u64 {
        bob.receive(&format!("demande alice/a1 bob/b1 {hash} {} 4000000", i % 1000));
    }
    assert_eq!(bob.jobs().len(), 1);
    let done = bob.client.disk.run(Job::Read(1, source("/envoyes/a.bin", 5_000_000), 0, 1000));
    bob.client.transfers.done(done.unwrap(), bob.now);
    let mut given = 0;
    for _ in 0..1000 {
        while let Some(Body::Bloc { base64, .. }) = bob.client.transfers.next_frame(bob.now) {
            given += base64.len() / 4 * 3;
        }
        bob.settle();
    }
    assert!(given <= (1 << 20) + 100, "{given}");
}

#[test]
fn what_was_read_for_an_earlier_request_is_not_sent_for_a_later_one() {
    let (mut bob, content) = (Bob::new(), bytes(100_000, 1));
    let hash = bob.offer(&content);
    bob.receive(&format!("demande alice/a1 bob/b1 {hash} 0 4096"));
    let jobs = bob.jobs();
    bob.receive(&format!("demande alice/a1 bob/b1 {hash} 50000 4096"));
    for done in jobs.into_iter().filter_map(|job| bob.client.disk.run(job)) {
        bob.client.transfers.done(done, bob.now);
    }
    assert_eq!(bob.client.transfers.next_frame(bob.now), None);
    bob.settle_disk();
    let base64 = encoded(&content[50_000..54_096]);
    assert_eq!(
        bob.client.transfers.next_frame(bob.now),
        Some(Body::Bloc { hash, position: 50_000, base64: &base64 })
    );
}

fn source(path: &str, size: u64) -> Source {
    Source { path: PathBuf::from(path), size, modified: std::time::UNIX_EPOCH }
}

#[test]
fn what_has_ended_is_not_read_any_more() {
    for (end, issues) in [("refuse", 0), ("annule", 0), ("recu", 0), ("", 1)] {
        let mut bob = Bob::new();
        let hash = bob.offer(b"abc");
        match end {
            "" => bob.client.transfers.cancel(1),
            code => bob.entry("issue", &format!("{hash} {code}")),
        }
        bob.receive(&format!("demande alice/a1 bob/b1 {hash} 0 3"));
        assert_eq!(bob.jobs(), [], "{end}");
        assert_eq!(bob.issues().len(), issues, "{end}");
    }
}

#[test]
fn a_file_that_has_changed_is_offered_no_longer() {
    let mut bob = Bob::new();
    let hash = bob.offer(b"abc");
    bob.receive(&format!("demande alice/a1 bob/b1 {hash} 0 3"));
    assert_eq!(bob.jobs().len(), 1);
    bob.client.transfers.done(Done::Read(1, 0, Err(FileTrouble::Changed)), bob.now);
    assert_eq!(bob.issues(), ["indisponible"]);
    assert_eq!(*bob.last(), Happened::Unavailable(Some(FileTrouble::Changed)));
}

#[test]
fn what_is_complete_when_the_discussion_ends_is_received() {
    for is_kept in [false, true] {
        let mut bob = Bob::new();
        let hash = sha(b"abc");
        bob.accept(3, hash);
        bob.block(hash, 0, &encoded(b"abc"));
        let written = bob.jobs().into_iter().find_map(|job| bob.client.disk.run(job)).unwrap();
        bob.client.transfers.done(written, bob.now);
        bob.client.transfers.end(is_kept, &[]);
        bob.settle_disk();
        assert!(matches!(bob.last(), Happened::Received(_)), "{:?}", bob.client.events);
        assert_eq!(bob.client.happened(|what| matches!(what, Happened::Interrupted(_))), 0);
    }
}

#[test]
fn received_wins_over_withdrawn() {
    let mut bob = Bob::new();
    let hash = bob.offer(b"abc");
    bob.client.transfers.cancel(1);
    bob.entry("issue", &format!("{hash} recu"));
    bob.settle();
    assert_eq!(*bob.last(), Happened::Delivered);
}

#[test]
fn another_session_of_the_receiver_has_forgotten_the_offer() {
    let mut bob = Bob::new();
    let hash = bob.offer(b"abc");
    // Not shown to anybody yet: whoever of that name comes is offered it.
    bob.receive("present alice/a2");
    bob.receive("recu alice/a2 bob/b1 0");
    while bob.client.delivery.next_frame().is_some() {}
    bob.receive("recu alice/a2 bob/b1 1");
    bob.receive("present alice/a3");
    bob.settle();
    assert_eq!(*bob.last(), Happened::Forgotten);
    bob.receive(&format!("demande alice/a3 bob/b1 {hash} 0 3"));
    bob.receive("present alice/a2");
    bob.receive(&format!("demande alice/a2 bob/b1 {hash} 0 3"));
    bob.receive(&format!("demande alice/a2 bob/b1 {hash} 0 3"));
    assert_eq!(bob.jobs(), []);
    assert_eq!(bob.client.happened(|what| *what == Happened::Forgotten), 1);
    assert_eq!(bob.issues().iter().filter(|code| *code == "indisponible").count(), 1, "told once");
}

#[test]
fn another_session_of_the_one_who_offers_goes_on_if_it_offers_the_same() {
    let content = bytes(10_000, 1);
    let hash = sha(&content);
    let mut bob = Bob::new();
    bob.accept(10_000, hash);
    bob.block(hash, 0, &encoded(&content[..4096]));
    bob.entry("fichier", &format!("1 {} b.bin", sha(b"b")));
    bob.settle();
    bob.client.transfers.accept(2, PathBuf::new());
    bob.receive("present alice/a2");
    bob.settle();
    assert_eq!(bob.client.happened(|what| *what == Happened::Orphaned), 2);
    assert!(!bob.client.transfers.has_frame(), "she has nothing to answer with");
    bob.receive(&format!("fichier alice/a2 bob/b1 1 {DATE} 10000 {hash} a.bin"));
    assert_eq!(
        bob.client.transfers.next_frame(bob.now),
        Some(Body::Demande { hash, position: 4096, length: 4096 })
    );
}
