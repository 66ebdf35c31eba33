//! What a client keeps on disk, with real files: whatever it is killed by, the file is as it was behind some commit.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use client::find::Needle;
use client::session::Identity;
use client::store::{Fate, History, Part, Quota, Remembered, Said, Store, Trouble};
use common::address::{Address, Pseudo};
use common::delivery::{Delivery, Incoming, MAX_REMEMBERED, Memory, MessageId, Person};
use common::frame::{Content, FileHash, Frame, Outcome};
use common::text::Text;
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

const DATE: &str = "2026-11-20T14:03:07.123+01:00";

fn pseudo(name: &str) -> Pseudo {
    name.parse().unwrap()
}

fn open(folder: &Path) -> (Store, Remembered) {
    Store::open_in(folder, &pseudo("alice"), Quota::default()).unwrap()
}

fn trouble(folder: &Path) -> Trouble {
    Store::open_in(folder, &pseudo("alice"), Quota::default()).unwrap_err()
}

fn msg(text: &str) -> Content<'_> {
    Content::Msg { date: DATE, text: Text::from_plain(text).unwrap() }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn file_ending(folder: &Path, end: &str) -> PathBuf {
    files(folder).into_iter().find(|file| file.to_string_lossy().ends_with(end)).unwrap()
}

/// What a power cut at this moment would leave.
fn copy(folder: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for file in files(folder).iter().filter(|file| !file.to_string_lossy().ends_with("-shm")) {
        fs::copy(file, copy.path().join(file.file_name().unwrap())).unwrap();
    }
    copy
}

/// All of a memory that outlives a run.
fn lasting(memory: &Memory) -> impl PartialEq + std::fmt::Debug + use<> {
    let person = |person: &Person| {
        let met = person.met.iter().map(|met| (met.address.to_string(), met.received));
        (
            person.pseudo.to_string(),
            person.last,
            person.may_be_sent,
            person.kept.clone(),
            met.collect::<Vec<_>>(),
        )
    };
    let people: Vec<_> = memory.people.iter().map(person).collect();
    (people, memory.unaddressed.clone(), memory.floor, memory.last_id)
}

/// A client that keeps everything.
struct Keeper {
    folder: TempDir,
    store: Store,
    delivery: Delivery,
}

impl Keeper {
    fn new() -> Keeper {
        Keeper::in_folder(TempDir::new().unwrap())
    }

    fn in_folder(folder: TempDir) -> Keeper {
        let (store, remembered) = open(folder.path());
        assert!(remembered.trouble.is_none());
        Keeper {
            folder,
            store,
            delivery: Delivery::remembering(remembered.identity.address, remembered.memory),
        }
    }

    /// Killed and started again.
    fn restart(self) -> Keeper {
        let Keeper { folder, store, .. } = self;
        drop(store);
        Keeper::in_folder(folder)
    }

    fn commit(&mut self) {
        let told = self.store.commit(&self.delivery.take_changes(), &[]);
        assert!(told.is_none(), "{told:?}");
    }

    fn write(&mut self, text: &str) -> MessageId {
        let id = self.delivery.write(&msg(text)).unwrap();
        self.commit();
        id
    }

    /// From the relay; the messages in it.
    fn hear(&mut self, line: &str) -> Vec<String> {
        let shown = hear(&mut self.delivery, line);
        self.commit();
        shown
    }

    fn history(&self) -> History {
        self.store.history().unwrap()
    }

    fn said(&self, with: Option<&str>) -> Vec<String> {
        let with = with.map(pseudo);
        let mut said = self.history().page(with.as_ref(), Part::Latest, usize::MAX >> 1).unwrap();
        said.reverse();
        said.iter().map(|said| said.message().unwrap().to_owned()).collect()
    }
}

fn hear(delivery: &mut Delivery, line: &str) -> Vec<String> {
    let shown = match delivery.handle(&Frame::parse(line).unwrap()) {
        Some(Incoming::Entry(Content::Msg { text, .. })) => vec![text.plain().into_owned()],
        _ => Vec::new(),
    };
    delivery.acknowledge();
    shown
}

