//! The display's fonts and how wide and tall things are in them.

use std::borrow::Cow;
use std::collections::HashMap;

use fltk::draw;
use fltk::enums::Font;

use super::wrap::Measure;
use crate::theme::{FONT, FONT_CODE};

/// How many widths are remembered; past it all are forgotten.
const MAX_WIDTHS: usize = 20_000;

/// How many widths Pango is asked for between two calls of [`Face::refill`]. It takes some 40 µs for each, more where
/// it has to look for a font: a text of 65,000 bytes without a word or a sign twice must not hold up a frame. Past it a
/// guess serves, which is rather too wide.
const MEASURED: usize = 100;

/// A font in one size.
#[derive(Debug)]
pub(crate) struct Face {
    font: Font,
    size: i32,
    /// From one baseline to the next.
    pub(crate) line: i32,
    descent: i32,
    runs: HashMap<Box<str>, f32>,
    chars: HashMap<char, f32>,
    left: usize,
}

impl Face {
    /// The font of text.
    pub(crate) fn new(size: i32) -> Self {
        Face::of(FONT, size)
    }

    /// The font of what machines say.
    pub(crate) fn code(size: i32) -> Self {
        Face::of(FONT_CODE, size)
    }

    fn of(font: Font, size: i32) -> Self {
        draw::set_font(font, size);
        let line = draw::height() + size / 5;
        let descent = draw::descent() + size / 10;
        Self { font, size, line, descent, runs: HashMap::new(), chars: HashMap::new(), left: MEASURED }
    }

    /// Makes it the font of what is drawn or measured next.
    pub(crate) fn select(&self) {
        draw::set_font(self.font, self.size);
    }

    /// Selects it for the texts that come into view now.
    pub(crate) fn refill(&mut self) {
        self.left = MEASURED;
    }

    /// The exact width of a text as it is drawn.
    pub(crate) fn width(&self, text: &str) -> i32 {
        self.select();
        pixels(draw::width(text))
    }

    /// The text, or as much of its beginning as there is room for, with an ellipsis.
    pub(crate) fn shortened<'a>(&self, text: &'a str, room: i32) -> Cow<'a, str> {
        if self.width(text) <= room {
            return text.into();
        }
        let mut shorter = text.char_indices().rev().map(|(end, _)| format!("{}…", &text[..end]));
        shorter.find(|text| self.width(text) <= room).unwrap_or_default().into()
    }

    /// Draws a line of text whose top left corner is there.
    pub(crate) fn draw(&self, text: &str, x: i32, y: i32) {
        self.select();
        // Unlike `draw_text2` it leaves `@` and `&` alone.
        draw::draw_text_n(text, x, self.baseline(y));
    }

    /// Draws a line of text that runs from right to left and whose top right corner is there.
    pub(crate) fn draw_leftwards(&self, text: &str, right: i32, y: i32) {
        self.select();
        draw::rtl_draw(text, right, self.baseline(y));
    }

    /// Where the letters of a line stand whose top is there.
    pub(crate) fn baseline(&self, y: i32) -> i32 {
        y + self.line - self.descent
    }
}

impl Measure for Face {
    fn char(&mut self, c: char) -> f32 {
        // FLTK remembers the widths of single characters, and of these there are few.
        if c <= '\u{2ff}' {
            return narrow(draw::char_width(c));
        }
        if let Some(width) = self.chars.get(&c) {
            return *width;
        }
        if !self.may_measure() {
            return self.guess(c);
        }
        let width = narrow(draw::char_width(c));
        self.chars.insert(c, width);
        width
    }

    fn run(&mut self, run: &str) -> f32 {
        if let Some(width) = self.runs.get(run) {
            return *width;
        }
        if !self.may_measure() {
            return run.chars().map(|c| self.guess(c)).sum();
        }
        let width = narrow(draw::width(run));
        self.runs.insert(run.into(), width);
        width
    }
}

impl Face {
    fn may_measure(&mut self) -> bool {
        if self.chars.len() + self.runs.len() >= MAX_WIDTHS {
            self.chars.clear();
            self.runs.clear();
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }

    /// The width that a character hardly exceeds.
    fn guess(&self, c: char) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "the size of a font")]
        let size = self.size as f32;
        if c < '\u{1100}' { size * 0.8 } else { size * 1.3 }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "widths on a screen")]
fn narrow(width: f64) -> f32 {
    width as f32
}

/// A width in whole pixels.
#[expect(clippy::cast_possible_truncation, reason = "widths on a screen")]
pub(crate) fn pixels(width: impl Into<f64>) -> i32 {
    width.into().ceil() as i32
}
