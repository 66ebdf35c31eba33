//! Files, in the window: choosing and offering them, their rows in the conversation.

use std::path::{Path, PathBuf};

use client::files::{FileEvent, Happened};
use common::clock;
use fltk::app;
use fltk::dialog::{FileDialogType, NativeFileChooser};

use super::{Messenger, OnceDelivered, Phase};
use crate::chat::Chat;
use crate::display::{Entry, FileAction};
use crate::files;

impl Messenger {
    /// The button beside the entry field.
    pub(super) fn choose_files(&self) {
        let mut chooser = NativeFileChooser::new(FileDialogType::BrowseMultiFile);
        chooser.set_title("Envoyer des fichiers");
        chooser.show();
        self.ask_before_offering(chooser.filenames());
    }

    /// Takes what was dropped on the window, if these are files.
    pub(super) fn take_dropped(&self) {
        self.ask_before_offering(files::dropped(&app::event_text()).unwrap_or_default());
    }

    /// Files leave this machine only once the user has seen which.
    fn ask_before_offering(&self, paths: Vec<PathBuf>) {
        if paths.is_empty() || self.phase() != Some(Phase::Talking) {
            return;
        }
        let peer = self.0.discussion.borrow().as_ref().and_then(|discussion| discussion.peer.clone());
        let to = peer.map_or_else(|| "la première personne qui viendra".to_owned(), |peer| peer.to_string());
        let question = files::question(&paths, &to);
        self.ask(&question, ("Annuler", 'a'), ("Proposer", 'p'), OnceDelivered::Stay, move |messenger| {
            let Some(link) = messenger.link() else { return };
            paths.iter().for_each(|path| {
                link.offer(path.clone());
            });
        });
    }

    /// Shows what has happened to a file in its row.
    pub(super) fn show_file(&self, chat: &Chat, file: FileEvent, entries: &mut Vec<Entry>) {
        if let Happened::Received(_) = file.what {
            self.call_for_a_look(0);
        }
        // Its row may be about to be shown.
        let is_its =
            |entry: &&mut Entry| matches!(entry, Entry::File { file: shown, .. } if shown.id == file.id);
        if let Some(row) = entries.iter_mut().find(is_its) {
            *row = Entry::File { date: clock::now(), file };
        } else if !chat.display().update_file(&file) {
            entries.push(if file.what.is_final() {
                Entry::Notice { date: clock::now(), text: file.to_string() }
            } else {
                Entry::File { date: clock::now(), file }
            });
        }
    }

    /// A button in a file's row was pressed.
    pub(super) fn act_on_file(&self, file: &FileEvent, action: FileAction) {
        let (Some(link), Some(chat)) = (self.link(), self.chat()) else { return };
        let received = match &file.what {
            Happened::Received(Some(path)) => path.as_path(),
            _ => Path::new(""),
        };
        match action {
            FileAction::Accept => link.accept(file.id, files::downloads()),
            FileAction::Refuse | FileAction::Cancel => link.cancel(file.id),
            FileAction::Open | FileAction::OpenFolder if !received.exists() => {
                chat.remark("Ce fichier n'est plus là où il a été reçu.");
            }
            FileAction::Open => self.open(&files::address(received)),
            FileAction::OpenFolder => {
                self.open(&files::address(received.parent().unwrap_or(received)));
            }
        }
    }
}
