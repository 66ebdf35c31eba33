//! How things stand, in one line.

use std::cell::RefCell;
use std::rc::Rc;

use common::address::{MAX_PSEUDO_CHARS, Pseudo};
use common::endpoint::Endpoint;
use common::text::shortened;
use fltk::draw;
use fltk::enums::{Align, Color, Font, FrameType};
use fltk::frame::Frame;
use fltk::prelude::*;

use super::paint::{self, Area};
use super::theme::{BACKGROUND, FONT, FONT_BOLD, GOOD, MUTED, PENDING, SMALL_SIZE, TEXT, TEXT_SIZE};

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// The first connection is being made.
    Connecting(Endpoint),
    /// Connected; nobody else is there yet.
    Waiting,
    /// That one is there.
    Talking(Pseudo),
    /// That one's connection was lost.
    PeerLost(Pseudo),
    /// One's own connection was lost.
    Retrying,
    /// The user is leaving.
    Leaving,
    /// The discussion is over.
    Over,
}

impl Status {
    /// The line, as the user reads it, with no more than that many characters of a name.
    fn text(&self, most: usize) -> String {
        match self {
            Status::Connecting(server) => format!("Connexion à {server}…"),
            Status::Waiting => "En attente de l'autre…".to_owned(),
            Status::Talking(peer) => format!("Discussion avec {}", shortened(peer.as_str(), most)),
            Status::PeerLost(peer) => format!("En attente du retour de {}", shortened(peer.as_str(), most)),
            Status::Retrying => "Connexion perdue – nouvelle tentative…".to_owned(),
            Status::Leaving => "Vous quittez la discussion…".to_owned(),
            Status::Over => "Discussion terminée".to_owned(),
        }
    }

    fn color(&self) -> Color {
        match self {
            Status::Talking(_) => GOOD,
            Status::Over => MUTED,
            _ => PENDING,
        }
    }

    /// Whether the point before the line is a whole disc: whoever cannot see its color sees its shape.
    fn is_solid(&self) -> bool {
        matches!(self, Status::Talking(_))
    }
}

/// The line that shows it: a handle.
#[derive(Clone)]
pub(crate) struct StatusLine {
    frame: Frame,
    status: Rc<RefCell<Status>>,
}

impl StatusLine {
    /// A line in the current group.
    pub(crate) fn new() -> Self {
        let status = Rc::new(RefCell::new(Status::Waiting));
        let mut frame = Frame::default();
        frame.set_frame(FrameType::FlatBox);
        frame.set_color(BACKGROUND);
        frame.draw({
            let status = Rc::clone(&status);
            move |frame| draw_line(&status.borrow(), Area::of(frame))
        });
        StatusLine { frame, status }
    }

    /// Shows that.
    pub(crate) fn set(&self, status: &Status) {
        status.clone_into(&mut self.status.borrow_mut());
        let mut frame = self.frame.clone();
        frame.set_tooltip(&status.text(MAX_PSEUDO_CHARS));
        frame.redraw();
    }

    /// Puts it somewhere.
    pub(crate) fn place(&self, area: Area) {
        self.frame.clone().resize(area.x, area.y, area.w, area.h);
    }
}

fn draw_line(status: &Status, area: Area) {
    const POINT: i32 = 10;
    let color = status.color();
    let (x, y) = (area.x, area.y + (area.h - POINT) / 2);
    draw::draw_circle_fill(x, y, POINT, color);
    if !status.is_solid() {
        draw::draw_circle_fill(x + 2, y + 2, POINT - 4, BACKGROUND);
    }
    let area = Area { x: area.x + POINT + 8, w: area.w - POINT - 8, ..area };
    let left = Align::Left | Align::Inside;
    let text = status.text(MAX_PSEUDO_CHARS);
    if fits(&text, area.w, FONT_BOLD, TEXT_SIZE, 1) {
        paint::text(&text, area, left, FONT_BOLD, TEXT_SIZE, TEXT);
        return;
    }
    // On two lines, with as much of the name as there is room for.
    let shortened = |font| {
        let mut texts = (1..=MAX_PSEUDO_CHARS).rev().map(|most| status.text(most));
        Some((texts.find(|text| fits(text, area.w, font, SMALL_SIZE, 2))?, font))
    };
    let (text, font) = shortened(FONT_BOLD).or_else(|| shortened(FONT)).unwrap_or((text, FONT));
    paint::text(&text, area, left, font, SMALL_SIZE, TEXT);
}

/// Whether a text takes no more than so many lines of that width; a long name is a word that no line break shortens.
fn fits(text: &str, width: i32, font: Font, size: i32, lines: i32) -> bool {
    let (w, h) = paint::measure(text, width, font, size);
    w <= width && h < (lines + 1) * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_between_characters() -> Result<(), common::address::AddressError> {
        let status = Status::Talking("Éloïse".parse()?);
        assert_eq!(status.text(6), "Discussion avec Éloïse");
        assert_eq!(status.text(4), "Discussion avec Éloï…");
        Ok(())
    }
}
