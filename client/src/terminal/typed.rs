//! What a person types: each Enter is a message or a command.

use std::io;
use std::time::Duration;

use common::text::capitalised;
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::QUIT_WORD;
use crate::link::Link;
use crate::session::SendError;

use super::archive::Archive;
use super::commands;
use super::draft::{Draft, InputHistory, Place};
use super::files::Files;
use super::lines::{Input, lines};
use super::screen::Screen;

/// What a terminal in its own line mode takes of a line; the rest it drops.
#[cfg(unix)]
const LINE_MODE_BYTES: usize = 4095;

/// Keys that follow within this time have come together: a paste.
const ALL_AT_ONCE: Duration = Duration::from_millis(1);

/// How long the system may take to stop this program.
#[cfg(unix)]
const STOP_DELAY: Duration = Duration::from_millis(50);

/// What commands work on.
pub(super) struct Desk<'a> {
    pub(super) link: &'a Link,
    pub(super) screen: &'a Screen,
    /// What is kept, if anything is.
    pub(super) archive: Option<Archive>,
    pub(super) files: Files,
}

/// What became of what was entered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entered {
    Done,
    /// It could not be sent: the person may want to change it.
    Refused,
    Leave,
}

impl Desk<'_> {
    fn enter(&self, text: &str) -> Entered {
        if text.trim() == QUIT_WORD {
            return Entered::Leave;
        }
        match text.strip_prefix('/') {
            Some(message) if message.starts_with('/') => self.send(message),
            Some(command) => self.run(command.trim_end()),
            None if text.is_empty() => Entered::Done,
            None => self.send(text),
        }
    }

    fn send(&self, text: &str) -> Entered {
        match self.link.send(text) {
            // The end is told by itself.
            Ok(_) | Err(SendError::Over) => Entered::Done,
            Err(error) => {
                self.screen.notice(&format!("{error}."));
                Entered::Refused
            }
        }
    }

    fn run(&self, command: &str) -> Entered {
        let (name, argument) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        match commands::find(name) {
            Some(run) => run(self, argument.trim()),
            None => {
                self.screen.notice(&format!(
                    "« /{name} » n'est pas une commande, et n'est pas parti. /aide montre les commandes ; \
                     un message qui commence par « / » s'écrit avec « // »."
                ));
                Entered::Refused
            }
        }
    }

    fn leave(&self) {
        self.screen.stop_typing();
        if !self.link.undelivered().is_empty() {
            self.screen.notice("En attente de la remise des derniers messages… (Ctrl-C pour y renoncer)");
        }
        self.link.leave();
    }
}

/// Reads lines from a terminal in its own line mode, until the end.
pub(super) fn from_lines(desk: &Desk<'_>) -> io::Result<()> {
    let mut input = Input::new(io::stdin().lock());
    while let Some(group) = input.next_group()? {
        for line in lines(group) {
            #[cfg(unix)]
            if line.is_ok_and(|line| line.len() == LINE_MODE_BYTES) {
                desk.screen.notice(&format!(
                    "Ce terminal ne transmet que {LINE_MODE_BYTES} octets par ligne : la fin de celle-ci manque peut-être."
                ));
            }
            match line.map(|line| desk.enter(line)) {
                Ok(Entered::Leave) => {
                    desk.leave();
                    return Ok(());
                }
                Ok(Entered::Done | Entered::Refused) => {}
                Err(unreadable) => desk.screen.notice(&format!("{}.", capitalised(&unreadable.to_string()))),
            }
        }
    }
    desk.leave();
    Ok(())
}

/// Reads keys and edits the line being typed on the screen, for ever.
pub(super) fn from_keys(desk: &Desk<'_>) -> io::Result<()> {
    let mut keyboard = Keyboard { desk, history: InputHistory::default(), leaving: false, warned: false };
    loop {
        keyboard.handle(event::read()?)?;
        // What comes all at once is drawn once.
        if !event::poll(ALL_AT_ONCE)? {
            desk.screen.redraw()?;
        }
    }
}

struct Keyboard<'a> {
    desk: &'a Desk<'a>,
    history: InputHistory,
    /// The person has left; only Ctrl-C has a meaning any more.
    leaving: bool,
    /// The last key was Ctrl-C, and what another one does was said.
    warned: bool,
}

