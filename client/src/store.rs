//! What a client keeps on disk from one run to the next: [`Store`] writes it, [`History`] reads what was said.
//!
//! One SQLite file for each pseudo of this user: who one is, whom one has met, what is not yet delivered, and what was
//! said. Every [`commit`](Store::commit) is one transaction, so the file is always as it was behind some commit, however
//! the program ends. All SQL is here.

mod files;

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Local};
use common::address::{Address, Pseudo};
use common::clock;
use common::delivery::{Change, Kept, Memory, MessageId, Met, Person};
use common::frame::Content;
use rusqlite::types::Type;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, TransactionBehavior, ffi, params};

use crate::event::cause;
use crate::files::{FileChange, FileEvent, Record};
use crate::find::Needle;
use crate::folders;
use crate::session::Identity;

/// A folder that is used instead of the system's.
const FOLDER_VARIABLE: &str = "MESSAGERIE_DONNEES";
/// How the files' names begin and end: with a beginning of their own, a pseudo that is a device's name does no harm.
const FILE_START: &str = "historique-";
const FILE_END: &str = ".sqlite";

/// The form of the tables, in the file's `user_version`.
const VERSION: i64 = 2;
/// How long whoever holds the lock may take to let go of it: a program that is just ending, or has just been killed.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);
const LOCK_POLL: Duration = Duration::from_millis(10);
/// How long one connection to the file waits for another one's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);
/// To what size the log of transactions is cut once it was taken over into the file.
const MAX_LOG_BYTES: i64 = 4 << 20;
/// How many messages are erased in one transaction.
const ERASED_AT_ONCE: u64 = 10_000;

/// How the lock file begins: whether the other file was kept up to date until the end. What follows is the place in the
/// history up to which everything was shown. It is written in place, which needs no room on a full disk and costs next to
/// nothing.
const UP_TO_DATE: char = '=';
const OUT_OF_DATE: char = '!';

/// `queue` is what waits, as it goes on the wire, with number 0 as long as it is for the first to come; `history` is
/// what was said, in this order, to whom or by whom, in places that never come again: `entry` is the own entry's name, `word` is there if it is no
/// message, `date` in milliseconds. A person without an address is one whom the delivery rules have forgotten.
const TABLES: &str = "
CREATE TABLE own (pseudo TEXT NOT NULL, session TEXT NOT NULL, key TEXT NOT NULL,
    floor INTEGER NOT NULL, last_entry INTEGER NOT NULL, knows_end INTEGER NOT NULL) STRICT;
CREATE TABLE person (id INTEGER PRIMARY KEY, folded TEXT NOT NULL UNIQUE, pseudo TEXT NOT NULL,
    last_number INTEGER NOT NULL, may_be_sent INTEGER NOT NULL,
    said INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE address (person INTEGER NOT NULL, session TEXT NOT NULL, spelt TEXT NOT NULL,
    received INTEGER NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (person, session)) STRICT, WITHOUT ROWID;
CREATE TABLE queue (entry INTEGER PRIMARY KEY, person INTEGER, number INTEGER NOT NULL,
    word TEXT NOT NULL, rest TEXT NOT NULL) STRICT;
CREATE INDEX queue_of ON queue (person, number);
CREATE TABLE given_up (entry INTEGER PRIMARY KEY) STRICT;
CREATE TABLE history (id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER, entry INTEGER, date INTEGER NOT NULL,
    word TEXT, text TEXT NOT NULL) STRICT;
CREATE INDEX history_of ON history (person);
CREATE INDEX offers_of ON history (person) WHERE word = 'fichier';
CREATE TRIGGER said AFTER INSERT ON history WHEN new.person IS NOT NULL BEGIN
    UPDATE person SET said = said + 1, bytes = bytes + octet_length(new.text) WHERE id = new.person; END;
CREATE TRIGGER addressed AFTER UPDATE OF person ON history BEGIN
    UPDATE person SET said = said + 1, bytes = bytes + octet_length(new.text) WHERE id = new.person; END;
CREATE TRIGGER erased AFTER DELETE ON history BEGIN
    UPDATE person SET said = said - 1, bytes = bytes - octet_length(old.text) WHERE id = old.person;
    DELETE FROM given_up WHERE entry = old.entry; END;
";
/// What a file of version 1 is made one of this version by.
const FROM_VERSION_1: &str = "
ALTER TABLE person ADD COLUMN may_be_sent INTEGER NOT NULL DEFAULT 0;
UPDATE person SET may_be_sent = last_number;
CREATE INDEX IF NOT EXISTS offers_of ON history (person) WHERE word = 'fichier';
PRAGMA user_version = 2;
";
/// The offer of the file that a row of the history is about. All but `indisponible` is told by whom it was offered to.
const OFFER: &str = "CASE history.word WHEN 'fichier' THEN text WHEN 'issue' THEN (
    SELECT offer.text FROM history AS offer
    WHERE offer.word = 'fichier' AND offer.person = history.person AND offer.id < history.id
        AND (offer.entry IS NULL) = ((history.entry IS NULL) = (history.text LIKE '% indisponible'))
        AND instr(offer.text, substr(history.text, instr(history.text, ' ') + 1, 64))
    ORDER BY offer.id DESC LIMIT 1) END";

