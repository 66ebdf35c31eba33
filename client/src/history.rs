//! What was said: taken up by a new run, and as lines, for `client --historique` and the terminal's `/historique`.

use std::io::{self, Write};

use anyhow::bail;
use common::address::Pseudo;
use common::transcript::{Emphasis, MessageStart};

use crate::event::cause;
use crate::store::{self, History, Part, Remembered, Said, Store};
use crate::undelivered;

/// How much is read at once.
const PAGE: usize = 500;

/// What an earlier run has kept, for reading and for the link.
pub type Kept = (History, (Store, Remembered));

/// Takes up what an earlier run has kept under that name, if it can be kept, and says what there is to know of it.
pub fn take_up(own: &Pseudo) -> (Option<Kept>, Vec<String>) {
    let (store, remembered) = match Store::open(own) {
        Ok(opened) => opened,
        Err(trouble) => return (None, vec![trouble.to_string()]),
    };
    let mut sentences: Vec<String> = remembered.trouble.iter().map(ToString::to_string).collect();
    sentences.extend(undelivered::describe_waiting(&remembered.memory));
    match store.history() {
        Ok(history) => (Some((history, (store, remembered))), sentences),
        Err(unreadable) => (None, vec![format!("{unreadable}.")]),
    }
}

/// Prints everything that is kept under that name, the latest first. Without a name it is the only one there is.
///
/// # Errors
/// There is nothing; why it cannot be read or printed; or which names there are to choose from.
pub fn print(pseudo: Option<Pseudo>) -> anyhow::Result<()> {
    // Without the full stop: it becomes the end of an error's sentence.
    let folder = store::folder()
        .map_err(|trouble| anyhow::anyhow!("{}", trouble.to_string().trim_end_matches('.')))?;
    let own = match pseudo {
        Some(own) => own,
        None => match &History::owners(&folder)[..] {
            [] => bail!("rien n'est gardé dans {}", folder.display()),
            [only] => only.clone(),
            several => bail!("plusieurs pseudos ont un historique ({}) : ajoutez le vôtre", names(several)),
        },
    };
    let history = History::open(&folder, &own)?;
    let latest = history.as_ref().map(|history| history.page(None, Part::Latest, 1)).transpose()?;
    let Some(history) = history.filter(|_| latest.is_some_and(|page| !page.is_empty())) else {
        bail!("rien n'est gardé sous le pseudo « {own} » dans {}", folder.display());
    };
    let own = history.own()?;
    let emphasis = Emphasis::on_stdout();
    let mut part = Part::Latest;
    loop {
        let page = history.page(None, part, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        part = Part::Before(last.id);
        let mut lines = String::new();
        page.iter().for_each(|said| push_line(&mut lines, said, &own, emphasis));
        match io::stdout().write_all(lines.as_bytes()) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => bail!("l'historique ne peut pas être affiché : {}", cause(&error)),
            Ok(()) => {}
        }
    }
}

/// Appends something that was said as the terminal shows it; of a file, what happened to it.
pub fn push_line(lines: &mut String, said: &Said, own: &Pseudo, emphasis: Emphasis) {
    let stamp = said.date.format("%Y-%m-%d %H:%M:%S").to_string();
    if let Some(file) = said.file() {
        lines.push_str(&format!("[{stamp}] {file}\n"));
    }
    let Some(text) = said.message() else { return };
    let author = if said.own.is_some() { Some(own) } else { said.with.as_ref() };
    let mut start = MessageStart::default();
    start.set(&stamp, author.map_or("", Pseudo::as_str), emphasis);
    start.push(lines, text);
}

fn names(pseudos: &[Pseudo]) -> String {
    pseudos.iter().map(Pseudo::as_str).collect::<Vec<_>>().join(", ")
}
