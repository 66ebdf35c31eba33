//! Standard input that nobody types, a file or a pipe: every line of it is a message.

use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use common::text::Text;

use crate::QUIT_WORD;
use crate::event::cause;
use crate::link::Link;
use crate::session::SendError;

use super::lines::{Input, lines};
use super::screen::Screen;

/// What did not go of the input, so far.
#[derive(Debug, Default)]
pub(super) struct Unsent(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Something that was told when it happened.
    told: bool,
    /// Lines behind « quitter ».
    behind_quit: u64,
    /// Whether the end of the input was seen.
    all_read: bool,
}

impl Unsent {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many lines behind « quitter » have been counted.
    pub(super) fn behind_quit(&self) -> u64 {
        self.lock().behind_quit
    }

    /// Says what has not been said yet; true if all of the input went.
    pub(super) fn report(&self, screen: &Screen) -> bool {
        let unsent = self.lock();
        if unsent.behind_quit == 0 {
            return !unsent.told;
        }
        let at_least = if unsent.all_read { "" } else { " au moins" };
        screen.notice(&format!(
            "Des lignes derrière « {QUIT_WORD} » ne sont pas parties :{at_least} {}.",
            unsent.behind_quit
        ));
        false
    }
}

/// Sends the standard input line by line until its end or « quitter », then leaves.
pub(super) fn send(link: &Link, screen: &Screen, unsent: &Unsent) {
    let mut input = Input::new(io::stdin().lock());
    let mut sender = LineSender { link, screen, unsent, line_number: 0 };
    match sender.send_all(&mut input) {
        End::OfInput if sender.line_number == 0 => {
            screen.notice("L'entrée est vide : rien ne sera envoyé. Pour lire seulement, ajoutez --ecoute.");
            // The other one's discussion shall not end by that.
            link.cut_short();
        }
        End::OfInput => {
            link.wait_until_delivered();
            link.leave();
        }
        End::Quit => {
            link.leave();
            count_the_rest(&mut input, unsent);
        }
        End::OfDiscussion => {}
    }
}

fn count_the_rest(input: &mut Input<impl Read>, unsent: &Unsent) {
    while let Ok(Some(group)) = input.next_group() {
        unsent.lock().behind_quit += lines(group).count() as u64;
    }
    unsent.lock().all_read = true;
}

/// Why no more lines are sent.
enum End {
    OfInput,
    OfDiscussion,
    Quit,
}

/// Makes messages of lines.
struct LineSender<'a> {
    link: &'a Link,
    screen: &'a Screen,
    unsent: &'a Unsent,
    line_number: u64,
}

impl LineSender<'_> {
    fn send_all(&mut self, input: &mut Input<impl Read>) -> End {
        loop {
            let group = input.next_group();
            // Locked while there are lines in hand: who wants to know what did not go waits for them.
            let mut unsent = self.unsent.lock();
            match group {
                Ok(Some(group)) => {
                    if let Some(end) = self.send(group, &mut unsent) {
                        return end;
                    }
                }
                Ok(None) => return End::OfInput,
                Err(error) => {
                    self.screen.notice(&format!("L'entrée ne peut pas être lue : {}.", cause(&error)));
                    unsent.told = true;
                    self.line_number += 1;
                    return End::OfInput;
                }
            }
        }
    }

    /// Sends a group of lines; waits as long as there is no room.
    fn send(&mut self, group: &[u8], unsent: &mut Counts) -> Option<End> {
        let mut texts = Vec::new();
        let mut lines = lines(group);
        let mut quit = false;
        for line in &mut lines {
            self.line_number += 1;
            match line {
                Ok(line) if line.trim() == QUIT_WORD => {
                    quit = true;
                    break;
                }
                Ok(line) => match Text::from_plain(line) {
                    Ok(text) => texts.push(text),
                    Err(_) => self.complain(&SendError::TooLong, unsent),
                },
                Err(unreadable) => self.complain(&unreadable, unsent),
            }
        }
        if !self.link.send_all(&texts) {
            self.screen.notice("La suite de l'entrée n'est pas partie.");
            unsent.told = true;
            return Some(End::OfDiscussion);
        }
        if quit {
            unsent.behind_quit = lines.count() as u64;
            return Some(End::Quit);
        }
        None
    }

    fn complain(&self, reason: &dyn std::error::Error, unsent: &mut Counts) {
        unsent.told = true;
        self.screen.notice(&format!("Ligne {} de l'entrée : {reason}.", self.line_number));
    }
}