/// What is kept of what was said with one person; then the oldest goes.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Messages, sent and received.
    pub messages: u64,
    /// Bytes of their texts.
    pub bytes: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Quota { messages: 1_000_000, bytes: 1 << 30 }
    }
}

/// Why something is not kept, or what else the user has to know of it: one sentence, which also says what to do.
#[derive(Debug)]
pub enum Trouble {
    /// Another program of this user goes by that name.
    InUse(Pseudo),
    /// This user has no folder.
    NoHome,
    /// Nothing can be written there.
    Unwritable(PathBuf, String),
    /// Nothing can be locked there.
    NoLocks(PathBuf),
    /// The disk is full.
    Full,
    /// The file was damaged. It was kept, under this name, and a new one begun.
    Replaced(PathBuf),
    /// The file has turned out to be damaged. It was kept, under this name.
    Damaged(PathBuf),
    /// What was kept so far is not in the file any more.
    Vanished(PathBuf),
    /// A later version of this program has written the file.
    Later(PathBuf),
    /// Something else went wrong.
    Failed(String),
    /// What was said first with that person is no longer kept.
    Trimmed(Pseudo),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::InUse(own) => write!(
                f,
                "L'historique n'est pas gardé ici : {own} discute déjà dans un autre programme de cette machine."
            ),
            Trouble::NoHome => write!(
                f,
                "L'historique n'est pas gardé : ce compte n'a pas de dossier personnel. \
                 La variable {FOLDER_VARIABLE} peut en indiquer un."
            ),
            Trouble::Unwritable(folder, cause) => write!(
                f,
                "L'historique n'est pas gardé : rien ne peut être écrit dans {} ({cause}). \
                 La variable {FOLDER_VARIABLE} peut indiquer un autre dossier.",
                folder.display()
            ),
            Trouble::NoLocks(folder) => write!(
                f,
                "L'historique n'est pas gardé : dans {}, sans doute sur un disque du réseau, aucun fichier ne peut être \
                 verrouillé. La variable {FOLDER_VARIABLE} peut indiquer un dossier de cette machine.",
                folder.display()
            ),
            Trouble::Full => f.write_str(
                "Le disque est plein : la suite n'est plus gardée dans l'historique. La discussion continue ; \
                 libérez de la place avant la prochaine.",
            ),
            Trouble::Replaced(aside) => write!(
                f,
                "L'historique était endommagé : il est mis de côté dans {}, et un nouveau commence.",
                aside.display()
            ),
            Trouble::Damaged(aside) => write!(
                f,
                "L'historique est endommagé : il est mis de côté dans {}. La discussion continue ; la suite n'est plus \
                 gardée jusqu'au prochain lancement.",
                aside.display()
            ),
            Trouble::Vanished(file) => write!(
                f,
                "Ce qui était gardé jusqu'ici n'est plus dans {} : un nouvel historique commence.",
                file.display()
            ),
            Trouble::Later(file) => write!(
                f,
                "L'historique n'est pas gardé : une version plus récente de ce programme a écrit {}, qui est laissé \
                 tel quel. Utilisez cette version-là pour le lire.",
                file.display()
            ),
            Trouble::Failed(cause) => {
                write!(f, "L'historique n'est pas gardé à partir d'ici : {cause}. La discussion continue.")
            }
            Trouble::Trimmed(who) => write!(
                f,
                "L'historique avec {who} a atteint sa limite, un million de messages ou 1 Gio : les plus anciens \
                 s'effacent à mesure."
            ),
        }
    }
}

impl std::error::Error for Trouble {}

/// What an earlier run has kept, or what a first one begins with.
#[derive(Debug)]
pub struct Remembered {
    /// Who one is.
    pub identity: Identity,
    /// For the delivery rules.
    pub memory: Memory,
    /// The files that are offered.
    pub files: Vec<Record>,
    /// Up to which place in the history all was shown, as far as is known. What was received behind it is to be shown
    /// first.
    pub shown: i64,
    /// What the user has to know, although there is a store.
    pub trouble: Option<Trouble>,
}

/// Keeps what must outlive the program.
#[derive(Debug)]
pub struct Store {
    /// None after an error: what follows is not kept.
    db: Option<Connection>,
    file: PathBuf,
    /// Locked for as long as it is open.
    lock: File,
    quota: Quota,
    /// Whether a commit waits for the disk.
    is_synchronous: bool,
    has_told_of_quota: bool,
    /// The last place in the history in this run.
    last_said: i64,
    /// Up to where everything was shown.
    shown: i64,
}

