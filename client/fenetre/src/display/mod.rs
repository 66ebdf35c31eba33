//! The display of the conversation: one widget that draws what is in view.
//!
//! Its cost does not grow with the conversation. An entry is kept as its text and a guess at its height; only what
//! comes into view is wrapped and measured, and only that is painted. So [`Display::push`] costs a few hundred
//! nanoseconds an entry, and a frame what a screenful costs.
//!
//! `entries`: what was said; `view`: which part of it is in view; `bubble`: how one entry is laid out; `file`: a
//! file among them; `selection`;
//! `paint`.

mod bubble;
mod entries;
mod file;
mod paint;
mod selection;
mod state;
mod view;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use client::files::FileEvent;
use client::find::Needle;
use client::store::Fate;
use common::address::Pseudo;
use common::delivery::MessageId;
use fltk::app;
use fltk::draw;
use fltk::enums::{Cursor, Event, Key, Shortcut};
use fltk::prelude::*;
use fltk::widget::Widget;

pub use entries::Entry;
pub(crate) use entries::Said;
pub use file::FileAction;
use state::State;

use super::hook::Hook;
use super::menu::{self, Item};
use super::paint::Area;

/// How often the view moves while text is selected beyond its edge, in seconds.
const DRAG_TICK: f64 = 0.03;
/// How often it is looked whether a hint is due, in seconds.
const HINT_TICK: f64 = 0.1;

/// The display of the conversation. A handle: clones show the same. For FLTK's thread only.
#[derive(Clone)]
pub struct Display {
    widget: Widget,
    inner: Rc<Inner>,
}

/// What the menu of the right mouse button offers.
#[derive(Clone, Copy)]
enum Choice {
    OpenLink,
    CopyLink,
    Copy,
    CopyMessage,
    SelectAll,
}

struct Inner {
    state: RefCell<State>,
    /// The widget is gone, or will be in a moment.
    discarded: Cell<bool>,
    /// A link is to be opened.
    on_link: Hook<String>,
    /// A button in a file's row was pressed.
    on_file: Hook<(FileEvent, FileAction)>,
    /// A message is clicked, or what is none.
    on_click: Hook<Option<Said>>,
    /// The user wants to see what was said before.
    on_start: Hook<()>,
}

impl fmt::Debug for Display {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Display").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Display {
    /// An empty display. FLTK must have been started.
    pub fn new(x: i32, y: i32, w: i32, h: i32) -> Self {
        let mut widget = Widget::new(x, y, w, h, None);
        let state = RefCell::new(State::new());
        let inner = Rc::new(Inner {
            state,
            discarded: Cell::new(false),
            on_link: Hook::new(),
            on_file: Hook::new(),
            on_click: Hook::new(),
            on_start: Hook::new(),
        });
        widget.draw({
            let inner = Rc::clone(&inner);
            move |widget| {
                let whole = inner.state.borrow_mut().draw(Area::of(widget));
                if !whole {
                    inner.every(0.0, widget, |_| false);
                }
            }
        });
        widget.handle({
            let inner = Rc::clone(&inner);
            move |widget, event| inner.handle(widget, event)
        });
        widget.resize_callback({
            let inner = Rc::clone(&inner);
            move |widget, _, _, _, _| inner.change(widget, |_| ())
        });
        Self { widget, inner }
    }

    /// The widget, to be put into a window.
    pub fn widget(&self) -> Widget {
        self.widget.clone()
    }

    /// Calls `f` whenever the user wants to open a link; to be set once.
    pub(crate) fn on_link(&self, f: impl Fn(String) + 'static) {
        self.inner.on_link.set(f);
    }

    /// Calls `f` whenever the user clicks on a message, or beside them; to be set once.
    pub(crate) fn on_click(&self, f: impl Fn(Option<Said>) + 'static) {
        self.inner.on_click.set(f);
    }

    /// Calls `f` whenever the user presses a button in a file's row; to be set once.
    pub(crate) fn on_file(&self, f: impl Fn((FileEvent, FileAction)) + 'static) {
        self.inner.on_file.set(f);
    }

    /// Calls `f` whenever the user scrolls up and comes near the start; to be set once.
    pub fn on_start(&self, f: impl Fn() + 'static) {
        self.inner.on_start.set(move |()| f());
    }

    /// Takes in what was said before everything else, with what became of it where it is one's own; what is in view
    /// stays. False if there is no room for it.
    pub fn prepend(&self, older: Vec<(Entry, Fate)>) -> bool {
        self.change(|state| state.prepend(older))
    }

    /// Lets go of everything that is shown.
    pub fn clear(&self) {
        self.change(State::clear);
    }

    /// From now on the places with these words are marked.
    pub fn look_for(&self, needle: Option<Needle>) {
        self.change(|state| state.look_for(needle));
    }

