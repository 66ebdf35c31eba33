//! A remark that takes no room while there is nothing to say: an error beside its field, a state.

use std::cell::RefCell;
use std::rc::Rc;

use fltk::enums::{Align, Color, FrameType};
use fltk::frame::Frame;
use fltk::prelude::*;

use super::paint::{self, Area};
use super::theme::{BACKGROUND, FONT, SMALL_SIZE};

/// A remark: a handle.
#[derive(Clone)]
pub(crate) struct Note {
    frame: Frame,
    text: Rc<RefCell<String>>,
}

impl Note {
    /// A remark in the current group, with nothing to say yet.
    pub(crate) fn new(color: Color) -> Self {
        let text = Rc::new(RefCell::new(String::new()));
        let mut frame = Frame::default();
        frame.set_frame(FrameType::FlatBox);
        frame.set_color(BACKGROUND);
        frame.draw({
            let text = Rc::clone(&text);
            move |frame| {
                let align = Align::Left | Align::Top | Align::Inside;
                paint::text(&text.borrow(), Area::of(frame), align, FONT, SMALL_SIZE, color);
            }
        });
        Note { frame, text }
    }

    /// What it says; nothing for an empty text.
    pub(crate) fn set(&self, text: &str) {
        text.clone_into(&mut self.text.borrow_mut());
        self.frame.clone().redraw();
    }

    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.borrow().is_empty()
    }

    /// Puts it somewhere, `w` wide; returns how high it is.
    pub(crate) fn place(&self, x: i32, y: i32, w: i32) -> i32 {
        let h = self.height(w);
        self.frame.clone().resize(x, y, w, h);
        h
    }

    /// The widget itself.
    pub(crate) fn widget(&self) -> Frame {
        self.frame.clone()
    }

    /// How high it is when it is `w` wide.
    pub(crate) fn height(&self, w: i32) -> i32 {
        if self.is_empty() { 0 } else { paint::measure(&self.text.borrow(), w, FONT, SMALL_SIZE).1 + 4 }
    }
}
