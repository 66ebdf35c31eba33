//! A question with two answers, in a bar at the bottom of its window.
//!
//! FLTK's ready-made dialogs wait inside, and while one is on the screen no other window of the program takes a key or
//! a click. This one calls back, and blocks nothing: the conversation goes on, in its window and in any other.

use std::cell::Cell;
use std::rc::Rc;

use fltk::app;
use fltk::button::Button;
use fltk::enums::{Align, Event, FrameType, Key};
use fltk::frame::Frame;
use fltk::group::Group;
use fltk::prelude::*;

use super::button::{self, Kind};
use super::paint::{self, Area};
use super::theme::{BACKGROUND, CONTROL_HEIGHT, FONT, MARGIN, PENDING, TEXT, TEXT_SIZE};

/// The line that sets the question off from what is above it.
const EDGE: i32 = 2;

/// The question, while it is on the screen: a handle.
#[derive(Clone)]
pub(crate) struct Question {
    bar: Group,
    edge: Frame,
    words: Frame,
    text: Rc<str>,
    stay: Button,
    go: Button,
}

/// One answer: the word on the button and the letter that presses it with Alt.
pub(crate) type Answer = (&'static str, char);

impl Question {
    /// Asks in the current group, which has to [`place`](Self::place) it. The first answer is the harmless one, which
    /// Escape and Enter give too. `on_answer` is called once, with whether it was the second.
    pub(crate) fn ask(
        text: &str,
        harmless: Answer,
        second: Answer,
        on_answer: impl Fn(bool) + 'static,
    ) -> Self {
        let mut bar = Group::default();
        bar.set_frame(FrameType::FlatBox);
        bar.set_color(BACKGROUND);
        let mut edge = Frame::default();
        edge.set_frame(FrameType::FlatBox);
        edge.set_color(PENDING);
        let text: Rc<str> = text.into();
        let mut words = Frame::default();
        words.draw({
            let text = Rc::clone(&text);
            move |words| {
                let align = Align::Left | Align::Top | Align::Inside;
                paint::text(&text, Area::of(words), align, FONT, TEXT_SIZE, TEXT);
            }
        });
        let mut stay = button::text_button(harmless.0, harmless.1, Kind::Main);
        let mut go = button::text_button(second.0, second.1, Kind::Plain);
        bar.end();
        bar.make_resizable(false);
        let question = Question { bar: bar.clone(), edge, words, text, stay: stay.clone(), go: go.clone() };
        let answer = Rc::new({
            let question = question.clone();
            move |second| {
                question.close();
                on_answer(second);
            }
        });
        stay.set_callback({
            let answer = Rc::clone(&answer);
            move |_| answer(false)
        });
        go.set_callback({
            let answer = Rc::clone(&answer);
            move |_| answer(true)
        });
        // The key that led here may be the one that gives the second answer: holding it down is no answer.
        let released = Cell::new(!matches!(app::event(), Event::KeyDown | Event::Shortcut));
        bar.handle(move |_, event| match event {
            Event::KeyUp => {
                released.set(true);
                false
            }
            Event::KeyDown if app::event_key() == Key::Escape => {
                answer(false);
                true
            }
            Event::KeyDown if app::is_event_alt() && app::event_key() == Key::from_char(second.1) => {
                if released.get() {
                    answer(true);
                }
                true
            }
            _ => false,
        });
        question
    }

    /// Puts it somewhere.
    pub(crate) fn place(&self, area: Area) {
        self.bar.clone().resize(area.x, area.y, area.w, area.h);
        self.edge.clone().resize(area.x, area.y, area.w, EDGE);
        let (x, w) = (area.x + MARGIN, area.w - 2 * MARGIN);
        self.words.clone().resize(x, area.y + EDGE + MARGIN, w, self.text_height(area.w));
        let y = area.y + area.h - MARGIN - CONTROL_HEIGHT;
        let mut right = area.x + area.w - MARGIN;
        for button in [&self.stay, &self.go] {
            let w = button::width_for(&button.label());
            right -= w;
            button.clone().resize(right, y, w, CONTROL_HEIGHT);
            right -= MARGIN;
        }
    }

    /// How high it is when it is `w` wide.
    pub(crate) fn height(&self, w: i32) -> i32 {
        EDGE + 3 * MARGIN + self.text_height(w) + CONTROL_HEIGHT
    }

    /// Gives the focus to the harmless answer.
    pub(crate) fn take_focus(&self) {
        // Fails only while the window is hidden.
        let _ = self.stay.clone().take_focus();
    }

    /// Takes the question off the screen. It must not be used any more.
    pub(crate) fn close(&self) {
        let mut bar = self.bar.clone();
        bar.hide();
        // Not now: where a key has answered, FLTK is not done with the bar yet.
        app::add_timeout3(0.0, move |_| app::delete_widget(bar.clone()));
    }

    fn text_height(&self, w: i32) -> i32 {
        paint::measure(&self.text, w - 2 * MARGIN, FONT, TEXT_SIZE).1
    }
}
