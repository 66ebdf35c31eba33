//! What was said: the entries as they are kept.

use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;
use std::rc::Rc;

use chrono::{DateTime, Datelike, Local, NaiveDate};
use client::files::FileEvent;
use client::store::Fate;
use common::address::Pseudo;
use common::delivery::MessageId;
use common::text::harmless;

use super::file::FileRow;

/// How many entries are kept at most.
const MAX_ENTRIES: usize = 200_000;
/// How many bytes of text they may have together.
const MAX_TEXT_BYTES: usize = 64 << 20;
/// What stands in the place of those that are gone.
const GONE: &str = "Ce qui a été dit avant n'est plus gardé ici.";

/// Something to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A message of one's own; it counts as on its way until it is marked as delivered.
    Own {
        /// Its name in the link.
        id: MessageId,
        /// When it was written.
        date: DateTime<Local>,
        /// As it was written.
        text: String,
    },
    /// A message of the other one.
    Other {
        /// Who wrote it.
        name: String,
        /// When it was written.
        date: DateTime<Local>,
        /// As it was written.
        text: String,
    },
    /// A file that is offered, in one direction or the other; [`super::Display::update_file`] says what becomes of it.
    File {
        /// When it was offered.
        date: DateTime<Local>,
        /// What happened to it last.
        file: FileEvent,
    },
    /// What the program has to say.
    Notice {
        /// When it happened.
        date: DateTime<Local>,
        /// A sentence.
        text: String,
    },
}

/// A message that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// It is one's own.
    pub(crate) own: bool,
    /// When it was written.
    pub(crate) date: DateTime<Local>,
    /// As it is shown.
    pub(crate) text: String,
}

impl Entry {
    /// Whether it is from one's own user.
    pub(super) fn is_own(&self) -> bool {
        matches!(self, Entry::Own { .. } | Entry::File { file: FileEvent { is_own: true, .. }, .. })
    }

    /// Whether it is from the other one.
    pub(crate) fn is_other(&self) -> bool {
        matches!(self, Entry::Other { .. } | Entry::File { file: FileEvent { is_own: false, .. }, .. })
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Own(Fate),
    Other(Rc<str>),
    File(Box<FileRow>),
    Notice,
}

impl Kind {
    pub(super) fn is_own(&self) -> bool {
        match self {
            Kind::Own(_) => true,
            Kind::File(row) => row.file.is_own,
            Kind::Other(_) | Kind::Notice => false,
        }
    }

    /// The other one, if it is his.
    pub(super) fn other(&self) -> Option<&str> {
        match self {
            Kind::Other(name) => Some(name),
            Kind::File(row) if !row.file.is_own => row.file.with.as_ref().map(Pseudo::as_str),
            _ => None,
        }
    }
}

/// An entry as it is kept: the text once, in the form that is shown.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) kind: Kind,
    pub(super) date: DateTime<Local>,
    pub(super) text: Box<str>,
    /// How many characters and line feeds the text has, for a guess at its height.
    pub(super) chars: u32,
    pub(super) feeds: u32,
    /// Where the user left off: « nouveaux messages » is written above it.
    pub(super) starts_new: bool,
    /// The day is written above it.
    pub(super) starts_day: bool,
    /// The speaker's name is written above it.
    pub(super) starts_turn: bool,
}

impl Stored {
    fn new(
        kind: Kind,
        date: DateTime<Local>,
        text: Box<str>,
        (starts_day, starts_turn): (bool, bool),
    ) -> Self {
        let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let feeds = u32::try_from(text.bytes().filter(|b| *b == b'\n').count()).unwrap_or(u32::MAX);
        Stored { kind, date, text, chars, feeds, starts_new: false, starts_day, starts_turn }
    }

