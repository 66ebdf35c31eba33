//! Who wrote, showed and was told what, and what must hold of it.
//!
//! A *life* is one client's memory: it goes on over restarts of a client that keeps it on disk, and ends with one that
//! does not, or with an old copy put in its place.

use std::collections::HashMap;

/// A person; two clients may bear the same name.
pub(crate) type Person = usize;
pub(crate) type Life = usize;

/// A message: who wrote it, as the how many of that life. It is its own text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Message {
    pub(crate) life: Life,
    pub(crate) number: u64,
}

impl Message {
    pub(crate) fn text(self) -> String {
        // A line feed, for the two forms of a text; the length varies, for the places where a cut can fall.
        let length = if self.number.is_multiple_of(7) { 3000 } else { self.number as usize % 50 };
        format!("{} {}\n{}", self.life, self.number, "x".repeat(length))
    }

    pub(crate) fn read(text: &str) -> Message {
        let (life, rest) = text.split_once(' ').expect("a text of this simulation");
        let (number, _) = rest.split_once('\n').expect("with a line feed");
        let message =
            Message { life: life.parse().expect("a life"), number: number.parse().expect("a number") };
        assert_eq!(message.text(), text, "a text arrives as it was written");
        message
    }
}

struct Written {
    message: Message,
    /// `None` as long as nobody has come.
    to: Option<Person>,
    given_up: bool,
}

#[derive(Default)]
struct LifeRecord {
    person: Person,
    is_over: bool,
    written: Vec<Written>,
    /// The last who was present in this run.
    correspondent: Option<Person>,
    /// In order.
    shown: Vec<Message>,
}

#[derive(Default)]
pub(crate) struct Ledger {
    lives: Vec<LifeRecord>,
    /// Which entry of whose client a message is.
    ids: HashMap<(Life, u64), Message>,
    /// Lives of which an old copy was put back: what it contains may be shown once more.
    copied: Vec<Life>,
}

impl Ledger {
    pub(crate) fn begin_life(&mut self, person: Person) -> Life {
        self.lives.push(LifeRecord { person, ..LifeRecord::default() });
        self.lives.len() - 1
    }

    pub(crate) fn end_life(&mut self, life: Life) {
        self.lives[life].is_over = true;
    }

    /// An old copy of that life goes on as a new one; its entries keep their names.
    pub(crate) fn copy_life(&mut self, old: Life) -> Life {
        self.end_life(old);
        self.copied.push(old);
        let new = self.begin_life(self.lives[old].person);
        let names: Vec<_> =
            self.ids.iter().filter(|((life, _), _)| *life == old).map(|(k, m)| (k.1, *m)).collect();
        self.ids.extend(names.into_iter().map(|(id, message)| ((new, id), message)));
        new
    }

    /// A run of that life begins: it has met nobody yet.
    pub(crate) fn begin_run(&mut self, life: Life) {
        self.lives[life].correspondent = None;
    }

    pub(crate) fn next_message(&self, life: Life) -> Message {
        Message { life, number: self.lives[life].written.len() as u64 + 1 }
    }

    pub(crate) fn wrote(&mut self, life: Life, id: u64) {
        let message = self.next_message(life);
        let to = self.lives[life].correspondent;
        self.lives[life].written.push(Written { message, to, given_up: false });
        self.ids.insert((life, id), message);
    }

    /// Who is opposite, or was last in this run.
    pub(crate) fn correspondent(&self, life: Life) -> Option<Person> {
        self.lives[life].correspondent
    }

    pub(crate) fn joined(&mut self, life: Life, person: Person) {
        let record = &mut self.lives[life];
        record.correspondent = Some(person);
        for written in &mut record.written {
            written.to.get_or_insert(person);
        }
    }

    /// A client shows a message: it is for that person, and follows what it has shown of that life before.
    pub(crate) fn show(&mut self, life: Life, message: Message) {
        let person = self.lives[life].person;
        let is_copy = self.copied.contains(&message.life);
        let written = self.lives[message.life].written.iter().find(|written| written.message == message);
        let to = written.and_then(|written| written.to);
        assert!(is_copy || to == Some(person), "{message:?}, for {to:?}, shown by life {life}");
        let before = self.lives[life].shown.iter().rev().find(|shown| shown.life == message.life);
        assert!(
            is_copy || before.is_none_or(|before| before.number < message.number),
            "life {life} shows {message:?} after {before:?}"
        );
        self.lives[life].shown.push(message);
    }

    /// A client is told that its entry has been shown, which must be true.
    pub(crate) fn delivered(&mut self, life: Life, id: u64) {
        let message = self.ids[&(life, id)];
        assert!(self.is_shown(message), "{message:?} counts as delivered and was never shown");
    }

    /// A client was told that these will not be delivered.
    pub(crate) fn gave_up(&mut self, life: Life, ids: impl Iterator<Item = u64>) {
        for id in ids {
            let message = self.ids[&(life, id)];
            let written = self.lives[message.life].written.iter_mut();
            for written in written.filter(|written| written.message == message) {
                written.given_up = true;
            }
        }
    }

    fn is_shown(&self, message: Message) -> bool {
        self.lives.iter().any(|record| record.shown.contains(&message))
    }

    /// All is quiet and both are there: everything that a client going on wrote for the other has been shown to
    /// somebody of that name.
    pub(crate) fn check_complete(&self, life: Life, to: Person) {
        for written in &self.lives[life].written {
            if written.to == Some(to) && !written.given_up {
                assert!(self.is_shown(written.message), "{:?} was never shown", written.message);
            }
        }
    }
}
