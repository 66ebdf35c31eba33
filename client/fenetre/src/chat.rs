//! The discussion's page: the display, the entry field, the button « Quitter », and a line that says how things
//! stand.

use client::link::Link;
use common::address::Pseudo;
use fltk::app;
use fltk::button::Button;
use fltk::enums::{Event, FrameType, Key};
use fltk::group::Group;
use fltk::prelude::*;
use serveur::addresses::Reachable;

use super::button::{self, Kind};
use super::display::Display;
use super::entry_field::{self, EntryField};
use super::find::{self, FindBar};
use super::hook::Hook;
use super::invitation::Invitation;
use super::note::Note;
use super::paint::Area;
use super::status::{Status, StatusLine};
use super::theme::{BACKGROUND, CONTROL_HEIGHT, ERROR, MARGIN, MUTED};
use super::wire_panel::WirePanel;

const QUIT: &str = "Quitter";
/// Between the parts of the page.
const GAP: i32 = 8;

/// What the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// To send what is in the entry field.
    Send,
    /// To write on: the text in the entry field is another one now.
    Write,
    /// To leave the discussion.
    Quit,
    /// A new discussion.
    StartAgain,
    /// The other theme.
    SwitchTheme,
    /// To offer files.
    ChooseFiles,
    /// Something was dropped, files as a rule: the event says which.
    Dropped,
    /// To see what else can be done; the menu goes below that place.
    Menu(Area),
    /// Something about the words that are looked for.
    Find(find::Action),
    /// To see what passes on the wire, or not any more.
    SwitchWire,
}

/// The discussion's page: a handle.
#[derive(Clone)]
pub(crate) struct Chat {
    page: Group,
    status: StatusLine,
    menu: Button,
    theme: Button,
    quit: Button,
    find: FindBar,
    invitation: Invitation,
    display: Display,
    wire: WirePanel,
    remark: Note,
    attach: Button,
    entry: EntryField,
    closed: Note,
    again: Button,
    on_action: Hook<Action>,
}

impl Chat {
    /// A page that fills the current group, which is `w` wide and `h` high.
    pub(crate) fn new(w: i32, h: i32) -> Self {
        let mut page = Group::new(0, 0, w, h, None);
        page.set_frame(FrameType::FlatBox);
        page.set_color(BACKGROUND);
        page.make_resizable(false);
        let chat = Chat {
            status: StatusLine::new(),
            menu: button::menu_button(),
            theme: button::theme_button(),
            quit: button::text_button(QUIT, 'q', Kind::Plain),
            find: FindBar::new(),
            invitation: Invitation::new(),
            display: Display::new(0, 0, w, h),
            wire: WirePanel::new(),
            remark: Note::new(ERROR),
            attach: button::attach_button(),
            entry: EntryField::new(),
            closed: Note::new(MUTED),
            again: button::text_button("Nouvelle discussion", 'n', Kind::Main),
            page: page.clone(),
            on_action: Hook::new(),
        };
        page.end();
        chat.again.clone().hide();
        chat.connect_events();
        chat.lay_out();
        chat
    }

    /// Calls `f` whenever the user wants something; to be set once.
    pub(crate) fn on_action(&self, f: impl Fn(Action) + 'static) {
        self.on_action.set(f);
    }

