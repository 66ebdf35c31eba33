//! A field for one line of text, and the frame around it, which whoever has it draws.

use fltk::enums::{CallbackTrigger, FrameType};
use fltk::group::Group;
use fltk::input::Input;
use fltk::prelude::*;

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
