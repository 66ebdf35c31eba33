//! What is kept of earlier runs, for the terminal.

use std::io::IsTerminal;

use common::address::Pseudo;
use common::text::harmless;
use common::transcript::Emphasis;

use super::screen::{Lines, Screen};
use crate::history::{self, push_line};
use crate::store::{History, Part, Remembered, Said, Store};

/// How many messages `/historique` shows unless told otherwise, and how many it shows at most.
const FEW: usize = 20;
const MANY: usize = 100_000;

/// Whether a discussion is kept unless told otherwise: where a person sits in front of it.
pub(super) fn is_worth_keeping(listen: bool) -> bool {
    !listen && std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// What was said under one name.
pub(super) struct Archive {
    history: History,
    own: Pseudo,
}

impl Archive {
    /// Takes up what an earlier run has kept, if it can be kept; says what there is to know of it.
    pub(super) fn open(own: &Pseudo, screen: &Screen) -> Option<(Archive, (Store, Remembered))> {
        let (kept, sentences) = history::take_up(own);
        sentences.iter().for_each(|sentence| screen.notice(sentence));
        let (history, kept) = kept?;
        let archive = Archive { history, own: own.clone() };
        archive.show_what_was_not_shown(kept.1.shown, screen);
        Some((archive, kept))
    }

    /// What was received just before the program was killed.
    fn show_what_was_not_shown(&self, shown: i64, screen: &Screen) {
        let Ok(page) = self.history.page(None, Part::After(shown), MANY) else { return };
        // Files that are still offered are told of anyway.
        let is_meant = |said: &Said| said.own.is_none() && said.message().is_some();
        let received: Vec<Said> = page.into_iter().filter(is_meant).collect();
        if !received.is_empty() {
            screen.notice("Reçu juste avant l'interruption de ce programme :");
            self.show(&received, screen);
        }
    }

    /// Shows the last messages, as many as `count` says.
    pub(super) fn show_last(&self, count: &str, screen: &Screen) -> bool {
        let count = match count {
            "" => FEW,
            number => match number.parse() {
                Ok(number @ 1..=MANY) => number,
                _ => {
                    screen.notice(&format!(
                        "« {} » n'est pas un nombre de messages : /historique 50",
                        harmless(number)
                    ));
                    return false;
                }
            },
        };
        match self.history.page(None, Part::Latest, count) {
            Ok(page) if page.is_empty() => screen.notice("Rien n'a été dit jusqu'ici."),
            Ok(mut page) => {
                page.reverse();
                self.show(&page, screen);
            }
            Err(unreadable) => screen.notice(&format!("{unreadable}.")),
        }
        true
    }

    fn show(&self, said: &[Said], screen: &Screen) {
        let mut lines = Lines::default();
        said.iter().for_each(|said| push_line(lines.messages(), said, &self.own, Emphasis::on_stdout()));
        // What has to be seen fails elsewhere too.
        let _ = screen.show(&lines);
    }
}
