//! What is kept of the discussion: what was said before, words that are looked for in it, saving it and erasing it.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use client::event::cause;
use client::files::FileEvent;
use client::find::Needle;
use client::history::push_line;
use client::store::{Fate, History, Part, Said, Unreadable};
use common::address::Pseudo;
use common::clock;
use common::text::shortened;
use common::transcript::Emphasis;
use fltk::dialog::{FileDialogOptions, FileDialogType, NativeFileChooser};
use fltk::enums::{Key, Shortcut};

use super::{Messenger, OnceDelivered};
use crate::chat::Chat;
use crate::display::{Entry, FileAction};
use crate::find;
use crate::menu::{self, Item};
use crate::paint::Area;

/// How many messages are read at once: as one scrolls up, and on the way to a place that was found.
const PAGE: usize = 100;
const LONG_PAGE: usize = 2_000;

/// How many characters of a file's name stand in the menu.
const SHOWN_OF_NAME: usize = 30;

/// What can be done with the discussion.
#[derive(Clone, Copy)]
enum Choice {
    Find,
    Save,
    Clear,
    EraseThis,
    EraseAll,
    Wire,
    Present,
    /// What that button in a file's row does.
    File(usize),
}

/// What is kept under one's own name, and how much of it is shown.
pub(super) struct Archive {
    history: History,
    /// Those who were there in this discussion. What was said before with the first of them is shown above it.
    met: RefCell<Vec<Pseudo>>,
    /// Everything from this place on is from this discussion.
    now: i64,
    /// Everything from this place on is shown.
    shown: Cell<i64>,
}

impl Archive {
    /// For that history, in which a discussion begins now.
    pub(super) fn new(history: History) -> Archive {
        // What cannot be read is told when it is to be shown.
        let latest = history.page(None, Part::Latest, 1).unwrap_or_default();
        let now = latest.first().map_or(0, |said| said.id) + 1;
        Archive { history, met: RefCell::default(), now, shown: Cell::new(now) }
    }

    /// With whom the last discussion was in which something arrived that nobody has seen: the program was killed.
    pub(super) fn unseen(&self, shown: i64) -> Option<Pseudo> {
        self.history.page(None, Part::After(shown), 1).ok()?.pop()?.with
    }

    /// With whom the messages are that stand above this discussion.
    fn with(&self) -> Option<Pseudo> {
        self.met.borrow().first().cloned()
    }

    /// What was said before all that is shown, oldest first.
    fn older(&self, count: usize) -> Result<Vec<(Entry, Fate)>, Unreadable> {
        let Some(with) = self.with() else { return Ok(Vec::new()) };
        self.before(&self.shown, &with, count)
    }

    /// What was said with that one before that place, which moves to the beginning of it; nothing only if nothing was.
    fn before(
        &self,
        place: &Cell<i64>,
        with: &Pseudo,
        count: usize,
    ) -> Result<Vec<(Entry, Fate)>, Unreadable> {
        loop {
            let mut page = self.history.page(Some(with), Part::Before(place.get()), count)?;
            let Some(first) = page.last() else { return Ok(Vec::new()) };
            place.set(first.id);
            page.reverse();
            let entries: Vec<_> = page.into_iter().filter_map(entry).collect();
            // A page may be of words that only a later version knows.
            if !entries.is_empty() {
                return Ok(entries);
            }
        }
    }
}

fn entry(said: Said) -> Option<(Entry, Fate)> {
    if let Some(file) = said.file() {
        return Some((Entry::Notice { date: said.date, text: file.to_string() }, Fate::Delivered));
    }
    let text = said.message()?.to_owned();
    Some(match said.own {
        Some((id, fate)) => (Entry::Own { id, date: said.date, text }, fate),
        None => {
            let name = said.with.map_or_else(String::new, |with| with.to_string());
            (Entry::Other { name, date: said.date, text }, Fate::Delivered)
        }
    })
}

impl Messenger {
    /// Does something with what is kept, if anything is, and says why should that fail.
    fn with_archive<T>(&self, what: impl FnOnce(&Archive) -> Result<T, Unreadable>) -> Option<T> {
        let discussion = self.0.discussion.borrow();
        let result = what(discussion.as_ref()?.archive.as_ref()?);
        drop(discussion);
        match (result, self.chat()) {
            (Ok(result), _) => Some(result),
            (Err(unreadable), Some(chat)) => {
                chat.remark(&unreadable.to_string());
                None
            }
            (Err(_), None) => None,
        }
    }

