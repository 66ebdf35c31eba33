//! A field for one line of text, and the frame around it, which whoever has it draws.

use fltk::app;
use fltk::enums::{CallbackTrigger, Event, FrameType};
use fltk::group::Group;
use fltk::input::Input;
use fltk::prelude::*;

use super::menu::{self, Edit};
use super::paint::Area;
use super::theme::{FONT, SELECTION, SURFACE, TEXT, TEXT_SIZE};

/// A frame in the current group, and the field in it.
pub(crate) fn new() -> (Group, Input) {
    let mut frame = Group::default();
    let mut input = Input::default();
    frame.end();
    frame.make_resizable(false);
    frame.super_draw(false);
    input.set_frame(FrameType::FlatBox);
    input.set_color(SURFACE);
    input.set_text_color(TEXT);
    input.set_text_font(FONT);
    input.set_text_size(TEXT_SIZE);
    input.set_selection_color(SELECTION);
    input.set_trigger(CallbackTrigger::Changed);
    input.super_handle_first(false);
    (frame, input)
}

/// Puts both of them somewhere.
pub(crate) fn place(frame: &Group, input: &Input, area: Area) {
    frame.clone().resize(area.x, area.y, area.w, area.h);
    input.clone().resize(area.x + 6, area.y + 4, area.w - 12, area.h - 8);
}

/// What every such field does: it shows where the focus is, and opens a menu if it is asked for. True for the menu.
pub(crate) fn handle(frame: &mut Group, input: &mut Input, event: Event) -> bool {
    if matches!(event, Event::Focus | Event::Unfocus) {
        frame.redraw();
    }
    let is_menu = menu::is_asked_for(event);
    if is_menu {
        edit_by_menu(input);
    }
    is_menu
}

fn edit_by_menu(input: &mut Input) {
    let _ = input.take_focus();
    let all = input.value().len() as i32;
    // What fails, with nothing selected or nothing to paste, changes nothing.
    match menu::choose(!input.readonly(), input.position() != input.mark()) {
        Some(Edit::Cut) => drop(input.cut()),
        Some(Edit::Copy) => drop(input.copy()),
        Some(Edit::Paste) => app::paste_text(input),
        Some(Edit::SelectAll) => drop(input.set_position(0).and_then(|()| input.set_mark(all))),
        None => {}
    }
}