    /// Goes to the next message with the words, towards the start or towards the end, from the last one found or else
    /// from the end. False if there is none.
    pub fn find(&self, towards_start: bool) -> bool {
        self.change(|state| state.find(towards_start))
    }

    /// Whether the words were found, in a message that is still shown.
    pub fn has_found(&self) -> bool {
        self.inner.state.borrow().has_found()
    }

    /// The messages as the terminal shows them, with that name for one's own.
    pub fn transcript(&self, own: &Pseudo) -> String {
        self.inner.state.borrow().transcript(own)
    }

    /// Adds entries at the end. Who has scrolled up keeps what he sees; else the view follows.
    pub fn push(&self, entries: impl IntoIterator<Item = Entry>) {
        self.change(|state| {
            for entry in entries {
                state.push(entry);
            }
        });
    }

    /// Notes that messages of one's own have arrived in the other's window or terminal.
    pub fn mark_delivered(&self, ids: &[MessageId]) {
        if self.inner.state.borrow_mut().mark_delivered(ids) {
            self.widget.clone().redraw();
        }
    }

    /// Notes what has happened to a file; false if it has no row.
    pub fn update_file(&self, file: &FileEvent) -> bool {
        self.change(|state| state.update_file(file))
    }

    /// The buttons in the rows of the files that are in view.
    pub(crate) fn file_buttons(&self) -> Vec<(FileEvent, FileAction)> {
        self.inner.state.borrow().file_buttons()
    }

    /// Whether any file is under way.
    pub fn has_file_under_way(&self) -> bool {
        self.inner.state.borrow().has_file_under_way()
    }

    /// Notes that one's own messages that are still on their way will not arrive any more.
    pub fn mark_lost(&self) {
        self.change(State::mark_lost);
    }

    /// Notes whether the user looks elsewhere: where he has left off is marked when something arrives.
    pub fn set_away(&self, away: bool) {
        self.change(|state| state.set_away(away));
    }

    /// Shows the last entry, and follows from there on.
    pub fn scroll_to_end(&self) {
        self.change(State::scroll_to_end);
    }

    /// Moves the view down by that many pixels, or up if negative.
    pub fn scroll_by(&self, pixels: i32) {
        self.change(|state| state.scroll_by(pixels));
    }

    /// The widget is about to be deleted. What was said is let go: FLTK never drops the functions that draw the widget,
    /// and they hold it.
    pub(crate) fn discard(&self) {
        self.inner.discarded.set(true);
        *self.inner.state.borrow_mut() = State::new();
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.inner.state.borrow().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.inner.change(&mut self.widget.clone(), change)
    }
}

impl Inner {
    /// Changes the state and has it drawn.
    fn change<T>(&self, widget: &mut Widget, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.borrow_mut();
        state.set_area(Area::of(widget));
        let result = change(&mut state);
        state.settle_if_scrolled();
        drop(state);
        widget.redraw();
        result
    }

    fn handle(self: &Rc<Self>, widget: &mut Widget, event: Event) -> bool {
        let at = app::event_coords();
        match event {
            Event::Push if app::event_mouse_button() == app::MouseButton::Left => {
                // Its failure means that it cannot have the focus now, which is fine.
                let _ = widget.take_focus();
                let (clicks, extend) = (app::event_clicks_num(), app::is_event_shift());
                self.change(widget, |state| state.press(at, clicks, extend));
            }
            _ if menu::is_asked_for(event) => {
                let _ = widget.take_focus();
                self.point(widget, None);
                self.choose_from_menu(widget, at);
            }
            Event::Drag => {
                self.change(widget, |state| state.drag_to(at));
                self.keep_scrolling(widget);
                self.look_before();
            }
            Event::Released => {
                let held_text = self.change(widget, State::release);
                if held_text && self.state.borrow().has_selection() {
                    // X11's selection, pasted with the middle button.
                    app::copy2(&self.state.borrow().selected_text());
                } else if held_text && app::event_is_click() {
                    match (self.button_at(at), self.link_at(at)) {
                        (Some(pressed), _) => self.on_file.call(pressed),
                        (None, Some(link)) => self.on_link.call(link),
                        (None, None) => self.on_click.call(self.said_at(at)),
                    }
                }
            }
            // That is for the zoom.
            Event::MouseWheel if app::is_event_ctrl() => return false,
            Event::MouseWheel => {
                let notches = app::event_dy_value();
                self.change(widget, |state| state.wheel(notches));
                if notches < 0 {
                    self.look_before();
                }
            }
            Event::Enter | Event::Move => {
                self.point(widget, Some(at));
                let leads_on = self.link_at(at).is_some() || self.button_at(at).is_some();
                let cursor = if leads_on { Cursor::Hand } else { Cursor::Default };
                draw::set_cursor(cursor);
            }
            Event::Leave => {
                self.point(widget, None);
                draw::set_cursor(Cursor::Default);
            }
            Event::Focus => {
                let by_key = app::event_key() == Key::Tab;
                self.change(widget, |state| state.set_focus_visible(by_key));
            }
            Event::Unfocus => self.change(widget, |state| state.set_focus_visible(false)),
            Event::KeyDown => return self.key(widget),
            _ => return false,
        }
        true
    }

