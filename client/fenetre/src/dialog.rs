//! A question with two answers, in a window of its own.
//!
//! FLTK's ready-made dialogs wait inside; this one calls back, so the conversation goes on behind it.

use std::rc::Rc;

use fltk::app;
use fltk::draw;
use fltk::enums::{Align, Event, FrameType, Key};
use fltk::frame::Frame;
use fltk::prelude::*;
use fltk::window::DoubleWindow;

use super::button::{self, Kind};
use super::paint::{self, Area};
use super::theme::{BACKGROUND, BORDER, CONTROL_HEIGHT, FONT, MARGIN, TEXT, TEXT_SIZE};

const WIDTH: i32 = 400;

/// The question, while it is on the screen: a handle.
#[derive(Clone)]
pub(crate) struct Question {
    window: DoubleWindow,
}

/// One answer: the word on the button and the letter that presses it with Alt.
pub(crate) type Answer = (&'static str, char);

impl Question {
    /// Asks above `parent`. The first answer is the harmless one, which Escape, Enter and closing the question give
    /// too. `on_answer` is called once, when the question is off the screen, with whether it was the second.
    pub(crate) fn ask(
        parent: &DoubleWindow,
        title: &str,
        text: &str,
        harmless: Answer,
        second: Answer,
        on_answer: impl Fn(bool) + 'static,
    ) -> Self {
        let text_width = WIDTH - 4 * MARGIN;
        let text_height = paint::measure(text, text_width, FONT, TEXT_SIZE).1;
        let height = text_height + CONTROL_HEIGHT + 5 * MARGIN;
        let mut window = DoubleWindow::new(
            parent.x_root() + (parent.w() - WIDTH) / 2,
            parent.y_root() + (parent.h() - height) / 3,
            WIDTH,
            height,
            None,
        );
        window.set_label(title);
        window.set_color(BACKGROUND);
        // Where the window manager draws no frame.
        window.draw(|window| {
            draw::set_draw_color(BORDER);
            draw::draw_rect(0, 0, window.w(), window.h());
        });
        let mut words = Frame::new(2 * MARGIN, 2 * MARGIN, text_width, text_height, None);
        words.set_frame(FrameType::NoBox);
        let text = text.to_owned();
        words.draw(move |words| {
            let align = Align::Left | Align::Top | Align::Inside;
            paint::text(&text, Area::of(words), align, FONT, TEXT_SIZE, TEXT);
        });
        let y = height - 2 * MARGIN - CONTROL_HEIGHT;
        let mut right = WIDTH - 2 * MARGIN;
        let mut place = |(word, key): Answer, kind| {
            let mut button = button::text_button(word, key, kind);
            let width = button::width_for(word);
            right -= width;
            button.resize(right, y, width, CONTROL_HEIGHT);
            right -= MARGIN;
            button
        };
        let mut stay = place(harmless, Kind::Main);
        let mut go = place(second, Kind::Plain);
        window.end();
        window.make_modal(true);
        let question = Question { window: window.clone() };
        let answer = {
            let question = question.clone();
            Rc::new(move |second| {
                question.close();
                on_answer(second);
            })
        };
        stay.set_callback({
            let answer = Rc::clone(&answer);
            move |_| answer(false)
        });
        go.set_callback({
            let answer = Rc::clone(&answer);
            move |_| answer(true)
        });
        // Escape comes here too.
        window.set_callback(move |_| answer(false));
        window.handle(move |_, event| {
            let enter = event == Event::KeyDown && matches!(app::event_key(), Key::Enter | Key::KPEnter);
            if enter {
                stay.do_callback();
            }
            enter
        });
        window.show();
        question
    }

    /// Takes the question off the screen. It must not be used any more.
    pub(crate) fn close(&self) {
        let mut window = self.window.clone();
        window.hide();
        // Not now: FLTK may be handling an event of the window or of one of its buttons.
        app::add_timeout3(0.0, move |_| DoubleWindow::delete(window.clone()));
    }
}