/// The hash that is written as 64 times this digit.
fn hash_of(digit: &str) -> FileHash {
    FileHash([u8::from_str_radix(&digit.repeat(2), 16).unwrap(); 32])
}

/// The next line that is on its way from one to the other.
fn next_line(from: &mut Delivery) -> Option<String> {
    let line = Frame::Relayed(from.next_frame()?).to_line();
    Some(String::from_utf8(line).unwrap().trim_end().to_owned())
}

#[test]
fn a_first_run_draws_an_address_and_the_next_one_goes_on_with_it() {
    let folder = TempDir::new().unwrap();
    let (store, first) = open(folder.path());
    assert_eq!(first.memory, Memory::default());
    drop(store);
    let (_store, second) = open(folder.path());
    assert_eq!(second.identity, first.identity);
}

#[test]
fn pseudos_that_are_equal_have_one_file_and_others_have_others() {
    let folder = TempDir::new().unwrap();
    let own = |name: &str| {
        Store::open_in(folder.path(), &pseudo(name), Quota::default()).unwrap().1.identity.address
    };
    let first = own("Éva");
    assert_eq!(own("e\u{301}VA").to_string(), first.to_string().replace("Éva", "éVA"));
    for other in ["eva", "con", "nul", "a.", "李明", &"é".repeat(32)] {
        assert_ne!(own(other), first);
    }
    for file in files(folder.path()) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name.starts_with("historique-") && name.is_ascii() && name.len() < 100, "{name}");
    }
    let mut owners: Vec<String> = History::owners(folder.path()).iter().map(Pseudo::to_string).collect();
    owners.sort();
    assert_eq!(owners.len(), 7, "{owners:?}");
    assert!(owners.contains(&"éVA".to_owned()), "{owners:?}");
}

#[test]
fn nobody_else_can_read_the_files() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("a/b");
    let (mut store, remembered) = open(&folder);
    let mut delivery = Delivery::remembering(remembered.identity.address, remembered.memory);
    delivery.write(&msg("secret")).unwrap();
    assert!(store.commit(&delivery.take_changes(), &[]).is_none());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(files(&folder).len(), 4, "{:?}", files(&folder));
    for file in files(&folder) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn what_was_received_and_may_not_have_been_shown_is_known_to_the_next_run() {
    let folder = TempDir::new().unwrap();
    let (mut store, remembered) = open(folder.path());
    let mut delivery = Delivery::remembering(remembered.identity.address, remembered.memory);
    let own = delivery.own().to_string();
    hear(&mut delivery, "present bob/b1");
    for (n, is_shown) in [(1, true), (2, true), (3, false)] {
        hear(&mut delivery, &format!("msg bob/b1 {own} {n} {DATE} texte"));
        assert!(store.commit(&delivery.take_changes(), &[]).is_none());
        if is_shown {
            store.shown();
        }
    }
    drop(store);
    let (mut store, remembered) = open(folder.path());
    assert_eq!(remembered.shown, 2);
    hear(&mut delivery, &format!("msg bob/b1 {own} 4 {DATE} texte"));
    assert!(store.commit(&delivery.take_changes(), &[]).is_none());
    store.shown();
    drop(store);
    assert_eq!(open(folder.path()).1.shown, 4);
    // A file without what stands beside it.
    fs::remove_file(file_ending(folder.path(), ".verrou")).unwrap();
    assert_eq!(open(folder.path()).1.shown, 4);
}