    fn link_at(&self, at: (i32, i32)) -> Option<String> {
        self.state.borrow().link_at(at)
    }

    fn button_at(&self, at: (i32, i32)) -> Option<(FileEvent, FileAction)> {
        self.state.borrow().button_at(at)
    }

    fn said_at(&self, at: (i32, i32)) -> Option<Said> {
        self.state.borrow().said_at(at)
    }

    /// Shows the menu for what is at that place, and does what is chosen.
    fn choose_from_menu(&self, widget: &mut Widget, at: (i32, i32)) {
        let selected = self.state.borrow().has_selection();
        let message = self.state.borrow().text_at(at);
        let link = self.link_at(at);
        let mut items = Vec::new();
        if link.is_some() {
            for (choice, label) in
                [(Choice::OpenLink, "Ouvrir l'adresse"), (Choice::CopyLink, "Copier l'adresse")]
            {
                items.push(Item { choice, label, keys: Shortcut::None, possible: true });
            }
        }
        if selected || message.is_none() {
            items.push(menu::copy(Choice::Copy, selected));
        }
        if message.is_some() {
            let label = "Copier le message";
            items.push(Item { choice: Choice::CopyMessage, label, keys: Shortcut::None, possible: true });
        }
        items.push(menu::select_all(Choice::SelectAll));
        match menu::choose_from(&items) {
            Some(Choice::OpenLink) => self.on_link.call(link.unwrap_or_default()),
            Some(Choice::CopyLink) => app::copy(&link.unwrap_or_default()),
            Some(Choice::Copy) => self.copy_selection(),
            Some(Choice::CopyMessage) => app::copy(&message.unwrap_or_default()),
            Some(Choice::SelectAll) => self.change(widget, State::select_all),
            None => {}
        }
    }

    /// Shows the hint for what is under the pointer, after a moment.
    fn point(self: &Rc<Self>, widget: &mut Widget, at: Option<(i32, i32)>) {
        if self.state.borrow_mut().point(at) {
            widget.redraw();
        }
        if self.state.borrow_mut().start_hint() {
            self.every(HINT_TICK, widget, State::wait_for_hint);
        }
    }

    /// Copies the selected text to the clipboard, if there is any.
    fn copy_selection(&self) {
        let text = self.state.borrow().selected_text();
        if !text.is_empty() {
            app::copy(&text);
        }
    }

    fn key(&self, widget: &mut Widget) -> bool {
        let key = app::event_key();
        let ctrl = app::is_event_ctrl();
        if ctrl && (key == Key::from_char('c') || key == Key::Insert) {
            self.copy_selection();
            return true;
        }
        let act: fn(&mut State) = match key {
            Key::Home => State::scroll_to_start,
            Key::End => State::scroll_to_end,
            _ if ctrl && key == Key::from_char('a') => State::select_all,
            _ if ctrl => return false,
            Key::Up => |state| state.scroll_lines(-2),
            Key::Down => |state| state.scroll_lines(2),
            Key::PageUp => |state| state.scroll_page(-1),
            Key::PageDown => |state| state.scroll_page(1),
            _ => return false,
        };
        self.change(widget, act);
        if matches!(key, Key::Home | Key::Up | Key::PageUp) {
            self.look_before();
        }
        true
    }

    /// Asks for what was said before, if the user has come near it.
    fn look_before(&self) {
        if self.state.borrow().is_near_start() {
            self.on_start.call(());
        }
    }

    /// Goes on scrolling while text is selected beyond the upper or lower edge.
    fn keep_scrolling(self: &Rc<Self>, widget: &Widget) {
        if self.state.borrow_mut().start_drag_scroll() {
            self.every(DRAG_TICK, widget, State::drag_scroll);
        }
    }

    /// Takes a step every so many seconds, as long as it says that it goes on and the display exists.
    fn every(self: &Rc<Self>, seconds: f64, widget: &Widget, step: fn(&mut State) -> bool) {
        let inner = Rc::clone(self);
        let mut widget = widget.clone();
        app::add_timeout3(seconds, move |handle| {
            // FLTK itself would not say so.
            if inner.discarded.get() {
                return;
            }
            if inner.change(&mut widget, step) {
                app::repeat_timeout3(seconds, handle);
            }
        });
    }
}
