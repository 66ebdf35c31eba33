//! What the widgets of the window are drawn with.

use fltk::draw;
use fltk::enums::{Align, Color, Font};

use super::theme::{ACCENT, BACKGROUND, BORDER, ERROR, RADIUS};

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) w: i32,
    pub(crate) h: i32,
}

impl Area {
    /// Where a widget is.
    pub(crate) fn of(widget: &impl fltk::prelude::WidgetExt) -> Area {
        Area { x: widget.x(), y: widget.y(), w: widget.w(), h: widget.h() }
    }

    /// Whether a point lies in it.
    pub(crate) fn contains(&self, x: i32, y: i32) -> bool {
        x >= self.x && y >= self.y && x < self.x + self.w && y < self.y + self.h
    }

    /// The same, smaller by `by` on each side.
    pub(crate) fn inset(self, by: i32) -> Area {
        Area { x: self.x + by, y: self.y + by, w: self.w - 2 * by, h: self.h - 2 * by }
    }
}

/// Fills an area with rounded corners.
pub(crate) fn fill(area: Area, color: Color) {
    rounded(area, [RADIUS.min(area.h / 2); 4], color);
}

/// Fills an area whose corners are as round as that: top left, top right, bottom right, bottom left.
pub(crate) fn rounded(area: Area, radii: [i32; 4], color: Color) {
    // In X, FLTK draws a path half a pixel to the right and below: lines are sharp then, but the edges of areas are not.
    // On Windows it cuts off fractions, and corners with them: so they are rounded instead.
    let half = if cfg!(windows) { 0.5 } else { -0.5 };
    let edge = |at: i32| f64::from(at) + half;
    let (left, right) = (edge(area.x), edge(area.x + area.w));
    let (top, bottom) = (edge(area.y), edge(area.y + area.h));
    let [top_left, top_right, bottom_right, bottom_left] = radii.map(f64::from);
    draw::set_draw_color(color);
    draw::begin_polygon();
    draw::draw_arc2(left + top_left, top + top_left, top_left, 180.0, 90.0);
    draw::draw_arc2(right - top_right, top + top_right, top_right, 90.0, 0.0);
    draw::draw_arc2(right - bottom_right, bottom - bottom_right, bottom_right, 0.0, -90.0);
    draw::draw_arc2(left + bottom_left, bottom - bottom_left, bottom_left, -90.0, -180.0);
    draw::end_polygon();
}

/// Fills an area with square corners.
pub(crate) fn clear(area: Area, color: Color) {
    draw::draw_rect_fill(area.x, area.y, area.w, area.h, color);
}

/// What the frame of a field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Nothing.
    Plain,
    /// Keys go here.
    Focused,
    /// An error concerns this field.
    Faulty,
}

/// The frame of a field: its edge, and its inside in the color `inside`.
pub(crate) fn field(area: Area, edge: Edge, inside: Color) {
    clear(area, BACKGROUND);
    let (color, width) = match edge {
        Edge::Plain => (BORDER, 1),
        Edge::Focused => (ACCENT, 2),
        Edge::Faulty => (ERROR, 2),
    };
    fill(area, color);
    fill(area.inset(width), inside);
}

/// Writes into an area, broken into lines where it is too wide.
pub(crate) fn text(text: &str, area: Area, align: Align, font: Font, size: i32, color: Color) {
    draw::set_font(font, size);
    draw::set_draw_color(color);
    draw::push_clip(area.x, area.y, area.w, area.h);
    draw::draw_text2(&typeset(text), area.x, area.y, area.w, area.h, align | Align::Wrap);
    draw::pop_clip();
}

/// How wide and high a text is when it is broken into lines of this width; wider, if a word is.
pub(crate) fn measure(text: &str, width: i32, font: Font, size: i32) -> (i32, i32) {
    draw::set_font(font, size);
    draw::wrap_measure(&typeset(text), width, true)
}

/// Signs that French has a space beside, at which no line breaks.
const SIGNS: [(&str, &str); 6] = [
    ("« ", "«\u{a0}"),
    (" »", "\u{a0}»"),
    (" :", "\u{a0}:"),
    (" ;", "\u{a0};"),
    (" !", "\u{a0}!"),
    (" ?", "\u{a0}?"),
];

/// A text in which FLTK sees no symbols (`@->`), and breaks no line at a space that belongs to a sign.
fn typeset(text: &str) -> String {
    SIGNS.iter().fold(text.replace('@', "@@"), |text, (loose, bound)| text.replace(loose, bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_breaks_before_a_french_sign_and_no_symbol_is_drawn() {
        assert_eq!(typeset("tapez « a@b » : oui !"), "tapez «\u{a0}a@@b\u{a0}»\u{a0}: oui\u{a0}!");
    }
}