#[test]
fn what_was_written_to_whoever_comes_first_waits_for_him_from_then_on() {
    let mut alice = Keeper::new();
    alice.write("un");
    alice.write("deux");
    let mut alice = alice.restart();
    assert_eq!(alice.delivery.memory().unaddressed.len(), 2);
    assert_eq!(alice.said(None), ["un", "deux"]);
    assert_eq!(alice.said(Some("bob")), [""; 0]);
    alice.hear("present Bob/b1");
    alice.write("trois");
    let alice = alice.restart();
    let bob = &alice.delivery.memory().people[0];
    assert_eq!(
        bob.kept.iter().map(|kept| (kept.number, kept.id)).collect::<Vec<_>>(),
        [(1, 1), (2, 2), (3, 3)]
    );
    assert_eq!(alice.said(Some("bob")), ["un", "deux", "trois"]);
}

#[test]
fn who_is_forgotten_leaves_nothing_but_what_was_said() {
    let mut alice = Keeper::new();
    alice.hear("present bob/b1");
    alice.write("salut");
    let own = alice.delivery.own().to_string();
    assert!(alice.hear(&format!("msg bob/b1 {own} 1 {DATE} oui")).len() == 1);
    assert!(alice.delivery.next_frame().is_some());
    alice.delivery.stop_waiting_for_count();
    while alice.delivery.next_frame().is_some() {}
    alice.hear(&format!("recu bob/b1 {own} 1"));
    for i in 0..MAX_REMEMBERED + 10 {
        hear(&mut alice.delivery, &format!("present inconnu{i}/x"));
    }
    alice.commit();
    let memory = alice.delivery.memory().clone();
    assert_eq!(memory.floor, 1);
    let mut alice = alice.restart();
    assert_eq!(lasting(alice.delivery.memory()), lasting(&memory));
    // Nobody of those who said nothing, and bob for what he said.
    assert_eq!(alice.said(Some("bob")), ["salut", "oui"]);
    alice.hear("present BOB/b2");
    alice.write("encore toi");
    assert_eq!(alice.delivery.memory().people.last().unwrap().last, 2, "above the floor");
    let expected = lasting(alice.delivery.memory());
    let alice = alice.restart();
    assert_eq!(lasting(alice.delivery.memory()), expected);
    assert_eq!(alice.said(Some("bob")), ["salut", "oui", "encore toi"]);
}

#[test]
fn a_message_bears_what_has_become_of_it() {
    let mut alice = Keeper::new();
    alice.hear("present bob/b1");
    let own = alice.delivery.own().to_string();
    for text in ["un", "deux", "trois"] {
        alice.write(text);
    }
    alice.delivery.stop_waiting_for_count();
    while alice.delivery.next_frame().is_some() {}
    let fates = |alice: &Keeper| -> Vec<Option<Fate>> {
        let said = alice.history().page(None, Part::After(0), 10).unwrap();
        said.iter().map(|said| said.own.map(|(_, fate)| fate)).collect()
    };
    alice.hear(&format!("recu bob/b1 {own} 1"));
    alice.hear(&format!("msg bob/b1 {own} 1 {DATE} oui"));
    use Fate::{Delivered, GivenUp, Waiting};
    assert_eq!(fates(&alice), [Some(Delivered), Some(Waiting), Some(Waiting), None]);
    alice.hear(&format!("recu bob/b1 {own} 2"));
    alice.delivery.end();
    alice.commit();
    assert_eq!(fates(&alice), [Some(Delivered), Some(Delivered), Some(GivenUp), None]);
    assert_eq!(fates(&alice.restart()), [Some(Delivered), Some(Delivered), Some(GivenUp), None]);
}

#[test]
fn pages_go_backward_and_forward_and_by_person() {
    let mut alice = Keeper::new();
    for i in 0..10 {
        alice.hear(if i % 2 == 0 { "present bob/b1" } else { "present carol/c1" });
        alice.write(&i.to_string());
    }
    let history = alice.history();
    let texts =
        |said: Vec<Said>| said.iter().map(|said| said.message().unwrap().to_owned()).collect::<String>();
    let page = |with: Option<&str>, part, count| {
        texts(history.page(with.map(pseudo).as_ref(), part, count).unwrap())
    };
    assert_eq!(page(None, Part::Latest, 3), "987");
    assert_eq!(page(None, Part::Before(8), 3), "654");
    assert_eq!(page(None, Part::After(8), 5), "89");
    assert_eq!(page(Some("Bob"), Part::Latest, 2), "86");
    assert_eq!(page(Some("bob"), Part::Before(7), 9), "420");
    assert_eq!(page(Some("carol"), Part::After(0), 2), "13");
    assert_eq!(page(Some("dave"), Part::Latest, 9), "");
    let said = &history.page(None, Part::Latest, 1).unwrap()[0];
    assert_eq!((said.with.clone(), said.date.timestamp_millis()), (Some(pseudo("carol")), 1_795_179_787_123));
}