impl Store {
    /// Opens the file of that pseudo, or makes one, in the user's data folder.
    ///
    /// # Errors
    /// Why nothing will be kept.
    pub fn open(own: &Pseudo) -> Result<(Store, Remembered), Trouble> {
        Store::open_in(&folder()?, own, Quota::default())
    }

    /// The same in another folder, with another quota.
    ///
    /// # Errors
    /// Why nothing will be kept.
    pub fn open_in(folder: &Path, own: &Pseudo, quota: Quota) -> Result<(Store, Remembered), Trouble> {
        let unwritable = |error: &io::Error| unwritable(folder, error);
        create_folder(folder).map_err(|error| unwritable(&error))?;
        let file = file_of(folder, own);
        let mut lock = open_private(&file.with_extension("verrou")).map_err(|error| unwritable(&error))?;
        lock_patiently(&lock).map_err(|error| match error {
            TryLockError::WouldBlock => Trouble::InUse(own.clone()),
            TryLockError::Error(_) => Trouble::NoLocks(folder.to_owned()),
        })?;
        let mut note = String::new();
        let _ = lock.read_to_string(&mut note);

        let (db, mut remembered) = match open_tables(&file, own, note.starts_with(OUT_OF_DATE)) {
            Err(Trouble::Damaged(_)) => {
                let aside = set_aside(&file).map_err(|error| unwritable(&error))?;
                let (db, remembered) = open_tables(&file, own, false)?;
                (db, Remembered { trouble: Some(Trouble::Replaced(aside)), ..remembered })
            }
            opened => opened?,
        };
        if let Some(Ok(shown)) = note.get(1..).map(str::parse) {
            if shown > 0 && note.starts_with(UP_TO_DATE) && !remembered.memory.from_earlier_run {
                remembered.trouble.get_or_insert(Trouble::Vanished(file.clone()));
            }
            // The file may be a new one.
            remembered.shown = remembered.shown.min(shown);
        }
        let mut store = Store {
            db: Some(db),
            file,
            lock,
            quota,
            is_synchronous: true,
            has_told_of_quota: false,
            last_said: remembered.shown,
            shown: remembered.shown,
        };
        store.note(UP_TO_DATE).map_err(|error| unwritable(&error))?;
        Ok((store, remembered))
    }

    /// Keeps these changes, all or none of them: once it returns, they outlive the program and, where anything may be
    /// sent or acknowledged because of them, the machine. Gives what the user has to know, once: after an error nothing
    /// more is kept, and the discussion goes on all the same.
    pub fn commit(&mut self, changes: &[Change], files: &[FileChange]) -> Option<Trouble> {
        let mut db = self.db.take_if(|_| !changes.is_empty() || !files.is_empty())?;
        match self.try_commit(&mut db, changes, files) {
            Ok(trimmed) => {
                self.db = Some(db);
                trimmed
                    .filter(|_| !std::mem::replace(&mut self.has_told_of_quota, true))
                    .map(Trouble::Trimmed)
            }
            Err(error) => {
                drop(db);
                // If not even that can be written, the delivery rules see it when the other one acknowledges more than
                // was ever sent.
                let _ = self.note(OUT_OF_DATE);
                Some(match trouble(&error, &self.file) {
                    Trouble::Damaged(file) => match set_aside(&file) {
                        Ok(aside) => Trouble::Damaged(aside),
                        Err(error) => Trouble::Failed(cause(&error)),
                    },
                    other => other,
                })
            }
        }
    }

    fn try_commit(
        &mut self,
        db: &mut Connection,
        changes: &[Change],
        files: &[FileChange],
    ) -> rusqlite::Result<Option<Pseudo>> {
        // What is lost of the others when the power fails is said again after the next `present`.
        let needs_disk = |change: &Change| {
            !matches!(
                change,
                Change::Delivered(..) | Change::Counted(..) | Change::Seen(_) | Change::Forgotten(_)
            )
        };
        let synchronous = changes.iter().any(needs_disk);
        if synchronous != self.is_synchronous {
            db.pragma_update(None, "synchronous", if synchronous { "FULL" } else { "NORMAL" })?;
            self.is_synchronous = synchronous;
        }
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut writer = Writer { db: &transaction, person: None, last_said: self.last_said };
        for change in changes {
            writer.apply(change)?;
        }
        files.iter().try_for_each(|change| files::apply(&transaction, change))?;
        let last_said = writer.last_said;
        let trimmed = trim(&transaction, self.quota)?;
        transaction.commit()?;
        self.last_said = last_said;
        Ok(trimmed)
    }

    /// Whether nothing more is kept, after an error.
    pub fn is_broken(&self) -> bool {
        self.db.is_none()
    }

    /// All that was received and committed so far is on the screen.
    pub fn shown(&mut self) {
        if self.db.is_some() && std::mem::replace(&mut self.shown, self.last_said) != self.last_said {
            // Otherwise it is shown once more by the next run.
            let _ = self.note(UP_TO_DATE);
        }
    }

