//! Files in the terminal: `/fichier` and the other commands, what is offered, and the line that shows how far it is.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::files::{FileEvent, FileId, Happened};

use super::screen::{Lines, Screen};
use super::typed::{Desk, Entered};

/// The command that offers a file.
pub(super) const OFFER: &str = "fichier";

/// The files that are offered and neither complete nor given up, in order, each with the last that happened to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Files(Arc<Mutex<List>>);

#[derive(Debug, Default)]
struct List {
    open: Vec<FileEvent>,
    /// Whose progress is on the screen.
    shown: Option<FileId>,
}

impl Files {
    /// Shows what has happened, and remembers it.
    pub(super) fn show(&self, event: FileEvent, lines: &mut Lines, screen: &Screen) {
        let mut list = self.lock();
        if let Happened::Progress { .. } = event.what {
            list.shown = Some(event.id);
            return screen.set_status(&event.to_string());
        }
        if list.shown.take_if(|shown| *shown == event.id).is_some() {
            screen.set_status("");
        }
        lines.notice(&event.to_string());
        list.open.retain(|file| file.id != event.id);
        if !event.what.is_final() {
            list.open.push(event);
        }
    }

    /// The other one is not there: how far anything is says nothing any more.
    pub(super) fn forget_progress(&self, screen: &Screen) {
        if self.lock().shown.take().is_some() {
            screen.set_status("");
        }
    }

    /// Those for which that is so.
    fn which(&self, is_so: impl Fn(&FileEvent) -> bool) -> Vec<(FileId, String)> {
        self.lock().open.iter().filter(|file| is_so(file)).map(|file| (file.id, file.name.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Offered to our user, who has not said what he wants.
pub(super) fn is_waiting(file: &FileEvent) -> bool {
    !file.is_own && matches!(file.what, Happened::Offered | Happened::Stopped(_))
}

/// `/fichier CHEMIN`.
pub(super) fn offer(desk: &Desk<'_>, path: &str) -> Entered {
    if path.is_empty() {
        desk.screen.notice("/fichier CHEMIN : il manque le chemin du fichier à proposer (Tab le complète)");
        return Entered::Refused;
    }
    desk.link.offer(expand(unquoted(path)));
    Entered::Done
}

/// `/accepter [NOM]`.
pub(super) fn accept(desk: &Desk<'_>, name: &str) -> Entered {
    let folder = env::current_dir().unwrap_or_default();
    each(desk, name, is_waiting, "Aucun fichier n'attend d'être accepté.", |id| {
        desk.link.accept(id, folder.clone());
    })
}

/// `/refuser [NOM]`.
pub(super) fn refuse(desk: &Desk<'_>, name: &str) -> Entered {
    each(desk, name, is_waiting, "Aucun fichier n'attend d'être accepté ou refusé.", |id| {
        desk.link.cancel(id);
    })
}

/// `/annuler [NOM]`.
pub(super) fn cancel(desk: &Desk<'_>, name: &str) -> Entered {
    let none = "Aucun fichier n'est proposé par vous, ni en train d'arriver.";
    each(desk, name, |file| !is_waiting(file), none, |id| desk.link.cancel(id))
}

/// Does that to the file of that name, or to the only one there is.
fn each(
    desk: &Desk<'_>,
    name: &str,
    is_meant: impl Fn(&FileEvent) -> bool,
    none: &str,
    act: impl Fn(FileId),
) -> Entered {
    let mut files = desk.files.which(is_meant);
    if files.is_empty() {
        desk.screen.notice(none);
        return Entered::Refused;
    }
    if !name.is_empty() {
        let exact = files.iter().any(|(_, known)| known == name);
        files.retain(|(_, known)| if exact { known == name } else { known.starts_with(name) });
    }
    match &files[..] {
        // Of several that are called the same, the one that came first.
        [(id, first), others @ ..] if others.iter().all(|(_, other)| other == first) => {
            act(*id);
            return Entered::Done;
        }
        [] => desk.screen.notice(&format!("Aucun de ces fichiers ne s'appelle « {name} ».")),
        [..] => {
            let names: Vec<_> = files.iter().map(|(_, name)| format!("« {name} »")).collect();
            desk.screen.notice(&format!("Lequel ? Écrivez son nom derrière : {}", names.join(", ")));
        }
    }
    Entered::Refused
}

/// What is missing from a path that has been begun, as far as only one thing can follow.
pub(super) fn complete(begun: &str) -> Option<String> {
    let (folder, start) =
        begun.rsplit_once('/').map_or(("", begun), |(folder, start)| (&begun[..=folder.len()], start));
    let entries = fs::read_dir(if folder.is_empty() { PathBuf::from(".") } else { expand(folder) }).ok()?;
    let mut common: Option<String> = None;
    for entry in entries.flatten() {
        let Ok(mut name) = entry.file_name().into_string() else { continue };
        if fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir()) {
            name.push('/');
        }
        let is_hidden = name.starts_with('.') && !start.starts_with('.');
        let Some(missing) = name.strip_prefix(start).filter(|_| !is_hidden) else { continue };
        common = Some(match common {
            None => missing.to_owned(),
            Some(common) => shared_start(&common, missing).to_owned(),
        });
    }
    common
}

fn shared_start<'a>(one: &'a str, other: &str) -> &'a str {
    let length = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    &one[..length]
}

/// Terminals put a dropped file between quotes.
fn unquoted(path: &str) -> &str {
    let between = |quote: char| path.strip_prefix(quote)?.strip_suffix(quote);
    between('\'').or_else(|| between('"')).unwrap_or(path)
}

/// With the user's own folder for `~/`.
fn expand(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tab_completes_what_can_only_be_one_thing() {
        let folder = tempfile::TempDir::new().unwrap();
        for name in ["mémo.pdf", "mémoire.txt", "photo.png", ".caché"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("sous")).unwrap();
        let missing = |begun: &str| complete(&format!("{}/{begun}", folder.path().display()));
        assert_eq!(missing("p").as_deref(), Some("hoto.png"));
        assert_eq!(missing("m").as_deref(), Some("émo"));
        assert_eq!(missing("s").as_deref(), Some("ous/"));
        assert_eq!(missing(".").as_deref(), Some("caché"));
        assert_eq!(missing("").as_deref(), Some(""));
        assert_eq!(missing("x"), None);
        assert_eq!(missing("absent/x"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_no_text_spoils_no_other() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::TempDir::new().unwrap();
        fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
        fs::write(folder.path().join("photo.png"), "").unwrap();
        assert_eq!(complete(&format!("{}/p", folder.path().display())).as_deref(), Some("hoto.png"));
    }

    #[test]
    fn quotes_around_a_path_are_the_terminal_s() {
        assert_eq!(unquoted("'/a b'"), "/a b");
        assert_eq!(unquoted("\"/a b\""), "/a b");
        assert_eq!(unquoted("l'été.txt"), "l'été.txt");
        assert_eq!(unquoted("'"), "'");
    }
}