#[test]
fn words_are_found_in_both_directions() {
    let mut alice = Keeper::new();
    for (who, text) in [("bob", "L'été"), ("carol", "un ete"), ("bob", "ETE\nlong"), ("bob", "rien")] {
        alice.hear(&format!("present {who}/1"));
        alice.write(text);
    }
    let (history, needle) = (alice.history(), Needle::new("Été").unwrap());
    let find = |with: Option<&str>, part| history.find(with.map(pseudo).as_ref(), &needle, part).unwrap();
    assert_eq!(find(None, Part::Latest), Some(3));
    assert_eq!(find(None, Part::Before(3)), Some(2));
    assert_eq!(find(Some("bob"), Part::Before(3)), Some(1));
    assert_eq!(find(Some("bob"), Part::Before(1)), None);
    assert_eq!(find(Some("bob"), Part::After(1)), Some(3));
    assert_eq!(find(Some("dave"), Part::Latest), None);
}

#[test]
fn what_was_received_after_an_erasure_and_not_shown_is_known_to_the_next_run() {
    let mut alice = Keeper::new();
    alice.hear("present bob/b1");
    for number in 1..=5 {
        alice.hear(&format!("msg bob/b1 {} {number} {DATE} avant", alice.delivery.own()));
    }
    alice.store.shown();
    alice.history().erase(None).unwrap();
    alice.hear(&format!("msg bob/b1 {} 6 {DATE} après", alice.delivery.own()));
    let Keeper { folder, store, .. } = alice;
    drop(store);
    let (store, remembered) = open(folder.path());
    let unseen = store.history().unwrap().page(None, Part::After(remembered.shown), 10).unwrap();
    assert_eq!(unseen.iter().map(Said::message).collect::<Vec<_>>(), [Some("après")]);
}

#[test]
fn what_happened_to_files_is_told_by_their_names() {
    let mut alice = Keeper::new();
    let hash = |digit: &str| digit.repeat(64);
    alice.hear("present bob/b1");
    for (number, digit, name) in [(1, "1", "../un.txt"), (2, "2", "deux.txt"), (3, "3", "trois.txt")] {
        alice.hear(&format!(
            "fichier bob/b1 {} {number} {DATE} 2000 {} {name}",
            alice.delivery.own(),
            hash(digit)
        ));
    }
    // The same content is offered in the other direction, too.
    let own = Content::Fichier {
        date: DATE,
        size: 2000,
        hash: hash_of("1"),
        name: Text::from_plain("à moi").unwrap(),
    };
    alice.delivery.write(&own).unwrap();
    for (digit, outcome) in [("1", Outcome::Recu), ("2", Outcome::Refuse)] {
        alice.delivery.write(&Content::Issue { date: DATE, hash: hash_of(digit), outcome }).unwrap();
    }
    alice.commit();
    for (number, digit, code) in [(4, "3", "indisponible"), (5, "1", "recu"), (6, "9", "recu")] {
        alice.hear(&format!("issue bob/b1 {} {number} {DATE} {} {code}", alice.delivery.own(), hash(digit)));
    }
    let page = alice.history().page(None, Part::After(0), 100).unwrap();
    let told: Vec<String> = page.iter().filter_map(Said::file).map(|file| file.to_string()).collect();
    assert_eq!(
        told,
        [
            "bob propose « un.txt » (2 ko).",
            "bob propose « deux.txt » (2 ko).",
            "bob propose « trois.txt » (2 ko).",
            "« à moi » (2 ko) est proposé à bob.",
            "« un.txt » (2 ko) est reçu.",
            "« deux.txt » est refusé.",
            "bob ne propose plus « trois.txt » : il l'a retiré, modifié ou supprimé.",
            "bob a reçu « à moi » (2 ko).",
        ]
    );
}