    /// That one is here: what was said with him before is shown, above this discussion if he is the first.
    pub(super) fn show_past(&self, chat: &Chat, who: &Pseudo, entries: &mut Vec<Entry>) {
        let older = self.with_archive(|archive| {
            if archive.met.borrow().contains(who) {
                return Ok(None);
            }
            archive.met.borrow_mut().push(who.clone());
            if archive.met.borrow().len() == 1 {
                return archive.older(PAGE).map(|older| Some((older, true)));
            }
            archive.before(&Cell::new(archive.now), who, PAGE).map(|older| Some((older, false)))
        });
        match older.flatten() {
            Some((older, true)) => {
                chat.display().prepend(older);
            }
            Some((older, false)) => entries.extend(older.into_iter().map(|(entry, _)| entry)),
            None => {}
        }
    }

    /// The user has scrolled up. False if there is nothing more.
    pub(super) fn show_older(&self, count: usize) -> bool {
        let older = self.with_archive(|archive| archive.older(count)).unwrap_or_default();
        !older.is_empty() && self.chat().is_some_and(|chat| chat.display().prepend(older))
    }

    pub(super) fn show_page_before(&self) {
        self.show_older(PAGE);
    }

    // ---- looking for words ----

    pub(super) fn find(&self, action: find::Action) {
        let Some(chat) = self.chat() else { return };
        let found = match action {
            find::Action::Close => {
                chat.display().look_for(None);
                chat.close_find();
                return;
            }
            find::Action::Change => {
                let needle = Needle::new(&chat.words_to_find());
                let nothing = needle.is_none();
                chat.display().look_for(needle);
                nothing || self.find_earlier(&chat)
            }
            find::Action::Earlier => self.find_earlier(&chat),
            find::Action::Later => chat.display().find(false),
        };
        chat.remark_on_find(match action {
            _ if found => "",
            find::Action::Later => "Rien de plus vers le bas.",
            _ if chat.display().has_found() => "Rien de plus vers le haut.",
            _ => "Rien trouvé.",
        });
    }

    /// Among what is shown, or else among what was said before.
    fn find_earlier(&self, chat: &Chat) -> bool {
        if chat.display().find(true) {
            return true;
        }
        let Some(needle) = Needle::new(&chat.words_to_find()) else { return false };
        let place = self.with_archive(|archive| match archive.with() {
            Some(with) => archive.history.find(Some(&with), &needle, Part::Before(archive.shown.get())),
            None => Ok(None),
        });
        let Some(place) = place.flatten() else { return false };
        let is_shown = || self.with_archive(|archive| Ok(archive.shown.get() <= place));
        while is_shown() == Some(false) && self.show_older(LONG_PAGE) {}
        chat.display().find(true)
    }

    // ---- the menu ----

    pub(super) fn show_menu(&self, button: Area) {
        let kept = self.with_archive(|archive| Ok(archive.with().is_some()));
        let anything = self.chat().is_some_and(|chat| !chat.display().is_empty());
        // By keys these buttons cannot be reached otherwise.
        let buttons = self.chat().map(|chat| chat.display().file_buttons()).unwrap_or_default();
        let label = |(file, action): &(FileEvent, FileAction)| {
            format!("{} « {} »", action.label(), shortened(&file.name, SHOWN_OF_NAME))
        };
        let labels: Vec<String> = buttons.iter().map(label).collect();
        let item = |choice, label, keys, possible| Item { choice, label, keys, possible };
        let none = Shortcut::None;
        let mut items: Vec<_> = (labels.iter().enumerate())
            .map(|(place, label)| item(Choice::File(place), label.as_str(), none, true))
            .collect();
        items.extend([
            item(Choice::Find, "Chercher", Shortcut::Ctrl | 'f', true),
            item(Choice::Save, "Enregistrer…", none, anything),
            item(Choice::Clear, "Vider", none, anything),
            item(Choice::EraseThis, "Effacer l'historique avec cette personne…", none, kept == Some(true)),
            item(Choice::EraseAll, "Effacer tout l'historique…", none, kept.is_some()),
            item(Choice::Wire, "Sur le fil", Shortcut::from_key(Key::F12), true),
            item(Choice::Present, "Présentation", Shortcut::from_key(Key::F11), true),
        ]);
        match menu::choose_below(button, &items) {
            Some(Choice::Find) => {
                if let Some(chat) = self.chat() {
                    chat.open_find();
                }
            }
            Some(Choice::Save) => self.save(),
            Some(Choice::Wire) => self.switch_wire(),
            Some(Choice::Present) => self.0.shared.switch_presentation(),
            Some(Choice::File(place)) => {
                if let Some((file, action)) = buttons.get(place) {
                    self.act_on_file(file, *action);
                }
            }
            Some(Choice::Clear) => self.ask_before_clearing(),
            Some(Choice::EraseThis) => self.ask(
                "Ce qui a été dit avec cette personne sera effacé de cette machine, pour toujours. \
                 Ce qui attend encore d'être remis le sera.",
                ("Garder", 'g'),
                ("Effacer", 'e'),
                OnceDelivered::Stay,
                |messenger| messenger.erase(false),
            ),
            Some(Choice::EraseAll) => self.ask(
                "Tout ce qui a été dit sous ce pseudo, avec qui que ce soit, sera effacé de cette machine, pour \
                 toujours. Ce qui attend encore d'être remis le sera.",
                ("Garder", 'g'),
                ("Effacer", 'e'),
                OnceDelivered::Stay,
                |messenger| messenger.erase(true),
            ),
            None => {}
        }
    }