    fn connect_events(&self) {
        let mut page = self.page.clone();
        page.resize_callback({
            let chat = self.clone();
            move |_, _, _, _, _| chat.lay_out()
        });
        page.handle({
            let chat = self.clone();
            move |page, event| match event {
                Event::KeyDown => chat.asked_to_find() || chat.asked_for_wire() || chat.typed_elsewhere(),
                // Files may be dropped anywhere: FLTK brings them to what it takes to be below the mouse.
                Event::DndEnter | Event::DndDrag if chat.entry.is_open() => {
                    app::set_belowmouse(page);
                    true
                }
                Event::DndLeave | Event::DndRelease => chat.entry.is_open(),
                Event::Paste => {
                    chat.on_action.call(Action::Dropped);
                    true
                }
                _ => false,
            }
        });
        for (button, action) in [
            (&self.quit, Action::Quit),
            (&self.again, Action::StartAgain),
            (&self.theme, Action::SwitchTheme),
            (&self.attach, Action::ChooseFiles),
        ] {
            let chat = self.clone();
            button.clone().set_callback(move |_| {
                // Before the action, which may lead elsewhere: FLTK would bring this window to the front again.
                chat.take_focus();
                chat.on_action.call(action);
            });
        }
        let chat = self.clone();
        self.menu.clone().set_callback(move |menu| {
            chat.take_focus();
            chat.on_action.call(Action::Menu(Area::of(menu)));
        });
        let chat = self.clone();
        self.find.on_action(move |action| chat.on_action.call(Action::Find(action)));
        let chat = self.clone();
        self.wire.on_close(move || chat.on_action.call(Action::SwitchWire));
        let wire = self.wire.clone();
        self.display.on_click(move |said| wire.mark(said));
        let chat = self.clone();
        self.entry.on_action(move |action| match action {
            entry_field::Action::Send => chat.on_action.call(Action::Send),
            entry_field::Action::Change => {
                chat.remark.set("");
                // Not for each key: the conversation would be drawn anew.
                if chat.entry.height() != chat.entry.height_wanted() || chat.remark.widget().h() > 0 {
                    chat.lay_out();
                }
                chat.on_action.call(Action::Write);
            }
            entry_field::Action::Dropped => chat.on_action.call(Action::Dropped),
            entry_field::Action::PasteRefused => {
                chat.remark("Ce texte est beaucoup trop long pour un message : il n'a pas été collé.");
            }
            entry_field::Action::PasteCut => {
                chat.remark("Le texte copié contient un caractère nul : seul ce qui le précède a été collé.");
            }
            entry_field::Action::Scroll => {
                chat.display.widget().handle_event(Event::KeyDown);
            }
        });
    }

    /// Ctrl+F.
    fn asked_to_find(&self) -> bool {
        let asked = app::is_event_ctrl() && app::event_key() == Key::from_char('f');
        if asked {
            self.open_find();
        }
        asked
    }

    /// F12.
    fn asked_for_wire(&self) -> bool {
        let asked = app::event_key() == Key::F12;
        if asked {
            self.on_action.call(Action::SwitchWire);
        }
        asked
    }

    /// Shows what passes on the wire of that link, or not any more.
    pub(crate) fn switch_wire(&self, link: &Link) {
        if self.wire.is_open() {
            self.wire.close();
            self.take_focus();
        } else {
            self.wire.open(link);
        }
        self.lay_out();
    }

    /// Shows the bar that looks for words.
    pub(crate) fn open_find(&self) {
        self.find.open();
        self.lay_out();
        self.on_action.call(Action::Find(find::Action::Change));
    }

    /// Takes it away.
    pub(crate) fn close_find(&self) {
        self.find.hide();
        self.lay_out();
        self.take_focus();
    }

    /// What is looked for; empty while the bar is not there.
    pub(crate) fn words_to_find(&self) -> String {
        if self.find.is_open() { self.find.words() } else { String::new() }
    }

    /// Says something below the words that are looked for.
    pub(crate) fn remark_on_find(&self, text: &str) {
        self.find.remark(text);
        self.lay_out();
    }

    /// Keys that nothing else on the page wants are meant for the entry field, if they write something.
    fn typed_elsewhere(&self) -> bool {
        let meant = entry_field::is_written_by_key() && self.entry.is_open() && !self.entry.has_focus();
        if meant {
            self.entry.take_focus();
            self.entry.press_key();
        }
        meant
    }

    /// Deletes the page, at once. Only the form leads here: it must not be called from what one of the page's own widgets
    /// does.
    pub(crate) fn delete(self) {
        self.display.discard();
        self.wire.close();
        app::delete_widget(self.page);
    }

    /// The page to show or hide.
    pub(crate) fn page(&self) -> Group {
        self.page.clone()
    }

    /// The entry field.
    pub(crate) fn entry(&self) -> &EntryField {
        &self.entry
    }

    /// Whether the user is writing something that he has not sent.
    pub(crate) fn has_draft(&self) -> bool {
        self.entry.is_open() && !self.entry.is_blank()
    }

    /// The conversation.
    pub(crate) fn display(&self) -> &Display {
        &self.display
    }

    /// Gives the focus to what is most likely needed next.
    pub(crate) fn take_focus(&self) {
        if self.entry.is_open() {
            self.entry.take_focus();
        } else {
            // Not the button below: who is typing when the other leaves would press it with the next space.
            let _ = self.display.widget().take_focus();
        }
    }

    /// Says how things stand.
    pub(crate) fn set_status(&self, status: &Status) {
        self.status.set(status);
    }