#[test]
fn what_is_erased_is_gone_from_the_disk_and_what_waits_still_waits() {
    let mut alice = Keeper::new();
    alice.hear("present carol/c1");
    alice.write("gardez ceci");
    alice.hear("present bob/b1");
    let own = alice.delivery.own().to_string();
    alice.hear(&format!("msg bob/b1 {own} 1 {DATE} tres-secret"));
    alice.write("en route");
    alice.history().erase(Some(&pseudo("bob"))).unwrap();
    for file in files(alice.folder.path()) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(11).any(|part| part == b"tres-secret"), "{}", file.display());
    }
    assert_eq!(alice.said(None), ["gardez ceci"]);
    // The client goes on.
    alice.write("la suite");
    assert_eq!(alice.said(None), ["gardez ceci", "la suite"]);
    let alice = alice.restart();
    assert_eq!(alice.delivery.memory().people[1].kept.len(), 2);
    alice.history().erase(None).unwrap();
    assert_eq!(alice.said(None), [""; 0]);
    assert_eq!(alice.restart().delivery.undelivered().count(), 3);
}

#[test]
fn beyond_the_limit_the_oldest_goes_and_that_is_said_once() {
    for limits in [Quota { messages: 200, bytes: 1 << 30 }, Quota { messages: 1000, bytes: 600 }] {
        let folder = TempDir::new().unwrap();
        let (mut store, remembered) = Store::open_in(folder.path(), &pseudo("alice"), limits).unwrap();
        let mut delivery = Delivery::remembering(remembered.identity.address, remembered.memory);
        let mut told = Vec::new();
        hear(&mut delivery, "present carol/c1");
        delivery.write(&msg("à carol")).unwrap();
        hear(&mut delivery, "present bob/b1");
        for i in 100..500 {
            delivery.write(&msg(&i.to_string())).unwrap();
            told.extend(store.commit(&delivery.take_changes(), &[]));
        }
        assert!(matches!(&told[..], [Trouble::Trimmed(who)] if *who == pseudo("bob")), "{told:?}");
        let bob = store.history().unwrap().page(Some(&pseudo("bob")), Part::Latest, 1000).unwrap();
        assert!((198..=200).contains(&bob.len()), "{}", bob.len());
        assert_eq!(bob[0].message(), Some("499"));
        assert_eq!(store.history().unwrap().page(Some(&pseudo("carol")), Part::Latest, 9).unwrap().len(), 1);
        assert_eq!(delivery.undelivered().count(), 401);
    }
}

#[test]
fn a_second_client_of_the_same_pseudo_is_told() {
    let folder = TempDir::new().unwrap();
    let (store, _) = open(folder.path());
    let told = trouble(folder.path());
    assert!(matches!(told, Trouble::InUse(_)), "{told:?}");
    assert!(told.to_string().contains("alice discute déjà"), "{told}");
    // Reading is not kept from anybody.
    assert!(History::open(folder.path(), &pseudo("alice")).unwrap().is_some());
    drop(store);
    open(folder.path());
}

#[test]
fn a_damaged_file_is_kept_aside_and_a_new_one_begun() {
    for damage in [&b"ceci n'est pas une base"[..], &[0; 5000], b"SQLite format 3\0 mais pas la suite"] {
        let folder = TempDir::new().unwrap();
        drop(open(folder.path()));
        let file = file_ending(folder.path(), ".sqlite");
        fs::write(&file, damage).unwrap();
        let (_store, remembered) = open(folder.path());
        let Some(Trouble::Replaced(aside)) = &remembered.trouble else { panic!("{:?}", remembered.trouble) };
        assert_eq!(fs::read(aside).unwrap(), damage);
        assert!(remembered.trouble.as_ref().unwrap().to_string().contains(aside.to_str().unwrap()));
        assert_eq!(History::owners(folder.path()), [pseudo("alice")]);
    }
}

