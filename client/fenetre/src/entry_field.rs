//! The entry field: where a message is written.
//!
//! It grows with what is in it, up to [`MOST_LINES`]. Enter sends, Shift+Enter starts a new line, Tab leads on.
//! A closed field cannot be typed into; what was in it can still be selected and copied.

use fltk::app;
use fltk::draw;
use fltk::enums::{Align, Event, FrameType, Key};
use fltk::group::Group;
use fltk::prelude::*;
use fltk::text::{self, TextBuffer, TextDisplay, TextEditor, WrapMode};

use super::hook::Hook;
use super::menu::{self, Edit};
use super::paint::{self, Area, Edge};
use super::theme::{ACCENT, BACKGROUND, FONT, MUTED, SELECTION, SURFACE, TEXT, TEXT_SIZE};

/// How many lines are shown at once.
const MOST_LINES: i32 = 6;
/// A text longer than this is surely higher than [`MOST_LINES`]: its lines need not be counted.
const LONG_BYTES: i32 = 4_000;
/// Four times what one message can hold. More than this is not taken into the field: FLTK's editor slows down.
const MAX_BYTES: usize = 256 * 1024;
/// Between the frame and the text.
const PADDING: i32 = 8;
const SCROLLBAR: i32 = 12;
/// What FLTK leaves free on both sides of the text together.
const TEXT_MARGINS: i32 = 6;
const PLACEHOLDER: &str = "Votre message, puis Entrée";

/// What the user does in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Enter: send it.
    Send,
    /// The text is another one now.
    Change,
    /// Something was to be pasted that is far too long; it was not.
    PasteRefused,
    /// A page up or down: meant for the conversation.
    Page,
}

/// The entry field: a handle.
#[derive(Clone)]
pub(crate) struct EntryField {
    frame: Group,
    editor: TextEditor,
    /// Stands in the editor's place when the field is closed.
    reader: TextDisplay,
    buffer: TextBuffer,
    on_action: Hook<Action>,
}

impl EntryField {
    /// An empty, open field in the current group.
    pub(crate) fn new() -> Self {
        let mut buffer = TextBuffer::default();
        let mut frame = Group::default();
        let mut editor = TextEditor::default();
        dress(&mut editor, &buffer);
        let mut reader = TextDisplay::default();
        dress(&mut reader, &buffer);
        reader.set_text_color(MUTED);
        reader.set_color(BACKGROUND);
        reader.super_handle_first(false);
        reader.handle({
            let mut buffer = buffer.clone();
            move |_, event| read_by_menu(event, &mut buffer)
        });
        reader.hide();
        frame.end();
        frame.make_resizable(false);

        editor.set_tab_nav(true);
        editor.set_cursor_color(ACCENT);
        editor.set_cursor_style(text::Cursor::Simple);
        let on_action = Hook::new();
        editor.super_handle_first(false);
        editor.handle({
            let (buffer, on_action) = (buffer.clone(), on_action.clone());
            move |editor, event| handle(editor, event, &buffer, &on_action)
        });
        editor.draw({
            let buffer = buffer.clone();
            move |editor| draw_placeholder(editor, &buffer)
        });
        buffer.add_modify_callback({
            let on_action = on_action.clone();
            move |_, inserted, deleted, _, _| {
                if inserted > 0 || deleted > 0 {
                    on_action.call(Action::Change);
                }
            }
        });
        frame.draw({
            let editor = editor.clone();
            move |frame| {
                let edge = if editor.has_focus() { Edge::Focused } else { Edge::Plain };
                paint::field(Area::of(frame), edge, if editor.visible() { SURFACE } else { BACKGROUND });
                frame.draw_children();
            }
        });
        frame.super_draw(false);
        EntryField { frame, editor, reader, buffer, on_action }
    }

    /// Calls `f` whenever the user does something; to be set once.
    pub(crate) fn on_action(&self, f: impl Fn(Action) + 'static) {
        self.on_action.set(f);
    }

    /// Puts the field somewhere.
    pub(crate) fn place(&self, area: Area) {
        let Area { x, y, w, h } = area;
        self.frame.clone().resize(x, y, w, h);
        let Area { x, y, w, h } = area.inset(PADDING - 3);
        let mut editor = self.editor.clone();
        if w != editor.w() {
            // The lines' width is told: what FLTK finds by itself it knows only when it draws.
            let line_width = (w - TEXT_MARGINS - SCROLLBAR).max(1);
            editor.wrap_mode(WrapMode::AtPixel, line_width);
            self.reader.clone().wrap_mode(WrapMode::AtPixel, line_width);
            editor.show_insert_position();
        }
        editor.resize(x, y, w, h);
        self.reader.clone().resize(x, y, w, h);
        self.frame.clone().redraw();
    }