    /// Tells what to type on the other machine, one line each; nothing any more for none.
    pub(crate) fn invite(&self, addresses: &[Reachable]) {
        self.invitation.set(addresses);
        self.lay_out();
    }

    /// A remark beside the entry field, until its text changes.
    pub(crate) fn remark(&self, text: &str) {
        self.remark.set(text);
        self.lay_out();
    }

    /// The user is leaving: nothing can be typed any more.
    pub(crate) fn close(&self) {
        let had_focus = self.entry.has_focus();
        self.entry.close();
        self.attach.clone().hide();
        if had_focus {
            // FLTK would give it to the first button.
            self.take_focus();
        }
        self.remark.set("");
        self.quit.clone().deactivate();
        self.lay_out();
    }

    /// The discussion is over: a new one can be started.
    pub(crate) fn end(&self) {
        self.close();
        self.invitation.set(&[]);
        if !self.entry.text().is_empty() {
            self.closed.set("La saisie est fermée ; ce que vous écriviez peut encore être copié.");
        }
        self.again.clone().show();
        self.lay_out();
    }

    /// Puts everything in its place.
    fn lay_out(&self) {
        let page = Area::of(&self.page);
        let (x, w) = (page.x + MARGIN, page.w - 2 * MARGIN);

        let quit_width = button::width_for(QUIT);
        let quit_x = x + w - quit_width;
        let theme_x = quit_x - GAP - CONTROL_HEIGHT;
        let menu_x = theme_x - GAP - CONTROL_HEIGHT;
        let mut top = page.y + MARGIN;
        self.quit.clone().resize(quit_x, top, quit_width, CONTROL_HEIGHT);
        self.theme.clone().set_pos(theme_x, top);
        self.menu.clone().set_pos(menu_x, top);
        self.status.place(Area { x, y: top, w: menu_x - GAP - x, h: CONTROL_HEIGHT });
        top += CONTROL_HEIGHT + GAP;
        let find = self.find.place(x, top, w);
        top += if find > 0 { find + GAP } else { 0 };
        let invitation = self.invitation.place(x, top, w);
        top += if invitation > 0 { invitation + GAP } else { 0 };

        let mut bottom = page.y + page.h - MARGIN;
        if self.again.visible() {
            bottom -= CONTROL_HEIGHT;
            self.again.clone().resize(x, bottom, w, CONTROL_HEIGHT);
            bottom -= GAP;
        }
        bottom -= self.closed.height(w);
        self.closed.place(x, bottom, w);
        let beside = if self.attach.visible() { CONTROL_HEIGHT + GAP } else { 0 };
        self.attach.clone().set_pos(x + w - CONTROL_HEIGHT, bottom - CONTROL_HEIGHT);
        // The text's height depends on the field's width.
        let field = Area { x, y: bottom - CONTROL_HEIGHT, w: w - beside, h: CONTROL_HEIGHT };
        self.entry.place(field);
        let entry_height = self.entry.height_wanted();
        bottom -= entry_height;
        self.entry.place(Area { y: bottom, h: entry_height, ..field });
        bottom -= self.remark.height(w);
        self.remark.place(x, bottom, w);
        bottom -= GAP;
        let wire = self.wire.height(bottom - top);
        if wire > 0 {
            bottom -= wire;
            self.wire.place(Area { x, y: bottom, w, h: wire });
            bottom -= GAP;
        }
        self.display.widget().resize(page.x, top, page.w, (bottom - top).max(1));
        self.page.clone().redraw();
    }
}

/// The window's title: whose window it is, with whom; how many messages were not seen yet, and whether it was not seen
/// yet that the discussion is over.
pub(crate) fn title(
    own: Option<&Pseudo>,
    peer: Option<&Pseudo>,
    unseen: Option<usize>,
    over: bool,
) -> String {
    let names = match (own, peer) {
        (Some(own), Some(peer)) => format!("{own} avec {peer} – "),
        (Some(own), None) => format!("{own} – "),
        (None, _) => String::new(),
    };
    let unseen = match (unseen, over) {
        (None, _) | (Some(0), false) => String::new(),
        (Some(0), true) => "(fin) ".to_owned(),
        (Some(count), false) => format!("({count}) "),
        (Some(count), true) => format!("({count}, fin) "),
    };
    format!("{unseen}{names}Messagerie")
}