#[test]
fn what_was_kept_and_is_gone_is_told() {
    let mut alice = Keeper::new();
    alice.hear("present bob/b1");
    alice.hear(&format!("msg bob/b1 {} 1 {DATE} Salut", alice.delivery.own()));
    alice.store.shown();
    let Keeper { folder, store, .. } = alice;
    drop(store);
    fs::write(file_ending(folder.path(), ".sqlite"), "").unwrap();
    let (store, remembered) = open(folder.path());
    assert!(matches!(remembered.trouble, Some(Trouble::Vanished(_))), "{:?}", remembered.trouble);
    drop(store);
    assert!(open(folder.path()).1.trouble.is_none(), "told once");
}

#[test]
fn a_file_of_a_later_version_is_left_alone() {
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()));
    let file = file_ending(folder.path(), ".sqlite");
    let mut bytes = fs::read(&file).unwrap();
    // The user_version, by the file format's description.
    bytes[60..64].copy_from_slice(&99u32.to_be_bytes());
    fs::write(&file, &bytes).unwrap();
    assert!(matches!(trouble(folder.path()), Trouble::Later(_)));
    assert_eq!(fs::read(&file).unwrap(), bytes);
    let unreadable = History::open(folder.path(), &pseudo("alice")).unwrap_err().to_string();
    assert!(unreadable.contains("une autre version"), "{unreadable}");
}

#[test]
fn after_a_run_the_one_file_holds_everything() {
    let mut alice = Keeper::new();
    alice.write("Salut");
    // The front reads it as long as the program lasts.
    let reading = alice.history();
    assert_eq!(reading.page(None, Part::Latest, 1).unwrap().len(), 1);
    let Keeper { folder, store, .. } = alice;
    drop(store);
    let elsewhere = TempDir::new().unwrap();
    let file = file_ending(folder.path(), ".sqlite");
    fs::copy(&file, elsewhere.path().join(file.file_name().unwrap())).unwrap();
    let copied = History::open(elsewhere.path(), &pseudo("alice")).unwrap().unwrap();
    assert_eq!(copied.page(None, Part::Latest, 9).unwrap()[0].message(), Some("Salut"));
    // Not a later version's, as one might think.
    fs::write(elsewhere.path().join(file.file_name().unwrap()), "").unwrap();
    let complaint = History::open(elsewhere.path(), &pseudo("alice")).unwrap_err().to_string();
    assert!(complaint.contains("il est vide"), "{complaint}");
}

#[test]
fn a_file_of_an_earlier_version_is_gone_on_with() {
    let mut alice = Keeper::new();
    alice.hear("present bob/b1");
    alice.hear(&format!("recu bob/b1 {} 0", alice.delivery.own()));
    alice.write("Salut");
    let Keeper { folder, store, delivery } = alice;
    drop(store);
    let db = Connection::open(file_ending(folder.path(), ".sqlite")).unwrap();
    let as_it_was =
        "ALTER TABLE person DROP COLUMN may_be_sent; DROP INDEX offers_of; PRAGMA user_version = 1";
    db.execute_batch(as_it_was).unwrap();
    drop(db);
    let printed = History::open(folder.path(), &pseudo("alice")).unwrap().unwrap();
    assert_eq!(printed.page(None, Part::Latest, 10).unwrap().len(), 1, "read as it is");
    drop(printed);
    let (_store, remembered) = open(folder.path());
    assert_eq!(lasting(&remembered.memory), lasting(delivery.memory()));
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("fichier");
    fs::write(&file, "").unwrap();
    let told = trouble(&file.join("dossier"));
    assert!(matches!(told, Trouble::Unwritable(..)), "{told:?}");
    assert!(told.to_string().contains("MESSAGERIE_DONNEES"), "{told}");
}

