//! Sending and receiving files without anybody in front: `--envoyer` and `--recevoir`.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::bail;
use common::address::Pseudo;
use common::discovery::port;
use common::endpoint::Endpoint;
use common::text::harmless;

use crate::discovery::find;
use crate::event::{End, Event, Front};
use crate::files::{FileEvent, FileId, Happened, MAX_OPEN, NotOffered};
use crate::link::Link;

use super::archive::Archive;
use super::screen::Screen;
use super::signals::Signals;
use super::{Conversation, PATIENCE, ask_pseudo};

/// How many files are offered at once: fewer than either side lets be open.
const AT_ONCE: usize = MAX_OPEN / 2;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Offer these files, and leave when all are received.
    Send(Vec<PathBuf>),
    /// Accept what is offered into that folder, until the other one leaves.
    Receive(PathBuf),
}

/// Joins and does it. False if not all of it was done, as was said then.
///
/// # Errors
/// Why it never came to a discussion, or could not go on.
pub fn run(
    server: Option<Endpoint>,
    pseudo: Option<Pseudo>,
    keep: Option<bool>,
    errand: &Errand,
) -> anyhow::Result<bool> {
    if let Errand::Receive(folder) = errand
        && !folder.is_dir()
    {
        // Told now: later, what is offered would be refused.
        bail!(
            "« {} » n'est pas un dossier : créez-le d'abord, ou vérifiez son nom",
            harmless(&folder.to_string_lossy())
        );
    }
    let pseudo = pseudo.map_or_else(ask_pseudo, Ok)?;
    let server = server.map_or_else(|| find(port()), Ok)?;
    let screen = Screen::plain();
    let kept = keep.unwrap_or(false).then(|| Archive::open(&pseudo, &screen)).flatten();
    screen.notice(&format!("Connexion à {server}…"));
    let (news, events) = mpsc::channel();
    let front = Witness { conversation: Conversation::new(screen.clone()), news };
    let kept = kept.map(|(_, kept)| kept);
    let (link, reception) = Link::open(server, &pseudo, kept, Some(PATIENCE), front)?;
    let signals = Signals::listen(&link)?;
    let is_done = match errand {
        Errand::Send(paths) => send(&link, paths, &events),
        Errand::Receive(folder) => receive(&link, folder, &events),
    };
    let Ok(ending) = reception.join() else { bail!("la réception s'est interrompue") };
    signals.obey(&screen);
    // What was complete at the end was still checked.
    let late = events.try_iter().flatten();
    let is_done = is_done && late.into_iter().all(|event| is_well(&event.what));
    Ok(match &ending.how {
        End::Left { told } => is_done && *told,
        End::LeftByPeer(_) => is_done,
        End::Cut(_) | End::Failed(_) => false,
    })
}

/// Whether all of them were received.
fn send(link: &Link, paths: &[PathBuf], events: &mpsc::Receiver<Option<FileEvent>>) -> bool {
    let mut named = HashSet::new();
    let mut waiting: VecDeque<PathBuf> = paths.iter().filter(|path| named.insert(*path)).cloned().collect();
    let mut asked: HashMap<FileId, PathBuf> = HashMap::new();
    // Those that are offered, by this run or an earlier one, with their names, and where they are if it was this one.
    let mut open: HashMap<FileId, (String, Option<PathBuf>)> = HashMap::new();
    // What is the same as one of those, under another name.
    let mut same = Vec::new();
    let (mut any_offered, mut all_received) = (false, true);
    loop {
        while asked.len() + open.len() < AT_ONCE
            && let Some(path) = waiting.pop_front()
        {
            asked.insert(link.offer(path.clone()), path);
        }
        match asked.is_empty() && open.is_empty() {
            true if any_offered => link.leave(),
            // The other one's discussion shall not end by a mistake in a command line.
            true => link.cut_short(),
            false => {}
        }
        let Some(FileEvent { id, name, what, .. }) = until_the_end(events).find(|event| event.is_own) else {
            break;
        };
        let path = asked.remove(&id).or_else(|| open.remove(&id)?.1);
        match what {
            Happened::NotOffered(NotOffered::Twice) => {
                let is_known = open.values().any(|(known, _)| *known == name);
                same.extend(path.filter(|_| !is_known));
            }
            // The other one has begun anew.
            Happened::Forgotten if path.is_some() => waiting.extend(path),
            what if what.is_final() => {
                all_received &= matches!(what, Happened::Delivered);
                waiting.extend(same.drain(..));
            }
            _ => {
                any_offered = true;
                open.insert(id, (name, path));
            }
        }
    }
    open.is_empty() && asked.is_empty() && waiting.is_empty() && same.is_empty() && all_received
}

/// Whether all that was offered was received.
fn receive(link: &Link, folder: &Path, events: &mpsc::Receiver<Option<FileEvent>>) -> bool {
    let mut all_received = true;
    for FileEvent { id, what, .. } in until_the_end(events).filter(|event| !event.is_own) {
        match what {
            Happened::Offered => link.accept(id, folder.to_owned()),
            Happened::Stopped(_) => {
                all_received = false;
                link.cancel(id);
            }
            what => all_received &= is_well(&what),
        }
    }
    all_received
}

/// What happens to files as long as the discussion lasts.
fn until_the_end(events: &mpsc::Receiver<Option<FileEvent>>) -> impl Iterator<Item = FileEvent> {
    events.iter().map_while(|event| event)
}

/// Whether a file that is received has not ended otherwise.
fn is_well(what: &Happened) -> bool {
    !what.is_final() || matches!(what, Happened::Received(_))
}

/// Shows what happens, and passes on what is about files.
struct Witness {
    conversation: Conversation,
    /// None: the discussion is over.
    news: mpsc::Sender<Option<FileEvent>>,
}

impl Front for Witness {
    fn show(&mut self, events: Vec<Event>) -> std::io::Result<()> {
        for event in &events {
            let news = match event {
                Event::File(file) => Some(file.clone()),
                Event::Over(_) => None,
                _ => continue,
            };
            // Whoever looks has seen enough.
            let _ = self.news.send(news);
        }
        self.conversation.show(events)
    }
}
