//! Flat buttons with rounded corners that show the mouse above them and the focus.

use std::cell::Cell;
use std::rc::Rc;

use fltk::app;
use fltk::button::{Button, CheckButton};
use fltk::draw;
use fltk::enums::{Align, Color, Event, FrameType, Key, Shortcut};
use fltk::prelude::*;

use super::paint::{self, Area};
use super::theme::{
    ACCENT, ACCENT_HOVER, BACKGROUND, BORDER, BUTTON, BUTTON_HOVER, CONTROL_HEIGHT, FONT, FONT_BOLD, MARGIN,
    MUTED, ON_ACCENT, SMALL_SIZE, SURFACE, TEXT, TEXT_SIZE,
};

/// What a button says that copies something.
pub(crate) const COPY: &str = "Copier";
const COPIED: &str = "Copié";
/// The side of a box that can be ticked.
const CHECK_SIZE: i32 = 18;
/// In seconds.
const COPIED_FOR: f64 = 2.0;

/// How much a button asks for attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What one most likely wants to do.
    Main,
    /// What one may want to do.
    Plain,
}

/// A button with a word on it. Alt and the letter `key` press it too.
pub(crate) fn text_button(label: &str, key: char, kind: Kind) -> Button {
    let button = flat_button(kind, |button, color| {
        let font = if button.active() { FONT_BOLD } else { FONT };
        paint::text(&button.label(), Area::of(button), Align::Center, font, TEXT_SIZE, color);
    });
    let mut button = button.with_label(label);
    button.set_shortcut(Shortcut::Alt | key);
    button.set_tooltip(&format!("{label} (Alt+{})", key.to_ascii_uppercase()));
    button
}

/// A box that is ticked or not, with words beside it.
pub(crate) fn check_button(label: &str) -> CheckButton {
    let mut button = CheckButton::default().with_label(label);
    button.super_draw(false);
    button.draw(|button| {
        let area = Area::of(button);
        paint::clear(area, BACKGROUND);
        let square = Area { y: area.y + (area.h - CHECK_SIZE) / 2, w: CHECK_SIZE, h: CHECK_SIZE, ..area };
        let (edge, width) = if button.has_focus() { (ACCENT, 2) } else { (BORDER, 1) };
        paint::rounded(square, [4; 4], edge);
        paint::rounded(square.inset(width), [3; 4], SURFACE);
        if button.is_checked() {
            draw::set_draw_color(ACCENT);
            draw::set_line_style(draw::LineStyle::CapRound, 2);
            draw::draw_line(square.x + 4, square.y + 9, square.x + 7, square.y + 12);
            draw::draw_line(square.x + 7, square.y + 12, square.x + 14, square.y + 5);
            draw::set_line_style(draw::LineStyle::Solid, 0);
        }
        let word = Area { x: area.x + CHECK_SIZE + 8, w: area.w - CHECK_SIZE - 8, ..area };
        paint::text(&button.label(), word, Align::Left | Align::Inside, FONT, SMALL_SIZE, TEXT);
    });
    button
}

/// A button that copies a text, and says for a moment that it has.
pub(crate) fn copy_button(key: char, text: impl Fn() -> String + 'static) -> Button {
    let mut button = text_button(COPY, key, Kind::Plain);
    button.set_callback(move |button| {
        app::copy(&text());
        button.set_label(COPIED);
        let mut button = button.clone();
        app::add_timeout3(COPIED_FOR, move |_| {
            // Its page may be gone by then.
            if !button.was_deleted() {
                button.set_label(COPY);
            }
        });
    });
    button
}

/// How wide a button has to be for its word.
pub(crate) fn width_for(label: &str) -> i32 {
    draw::set_font(FONT_BOLD, TEXT_SIZE);
    draw::measure(label, false).0 + 3 * MARGIN
}

/// The button that switches between light and dark: a disc, half of it filled.
pub(crate) fn theme_button() -> Button {
    let mut button = flat_button(Kind::Plain, |button, color| {
        let diameter = 16;
        let (x, y) = (button.x() + (button.w() - diameter) / 2, button.y() + (button.h() - diameter) / 2);
        draw::set_draw_color(color);
        draw::set_line_style(draw::LineStyle::Solid, 2);
        draw::draw_arc(x, y, diameter, diameter, 0.0, 360.0);
        draw::set_line_style(draw::LineStyle::Solid, 0);
        draw::draw_pie(x, y, diameter, diameter, 90.0, 270.0);
    });
    button.set_size(CONTROL_HEIGHT, CONTROL_HEIGHT);
    button.set_shortcut(Shortcut::Alt | 't');
    button.set_tooltip("Clair ou sombre (Alt+T)");
    button
}