    /// What was said, for reading.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn history(&self) -> Result<History, Unreadable> {
        History::open_file(self.file.clone())
    }

    fn note(&mut self, state: char) -> io::Result<()> {
        self.lock.rewind()?;
        self.lock.write_all(format!("{state}{:020}", self.shown).as_bytes())
    }
}

impl Drop for Store {
    /// Takes all over into the one file, which is then whole by itself; without this, only the last connection would, and
    /// whoever reads the history may go with the program.
    fn drop(&mut self) {
        let Some(db) = &self.db else { return };
        let taken_over = db
            .busy_timeout(Duration::ZERO)
            .and_then(|()| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
        if let Err(error) = taken_over {
            log::info!("{} : {error}", self.file.display());
        }
    }
}

/// Writes changes within a transaction.
struct Writer<'a> {
    db: &'a Connection,
    /// The one whom the last change was about, as he was spelt, and his place in the table: most changes in a
    /// transaction are about the same one.
    person: Option<(String, i64)>,
    last_said: i64,
}

impl Writer<'_> {
    fn apply(&mut self, change: &Change) -> rusqlite::Result<()> {
        match change {
            Change::Written(to, kept) => self.written(to.as_ref(), kept),
            Change::Addressed(pseudo, entry, number) => self.addressed(pseudo, *entry, *number),
            Change::Sending(pseudo, number) => {
                let person = self.person(pseudo.as_str())?;
                self.run("UPDATE person SET may_be_sent = ?2 WHERE id = ?1", params![person, number])
            }
            Change::Delivered(pseudo, number) => {
                let person = self.person(pseudo.as_str())?;
                self.run("DELETE FROM queue WHERE person = ?1 AND number <= ?2", params![person, number])
            }
            Change::GivenUp(entries) => entries.iter().try_for_each(|entry| self.given_up(*entry)),
            Change::Received(address, number, word, rest) => {
                let person = self.count(address, *number)?;
                self.say(Some(person), None, word, rest)
            }
            Change::Counted(address, number) => self.count(address, *number).map(|_| ()),
            Change::Seen(address) => self.seen(address),
            Change::Forgotten(address) => self.forgotten(address),
            Change::Ended => self.run("UPDATE own SET knows_end = TRUE", []),
            Change::Renewed(own, key) => {
                self.run("UPDATE own SET session = ?1, key = ?2", params![own.session_str(), key.as_str()])
            }
        }
    }

    fn written(&mut self, to: Option<&Pseudo>, kept: &Kept) -> rusqlite::Result<()> {
        let person = to.map(|to| self.person(to.as_str())).transpose()?;
        let Kept { number, id, word, rest } = kept;
        self.run("INSERT INTO queue VALUES (?1, ?2, ?3, ?4, ?5)", params![id, person, number, word, rest])?;
        self.run("UPDATE own SET last_entry = ?1", params![id])?;
        self.run("UPDATE person SET last_number = ?2 WHERE id = ?1", params![person, number])?;
        self.say(person, Some(*id), word, rest)
    }

    fn addressed(&mut self, pseudo: &Pseudo, entry: MessageId, number: u64) -> rusqlite::Result<()> {
        let person = self.person(pseudo.as_str())?;
        // All of them at once, since all that waits for the first to come is for the same one now.
        self.run(
            "UPDATE history SET person = ?1 \
             WHERE person IS NULL AND entry IN (SELECT entry FROM queue WHERE person IS NULL)",
            params![person],
        )?;
        self.run(
            "UPDATE queue SET person = ?1, number = ?3 WHERE entry = ?2",
            params![person, entry, number],
        )?;
        self.run("UPDATE person SET last_number = ?2 WHERE id = ?1", params![person, number])
    }

    fn given_up(&self, entry: MessageId) -> rusqlite::Result<()> {
        self.run("DELETE FROM queue WHERE entry = ?1", params![entry])?;
        self.run("INSERT INTO given_up VALUES (?1)", params![entry])
    }

    /// Gives whose address it is.
    fn count(&mut self, address: &Address<'_>, number: u64) -> rusqlite::Result<i64> {
        let person = self.person(address.pseudo_str())?;
        let session = address.session_str();
        self.run(
            "UPDATE address SET received = ?3 WHERE person = ?1 AND session = ?2",
            params![person, session, number],
        )?;
        Ok(person)
    }

    fn seen(&mut self, address: &Address<'_>) -> rusqlite::Result<()> {
        let pseudo = address.pseudo();
        self.run("UPDATE own SET knows_end = FALSE WHERE knows_end", [])?;
        // Who was forgotten is somebody new.
        self.run(
            "INSERT INTO person (folded, pseudo, last_number, may_be_sent)
             SELECT ?1, ?2, floor, floor FROM own WHERE TRUE
             ON CONFLICT DO UPDATE SET pseudo = excluded.pseudo, last_number = excluded.last_number,
                 may_be_sent = excluded.may_be_sent
             WHERE NOT EXISTS (SELECT 1 FROM address WHERE address.person = person.id)",
            params![pseudo.folded(), pseudo.as_str()],
        )?;
        let person = self.person(address.pseudo_str())?;
        self.run(
            "INSERT INTO address SELECT ?1, ?2, ?3, 0, coalesce(max(seen), 0) + 1 FROM address WHERE TRUE
             ON CONFLICT DO UPDATE SET spelt = excluded.spelt, seen = excluded.seen",
            params![person, address.session_str(), address.pseudo_str()],
        )
    }

    fn forgotten(&mut self, address: &Address<'_>) -> rusqlite::Result<()> {
        let person = self.person(address.pseudo_str())?;
        self.run(
            "DELETE FROM address WHERE person = ?1 AND session = ?2",
            params![person, address.session_str()],
        )?;
        self.run(
            "UPDATE own SET floor = max(floor, last_number) FROM person \
             WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM address WHERE person = ?1)",
            params![person],
        )?;
        self.person = None;
        delete_strangers(self.db)
    }

    /// Adds to what was said.
    fn say(
        &mut self,
        person: Option<i64>,
        entry: Option<MessageId>,
        word: &str,
        rest: &str,
    ) -> rusqlite::Result<()> {
        let content = Content::parse(word, rest);
        let (date, word, text) = match &content {
            Content::Msg { date, text } => (*date, None, text.plain()),
            Content::Fichier { date, .. } | Content::Issue { date, .. } => (*date, Some(word), rest.into()),
            Content::Unknown { .. } => ("", Some(word), rest.into()),
        };
        // What cannot be read bears the moment of arrival.
        let date = DateTime::parse_from_rfc3339(date)
            .map_or_else(|_| clock::now().timestamp_millis(), |date| date.timestamp_millis());
        let mut say = self.db.prepare_cached(
            "INSERT INTO history (person, entry, date, word, text) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        self.last_said = say.insert(params![person, entry, date, word, text])?;
        Ok(())
    }

    /// The place in the table of somebody who was seen.
    fn person(&mut self, pseudo: &str) -> rusqlite::Result<i64> {
        if let Some((spelt, id)) = &self.person
            && spelt == pseudo
        {
            return Ok(*id);
        }
        let id = find_person(self.db, &parsed(pseudo)?)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        self.person = Some((pseudo.to_owned(), id));
        Ok(id)
    }

    fn run(&self, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.execute(parameters).map(|_| ())
    }
}

