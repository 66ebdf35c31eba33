//! A file in the conversation: what its row says, and what can be done with it there.

use std::ops::Range;
use std::path::Path;

use client::files::{FileEvent, Happened};
use client::store::Fate;

/// What is opened with the system's program for it. Anything else might be run: of that, only the folder is shown.
const DOCUMENTS: [&str; 40] = [
    "7z", "aac", "avi", "bmp", "bz2", "csv", "docx", "epub", "flac", "gif", "gz", "jpeg", "jpg", "log",
    "m4a", "md", "mkv", "mov", "mp3", "mp4", "odg", "odp", "ods", "odt", "ogg", "opus", "pdf", "png", "pptx",
    "rtf", "tar", "tiff", "txt", "wav", "webm", "webp", "xlsx", "xz", "zip", "zst",
];

/// What the user can do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// To receive it.
    Accept,
    /// Not to receive it.
    Refuse,
    /// To give it up, or to withdraw it.
    Cancel,
    /// To see what is in it.
    Open,
    /// To see where it is.
    OpenFolder,
}

impl FileAction {
    /// The word on its button.
    pub(crate) fn label(self) -> &'static str {
        match self {
            FileAction::Accept => "Accepter",
            FileAction::Refuse => "Refuser",
            FileAction::Cancel => "Annuler",
            FileAction::Open => "Ouvrir",
            FileAction::OpenFolder => "Ouvrir le dossier",
        }
    }
}

/// A file, as the last that happened to it says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileRow {
    pub(super) file: FileEvent,
    /// Where in the text the words are that do something.
    pub(super) buttons: Vec<(Range<usize>, FileAction)>,
}

impl FileRow {
    /// A row, and its text.
    pub(super) fn new(file: FileEvent) -> (Self, String) {
        let mut text = file.to_string();
        let mut buttons = Vec::new();
        for action in actions(&file) {
            text.push(if buttons.is_empty() { '\n' } else { ' ' });
            let start = text.len();
            // Spaces at which no line is broken: they are the button's sides.
            text += &format!("\u{a0}\u{a0}{}\u{a0}\u{a0}", action.label().replace(' ', "\u{a0}"));
            buttons.push((start..text.len(), *action));
        }
        (FileRow { file, buttons }, text)
    }

    /// Whether that button does what one most likely wants.
    pub(super) fn is_main(&self, button: usize) -> bool {
        let main = [FileAction::Accept, FileAction::Open];
        self.buttons.get(button).is_some_and(|(_, action)| main.contains(action))
    }

    /// How much of it is there, from 0 to 1, while it is under way.
    pub(super) fn progress(&self) -> Option<f64> {
        match self.file.what {
            #[expect(clippy::cast_precision_loss, reason = "a bar is a few hundred pixels long")]
            Happened::Progress { done, .. } | Happened::Accepted(done) => {
                Some(done as f64 / self.file.size.max(1) as f64)
            }
            _ => None,
        }
    }

    /// What became of one's own file.
    pub(super) fn fate(&self) -> Option<Fate> {
        self.file.is_own.then_some(match &self.file.what {
            Happened::Delivered => Fate::Delivered,
            what if what.is_final() => Fate::GivenUp,
            _ => Fate::Waiting,
        })
    }
}

fn actions(file: &FileEvent) -> &'static [FileAction] {
    use FileAction::{Accept, Cancel, Open, OpenFolder, Refuse};
    match &file.what {
        Happened::Offered | Happened::Stopped(_) if !file.is_own => &[Accept, Refuse],
        Happened::Received(Some(path)) if is_document(path) => &[Open, OpenFolder],
        Happened::Received(_) => &[OpenFolder],
        what if what.is_final() => &[],
        _ => &[Cancel],
    }
}

fn is_document(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    DOCUMENTS.contains(&ending.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(is_own: bool, what: Happened) -> (FileRow, String) {
        let with = "bob".parse().ok();
        FileRow::new(FileEvent { id: 1, name: "a.pdf".to_owned(), size: 1_000, is_own, with, what })
    }

    fn buttons(is_own: bool, what: Happened) -> Vec<String> {
        let (row, text) = row(is_own, what);
        row.buttons
            .iter()
            .map(|(part, _)| text[part.clone()].replace('\u{a0}', " ").trim().to_owned())
            .collect()
    }

    #[test]
    fn what_can_be_done_is_written_below() {
        assert_eq!(buttons(false, Happened::Offered), ["Accepter", "Refuser"]);
        assert_eq!(buttons(true, Happened::Offered), ["Annuler"]);
        assert_eq!(buttons(false, Happened::Accepted(0)), ["Annuler"]);
        assert_eq!(buttons(false, Happened::Refused), [""; 0]);
        let received = |path: &str| buttons(false, Happened::Received(Some(path.into())));
        assert_eq!(received("/tmp/a.PDF"), ["Ouvrir", "Ouvrir le dossier"]);
        for runs in ["/tmp/a.exe", "/tmp/a.pdf.desktop", "/tmp/a", "/tmp/a.sh", "/tmp/a.html"] {
            assert_eq!(received(runs), ["Ouvrir le dossier"], "{runs}");
        }
    }

    #[test]
    fn the_bar_and_the_sign_say_how_it_stands() {
        assert_eq!(row(false, Happened::Accepted(250)).0.progress(), Some(0.25));
        assert_eq!(row(false, Happened::Offered).0.progress(), None);
        assert_eq!(row(false, Happened::Offered).0.fate(), None);
        assert_eq!(row(true, Happened::Offered).0.fate(), Some(Fate::Waiting));
        assert_eq!(row(true, Happened::Delivered).0.fate(), Some(Fate::Delivered));
        assert_eq!(row(true, Happened::Refused).0.fate(), Some(Fate::GivenUp));
    }
}