#[test]
fn a_file_that_turns_out_to_be_damaged_is_kept_and_the_rest_is_not() {
    let mut alice = Keeper::new();
    alice.write("un");
    let file = file_ending(alice.folder.path(), ".sqlite");
    Connection::open(&file).unwrap().execute_batch("DROP TABLE queue").unwrap();
    alice.delivery.write(&msg("deux")).unwrap();
    let told = alice.store.commit(&alice.delivery.take_changes(), &[]);
    let Some(Trouble::Damaged(aside)) = told else { panic!("{told:?}") };
    assert!(aside.exists() && !file.exists());
    alice.delivery.write(&msg("trois")).unwrap();
    assert!(alice.store.commit(&alice.delivery.take_changes(), &[]).is_none(), "told once");
    assert_eq!(alice.restart().said(None), [""; 0]);
}

#[test]
fn a_run_that_could_not_keep_everything_is_not_continued_as_if_it_had() {
    let mut alice = Keeper::new();
    alice.hear("present bob/b1");
    alice.write("un");
    let file = file_ending(alice.folder.path(), ".sqlite");
    let db = Connection::open(&file).unwrap();
    db.execute_batch("CREATE TRIGGER t BEFORE INSERT ON queue BEGIN SELECT raise(ABORT, 'panne'); END")
        .unwrap();
    alice.delivery.write(&msg("deux")).unwrap();
    let told = alice.store.commit(&alice.delivery.take_changes(), &[]);
    assert!(matches!(told, Some(Trouble::Failed(_))), "{told:?}");
    db.execute_batch("DROP TRIGGER t").unwrap();
    let before = alice.delivery.own().clone();
    let alice = alice.restart();
    // Both messages may have been delivered since, and further ones, numbered 3 and on.
    assert_ne!(*alice.delivery.own(), before);
    assert!(alice.delivery.all_delivered());
    assert_eq!(alice.said(Some("bob")), ["un"]);
    let own = alice.delivery.own().clone();
    assert_eq!(*alice.restart().delivery.own(), own, "once");
}

/// One thing that happens to alice, who keeps everything, or to those opposite, who forget nothing as long as they run.
#[derive(Clone, Debug)]
enum Step {
    AliceWrites(u8),
    PeerWrites(u8),
    /// This many lines on their way to the peer, and to alice, arrive.
    Lines(u8, u8),
    Seat(usize),
    Cut,
    GiveUp,
    Renew,
    Restart,
    /// The power fails, and comes back with what the disk holds.
    PowerCut,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..5u8).prop_map(Step::AliceWrites),
        4 => (1..5u8).prop_map(Step::PeerWrites),
        8 => (0..8u8, 0..8u8).prop_map(|(there, back)| Step::Lines(there, back)),
        3 => (0..3usize).prop_map(Step::Seat),
        1 => Just(Step::Cut),
        1 => Just(Step::GiveUp),
        1 => Just(Step::Renew),
        1 => Just(Step::Restart),
        1 => Just(Step::PowerCut),
    ]
}

/// What alice's history should hold.
#[derive(Default)]
struct Ledger {
    said: Vec<(Option<MessageId>, String)>,
    given_up: BTreeSet<MessageId>,
}

impl Ledger {
    fn check(&self, alice: &Keeper) {
        let waiting: BTreeSet<MessageId> = alice.delivery.undelivered().map(|(_, kept)| kept.id).collect();
        let fate = |id| match () {
            () if waiting.contains(&id) => (id, Fate::Waiting),
            () if self.given_up.contains(&id) => (id, Fate::GivenUp),
            () => (id, Fate::Delivered),
        };
        let expected: Vec<_> = self.said.iter().map(|(id, text)| (id.map(fate), text.as_str())).collect();
        let said = alice.history().page(None, Part::After(0), 10_000).unwrap();
        let kept: Vec<_> = said.iter().map(|said| (said.own, said.message().unwrap())).collect();
        assert_eq!(kept, expected);
    }
}

