//! What to type on the other machine, shown until the other one has joined.

use std::cell::RefCell;
use std::rc::Rc;

use fltk::app;
use fltk::button::Button;
use fltk::enums::{Align, FrameType};
use fltk::group::Group;
use fltk::prelude::*;

use super::button::{self, Kind};
use super::paint::{self, Area, Edge};
use super::theme::{BACKGROUND, CONTROL_HEIGHT, FONT, FONT_CODE, MARGIN, TEXT, TEXT_SIZE};

const COPY: &str = "Copier";
const COPIED: &str = "Copié";
const HEADLINE: &str = "Sur l'autre machine, tapez :";
const HEADLINE_SEVERAL: &str = "Sur l'autre machine, tapez l'une de ces lignes :";
const LINE: i32 = 24;
/// A machine may have many addresses; more than this would leave no room for the conversation.
const MOST: usize = 4;

/// The invitation: a handle.
#[derive(Clone)]
pub(crate) struct Invitation {
    group: Group,
    copy: Button,
    commands: Rc<RefCell<Vec<String>>>,
}

impl Invitation {
    /// An invitation in the current group; without commands it takes no room.
    pub(crate) fn new() -> Self {
        let commands = Rc::new(RefCell::new(Vec::<String>::new()));
        let mut group = Group::default();
        group.set_frame(FrameType::NoBox);
        let mut copy = button::text_button(COPY, 'c', Kind::Plain);
        copy.set_callback({
            let commands = Rc::clone(&commands);
            move |copy| {
                if let Some(command) = commands.borrow().first() {
                    app::copy(command);
                    copy.set_label(COPIED);
                }
            }
        });
        group.end();
        group.make_resizable(false);
        group.super_draw(false);
        group.draw({
            let commands = Rc::clone(&commands);
            move |group| draw(group, &commands.borrow())
        });
        group.hide();
        Invitation { group, copy, commands }
    }

    /// Shows these commands; none: nothing.
    pub(crate) fn set(&self, commands: &[String]) {
        *self.commands.borrow_mut() = commands.iter().take(MOST).cloned().collect();
        let mut group = self.group.clone();
        if commands.is_empty() {
            group.hide();
        } else {
            group.show();
        }
    }

    /// Puts it somewhere, `w` wide; returns how high it is.
    pub(crate) fn place(&self, x: i32, y: i32, w: i32) -> i32 {
        let count = self.commands.borrow().len() as i32;
        if count == 0 {
            return 0;
        }
        let h = (1 + count) * LINE + 2 * MARGIN;
        self.group.clone().resize(x, y, w, h);
        let width = button::width_for(COPY);
        self.copy.clone().resize(x + w - MARGIN - width, y + (h - CONTROL_HEIGHT) / 2, width, CONTROL_HEIGHT);
        h
    }
}

fn draw(group: &mut Group, commands: &[String]) {
    let area = Area::of(group);
    paint::field(area, Edge::Plain, BACKGROUND);
    let inside = area.inset(MARGIN);
    let headline = if commands.len() > 1 { HEADLINE_SEVERAL } else { HEADLINE };
    let left = Align::Left | Align::Inside;
    paint::text(headline, Area { h: LINE, ..inside }, left, FONT, TEXT_SIZE, TEXT);
    for (i, command) in commands.iter().enumerate() {
        let line = Area { y: inside.y + (1 + i as i32) * LINE, h: LINE, ..inside };
        paint::text(command, line, left, FONT_CODE, TEXT_SIZE + 1, TEXT);
    }
    group.draw_children();
}
