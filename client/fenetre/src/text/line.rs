//! One line of a text as it stands on the screen: where its characters are, and how it is drawn.

use std::borrow::Cow;
use std::ops::Range;

use fltk::draw;
use fltk::enums::Color;

use super::font::Face;
use super::segment::clusters;

/// A line on the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// Where it starts and ends in the text, without the spaces at which it was broken.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) width: f32,
    /// It belongs to a paragraph that runs from right to left.
    pub(crate) rtl: bool,
    /// It has letters that run against its paragraph or join: Pango must be told its direction.
    pub(crate) mixed: bool,
}

/// A part of a text that is drawn in other colours than the rest.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) part: Range<usize>,
    pub(crate) color: Color,
    /// What is drawn behind it, if anything.
    pub(crate) ground: Option<Color>,
    pub(crate) underlined: bool,
}

impl Line {
    /// The line up to `end` as it is handed to Pango: with a sign before it that says its paragraph's direction, which
    /// the line alone may not show. Windows is told otherwise, and fonts there may have a box for the sign.
    fn directed<'a>(&self, text: &'a str, end: usize) -> Cow<'a, str> {
        let shown = text.get(self.start..end).unwrap_or_default();
        match (self.mixed && !cfg!(windows), self.rtl) {
            (false, _) => shown.into(),
            (true, true) => format!("\u{200f}{shown}").into(),
            (true, false) => format!("\u{200e}{shown}").into(),
        }
    }

    /// How wide it is drawn.
    pub(crate) fn drawn_width(&self, face: &Face, text: &str) -> i32 {
        face.width(&self.directed(text, self.end))
    }

    /// The distance of a place in it from its left.
    pub(crate) fn x_of(&self, face: &Face, text: &str, at: usize) -> i32 {
        let before = face.width(&self.directed(text, at));
        if self.rtl { self.drawn_width(face, text) - before } else { before }
    }

    /// The place that is nearest to that distance from its left.
    pub(crate) fn place_at(&self, face: &Face, text: &str, x: i32) -> usize {
        let Some(shown) = text.get(self.start..self.end) else { return self.end };
        // The middle of each cluster decides: binary search, for measuring takes its time.
        let clusters: Vec<_> = clusters(shown).collect();
        let edge = |at: usize| self.x_of(face, text, self.start + at);
        let after = clusters.partition_point(|cluster| {
            let middle = i32::midpoint(edge(cluster.start), edge(cluster.end));
            if self.rtl { middle > x } else { middle < x }
        });
        clusters.get(after).map_or(self.end, |cluster| self.start + cluster.start)
    }

    /// Draws it with its top left corner there, and the marked parts in their colours, the last mark on top. Each is drawn
    /// as a part of the whole: letters that join go on joining.
    pub(crate) fn draw(
        &self,
        face: &Face,
        text: &str,
        (x, y): (i32, i32),
        color: Color,
        marks: impl IntoIterator<Item = Mark>,
    ) {
        let shown = self.directed(text, self.end);
        let put = || {
            if cfg!(windows) && self.rtl {
                face.draw_leftwards(&shown, x + face.width(&shown), y);
            } else {
                face.draw(&shown, x, y);
            }
        };
        let marked: Vec<_> = marks
            .into_iter()
            .filter_map(|mark| self.extent(face, text, &mark).map(|(from, to)| (from, to, mark)))
            .collect();
        if marked.is_empty() {
            draw::set_draw_color(color);
            put();
            return;
        }
        // Letters may reach a little beyond the line.
        let (left, right) = (-face.line, self.drawn_width(face, text) + face.line);
        let mut edges: Vec<i32> = marked.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        edges.extend([left, right]);
        edges.sort_unstable();
        for edge in edges.windows(2) {
            let (from, to) = (edge[0], edge[1]);
            let mark = marked.iter().rev().find(|mark| mark.0 <= from && mark.1 >= to).map(|mark| &mark.2);
            draw::push_clip(x + from, y, to - from, face.line);
            if let Some(ground) = mark.and_then(|mark| mark.ground) {
                draw::draw_rect_fill(x + from, y, to - from, face.line, ground);
            }
            draw::set_draw_color(mark.map_or(color, |mark| mark.color));
            put();
            if let Some(mark) = mark.filter(|mark| mark.underlined) {
                draw::draw_rect_fill(x + from, face.baseline(y) + 2, to - from, 1, mark.color);
            }
            draw::pop_clip();
        }
    }

    /// From where to where a mark reaches in it, from its left.
    pub(crate) fn extent(&self, face: &Face, text: &str, mark: &Mark) -> Option<(i32, i32)> {
        if mark.part.start > self.end || mark.part.end < self.start {
            return None;
        }
        let from = self.x_of(face, text, mark.part.start.max(self.start));
        let mut to = self.x_of(face, text, mark.part.end.min(self.end));
        if mark.part.end > self.end && mark.ground.is_some() {
            // The line feed, or the space at which the line was broken.
            to += if self.rtl { -4 } else { 4 };
        }
        (from != to).then(|| (from.min(to), from.max(to)))
    }
}