    /// The name under which the entry stands; notices have none.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Notice => None,
            _ if self.is_own() => Some("Vous"),
            kind => kind.other(),
        }
    }

    pub(super) fn is_own(&self) -> bool {
        self.kind.is_own()
    }

    /// What became of it, if it is one's own.
    pub(super) fn fate(&self) -> Option<Fate> {
        match &self.kind {
            Kind::Own(fate) => Some(*fate),
            Kind::File(row) => row.fate(),
            Kind::Other(_) | Kind::Notice => None,
        }
    }

    /// How much of a file is there, from 0 to 1, while it is under way.
    pub(super) fn progress(&self) -> Option<f64> {
        let Kind::File(row) = &self.kind else { return None };
        row.progress()
    }

    /// The time that stands beside every entry.
    pub(super) fn time(&self) -> String {
        self.date.format("%H:%M").to_string()
    }

    /// The full date and time, and for one's own message whether it has arrived: nobody knows whether it was read.
    pub(super) fn hint(&self) -> String {
        let date = self.date.format("%d/%m/%Y %H:%M:%S");
        match self.kind {
            Kind::Own(Fate::Waiting) => format!("{date} · pas encore remis"),
            Kind::Own(Fate::Delivered) => format!("{date} · remis, pas forcément lu"),
            Kind::Own(Fate::GivenUp) => format!("{date} · non remis"),
            Kind::Other(_) | Kind::File(_) | Kind::Notice => date.to_string(),
        }
    }

    /// The day of the entry: « vendredi 20 novembre 2026 ».
    pub(super) fn day(&self) -> String {
        french_day(self.date.date_naive())
    }

    /// Appends `[2026-11-20 14:03:07] bob : texte` and a line feed, with that part of the text.
    fn write_line(&self, part: Range<usize>, to: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(to, "[{}] ", self.date.format("%Y-%m-%d %H:%M:%S"));
        if let Some(name) = self.name() {
            to.push_str(name);
            to.push_str(" : ");
        }
        to.push_str(self.text.get(part).unwrap_or_default());
        to.push('\n');
    }
}