/// The button that shows what else can be done: three lines, as for a menu.
pub(crate) fn menu_button() -> Button {
    let mut button = square_button("Plus… (Alt+P)", |x, y| {
        for line in [-5, 0, 5] {
            draw::draw_rect_fill(x - 8, y + line - 1, 16, 2, draw::get_color());
        }
    });
    button.set_shortcut(Shortcut::Alt | 'p');
    button
}

/// The button that sends files: an arrow that leaves a tray.
pub(crate) fn attach_button() -> Button {
    let mut button = square_button("Envoyer des fichiers (Alt+J)", |x, y| {
        draw::set_line_style(draw::LineStyle::CapRound, 2);
        draw::draw_line(x, y - 8, x, y + 3);
        draw::draw_line(x, y - 8, x - 4, y - 4);
        draw::draw_line(x, y - 8, x + 4, y - 4);
        for (from, to) in [((-8, 3), (-8, 8)), ((-8, 8), (8, 8)), ((8, 8), (8, 3))] {
            draw::draw_line(x + from.0, y + from.1, x + to.0, y + to.1);
        }
        draw::set_line_style(draw::LineStyle::Solid, 0);
    });
    button.set_shortcut(Shortcut::Alt | 'j');
    button
}

/// A button with an arrow head on it.
pub(crate) fn arrow_button(up: bool, tooltip: &str) -> Button {
    let tip = if up { -4 } else { 4 };
    square_button(tooltip, move |x, y| draw::draw_polygon(x - 7, y - tip, x + 7, y - tip, x, y + tip))
}

/// A button with a cross on it.
pub(crate) fn close_button(tooltip: &str) -> Button {
    square_button(tooltip, |x, y| {
        draw::set_line_style(draw::LineStyle::CapRound, 2);
        draw::draw_line(x - 5, y - 5, x + 5, y + 5);
        draw::draw_line(x - 5, y + 5, x + 5, y - 5);
        draw::set_line_style(draw::LineStyle::Solid, 0);
    })
}

/// A button with a sign that is drawn around its middle.
fn square_button(tooltip: &str, sign: impl Fn(i32, i32) + 'static) -> Button {
    let mut button = flat_button(Kind::Plain, move |button, color| {
        draw::set_draw_color(color);
        sign(button.x() + button.w() / 2, button.y() + button.h() / 2);
    });
    button.set_size(CONTROL_HEIGHT, CONTROL_HEIGHT);
    button.set_tooltip(tooltip);
    button
}

/// A button whose face is drawn by `face`, in the color it is given.
pub(crate) fn flat_button(kind: Kind, face: impl Fn(&Button, Color) + 'static) -> Button {
    let mut button = Button::default();
    button.set_frame(FrameType::FlatBox);
    button.super_draw(false);
    let hovered = Rc::new(Cell::new(false));
    button.draw({
        let hovered = Rc::clone(&hovered);
        move |button| {
            let area = Area::of(button);
            let (ground, color) = colors(kind, button, hovered.get());
            paint::clear(area, BACKGROUND);
            if button.has_focus() && button.active() {
                paint::fill(area, TEXT);
                paint::fill(area.inset(2), BACKGROUND);
                paint::fill(area.inset(3), ground);
            } else {
                paint::fill(area, ground);
            }
            face(button, color);
        }
    });
    button.handle(move |button, event| match event {
        Event::Enter | Event::Leave => {
            hovered.set(event == Event::Enter);
            button.redraw();
            true
        }
        Event::KeyDown if matches!(app::event_key(), Key::Enter | Key::KPEnter) => {
            button.do_callback();
            true
        }
        _ => false,
    });
    button
}

/// The ground of a button and what stands on it.
fn colors(kind: Kind, button: &Button, hovered: bool) -> (Color, Color) {
    let raised = hovered || button.value();
    match kind {
        _ if !button.active_r() => (BUTTON, MUTED),
        Kind::Main if raised => (ACCENT_HOVER, ON_ACCENT),
        Kind::Main => (ACCENT, ON_ACCENT),
        Kind::Plain if raised => (BUTTON_HOVER, TEXT),
        Kind::Plain => (BUTTON, TEXT),
    }
}