    /// How high it should be for its text. Its width has to be right. Closed and empty it takes no room.
    pub(crate) fn height_wanted(&self) -> i32 {
        if !self.frame.visible() {
            return 0;
        }
        let length = self.buffer.length();
        let lines = if length > LONG_BYTES {
            MOST_LINES
        } else {
            // FLTK does not count a last line with nothing in it.
            let empty_last = length == 0 || self.buffer.byte_at(length - 1) == b'\n';
            (self.editor.count_lines(0, length, true) + i32::from(empty_last)).clamp(1, MOST_LINES)
        };
        // FLTK would show a scrollbar as soon as no line is empty.
        let scrollbar = if lines < MOST_LINES { Align::Center } else { Align::Right };
        self.editor.clone().set_scrollbar_align(scrollbar);
        self.reader.clone().set_scrollbar_align(scrollbar);
        lines * line_height() + 2 * PADDING
    }

    /// What is in it.
    pub(crate) fn text(&self) -> String {
        self.buffer.text()
    }

    /// Empties it.
    pub(crate) fn clear(&self) {
        self.buffer.clone().set_text("");
    }

    /// Types something, as if by keys.
    pub(crate) fn type_text(&self, text: &str) {
        let mut editor = self.editor.clone();
        self.buffer.clone().remove_selection();
        editor.insert(text);
        editor.show_insert_position();
    }

    /// Gives it the focus.
    pub(crate) fn take_focus(&self) {
        // Fails only while the window is hidden; FLTK then focuses the first widget that wants it.
        let _ = self.editor.clone().take_focus();
    }

    /// Whether keys go here.
    pub(crate) fn has_focus(&self) -> bool {
        self.editor.has_focus()
    }

    /// Closes it: nothing can be typed any more; what is in it can be copied.
    pub(crate) fn close(&self) {
        self.editor.clone().hide();
        let mut reader = self.reader.clone();
        if self.buffer.length() > 0 {
            reader.show();
        } else {
            self.frame.clone().hide();
        }
        self.frame.clone().redraw();
    }

    /// Whether it can be typed into.
    pub(crate) fn is_open(&self) -> bool {
        self.editor.visible()
    }
}

fn line_height() -> i32 {
    draw::set_font(FONT, TEXT_SIZE);
    draw::height()
}

/// What the editor and the reader have in common.
fn dress(display: &mut impl DisplayExt, buffer: &TextBuffer) {
    display.set_buffer(buffer.clone());
    display.set_frame(FrameType::FlatBox);
    display.set_color(SURFACE);
    display.set_selection_color(SELECTION);
    display.set_text_color(TEXT);
    display.set_text_font(FONT);
    display.set_text_size(TEXT_SIZE);
    display.set_scrollbar_size(SCROLLBAR);
}

/// True: the event is dealt with; the editor shall not see it.
fn handle(editor: &mut TextEditor, event: Event, buffer: &TextBuffer, on_action: &Hook<Action>) -> bool {
    match event {
        _ if menu::is_asked_for(event) => {
            // Its failure means that it cannot have the focus now, which is fine.
            let _ = editor.take_focus();
            match menu::choose(true, buffer.selection_position().is_some()) {
                Some(Edit::Cut) => editor.cut(),
                Some(Edit::Copy) => editor.copy(),
                Some(Edit::Paste) => editor.paste(),
                Some(Edit::SelectAll) => buffer.clone().select(0, buffer.length()),
                None => {}
            }
            true
        }
        Event::KeyDown => match app::event_key() {
            Key::Enter | Key::KPEnter if !app::is_event_shift() && !app::is_event_ctrl() => {
                on_action.call(Action::Send);
                true
            }
            Key::PageUp | Key::PageDown => {
                on_action.call(Action::Page);
                true
            }
            _ => false,
        },
        Event::Paste if app::event_text().len() + buffer.length() as usize > MAX_BYTES => {
            on_action.call(Action::PasteRefused);
            true
        }
        Event::Focus | Event::Unfocus => {
            if let Some(mut frame) = editor.parent() {
                frame.redraw();
            }
            false
        }
        _ => false,
    }
}

/// A closed field: what is in it can still be copied.
fn read_by_menu(event: Event, buffer: &mut TextBuffer) -> bool {
    if !menu::is_asked_for(event) {
        return false;
    }
    match menu::choose(false, buffer.selection_position().is_some()) {
        Some(Edit::Copy) => app::copy(&buffer.selection_text()),
        Some(Edit::SelectAll) => buffer.select(0, buffer.length()),
        _ => {}
    }
    true
}

/// Says what the field is for, while nothing is in it.
fn draw_placeholder(editor: &TextEditor, buffer: &TextBuffer) {
    if buffer.length() > 0 {
        return;
    }
    let (x, y) = editor.position_to_xy(0);
    // The cursor stands at `x`.
    let area = Area { x: x + 4, y, w: editor.x() + editor.w() - x - 4, h: line_height() };
    paint::clear(area, SURFACE);
    paint::text(PLACEHOLDER, area, Align::Left | Align::Inside | Align::Clip, FONT, TEXT_SIZE, MUTED);
}
