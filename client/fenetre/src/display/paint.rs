//! Painting the display.

use std::cell::Cell;
use std::ops::Range;
use std::time::Instant;

use client::store::Fate;
use fltk::draw;
use fltk::enums::Color;

use super::bubble::{Layout, MARGIN, PADDING, SCROLLBAR, SIGN};
use super::entries::{Kind, Stored};
use crate::paint::{self, Area};
use crate::text::{Face, Mark};
use crate::theme::{
    ACCENT, BACKGROUND, BORDER, BUTTON, ERROR, FINE, MUTED, ON_ACCENT, ON_SELECTION, OUTLINE, OWN_BUBBLE,
    SELECTION, SURFACE, TEXT,
};

/// A bubble's corners; the one at its speaker's side is nearly square, which tells the two apart by shape.
const RADIUS: i32 = 15;
const SQUARE_RADIUS: i32 = 4;
const OUTLINE_WIDTH: i32 = 1;
/// The corners of a button in a file's row.
const BUTTON_RADIUS: i32 = 6;
/// Of the bar that shows how much of a file is there.
const BAR_HEIGHT: i32 = 6;

/// Everything that the entries are painted with.
pub(super) struct Painter<'a> {
    pub(super) text: &'a Face,
    pub(super) small: &'a Face,
    /// The display's place in its window.
    pub(super) area: Area,
    /// Lines for which there is no time before that moment are left out.
    pub(super) until: Instant,
    pub(super) left_out: Cell<bool>,
}

/// Which parts of an entry's text are set apart.
pub(super) struct Marks {
    pub(super) selected: Option<Range<usize>>,
    /// Where the words are that are looked for, and the ground on which they stand.
    pub(super) found: Vec<Range<usize>>,
    pub(super) ground: Color,
}

