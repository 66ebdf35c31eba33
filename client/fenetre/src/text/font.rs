//! The display's fonts and how wide and tall things are in them.

use std::borrow::Cow;
use std::collections::HashMap;

use fltk::draw;

use super::wrap::Measure;
use crate::theme::FONT;

/// How many widths of runs are remembered; past it all are forgotten.
const MAX_RUNS: usize = 20_000;

/// How many runs Pango is asked to measure between two calls of [`Face::refill`]. It takes some 10 µs for each: a
/// text of 65,000 bytes without a word twice must not hold up a frame. Past it the letters' single widths serve,
/// which are a little too wide.
const MEASURED_RUNS: usize = 500;

/// A font in one size.
#[derive(Debug)]
pub(crate) struct Face {
    size: i32,
    /// From one baseline to the next.
    pub(crate) line: i32,
    descent: i32,
    runs: HashMap<Box<str>, f32>,
    left: usize,
}

impl Face {
    pub(crate) fn new(size: i32) -> Self {
        draw::set_font(FONT, size);
        let line = draw::height() + size / 5;
        Self { size, line, descent: draw::descent() + size / 10, runs: HashMap::new(), left: MEASURED_RUNS }
    }

    /// Makes it the font of what is drawn or measured next.
    pub(crate) fn select(&self) {
        draw::set_font(FONT, self.size);
    }

    /// Selects it for the texts that come into view now.
    pub(crate) fn refill(&mut self) {
        self.left = MEASURED_RUNS;
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

    /// Where the letters of a line stand whose top is there.
    pub(crate) fn baseline(&self, y: i32) -> i32 {
        y + self.line - self.descent
    }
}

impl Measure for Face {
    fn char(&mut self, c: char) -> f32 {
        // FLTK remembers the widths of single characters.
        narrow(draw::char_width(c))
    }

    fn run(&mut self, run: &str) -> f32 {
        if let Some(width) = self.runs.get(run) {
            return *width;
        }
        if self.left == 0 {
            return run.chars().map(|c| narrow(draw::char_width(c))).sum();
        }
        self.left -= 1;
        if self.runs.len() >= MAX_RUNS {
            self.runs.clear();
        }
        let width = narrow(draw::width(run));
        self.runs.insert(run.into(), width);
        width
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
