//! What is kept of files: the table of those that are offered and neither complete nor given up, and what the history
//! says of all.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::address::{Address, Pseudo};
use common::frame::{Content, FileHash, Outcome};
use rusqlite::{Connection, Row, params};

use super::{Fate, text, unreadable};
use crate::files::name::safe;
use crate::files::{FileChange, FileEvent, Happened, ReceivedOffer, Record, SentOffer, Source};

/// `entry` is there for what our user offers: whom to is `pseudo`, the address that was shown it `address`, and `path`
/// the file, as it was when it was `modified`, in nanoseconds. For what our user was offered, `address` says by whom,
/// `name` what it is called, and `path` where a part of it is.
pub(super) const TABLE: &str = "
CREATE TABLE file (id INTEGER PRIMARY KEY, entry INTEGER, pseudo TEXT, address TEXT, name TEXT, path TEXT,
    size INTEGER NOT NULL, modified INTEGER, hash BLOB NOT NULL, wanted INTEGER NOT NULL) STRICT;
";

pub(super) fn apply(db: &Connection, change: &FileChange) -> rusqlite::Result<()> {
    let mut insert =
        db.prepare_cached("INSERT OR REPLACE INTO file VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    match change {
        FileChange::Kept(Record::Sent(offer)) => {
            let SentOffer { id, entry, to, shown_to, source, hash } = offer;
            let Some(path) = source.path.to_str() else {
                log::warn!("« {} » n'est plus proposé au prochain lancement", source.path.display());
                return Ok(());
            };
            let (to, shown_to) = (to.as_ref().map(Pseudo::as_str), shown_to.as_ref().map(Address::as_str));
            let modified = nanoseconds(source.modified);
            let none = None::<String>;
            insert.execute(params![
                id,
                entry,
                to,
                shown_to,
                none,
                path,
                source.size,
                modified,
                hash.0,
                false
            ])?;
        }
        FileChange::Kept(Record::Received(offer)) => {
            let ReceivedOffer { id, from, hash, size, name, partial, is_wanted } = offer;
            let path = partial.as_ref().and_then(|path| path.to_str());
            let none = None::<i64>;
            let row =
                params![id, none, None::<String>, from.as_str(), name, path, size, none, hash.0, is_wanted];
            insert.execute(row)?;
        }
        FileChange::Dropped(id) => {
            db.prepare_cached("DELETE FROM file WHERE id = ?1")?.execute([id])?;
        }
    }
    Ok(())
}

pub(super) fn read(db: &Connection) -> rusqlite::Result<Vec<Record>> {
    db.prepare("SELECT * FROM file ORDER BY id")?.query_map([], record)?.collect()
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let (id, size, hash) = (row.get("id")?, row.get("size")?, FileHash(row.get("hash")?));
    let path: Option<PathBuf> = row.get::<_, Option<String>>("path")?.map(PathBuf::from);
    let Some(entry) = row.get("entry")? else {
        let (from, name) = (address(&row.get::<_, String>("address")?)?, row.get("name")?);
        let is_wanted = row.get("wanted")?;
        return Ok(Record::Received(ReceivedOffer { id, from, hash, size, name, partial: path, is_wanted }));
    };
    let to = row.get::<_, Option<String>>("pseudo")?.map(|_| text(row, "pseudo")).transpose()?;
    let shown_to = row.get::<_, Option<String>>("address")?.map(|shown_to| address(&shown_to)).transpose()?;
    let modified = UNIX_EPOCH + Duration::from_nanos(row.get("modified")?);
    let source = Source { path: path.unwrap_or_default(), size, modified };
    Ok(Record::Sent(SentOffer { id, entry, to, shown_to, source, hash }))
}

/// What a row of the history tells of the file that `offer` is about. `own`: what became of the row, if it is our user's.
pub(super) fn event(
    row: &Content<'_>,
    offer: &Content<'_>,
    own: Option<Fate>,
    with: Option<Pseudo>,
) -> Option<FileEvent> {
    let Content::Fichier { size, name, .. } = offer else { return None };
    let (is_own, what) = match (row, own) {
        (Content::Fichier { .. }, Some(Fate::GivenUp)) => (true, Happened::Interrupted(false)),
        (Content::Fichier { .. }, _) => (own.is_some(), Happened::Offered),
        (Content::Issue { outcome, .. }, _) => match (outcome, own) {
            (Outcome::Recu, None) => (true, Happened::Delivered),
            (Outcome::Recu, Some(_)) => (false, Happened::Received(None)),
            (Outcome::Refuse, _) => (own.is_none(), Happened::Refused),
            (Outcome::Annule, _) => (own.is_none(), Happened::Cancelled),
            (Outcome::Indisponible, None) => (false, Happened::Unavailable(None)),
            (Outcome::Indisponible, Some(_)) => (true, Happened::Withdrawn),
        },
        _ => return None,
    };
    let name = if is_own { name.plain().into_owned() } else { safe(&name.plain()) };
    Some(FileEvent { id: 0, name, size: *size, is_own, with, what })
}

fn address(text: &str) -> rusqlite::Result<Address<'static>> {
    Address::parse(text).map(Address::into_owned).map_err(unreadable)
}

/// Since 1970; what is older, and what is later than 2262, is not told apart.
fn nanoseconds(time: SystemTime) -> i64 {
    let nanoseconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    i64::try_from(nanoseconds).unwrap_or(i64::MAX)
}