/// Lets the oldest go of what was said with whoever has too much of it; gives one of those.
fn trim(db: &Connection, quota: Quota) -> rusqlite::Result<Option<Pseudo>> {
    let mut trimmed = None;
    let mut full = db.prepare_cached("SELECT id, pseudo FROM person WHERE said > ?1 OR bytes > ?2")?;
    let mut some = db.prepare_cached(
        "DELETE FROM history WHERE id IN (SELECT id FROM history WHERE person = ?1 ORDER BY id \
         LIMIT 1 + (SELECT said FROM person WHERE id = ?1) / 100)",
    )?;
    let whose = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
    while let Some((person, pseudo)) =
        full.query_row(params![quota.messages, quota.bytes], whose).optional()?
    {
        some.execute([person])?;
        trimmed = Some(parsed(&pseudo)?);
    }
    Ok(trimmed)
}

/// Lets go of those whom the delivery rules have forgotten, and of whom nothing is left.
fn delete_strangers(db: &Connection) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM person WHERE said = 0 AND NOT EXISTS (SELECT 1 FROM address WHERE person = person.id)",
        [],
    )?;
    Ok(())
}

fn find_person(db: &Connection, pseudo: &Pseudo) -> rusqlite::Result<Option<i64>> {
    let mut person = db.prepare_cached("SELECT id FROM person WHERE folded = ?1")?;
    person.query_row([pseudo.folded()], |row| row.get(0)).optional()
}

/// Opens the file, or makes it, and reads what the delivery rules remember. `out_of_date`: the last run has gone on
/// without being able to keep what happened, so this is somebody new, and nothing waits.
fn open_tables(file: &Path, own: &Pseudo, out_of_date: bool) -> Result<(Connection, Remembered), Trouble> {
    let folder = file.parent().unwrap_or(file);
    // SQLite gives the files beside it the same rights.
    open_private(file).map_err(|error| unwritable(folder, &error))?;
    let in_trouble = |error: rusqlite::Error| trouble(&error, file);
    let mut db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(in_trouble)?;
    let version = configure(&db).map_err(in_trouble)?;
    if version > VERSION {
        return Err(Trouble::Later(file.to_owned()));
    }
    let remembered = read_memory(&mut db, version, own, out_of_date).map_err(in_trouble)?;
    Ok((db, remembered))
}