    /// Empties the view. What is kept comes back as one scrolls up; where nothing is, the user is asked first.
    fn ask_before_clearing(&self) {
        if self.with_archive(|_| Ok(())).is_some() {
            self.clear();
            return;
        }
        self.ask(
            "Cette discussion n'est pas gardée sur cette machine : ce qui est vidé ne pourra plus être relu.",
            ("Garder", 'g'),
            ("Vider", 'v'),
            OnceDelivered::Stay,
            Messenger::clear,
        );
    }

    fn clear(&self) {
        self.with_archive(|archive| {
            let last = archive.history.page(None, Part::Latest, 1)?;
            archive.shown.set(last.first().map_or(0, |said| said.id) + 1);
            Ok(())
        });
        if let Some(chat) = self.chat() {
            chat.display().clear();
        }
    }

    fn erase(&self, all: bool) {
        let erased = self.with_archive(|archive| {
            let with = if all { None } else { archive.with() };
            archive.history.erase(with.as_ref())?;
            // Nothing that is left was before this discussion; places in the history may come again.
            archive.shown.set(0);
            Ok(())
        });
        if let (Some(()), Some(chat)) = (erased, self.chat()) {
            chat.display().clear();
            let text = "L'historique est effacé.".to_owned();
            chat.display().push([Entry::Notice { date: clock::now(), text }]);
        }
    }

    // ---- saving ----

    fn save(&self) {
        let Some(chat) = self.chat() else { return };
        let mut chooser = NativeFileChooser::new(FileDialogType::BrowseSaveFile);
        chooser.set_option(FileDialogOptions::SaveAsConfirm);
        chooser.set_title("Enregistrer la discussion");
        let with = self.with_archive(|archive| Ok(archive.with())).flatten();
        let day = clock::now().format("%Y-%m-%d");
        let name = with.map_or_else(|| format!("discussion-{day}.txt"), |with| format!("{with}-{day}.txt"));
        chooser.set_preset_file(&name);
        chooser.show();
        let file = chooser.filename();
        if file.as_os_str().is_empty() {
            return;
        }
        match self.write_to(&chat, &file) {
            Ok(()) => chat.remark(""),
            Err(error) => {
                chat.remark(&format!("Le fichier {} n'a pas été écrit : {}.", file.display(), cause(&error)));
            }
        }
    }

    /// Everything that was said with this one; without a history, what is shown.
    fn write_to(&self, chat: &Chat, file: &Path) -> io::Result<()> {
        let own = self.0.discussion.borrow().as_ref().map(|discussion| discussion.own.clone());
        let Some(own) = own else { return Ok(()) };
        let mut file = BufWriter::new(File::create(file)?);
        let Some(with) = self.with_archive(|archive| Ok(archive.with())).flatten() else {
            file.write_all(chat.display().transcript(&own).as_bytes())?;
            return file.flush();
        };
        let mut part = Part::After(0);
        loop {
            let said = {
                let discussion = self.0.discussion.borrow();
                let archive = discussion.as_ref().and_then(|discussion| discussion.archive.as_ref());
                let page = archive.map(|archive| archive.history.page(Some(&with), part, LONG_PAGE));
                page.transpose().map_err(io::Error::other)?.unwrap_or_default()
            };
            let Some(last) = said.last() else { break };
            part = Part::After(last.id);
            let mut lines = String::new();
            said.iter().for_each(|said| push_line(&mut lines, said, &own, Emphasis::None));
            file.write_all(lines.as_bytes())?;
        }
        file.flush()
    }
}