/// All entries, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Entries {
    stored: Vec<Stored>,
    text_bytes: usize,
    /// Where one's own messages stand that are on their way.
    on_their_way: HashMap<MessageId, usize>,
    /// The first that is new to the user.
    first_new: Option<usize>,
}

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.stored.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Stored> {
        self.stored.get(index)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Stored> {
        self.stored.iter()
    }

    /// Takes an entry in and gives it as it is kept.
    pub(super) fn push(&mut self, entry: Entry) -> &Stored {
        let last = self.stored.last();
        let (kind, date, text) = match entry {
            Entry::Own { id, date, text } => {
                self.on_their_way.insert(id, self.stored.len());
                (Kind::Own(Fate::Waiting), date, text)
            }
            Entry::Other { name, date, text } => {
                // As a rule it is the same name again: kept once.
                let name = match last.map(|last| &last.kind) {
                    Some(Kind::Other(same)) if **same == *name => Rc::clone(same),
                    _ => harmless(&name).replace('\n', "␊").into(),
                };
                (Kind::Other(name), date, text)
            }
            Entry::File { date, file } => {
                let (row, text) = FileRow::new(file);
                (Kind::File(Box::new(row)), date, text)
            }
            Entry::Notice { date, text } => (Kind::Notice, date, text),
        };
        let starts = starts(last, &kind, date);
        let text: Box<str> = match harmless(&text) {
            std::borrow::Cow::Borrowed(_) => text.into(),
            std::borrow::Cow::Owned(shown) => shown.into(),
        };
        self.text_bytes += text.len();
        self.stored.push(Stored::new(kind, date, text, starts));
        &self.stored[self.stored.len() - 1]
    }

    /// Takes in what was said before all these, with what became of it where it is one's own. Gives how far these have
    /// moved from the start: not at all if there is no room.
    pub(super) fn prepend(&mut self, older: Vec<(Entry, Fate)>) -> usize {
        let mut before = Entries::default();
        for (entry, fate) in older {
            let (index, id) = (before.len(), own_id(&entry));
            before.push(entry);
            if let Some(id) = id.filter(|_| fate != Fate::Waiting) {
                before.on_their_way.remove(&id);
                before.stored[index].kind = Kind::Own(fate);
            }
        }
        let moved = before.len();
        let bytes = self.text_bytes + before.text_bytes;
        if moved + self.len() > MAX_ENTRIES || bytes > MAX_TEXT_BYTES {
            return 0;
        }
        if let Some(first) = self.stored.first_mut() {
            (first.starts_day, first.starts_turn) = starts(before.stored.last(), &first.kind, first.date);
        }
        self.text_bytes = bytes;
        self.stored.splice(..0, before.stored);
        self.on_their_way.values_mut().for_each(|index| *index += moved);
        self.on_their_way.extend(before.on_their_way);
        self.first_new = self.first_new.map(|first| first + moved);
        moved
    }

    /// When there are too many, lets go of the oldest, about a quarter, and puts a notice in the place of the last of
    /// them. Gives how far the others have moved towards the start.
    pub(super) fn forget_oldest(&mut self) -> usize {
        if self.stored.len() <= MAX_ENTRIES && self.text_bytes <= MAX_TEXT_BYTES {
            return 0;
        }
        let mut last = 0;
        while self.stored.len() - last > MAX_ENTRIES / 4 * 3 || self.text_bytes > MAX_TEXT_BYTES / 4 * 3 {
            self.text_bytes -= self.stored[last].text.len();
            last += 1;
        }
        let date = self.stored[last].date;
        let notice = Stored::new(Kind::Notice, date, GONE.into(), (true, false));
        self.text_bytes += notice.text.len();
        self.text_bytes -= std::mem::replace(&mut self.stored[last], notice).text.len();
        self.stored.drain(..last);
        self.first_new = self.first_new.and_then(|first| first.checked_sub(last)).filter(|first| *first > 0);
        if let Some(first) = self.stored.get_mut(1) {
            first.starts_turn = first.kind != Kind::Notice;
        }
        self.on_their_way.retain(|_, index| {
            let stays = *index > last;
            *index = index.saturating_sub(last);
            stays
        });
        last
    }

    /// The first that is new to the user, if one is marked so.
    pub(super) fn first_new(&self) -> Option<usize> {
        self.first_new
    }

    /// Marks another one so, or none.
    pub(super) fn mark_first_new(&mut self, index: Option<usize>) {
        for (marked, is_first) in [(self.first_new, false), (index, true)] {
            if let Some(entry) = marked.and_then(|index| self.stored.get_mut(index)) {
                entry.starts_new = is_first;
            }
        }
        self.first_new = index;
    }

    /// Notes that these messages have arrived. Says whether that changed anything.
    pub(super) fn mark_delivered(&mut self, ids: &[MessageId]) -> bool {
        let mut changed = false;
        for id in ids {
            let index = self.on_their_way.remove(id);
            if let Some(entry) = index.and_then(|index| self.stored.get_mut(index)) {
                entry.kind = Kind::Own(Fate::Delivered);
                changed = true;
            }
        }
        changed
    }

    /// Notes what has happened to a file. Gives where it stands, unless it is not here.
    pub(super) fn update_file(&mut self, file: &FileEvent) -> Option<usize> {
        let is_it = |entry: &Stored| matches!(&entry.kind, Kind::File(row) if row.file.id == file.id);
        let index = self.stored.iter().rposition(is_it)?;
        let entry = &mut self.stored[index];
        let (row, text) = FileRow::new(file.clone());
        self.text_bytes = self.text_bytes + text.len() - entry.text.len();
        let starts = (entry.starts_day, entry.starts_turn);
        let starts_new = entry.starts_new;
        *entry = Stored::new(Kind::File(Box::new(row)), entry.date, text.into(), starts);
        entry.starts_new = starts_new;
        Some(index)
    }

    /// Whether any file is under way.
    pub(super) fn has_file_under_way(&self) -> bool {
        self.stored.iter().any(|entry| entry.progress().is_some())
    }

    /// Notes that what is still on its way will not arrive any more.
    pub(super) fn mark_lost(&mut self) {
        for (_, index) in self.on_their_way.drain() {
            if let Some(entry) = self.stored.get_mut(index) {
                entry.kind = Kind::Own(Fate::GivenUp);
            }
        }
    }

    /// The text from one place to another. Within one entry it is the text alone; across several, each has its
    /// date and name before it.
    pub(super) fn text_between(&self, from: (usize, usize), to: (usize, usize)) -> String {
        if from.0 == to.0 {
            let part = self.get(from.0).and_then(|entry| entry.text.get(from.1..to.1));
            return part.unwrap_or_default().to_owned();
        }
        let mut text = String::new();
        for (index, entry) in self.stored.iter().enumerate().take(to.0 + 1).skip(from.0) {
            let start = if index == from.0 { from.1 } else { 0 };
            let end = if index == to.0 { to.1 } else { entry.text.len() };
            entry.write_line(start..end, &mut text);
        }
        text
    }
}