impl Painter<'_> {
    /// Paints an entry whose top is at `y`.
    pub(super) fn entry(&self, entry: &Stored, layout: &Layout, y: i32, marks: &Marks) {
        let x = self.area.x;
        if let Some(new) = layout.head.new {
            self.rule("nouveaux messages", y + new, (ACCENT, ACCENT));
        }
        if let Some(day) = layout.head.day {
            self.rule(&entry.day(), y + day, (MUTED, FINE));
        }
        if let (Some(at), Some(name)) = (layout.head.name, entry.name()) {
            let name = self.small.shortened(name, self.area.w - SCROLLBAR - 2 * MARGIN - 12);
            let width = self.small.width(&name);
            let name_x = if entry.is_own() {
                layout.bubble.x + layout.bubble.w - width - 6
            } else {
                layout.bubble.x + 6
            };
            draw::set_draw_color(MUTED);
            self.small.draw(&name, x + name_x.max(6), y + at);
        }
        let bubble = Area { x: x + layout.bubble.x, y: y + layout.bubble.y, ..layout.bubble };
        let (fill, text_color) = match entry.kind {
            Kind::Notice => (None, MUTED),
            _ if entry.is_own() => (Some(OWN_BUBBLE), TEXT),
            _ => (Some(SURFACE), TEXT),
        };
        if let Some(fill) = fill {
            let (left, right) =
                if entry.is_own() { (RADIUS, SQUARE_RADIUS) } else { (SQUARE_RADIUS, RADIUS) };
            self.rounded(bubble, [RADIUS, RADIUS, right, left], OUTLINE);
            let inner = [RADIUS, RADIUS, right, left].map(|radius| radius - OUTLINE_WIDTH);
            self.rounded(bubble.inset(OUTLINE_WIDTH), inner, fill);
        }
        self.lines(entry, layout, y, marks, text_color);
        if let Some(progress) = entry.progress() {
            let place = Area {
                x: bubble.x + PADDING.0,
                y: bubble.y + bubble.h - PADDING.1 - BAR_HEIGHT,
                w: bubble.w - 2 * PADDING.0,
                h: BAR_HEIGHT,
            };
            #[expect(clippy::cast_possible_truncation, reason = "a part of a bubble's width")]
            let w = (f64::from(place.w) * progress) as i32;
            self.rounded(place, [BAR_HEIGHT / 2; 4], FINE);
            self.rounded(Area { w: w.max(BAR_HEIGHT), ..place }, [BAR_HEIGHT / 2; 4], ACCENT);
        }
        let (time_x, time_y) = (x + layout.time.0, y + layout.time.1);
        draw::set_draw_color(MUTED);
        let time = entry.time();
        self.small.draw(&time, time_x, time_y);
        if let Some(fate) = entry.fate() {
            let x = bubble.x + bubble.w - PADDING.0 + 3 - SIGN + 5;
            let middle = time_y + self.small.line / 2;
            match fate {
                Fate::Waiting => clock(x, middle),
                Fate::Delivered => tick(x, middle),
                Fate::GivenUp => cross(x, middle),
            }
        }
    }

    /// The lines of the text that are in view. Whatever letters do, they stay within their bubble.
    fn lines(&self, entry: &Stored, layout: &Layout, y: i32, marks: &Marks, color: Color) {
        let face = if entry.kind == Kind::Notice { self.small } else { self.text };
        let Area { x, w, h, .. } = layout.bubble;
        draw::push_clip(self.area.x + x, y + layout.bubble.y, w, h);
        let first = layout.line_at(self.area.y - y);
        let last = layout.line_at(self.area.y + self.area.h - y);
        let mut line_y = y + layout.text.y + layout.line * i32::try_from(first).unwrap_or(0);
        for line in layout.lines.get(first..=last).unwrap_or_default() {
            if Instant::now() >= self.until {
                self.left_out.set(true);
                break;
            }
            let x = self.area.x + layout.line_x(line, face, &entry.text);
            let links = layout.links.iter().enumerate().map(|(index, part)| {
                let (color, ground) = match entry.kind {
                    Kind::File(ref row) if row.is_main(index) => (ON_ACCENT, Some(ACCENT)),
                    Kind::File(_) => (TEXT, Some(BUTTON)),
                    _ => (ACCENT, None),
                };
                let mark = Mark { part: part.clone(), color, ground: None, underlined: ground.is_none() };
                if let Some(ground) = ground
                    && let Some((from, to)) = line.extent(face, &entry.text, &mark)
                {
                    let button = Area { x: x + from, y: line_y, w: to - from, h: layout.line };
                    self.rounded(button, [BUTTON_RADIUS; 4], ground);
                }
                mark
            });
            let set_apart = |part: &Range<usize>, color, ground| Mark {
                part: part.clone(),
                color,
                ground: Some(ground),
                underlined: false,
            };
            let on_ground = if marks.ground == SELECTION { ON_SELECTION } else { TEXT };
            let found = marks.found.iter().map(|part| set_apart(part, on_ground, marks.ground));
            let selected = marks.selected.iter().map(|part| set_apart(part, ON_SELECTION, SELECTION));
            line.draw(face, &entry.text, (x, line_y), color, links.chain(found).chain(selected));
            line_y += layout.line;
        }
        draw::pop_clip();
    }

    /// Words in the middle, between two fine lines; the colours of both.
    fn rule(&self, words: &str, y: i32, (text, line): (Color, Color)) {
        let width = self.small.width(words);
        let x = self.area.x + (self.area.w - width) / 2;
        draw::set_draw_color(text);
        self.small.draw(words, x, y);
        let middle = y + self.small.line / 2;
        let length = ((self.area.w - width) / 2 - 36).min(90);
        if length > 8 {
            draw::draw_rect_fill(x - 12 - length, middle, length, 1, line);
            draw::draw_rect_fill(x + width + 12, middle, length, 1, line);
        }
    }

    /// A small label that lies over the rest, within the display: the full date of what is under the pointer, which
    /// reaches from `top` to `bottom`. It stands below, or above if there is no room.
    pub(super) fn hint(&self, text: &str, right: i32, (top, bottom): (i32, i32)) {
        let w = self.small.width(text) + 20;
        let h = self.small.line + 6;
        let area = self.area;
        let x = (right - w).min(area.x + area.w - w - 4).max(area.x + 4);
        let has_room = bottom + 2 + h + 4 <= area.y + area.h;
        let y = if has_room { bottom + 2 } else { top - 2 - h }.max(area.y + 4);
        self.rounded(Area { x, y, w, h }, [h / 2; 4], TEXT);
        draw::set_draw_color(BACKGROUND);
        self.small.draw(text, x + 10, y + 3);
    }

    /// The mark at the bottom that leads down: to so many new messages, or only to the end. Gives its place.
    pub(super) fn mark(&self, unseen: usize) -> Area {
        let h = self.small.line + 14;
        let bottom = self.area.y + self.area.h - 12;
        if unseen == 0 {
            let right = self.area.x + self.area.w - SCROLLBAR - 6;
            let place = Area { x: right - h, y: bottom - h, w: h, h };
            self.rounded(place, [h / 2; 4], BORDER);
            self.rounded(place.inset(1), [h / 2 - 1; 4], BUTTON);
            draw::set_draw_color(TEXT);
            strokes(place.x + h / 2, place.y + h / 2, &[(-5.0, -2.0), (0.0, 3.0), (5.0, -2.0)]);
            return place;
        }
        let text = if unseen == 1 {
            "↓ 1 nouveau message".to_owned()
        } else {
            format!("↓ {unseen} nouveaux messages")
        };
        let w = self.small.width(&text) + 32;
        let place = Area { x: self.area.x + (self.area.w - w) / 2, y: bottom - h, w, h };
        self.rounded(place, [h / 2; 4], ACCENT);
        draw::set_draw_color(ON_ACCENT);
        self.small.draw(&text, place.x + 16, place.y + 7);
        place
    }

    /// A filled rectangle with rounded corners: top left, top right, bottom right, bottom left.
    pub(super) fn rounded(&self, rect: Area, radii: [i32; 4], color: Color) {
        // A bubble that is far taller than the view is cut, so that its coordinates stay small.
        let top = rect.y.max(self.area.y - 100);
        let bottom = (rect.y + rect.h).min(self.area.y + self.area.h + 100);
        if top < bottom {
            paint::rounded(Area { y: top, h: bottom - top, ..rect }, radii, color);
        }
    }
}