fn run(steps: &[Step]) {
    let mut alice = Keeper::new();
    let mut peers = ["bob/b1", "carol/c1", "BOB/b2"].map(|name| Delivery::new(Address::parse(name).unwrap()));
    let (mut ledger, mut seated, mut count) = (Ledger::default(), None, 0);
    let mut text = || {
        count += 1;
        format!("message n° {count}")
    };
    for step in steps {
        match *step {
            Step::AliceWrites(n) => {
                for text in (0..n).map(|_| text()) {
                    ledger.said.push((Some(alice.write(&text)), text));
                }
            }
            Step::PeerWrites(n) => {
                let Some(peer) = seated.map(|peer: usize| &mut peers[peer]) else { continue };
                for _ in 0..n {
                    peer.write(&msg(&text())).unwrap();
                }
            }
            Step::Lines(there, back) => {
                let Some(peer) = seated.map(|peer: usize| &mut peers[peer]) else { continue };
                for _ in 0..there {
                    next_line(&mut alice.delivery).map(|line| hear(peer, &line));
                }
                for line in (0..back).map_while(|_| next_line(peer)).collect::<Vec<_>>() {
                    ledger.said.extend(alice.hear(&line).into_iter().map(|text| (None, text)));
                }
            }
            Step::Seat(peer) => {
                peers[peer].handle(&Frame::Present(alice.delivery.own().borrowed()));
                alice.hear(&format!("present {}", peers[peer].own()));
                seated = Some(peer);
            }
            Step::Cut => seated = None,
            Step::GiveUp => {
                ledger.given_up.extend(alice.delivery.lost_by_ending().map(|(_, kept)| kept.id));
                alice.delivery.end();
                alice.commit();
            }
            Step::Renew => {
                let new = Identity::new(&pseudo("alice"));
                alice.delivery.renew(new.address, &new.key);
                alice.commit();
                seated = None;
            }
            Step::Restart | Step::PowerCut => {
                let before = (alice.delivery.own().to_string(), lasting(alice.delivery.memory()));
                alice = match step {
                    Step::Restart => alice.restart(),
                    _ => Keeper::in_folder(copy(alice.folder.path())),
                };
                assert_eq!((alice.delivery.own().to_string(), lasting(alice.delivery.memory())), before);
                seated = None;
            }
        }
        if seated.is_none() {
            alice.delivery.connection_lost();
            peers.iter_mut().for_each(Delivery::connection_lost);
        }
    }
    ledger.check(&alice);
    let before = lasting(alice.delivery.memory());
    let alice = alice.restart();
    assert_eq!(lasting(alice.delivery.memory()), before);
    ledger.check(&alice);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_reopened_is_what_was_remembered(steps in prop::collection::vec(step(), 1..60)) {
        run(&steps);
    }

    /// However much of the last writes is missing, the file is as it was behind one of the commits.
    #[test]
    fn a_torn_log_is_the_state_behind_some_commit(tears in prop::collection::vec(0.0..1.0f64, 4)) {
        let mut alice = Keeper::new();
        let mut states = vec![lasting(alice.delivery.memory())];
        alice.hear("present bob/b1");
        for i in 0..12 {
            states.push(lasting(alice.delivery.memory()));
            alice.write(&i.to_string().repeat(500 * i));
        }
        states.push(lasting(alice.delivery.memory()));
        for tear in tears {
            let copy = copy(alice.folder.path());
            let log = OpenOptions::new().write(true).open(file_ending(copy.path(), "-wal")).unwrap();
            let length = log.metadata().unwrap().len();
            log.set_len((length as f64 * tear) as u64).unwrap();
            let torn = lasting(&open(copy.path()).1.memory);
            prop_assert!(states.contains(&torn), "{torn:?}");
        }
    }
}