/// Gives the form of the tables, 0 for none.
fn configure(db: &Connection) -> rusqlite::Result<i64> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(64);
    let version = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version <= VERSION {
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "journal_size_limit", MAX_LOG_BYTES)?;
        db.pragma_update(None, "synchronous", "FULL")?;
    }
    Ok(version)
}

fn read_memory(
    db: &mut Connection,
    version: i64,
    own: &Pseudo,
    out_of_date: bool,
) -> rusqlite::Result<Remembered> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let fresh = Identity::new(own);
    let fresh = [fresh.address.session_str(), fresh.key.as_str()];
    if version == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.execute_batch(files::TABLE)?;
        transaction.execute("INSERT INTO own VALUES ('', ?1, ?2, 0, 0, FALSE)", fresh)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    if version == 1 {
        transaction.execute_batch(FROM_VERSION_1)?;
    }
    if out_of_date {
        transaction.execute("UPDATE own SET session = ?1, key = ?2", fresh)?;
        transaction.execute("INSERT INTO given_up SELECT entry FROM queue", [])?;
        transaction.execute("DELETE FROM queue", [])?;
        transaction.execute("DELETE FROM file", [])?;
    }
    transaction.execute("UPDATE own SET pseudo = ?1", [own.as_str()])?;
    let mut memory = Memory { from_earlier_run: version != 0 && !out_of_date, ..Memory::default() };
    let identity = transaction.query_row("SELECT * FROM own", [], |row| {
        (memory.floor, memory.last_id) = (row.get("floor")?, row.get("last_entry")?);
        memory.knows_end = row.get("knows_end")?;
        let address = Address::new(own, &text(row, "session")?);
        Ok(Identity { address, key: text(row, "key")? })
    })?;
    let shown = transaction.query_row("SELECT coalesce(max(id), 0) FROM history", [], |row| row.get(0))?;
    let places = read_people(&transaction, &mut memory)?;
    read_queues(&transaction, &mut memory, &places)?;
    let files = files::read(&transaction)?;
    transaction.commit()?;
    Ok(Remembered { identity, memory, files, shown, trouble: None })
}

/// Gives, beside each of the people, his place in the table.
fn read_people(db: &Connection, memory: &mut Memory) -> rusqlite::Result<Vec<i64>> {
    let mut places: Vec<i64> = Vec::new();
    let mut addresses = db.prepare(
        "SELECT person, pseudo, last_number, may_be_sent, spelt, session, received \
         FROM address JOIN person ON id = person ORDER BY seen",
    )?;
    let mut rows = addresses.query([])?;
    while let Some(row) = rows.next()? {
        let place = row.get(0)?;
        let mut person = match places.iter().position(|known| *known == place) {
            Some(known) => {
                places.remove(known);
                memory.people.remove(known)
            }
            None => {
                Person::remembered(text(row, "pseudo")?, row.get("last_number")?, row.get("may_be_sent")?)
            }
        };
        let address = format!("{}/{}", row.get::<_, String>("spelt")?, row.get::<_, String>("session")?);
        let address = Address::parse(&address).map_err(unreadable)?.into_owned();
        person.met.push(Met::new(address, row.get("received")?));
        memory.people.push(person);
        places.push(place);
    }
    Ok(places)
}

fn read_queues(db: &Connection, memory: &mut Memory, places: &[i64]) -> rusqlite::Result<()> {
    let mut queues =
        db.prepare("SELECT person, number, entry, word, rest FROM queue ORDER BY person, number, entry")?;
    let mut rows = queues.query([])?;
    while let Some(row) = rows.next()? {
        let word: String = row.get(3)?;
        let kept = Kept { number: row.get(1)?, id: row.get(2)?, word: word.into(), rest: row.get(4)? };
        match row.get::<_, Option<i64>>(0)? {
            None => memory.unaddressed.push_back(kept),
            Some(place) => {
                let person = places.iter().position(|known| *known == place);
                let person = person.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
                memory.people[person].kept.push_back(kept);
            }
        }
    }
    Ok(())
}

/// What has become of an own message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is not delivered yet.
    Waiting,
    /// The other one has shown it.
    Delivered,
    /// It will not be delivered any more.
    GivenUp,
}

/// Something that was said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its place in the history: what was said later has a higher one.
    pub id: i64,
    /// With whom; none if it was written to nobody.
    pub with: Option<Pseudo>,
    /// If it is one's own, its name and what has become of it.
    pub own: Option<(MessageId, Fate)>,
    /// When it was written.
    pub date: DateTime<Local>,
    /// The frame's first word, if it is no message.
    word: Option<String>,
    /// A message as it was written; otherwise what follows the number on the wire.
    text: String,
    /// Of a file, what follows the number of the frame that offered it.
    offer: Option<String>,
}

impl Said {
    /// The message, if it is one.
    pub fn message(&self) -> Option<&str> {
        self.word.is_none().then_some(&*self.text)
    }

