//! The table of files that are offered and neither complete nor given up.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::address::{Address, Pseudo};
use common::frame::FileHash;
use rusqlite::{Connection, Row, params};

use super::{text, unreadable};
use crate::files::{FileChange, ReceivedOffer, Record, SentOffer, Source};

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

fn address(text: &str) -> rusqlite::Result<Address<'static>> {
    Address::parse(text).map(Address::into_owned).map_err(unreadable)
}

/// Since 1970; what is older, and what is later than 2262, is not told apart.
fn nanoseconds(time: SystemTime) -> i64 {
    let nanoseconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    i64::try_from(nanoseconds).unwrap_or(i64::MAX)
}
