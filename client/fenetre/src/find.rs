//! The bar that looks for words in all that was said.

use fltk::app;
use fltk::button::Button;
use fltk::enums::{Event, FrameType, Key};
use fltk::group::Group;
use fltk::input::Input;
use fltk::prelude::*;

use super::button;
use super::framed_input;
use super::hook::Hook;
use super::note::Note;
use super::paint::{self, Area, Edge};
use super::theme::{BACKGROUND, CONTROL_HEIGHT, MUTED};

/// Between the parts of the bar.
const GAP: i32 = 6;

/// What the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Other words are looked for.
    Change,
    /// The next place towards the start.
    Earlier,
    /// The next place towards the end.
    Later,
    /// No more of it.
    Close,
}

/// The bar: a handle.
#[derive(Clone)]
pub(crate) struct FindBar {
    bar: Group,
    frame: Group,
    input: Input,
    earlier: Button,
    later: Button,
    close: Button,
    remark: Note,
    on_action: Hook<Action>,
}

impl FindBar {
    /// A bar in the current group, not to be seen yet.
    pub(crate) fn new() -> Self {
        let mut bar = Group::default();
        bar.set_frame(FrameType::FlatBox);
        bar.set_color(BACKGROUND);
        let (frame, mut input) = framed_input::new();
        input.set_tooltip("Chercher dans la discussion");
        let earlier = button::arrow_button(true, "Plus haut (Entrée)");
        let later = button::arrow_button(false, "Plus bas (Maj+Entrée)");
        let close = button::close_button("Fermer la recherche (Échap)");
        let remark = Note::new(MUTED);
        bar.end();
        bar.make_resizable(false);
        bar.hide();
        let find = FindBar { bar, frame, input, earlier, later, close, remark, on_action: Hook::new() };
        find.connect_events();
        find
    }

    /// Calls `f` whenever the user wants something; to be set once.
    pub(crate) fn on_action(&self, f: impl Fn(Action) + 'static) {
        self.on_action.set(f);
    }

    fn connect_events(&self) {
        self.frame.clone().draw({
            let input = self.input.clone();
            move |frame| {
                let edge = if input.has_focus() { Edge::Focused } else { Edge::Plain };
                paint::field(Area::of(frame), edge, input.color());
                frame.draw_children();
            }
        });
        for (button, action) in
            [(&self.earlier, Action::Earlier), (&self.later, Action::Later), (&self.close, Action::Close)]
        {
            let on_action = self.on_action.clone();
            button.clone().set_callback(move |_| on_action.call(action));
        }
        let on_action = self.on_action.clone();
        self.input.clone().set_callback(move |_| on_action.call(Action::Change));
        let (mut frame, on_action) = (self.frame.clone(), self.on_action.clone());
        let mut input = self.input.clone();
        input.handle(move |input, event| {
            let is_enter = event == Event::KeyDown && matches!(app::event_key(), Key::Enter | Key::KPEnter);
            if is_enter {
                on_action.call(if app::is_event_shift() { Action::Later } else { Action::Earlier });
            }
            is_enter || framed_input::handle(&mut frame, input, event)
        });
        let on_action = self.on_action.clone();
        self.bar.clone().handle(move |_, event| {
            let closes = event == Event::KeyDown && app::event_key() == Key::Escape;
            if closes {
                on_action.call(Action::Close);
            }
            closes
        });
    }

    /// Shows it, ready to type into.
    pub(crate) fn open(&self) {
        self.bar.clone().show();
        let mut input = self.input.clone();
        // Fails only while the window is hidden.
        let _ = input.take_focus();
        // What was looked for last is selected: typing replaces it.
        let _ = input.set_position(0);
        let _ = input.set_mark(i32::try_from(input.value().len()).unwrap_or(i32::MAX));
    }

    /// Takes it off the screen.
    pub(crate) fn hide(&self) {
        self.remark.set("");
        self.bar.clone().hide();
    }

    /// Whether it is on the screen.
    pub(crate) fn is_open(&self) -> bool {
        self.bar.visible()
    }

    /// The words.
    pub(crate) fn words(&self) -> String {
        self.input.value()
    }

    /// Says something below the words; nothing any more for an empty text.
    pub(crate) fn remark(&self, text: &str) {
        self.remark.set(text);
    }

    /// Puts it somewhere, `w` wide; returns how high it is: nothing while it is not on the screen.
    pub(crate) fn place(&self, x: i32, y: i32, w: i32) -> i32 {
        if !self.is_open() {
            return 0;
        }
        let remark = self.remark.height(w);
        self.bar.clone().resize(x, y, w, CONTROL_HEIGHT + remark);
        let mut right = x + w;
        for button in [&self.close, &self.later, &self.earlier] {
            right -= CONTROL_HEIGHT;
            button.clone().resize(right, y, CONTROL_HEIGHT, CONTROL_HEIGHT);
            right -= GAP;
        }
        let field = Area { x, y, w: right - x, h: CONTROL_HEIGHT };
        framed_input::place(&self.frame, &self.input, field);
        self.remark.place(x, y + CONTROL_HEIGHT, w);
        CONTROL_HEIGHT + remark
    }
}
