//! Sending and receiving files without anybody in front: `--envoyer` and `--recevoir`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::bail;
use common::address::Pseudo;
use common::discovery::port;
use common::endpoint::Endpoint;

use crate::discovery::find;
use crate::event::{End, Event, Front};
use crate::files::{FileEvent, FileId, Happened, NotOffered};
use crate::link::Link;

use super::archive::Archive;
use super::screen::Screen;
use super::signals::Told;
use super::{Conversation, PATIENCE, ask_pseudo};

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
    let pseudo = pseudo.map_or_else(ask_pseudo, Ok)?;
    let server = server.map_or_else(|| find(port()), Ok)?;
    let screen = Screen::plain();
    let kept = keep.unwrap_or(false).then(|| Archive::open(&pseudo, &screen)).flatten();
    screen.notice(&format!("Connexion à {server}…"));
    let (news, events) = mpsc::channel();
    let front = Witness { conversation: Conversation::new(screen.clone()), news: Some(news) };
    let kept = kept.map(|(_, store, remembered)| (store, remembered));
    let (link, reception) = Link::open(server, &pseudo, kept, Some(PATIENCE), front)?;
    let told = Told::cuts(&link, false)?;
    let is_done = match errand {
        Errand::Send(paths) => send(&link, paths, &events),
        Errand::Receive(folder) => receive(&link, folder, &events),
    };
    let Ok(ending) = reception.join() else { bail!("la réception s'est interrompue") };
    told.obey(&screen);
    Ok(match &ending.how {
        End::Left { told } => is_done && *told,
        End::LeftByPeer(_) => is_done,
        End::Cut | End::Failed(_) => false,
    })
}

/// Whether all of them were received.
fn send(link: &Link, paths: &[PathBuf], events: &mpsc::Receiver<FileEvent>) -> bool {
    let mut open: HashSet<FileId> = paths.iter().map(|path| link.offer(path.clone())).collect();
    let mut all_received = true;
    for FileEvent { id, what, .. } in events.iter().filter(|event| event.is_own) {
        if what.is_final() {
            open.remove(&id);
            // What is offered already, an earlier run has offered.
            all_received &= matches!(what, Happened::Delivered | Happened::NotOffered(NotOffered::Twice));
        } else {
            open.insert(id);
        }
        if open.is_empty() {
            link.leave();
        }
    }
    open.is_empty() && all_received
}

/// Whether all that was offered was received.
fn receive(link: &Link, folder: &Path, events: &mpsc::Receiver<FileEvent>) -> bool {
    let mut all_received = true;
    for FileEvent { id, what, .. } in events.iter().filter(|event| !event.is_own) {
        match what {
            Happened::Offered => link.accept(id, folder.to_owned()),
            Happened::Stopped(_) => {
                all_received = false;
                link.cancel(id);
            }
            what if what.is_final() => all_received &= matches!(what, Happened::Received(_)),
            _ => {}
        }
    }
    all_received
}

/// Shows what happens, and passes on what is about files.
struct Witness {
    conversation: Conversation,
    /// Gone with the discussion.
    news: Option<mpsc::Sender<FileEvent>>,
}

impl Front for Witness {
    fn show(&mut self, events: Vec<Event>) -> std::io::Result<()> {
        for event in &events {
            match event {
                Event::File(file) => drop(self.news.as_ref().map(|news| news.send(file.clone()))),
                Event::Over(_) => self.news = None,
                _ => {}
            }
        }
        self.conversation.show(events)
    }
}