impl Keyboard<'_> {
    fn handle(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => Ok(()),
            Event::Key(key) if is_ctrl_c(key) => {
                self.interrupt();
                Ok(())
            }
            Event::Key(key) => {
                self.warned = false;
                self.press(key)
            }
            // Terminals send a line's end as Enter does.
            Event::Paste(text) => self.insert(&text.replace("\r\n", "\n").replace('\r', "\n")),
            Event::Resize(columns, rows) => self.desk.screen.resize((columns, rows)),
            _ => Ok(()),
        }
    }

    fn press(&mut self, key: KeyEvent) -> io::Result<()> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let by_word = ctrl || alt;
        match (key.code, ctrl, alt) {
            (KeyCode::Enter, _, true) => return self.insert("\n"),
            // Ctrl-J is what Enter is until this program reads keys: somebody may type ahead.
            (KeyCode::Enter, ..) | (KeyCode::Char('j'), true, false) => return self.enter(),
            (KeyCode::Char('d'), true, false) => return self.delete_or_leave(),
            (KeyCode::Char('l'), true, false) => return self.desk.screen.clear(),
            (KeyCode::Char('z'), true, false) => return self.desk.screen.lend(stop_this_program),
            (KeyCode::Tab, ..) => self.complete(),
            (KeyCode::Left, ..) => self.go(if by_word { Place::WordBefore } else { Place::Before }),
            (KeyCode::Right, ..) => self.go(if by_word { Place::WordAfter } else { Place::After }),
            (KeyCode::Char('b'), true, false) => self.go(Place::Before),
            (KeyCode::Char('f'), true, false) => self.go(Place::After),
            (KeyCode::Char('b'), false, true) => self.go(Place::WordBefore),
            (KeyCode::Char('f'), false, true) => self.go(Place::WordAfter),
            (KeyCode::Home, ..) | (KeyCode::Char('a'), true, false) => self.go(Place::LineStart),
            (KeyCode::End, ..) | (KeyCode::Char('e'), true, false) => self.go(Place::LineEnd),
            (KeyCode::Up, ..) | (KeyCode::Char('p'), true, false) => self.up(),
            (KeyCode::Down, ..) | (KeyCode::Char('n'), true, false) => self.down(),
            (KeyCode::Backspace, ..) if by_word => self.edit(|draft| draft.cut(Place::WordBefore)),
            (KeyCode::Backspace, ..) | (KeyCode::Char('h'), true, false) => {
                self.edit(|draft| draft.delete(Place::Before));
            }
            (KeyCode::Delete, ..) => self.edit(|draft| draft.delete(Place::After)),
            (KeyCode::Char('w'), true, false) => self.edit(|draft| draft.cut(Place::WordBefore)),
            (KeyCode::Char('d'), false, true) => self.edit(|draft| draft.cut(Place::WordAfter)),
            (KeyCode::Char('u'), true, false) => self.edit(|draft| draft.cut(Place::LineStart)),
            (KeyCode::Char('k'), true, false) => self.edit(|draft| draft.cut(Place::LineEnd)),
            (KeyCode::Char('y'), true, false) => return self.change(Draft::paste),
            // Both together are how some keyboards say AltGr.
            (KeyCode::Char(c), ctrl, alt) if ctrl == alt => return self.insert(c.encode_utf8(&mut [0; 4])),
            _ => {}
        }
        Ok(())
    }

    fn edit(&self, change: impl FnOnce(&mut Draft)) {
        self.desk.screen.edit(change);
    }

    fn go(&self, to: Place) {
        self.edit(|draft| {
            draft.go(to);
        });
    }

    fn insert(&self, text: &str) -> io::Result<()> {
        self.change(|draft| draft.insert(text))
    }

    /// Changes the draft, or says that it would become too long.
    fn change(&self, change: impl FnOnce(&mut Draft) -> bool) -> io::Result<()> {
        if self.desk.screen.edit(change) == Some(false) {
            self.desk.screen.notice(
                "Ce texte ne tient pas dans un message (65 000 octets environ au plus, une lettre accentuée en \
                 compte deux) : il n'a pas été inséré.",
            );
        }
        Ok(())
    }

    fn up(&mut self) {
        let history = &mut self.history;
        self.desk.screen.edit(|draft| {
            if !draft.go(Place::LineAbove) {
                history.back(draft);
            }
        });
    }

    fn down(&mut self) {
        let history = &mut self.history;
        self.desk.screen.edit(|draft| {
            if !draft.go(Place::LineBelow) {
                history.forth(draft);
            }
        });
    }

    fn complete(&self) {
        self.edit(|draft| {
            if let Some(missing) = commands::complete(draft.text()) {
                draft.go(Place::LineEnd);
                // A command is never too long, and the end of a path is seen to be missing.
                let _ = draft.insert(&missing);
            }
        });
    }

    fn enter(&mut self) -> io::Result<()> {
        let screen = self.desk.screen;
        let text = screen.enter()?;
        self.history.add(&text);
        match self.desk.enter(&text) {
            Entered::Done => {}
            Entered::Refused => self.edit(|draft| draft.set(text)),
            Entered::Leave => self.leave(),
        }
        Ok(())
    }

    fn delete_or_leave(&mut self) -> io::Result<()> {
        let was_empty = self.desk.screen.edit(|draft| {
            let is_empty = draft.text().is_empty();
            draft.delete(Place::After);
            is_empty
        });
        if was_empty == Some(true) {
            self.leave();
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.leaving = true;
        self.desk.leave();
    }

    /// Ctrl-C: empties the line; on an empty one it says how to leave, and cuts the discussion when it comes again.
    fn interrupt(&mut self) {
        let text = self.desk.screen.edit(Draft::take).unwrap_or_default();
        if !text.is_empty() {
            self.history.add(&text);
        } else if self.leaving || std::mem::replace(&mut self.warned, true) {
            self.desk.link.cut_short();
        } else {
            self.desk.screen.notice(
                "« quitter » (ou Ctrl-D) quitte la discussion ; encore Ctrl-C la coupe sans prévenir l'autre.",
            );
        }
    }
}

fn is_ctrl_c(key: KeyEvent) -> bool {
    key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL
}

/// Ctrl-Z: stops as any program does, with whoever has started it (`cargo run`), until the shell's `fg`.
fn stop_this_program() {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, kill_current_process_group};
        // Another thread may be the one that takes the signal: nothing may be drawn before that.
        if kill_current_process_group(Signal::TSTP).is_ok() {
            std::thread::sleep(STOP_DELAY);
        }
    }
}