    /// What happened to a file, if it is that.
    pub fn file(&self) -> Option<FileEvent> {
        let offer = Content::parse("fichier", self.offer.as_deref()?);
        let content = Content::parse(self.word.as_deref()?, &self.text);
        files::event(&content, &offer, self.own.map(|(_, fate)| fate), self.with.clone())
    }
}

/// Which part of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The end, from the latest on backward.
    Latest,
    /// What is before that place, from the latest on backward.
    Before(i64),
    /// What is behind that place, from the oldest on forward.
    After(i64),
}

impl Part {
    /// For a query: from which place, on which side of it, in which order.
    fn to_sql(self) -> (i64, &'static str, &'static str) {
        match self {
            Part::Latest => (i64::MAX, "<", "DESC"),
            Part::Before(id) => (id, "<", "DESC"),
            Part::After(id) => (id, ">", "ASC"),
        }
    }
}

/// The history of one pseudo of this user, for reading, also while a client is adding to it.
#[derive(Debug)]
pub struct History {
    db: Connection,
    file: PathBuf,
}

/// Why the history cannot be read.
#[derive(Debug)]
pub struct Unreadable(PathBuf, String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L'historique {} ne peut pas être lu : {}", self.0.display(), self.1)
    }
}

impl std::error::Error for Unreadable {}

impl History {
    /// The history of that pseudo; none if nothing was kept.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn open(folder: &Path, own: &Pseudo) -> Result<Option<History>, Unreadable> {
        let file = file_of(folder, own);
        if file.exists() { History::open_file(file).map(Some) } else { Ok(None) }
    }

    fn open_file(file: PathBuf) -> Result<History, Unreadable> {
        let open = || {
            let db = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            db.busy_timeout(BUSY_TIMEOUT)?;
            let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((db, version))
        };
        match open() {
            Ok((db, 1..=VERSION)) => Ok(History { db, file }),
            Ok((_, 0)) => Err(Unreadable(
                file,
                "il est vide ; s'il a été copié, il manque celui du même nom en « -wal »".to_owned(),
            )),
            Ok(_) => Err(Unreadable(file, "une autre version de ce programme l'a écrit".to_owned())),
            Err(error) => Err(Unreadable(file.clone(), reason(&error))),
        }
    }

    /// Those under whose names something is kept in that folder.
    pub fn owners(folder: &Path) -> Vec<Pseudo> {
        let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_ours = |file: &PathBuf| {
            let name = file.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with(FILE_START) && name.ends_with(FILE_END))
        };
        files.filter(is_ours).filter_map(|file| History::open_file(file).ok()?.own().ok()).collect()
    }

    /// Under which name one's own messages were written.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn own(&self) -> Result<Pseudo, Unreadable> {
        self.read(|db| db.query_row("SELECT pseudo FROM own", [], |row| text(row, "pseudo")))
    }

    /// At most `count` of what was said, with that one or with all.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn page(&self, with: Option<&Pseudo>, part: Part, count: usize) -> Result<Vec<Said>, Unreadable> {
        let (from, side, order) = part.to_sql();
        self.read(|db| {
            let (person, whose) = match with {
                None => (None, ""),
                Some(with) => match find_person(db, with)? {
                    None => return Ok(Vec::new()),
                    person => (person, "AND history.person = ?2"),
                },
            };
            let mut page = db.prepare_cached(&format!(
                "SELECT history.id, pseudo, history.entry, queue.entry IS NOT NULL, given_up.entry IS NOT NULL, date, \
                 history.word, text, {OFFER} FROM history LEFT JOIN person ON person.id = history.person \
                 LEFT JOIN queue ON queue.entry = history.entry LEFT JOIN given_up ON given_up.entry = history.entry \
                 WHERE history.id {side} ?1 {whose} ORDER BY history.id {order} LIMIT ?3"
            ))?;
            page.query_map(params![from, person, count], said)?.collect()
        })
    }

    /// The place of the next message with that one, or with all, in which the words are: the latest before `part`, or
    /// the first behind it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn find(
        &self,
        with: Option<&Pseudo>,
        needle: &Needle,
        part: Part,
    ) -> Result<Option<i64>, Unreadable> {
        let (from, side, order) = part.to_sql();
        self.read(|db| {
            let person = match with {
                None => None,
                Some(with) => match find_person(db, with)? {
                    None => return Ok(None),
                    person => person,
                },
            };
            // Not by the index: mostly, most was said with this one.
            let mut messages = db.prepare_cached(&format!(
                "SELECT id, text FROM history WHERE id {side} ?1 AND word IS NULL AND (?2 IS NULL OR person = ?2) \
                 ORDER BY id {order}"
            ))?;
            let mut rows = messages.query(params![from, person])?;
            while let Some(row) = rows.next()? {
                if needle.is_in(row.get_ref(1)?.as_str()?) {
                    return row.get(0).map(Some);
                }
            }
            Ok(None)
        })
    }

    /// Erases what was said with that one, or with all. What waits still waits.
    ///
    /// # Errors
    /// Not all of it could be erased.
    pub fn erase(&self, with: Option<&Pseudo>) -> Result<(), Unreadable> {
        let erase = || {
            let db = Connection::open_with_flags(&self.file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            configure(&db)?;
            let (person, whose) = match with {
                None => (None, ""),
                Some(with) => match find_person(&db, with)? {
                    None => return Ok(()),
                    person => (person, "WHERE person = ?1"),
                },
            };
            let mut some = db.prepare(&format!(
                "DELETE FROM history WHERE id IN (SELECT id FROM history {whose} LIMIT ?2)"
            ))?;
            while some.execute(params![person, ERASED_AT_ONCE])? > 0 {}
            delete_strangers(&db)?;
            // So that nothing of it is left in the file, nor in its log.
            db.execute_batch("VACUUM")?;
            db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        };
        erase().map_err(|error| Unreadable(self.file.clone(), reason(&error)))
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Unreadable> {
        read(&self.db).map_err(|error| Unreadable(self.file.clone(), reason(&error)))
    }
}

fn said(row: &Row<'_>) -> rusqlite::Result<Said> {
    let with: Option<String> = row.get(1)?;
    let fate = match (row.get(3)?, row.get(4)?) {
        (true, _) => Fate::Waiting,
        (false, true) => Fate::GivenUp,
        (false, false) => Fate::Delivered,
    };
    Ok(Said {
        id: row.get(0)?,
        with: with.map(|with| parsed(&with)).transpose()?,
        own: row.get::<_, Option<MessageId>>(2)?.map(|entry| (entry, fate)),
        date: DateTime::from_timestamp_millis(row.get(5)?).unwrap_or_default().into(),
        word: row.get(6)?,
        text: row.get(7)?,
        offer: row.get(8)?,
    })
}

/// The folder in which everything is kept.
///
/// # Errors
/// This user has none.
pub fn folder() -> Result<PathBuf, Trouble> {
    folders::named_by(FOLDER_VARIABLE).or_else(folders::data).ok_or(Trouble::NoHome)
}

/// A name that says to a person whose it is, and is another one for each pseudo: with the letters and digits of the
/// pseudo that are safe everywhere, and a hash of all of it.
fn file_of(folder: &Path, own: &Pseudo) -> PathBuf {
    /// FNV-1a.
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let folded = own.folded();
    let hash = folded.bytes().fold(START, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    let safe: String = folded.chars().filter(char::is_ascii_alphanumeric).collect();
    folder.join(format!("{FILE_START}{}-{hash:016x}{FILE_END}", safe.to_ascii_lowercase()))
}

/// For this user only.
fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// For this user only.
fn open_private(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.read(true).write(true).create(true).truncate(false).open(file)
}

fn lock_patiently(file: &File) -> Result<(), TryLockError> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_PATIENCE => thread::sleep(LOCK_POLL),
            result => return result,
        }
    }
}