fn own_id(entry: &Entry) -> Option<MessageId> {
    match entry {
        Entry::Own { id, .. } => Some(*id),
        Entry::Other { .. } | Entry::File { .. } | Entry::Notice { .. } => None,
    }
}

/// Whether an entry behind `last` starts a day, and whether it starts a turn.
fn starts(last: Option<&Stored>, kind: &Kind, date: DateTime<Local>) -> (bool, bool) {
    let day = last.is_none_or(|last| last.date.date_naive() != date.date_naive());
    let another = || match last {
        Some(last) if last.kind != Kind::Notice => last.kind.other() != kind.other(),
        _ => true,
    };
    (day, *kind != Kind::Notice && (day || another()))
}

fn french_day(date: NaiveDate) -> String {
    const DAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
    const MONTHS: [&str; 12] = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];
    let day = DAYS[date.weekday().num_days_from_monday() as usize];
    let first = if date.day() == 1 { "er" } else { "" };
    format!("{day} {}{first} {} {}", date.day(), MONTHS[date.month0() as usize], date.year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn date(day: u32, second: u32) -> DateTime<Local> {
        Local.with_ymd_and_hms(2026, 11, day, 14, 3, second).unwrap()
    }

    fn own(id: MessageId, text: &str) -> Entry {
        Entry::Own { id, date: date(20, 7), text: text.to_owned() }
    }

    fn other(name: &str, text: &str) -> Entry {
        Entry::Other { name: name.to_owned(), date: date(20, 8), text: text.to_owned() }
    }

    #[test]
    fn days_are_french() {
        let day = |y, m, d| french_day(NaiveDate::from_ymd_opt(y, m, d).unwrap());
        assert_eq!(day(2026, 11, 20), "vendredi 20 novembre 2026");
        assert_eq!(day(2027, 2, 1), "lundi 1er février 2027");
    }

    #[test]
    fn a_name_stands_where_the_speaker_changes_and_a_day_where_the_day_does() {
        let mut entries = Entries::default();
        entries.push(own(1, "a"));
        entries.push(own(2, "b"));
        entries.push(other("bob", "c"));
        entries.push(other("bob", "d"));
        entries.push(other("carol", "e"));
        entries.push(Entry::Notice { date: date(20, 9), text: "f".to_owned() });
        entries.push(other("carol", "g"));
        entries.push(Entry::Other { name: "carol".to_owned(), date: date(21, 0), text: "h".to_owned() });
        let marks: Vec<_> = entries.iter().map(|e| (e.starts_day, e.starts_turn)).collect();
        assert_eq!(
            marks,
            [
                (true, true),
                (false, false),
                (false, true),
                (false, false),
                (false, true),
                (false, false),
                (false, true),
                (true, true)
            ]
        );
    }

    #[test]
    fn what_was_said_before_comes_first_with_what_became_of_it() {
        let mut entries = Entries::default();
        entries.push(own(7, "c"));
        entries.mark_first_new(Some(0));
        let older = [
            (own(5, "a"), Fate::Delivered),
            (own(6, "b"), Fate::Waiting),
            (other("bob", "x"), Fate::GivenUp),
        ];
        let mut older = older.to_vec();
        older.push((own(4, "d"), Fate::GivenUp));
        assert_eq!(entries.prepend(older), 4);
        assert_eq!(entries.first_new(), Some(4));
        let texts: Vec<_> = entries.iter().map(|entry| &*entry.text).collect();
        assert_eq!(texts, ["a", "b", "x", "d", "c"]);
        let marks: Vec<_> = entries.iter().map(|e| (e.starts_day, e.starts_turn)).collect();
        assert_eq!(marks, [(true, true), (false, false), (false, true), (false, true), (false, false)]);
        assert!(entries.mark_delivered(&[7, 6, 4]));
        let kinds: Vec<_> = entries.iter().map(Stored::hint).collect();
        let delivered = "· remis, pas forcément lu";
        for (hint, end) in kinds.iter().zip([delivered, delivered, ":08", "· non remis", delivered]) {
            assert!(hint.ends_with(end), "{kinds:?}");
        }
        // Beyond the limit nothing more comes in.
        let many = vec![(other("bob", "x"), Fate::Delivered); MAX_ENTRIES];
        assert_eq!(entries.prepend(many), 0);
        assert_eq!(entries.len(), 5);
    }

    #[test]
    fn what_arrived_is_marked_once() {
        let mut entries = Entries::default();
        entries.push(own(1, "a"));
        entries.push(own(2, "b"));
        assert!(entries.mark_delivered(&[2, 3]));
        assert!(!entries.mark_delivered(&[2]));
        let hints: Vec<_> = entries.iter().map(Stored::hint).collect();
        assert_eq!(
            hints,
            ["20/11/2026 14:03:07 · pas encore remis", "20/11/2026 14:03:07 · remis, pas forcément lu"]
        );
        entries.mark_lost();
        assert!(!entries.mark_delivered(&[1]));
        let hints: Vec<_> = entries.iter().map(Stored::hint).collect();
        assert_eq!(
            hints,
            ["20/11/2026 14:03:07 · non remis", "20/11/2026 14:03:07 · remis, pas forcément lu"]
        );
        assert!(entries.on_their_way.is_empty());
    }

    #[test]
    fn past_the_limits_the_oldest_are_gone_and_said_to_be_so() {
        let mut entries = Entries::default();
        for id in 0..=MAX_ENTRIES as MessageId {
            assert_eq!(entries.forget_oldest(), 0);
            entries.push(own(id, &id.to_string()));
        }
        entries.mark_first_new(Some(7));
        let moved = entries.forget_oldest();
        assert_eq!(entries.len(), MAX_ENTRIES + 1 - moved);
        let [first, second] = [0, 1].map(|index| entries.get(index).unwrap());
        assert_eq!((&first.kind, &*first.text, first.starts_day), (&Kind::Notice, GONE, true));
        assert_eq!((&*second.text, second.starts_turn), (&*(moved + 1).to_string(), true));
        // Where the user left off is not, if that is gone.
        assert_eq!(entries.first_new(), None);
        // What has become of the others is still known.
        assert!(!entries.mark_delivered(&[moved as MessageId]));
        assert!(entries.mark_delivered(&[moved as MessageId + 1]));
        assert!(entries.get(1).unwrap().hint().contains(" · remis"));
        // Few but long ones.
        let long = "x".repeat(60_000);
        (0..2_000).for_each(|_| {
            entries.push(other("bob", &long));
            entries.forget_oldest();
        });
        assert!(entries.iter().map(|entry| entry.text.len()).sum::<usize>() <= MAX_TEXT_BYTES);
    }

    #[test]
    fn copied_text_is_bare_within_a_message_and_dated_across_several() {
        let mut entries = Entries::default();
        entries.push(own(1, "déjà vu"));
        entries.push(Entry::Notice { date: date(20, 7), text: "bob est là.".to_owned() });
        entries.push(other("bob", "deux\nlignes"));
        assert_eq!(entries.text_between((0, 7), (0, 9)), "vu");
        assert_eq!(
            entries.text_between((0, 7), (2, 8)),
            "[2026-11-20 14:03:07] Vous : vu\n[2026-11-20 14:03:07] bob est là.\n\
             [2026-11-20 14:03:08] bob : deux\nlig\n"
        );
    }

    #[test]
    fn nothing_shown_is_harmful() {
        let mut entries = Entries::default();
        let entry = entries.push(other("b\u{1b}[2J\nob", "\u{202e}x\ty"));
        assert_eq!(entry.name(), Some("b␛[2J␊ob"));
        assert_eq!(&*entry.text, "<U+202E>x    y");
    }
}
