//! What to type on the other machine, shown until the other one has joined.

use std::cell::RefCell;
use std::rc::Rc;

use fltk::button::Button;
use fltk::enums::{Align, FrameType};
use fltk::group::Group;
use fltk::prelude::*;
use serveur::addresses::Reachable;

use super::button;
use super::paint::{self, Area, Edge};
use super::theme::{BACKGROUND, CONTROL_HEIGHT, FONT, FONT_CODE, MARGIN, MUTED, SMALL_SIZE, TEXT, TEXT_SIZE};

const HEADLINE: &str = "Sur l'autre machine, tapez :";
const HEADLINE_HERE: &str = "Cette machine n'a pas de réseau. Tapez-y :";
const LINE: i32 = 24;
/// The likeliest command is read across a room.
const LARGE_SIZE: i32 = 20;
const LARGE_LINE: i32 = 32;
const SMALL_LINE: i32 = 20;
/// A machine may have many addresses; more than this would leave no room for the conversation.
const MOST: usize = 4;

/// The invitation: a handle.
#[derive(Clone)]
pub(crate) struct Invitation {
    group: Group,
    copy: Button,
    addresses: Rc<RefCell<Vec<Reachable>>>,
}

impl Invitation {
    /// An invitation in the current group; without addresses it takes no room.
    pub(crate) fn new() -> Self {
        let addresses = Rc::new(RefCell::new(Vec::<Reachable>::new()));
        let mut group = Group::default();
        group.set_frame(FrameType::NoBox);
        let copy = button::copy_button('c', {
            let addresses = Rc::clone(&addresses);
            move || addresses.borrow().first().map(Reachable::command).unwrap_or_default()
        });
        group.end();
        group.make_resizable(false);
        group.super_draw(false);
        group.draw({
            let addresses = Rc::clone(&addresses);
            move |group| draw(group, &addresses.borrow())
        });
        group.hide();
        Invitation { group, copy, addresses }
    }

    /// Shows what to type to reach one of these addresses; none: nothing.
    pub(crate) fn set(&self, addresses: &[Reachable]) {
        *self.addresses.borrow_mut() = addresses.iter().take(MOST).cloned().collect();
        let mut group = self.group.clone();
        if addresses.is_empty() {
            group.hide();
        } else {
            group.show();
        }
    }

    /// Puts it somewhere, `w` wide; returns how high it is.
    pub(crate) fn place(&self, x: i32, y: i32, w: i32) -> i32 {
        if self.addresses.borrow().is_empty() {
            return 0;
        }
        let h =
            LINE + LARGE_LINE + remarks(&self.addresses.borrow()).count() as i32 * SMALL_LINE + 2 * MARGIN;
        self.group.clone().resize(x, y, w, h);
        let width = button::width_for(button::COPY);
        self.copy.clone().resize(x + w - MARGIN - width, y + MARGIN / 2, width, CONTROL_HEIGHT - MARGIN / 2);
        h
    }
}

fn draw(group: &mut Group, addresses: &[Reachable]) {
    let area = Area::of(group);
    paint::field(area, Edge::Plain, BACKGROUND);
    let mut line = Area { h: LINE, ..area.inset(MARGIN) };
    let left = Align::Left | Align::Inside;
    let headline = if addresses.iter().any(Reachable::is_for_others) { HEADLINE } else { HEADLINE_HERE };
    paint::text(headline, line, left, FONT, TEXT_SIZE, TEXT);
    if let Some(likeliest) = addresses.first() {
        line = Area { y: line.y + line.h, h: LARGE_LINE, ..line };
        paint::text(&likeliest.command(), line, left, FONT_CODE, LARGE_SIZE, TEXT);
    }
    for remark in remarks(addresses) {
        line = Area { y: line.y + line.h, h: SMALL_LINE, ..line };
        paint::text(&remark, line, left, FONT, SMALL_SIZE, MUTED);
    }
    group.draw_children();
}

/// What stands below the likeliest address, line by line.
fn remarks(addresses: &[Reachable]) -> impl Iterator<Item = String> {
    let likeliest = addresses.iter().take(1).filter(|address| !address.is_likely()).map(Reachable::way);
    let others = addresses.iter().skip(1);
    likeliest.chain(others.map(|other| format!("ou {} ({})", other.command(), other.way())))
}
