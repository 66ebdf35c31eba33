//! A stand-in for the conversation's display.

use chrono::{DateTime, Local};
use common::delivery::MessageId;
use fltk::enums::FrameType;
use fltk::prelude::*;
use fltk::text::{TextBuffer, TextDisplay, WrapMode};

pub(crate) enum Entry {
    Own { id: MessageId, date: DateTime<Local>, text: String },
    Other { name: String, date: DateTime<Local>, text: String },
    Notice { date: DateTime<Local>, text: String },
}

pub(crate) struct Colors;
impl Colors {
    pub(crate) fn light() -> Self {
        Colors
    }
    pub(crate) fn dark() -> Self {
        Colors
    }
}

#[derive(Clone)]
pub(crate) struct Display(TextDisplay, TextBuffer);

impl Display {
    pub(crate) fn new(x: i32, y: i32, w: i32, h: i32, _: Colors) -> Self {
        let mut d = TextDisplay::new(x, y, w, h, "");
        let b = TextBuffer::default();
        d.set_buffer(b.clone());
        d.wrap_mode(WrapMode::AtBounds, 0);
        d.set_frame(FrameType::FlatBox);
        Display(d, b)
    }
    pub(crate) fn widget(&self) -> TextDisplay {
        self.0.clone()
    }
    pub(crate) fn push(&self, entries: Vec<Entry>) {
        for entry in entries {
            let line = match entry {
                Entry::Own { id, date, text } => format!("{} moi ({id}) : {text}\n", date.format("%H:%M")),
                Entry::Other { name, date, text } => format!("{} {name} : {text}\n", date.format("%H:%M")),
                Entry::Notice { date, text } => format!("{} * {text}\n", date.format("%H:%M")),
            };
            self.1.clone().append(&line);
        }
    }
    pub(crate) fn mark_delivered(&self, _: &[MessageId]) {}
    pub(crate) fn set_colors(&self, _: Colors) {}
    pub(crate) fn scroll_to_end(&self) {}
}