/// A path of straight strokes around a middle, in the present colour.
fn strokes(x: i32, y: i32, points: &[(f64, f64)]) {
    draw::set_line_style(draw::LineStyle::CapRound, 2);
    draw::begin_line();
    for (dx, dy) in points {
        draw::vertex(f64::from(x) + dx, f64::from(y) + dy);
    }
    draw::end_line();
    draw::set_line_style(draw::LineStyle::Solid, 0);
}

/// ✓: it has arrived in the other's window or terminal, looked at or not. Drawn, because not every font has one.
fn tick(x: i32, y: i32) {
    strokes(x, y, &[(0.0, 0.5), (3.5, 4.0), (10.0, -4.0)]);
}

/// ✗: it will not arrive any more.
fn cross(x: i32, y: i32) {
    draw::set_draw_color(ERROR);
    strokes(x, y, &[(1.0, -3.5), (8.0, 3.5)]);
    strokes(x, y, &[(1.0, 3.5), (8.0, -3.5)]);
}

/// A small clock: it is on its way.
fn clock(x: i32, y: i32) {
    draw::set_line_style(draw::LineStyle::Solid, 1);
    draw::begin_loop();
    draw::draw_arc2(f64::from(x) + 5.5, f64::from(y) + 0.5, 4.5, 0.0, 360.0);
    draw::end_loop();
    draw::set_line_style(draw::LineStyle::Solid, 0);
    draw::draw_line2(draw::Coord(x + 5, y - 2), draw::Coord(x + 5, y + 1), draw::Coord(x + 7, y + 1));
}