/// Gives the new name of a damaged file; its log goes with it.
fn set_aside(file: &Path) -> io::Result<PathBuf> {
    let aside = file.with_extension(clock::now().format("endommage-%Y%m%d-%H%M%S%.3f").to_string());
    fs::rename(file, &aside)?;
    for log in ["-wal", "-shm"] {
        match fs::rename(beside(file, log), beside(&aside, log)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn unwritable(folder: &Path, error: &io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Trouble::Full,
        _ => Trouble::Unwritable(folder.to_owned(), cause(error)),
    }
}

fn trouble(error: &rusqlite::Error, file: &Path) -> Trouble {
    let folder = || file.parent().unwrap_or(file).to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Trouble::Full,
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            Trouble::Unwritable(folder(), reason(error))
        }
        Some(ErrorCode::FileLockingProtocolFailed) => Trouble::NoLocks(folder()),
        _ if extended_code(error) == Some(ffi::SQLITE_IOERR_LOCK) => Trouble::NoLocks(folder()),
        _ if is_damage(error) => Trouble::Damaged(file.to_owned()),
        _ => Trouble::Failed(reason(error)),
    }
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

/// Whether the file is none of ours, or something in it is not as it was written.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        None | Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
    )
}

fn reason(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        _ if is_damage(error) => "le fichier est endommagé".to_owned(),
        Some(ErrorCode::DiskFull) => "le disque est plein".to_owned(),
        Some(ErrorCode::DatabaseBusy) => "un autre programme l'occupe".to_owned(),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "l'écriture est interdite".to_owned(),
        Some(ErrorCode::CannotOpen) => "il ne peut pas être ouvert".to_owned(),
        Some(ErrorCode::SystemIoFailure) => "le disque ne répond pas comme il faut".to_owned(),
        _ => error.to_string(),
    }
}

/// A column that holds text of a certain form.
fn text<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &Row<'_>,
    column: &str,
) -> rusqlite::Result<T> {
    parsed(&row.get::<_, String>(column)?)
}

fn parsed<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> rusqlite::Result<T> {
    text.parse().map_err(unreadable)
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}
