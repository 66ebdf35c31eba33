//! The entry field: where a message is written.
//!
//! It grows with what is in it, up to [`MOST_LINES`]. Enter sends, Shift+Enter starts a new line, Tab leads on.
//! A closed field cannot be typed into; what was in it can still be selected and copied.
//!
//! FLTK's own editor takes each code point for a character (an accent, a half of a flag), adds their widths where
//! letters join, draws what is selected letter by letter, and writes Arabic from the left. So the field is drawn with
//! what the conversation is drawn with; `draft` holds what is written, `keys` says what each key does to it.

mod draft;
mod keys;

use std::cell::RefCell;
use std::rc::Rc;

use fltk::app::{self, MouseButton};
use fltk::draw;
use fltk::enums::{Align, Cursor, Damage, Event, FrameType};
use fltk::group::Group;
use fltk::prelude::*;
use fltk::valuator::{Scrollbar, ScrollbarType};
use fltk::widget::Widget;

use super::files;
use super::hook::Hook;
use super::menu::{self, Edit};
use super::paint::{self, Area, Edge};
use super::text::{Face, Line, Mark, links, word_around, wrap};
use super::theme::{ACCENT, BACKGROUND, FONT, MUTED, ON_SELECTION, SELECTION, SURFACE, TEXT, TEXT_SIZE};
use draft::Draft;
pub(crate) use keys::is_written_by_key;

/// How many lines are shown at once.
const MOST_LINES: usize = 6;
/// Four times what one message can hold. More than this is not taken into the field: each key has all lines broken
/// anew.
const MAX_BYTES: usize = 256 * 1024;
/// Between the frame and the text.
const PADDING: i32 = 7;
const SCROLLBAR: i32 = 12;
const CURSOR_WIDTH: i32 = 2;
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
    /// Only what is before a NUL was pasted.
    PasteCut,
    /// Files were dropped here: the event says which.
    Dropped,
    /// The key is meant for the conversation.
    Scroll,
}

/// The entry field: a handle.
#[derive(Clone)]
pub(crate) struct EntryField {
    frame: Group,
    pad: Widget,
    scrollbar: Scrollbar,
    state: Rc<RefCell<State>>,
    on_action: Hook<Action>,
}

struct State {
    draft: Draft,
    face: Face,
    /// The draft's lines, broken at that width.
    lines: Vec<Line>,
    width: i32,
    /// The first line in view.
    top: usize,
    /// Where up and down lead to in each line, as long as nothing else is pressed.
    column: Option<i32>,
    open: bool,
    /// What is pasted next was dropped here.
    dropping: bool,
}

impl EntryField {
    /// An empty, open field in the current group.
    pub(crate) fn new() -> Self {
        let mut frame = Group::default();
        let pad = Widget::default();
        let mut scrollbar = Scrollbar::default().with_type(ScrollbarType::Vertical);
        scrollbar.set_step(1.0, 1);
        scrollbar.clear_visible_focus();
        frame.end();
        frame.make_resizable(false);
        frame.set_frame(FrameType::NoBox);
        let mut state = State {
            draft: Draft::default(),
            face: Face::new(TEXT_SIZE),
            lines: Vec::new(),
            width: 1,
            top: 0,
            column: None,
            open: true,
            dropping: false,
        };
        state.break_lines();
        let field =
            EntryField { frame, pad, scrollbar, state: Rc::new(RefCell::new(state)), on_action: Hook::new() };
        field.connect_events();
        field
    }

    fn connect_events(&self) {
        let mut frame = self.frame.clone();
        frame.super_draw(false);
        frame.draw({
            let field = self.clone();
            move |frame| {
                let edge = if field.has_focus() { Edge::Focused } else { Edge::Plain };
                let ground = if field.is_open() { SURFACE } else { BACKGROUND };
                // The scrollbar draws itself anew under the pointer: then the text is still there.
                if frame.damage_type() != Damage::Child {
                    paint::field(Area::of(frame), edge, ground);
                }
                frame.draw_children();
            }
        });
        let mut pad = self.pad.clone();
        pad.draw({
            let field = self.clone();
            move |pad| field.state.borrow().draw(pad)
        });
        pad.handle({
            let field = self.clone();
            move |_, event| field.handle(event)
        });
        self.scrollbar.clone().set_callback({
            let field = self.clone();
            move |scrollbar| {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few lines")]
                let top = scrollbar.value() as usize;
                field.state.borrow_mut().top = top;
                field.frame.clone().redraw();
            }
        });
    }

    /// Calls `f` whenever the user does something; to be set once.
    pub(crate) fn on_action(&self, f: impl Fn(Action) + 'static) {
        self.on_action.set(f);
    }

    /// Puts the field somewhere.
    pub(crate) fn place(&self, area: Area) {
        self.frame.clone().resize(area.x, area.y, area.w, area.h);
        let Area { x, y, w, h } = area.inset(PADDING);
        self.pad.clone().resize(x, y, (w - SCROLLBAR).max(1), h);
        self.scrollbar.clone().resize(x + w - SCROLLBAR + PADDING - 3, y, SCROLLBAR, h);
        let mut state = self.state.borrow_mut();
        let width = (w - SCROLLBAR - CURSOR_WIDTH).max(1);
        if state.width != width {
            state.width = width;
            state.break_lines();
        }
        drop(state);
        self.show_scrollbar();
    }

    /// How high it should be for its text. Its width has to be right. Closed and empty it takes no room.
    pub(crate) fn height_wanted(&self) -> i32 {
        if !self.frame.visible() {
            return 0;
        }
        let state = self.state.borrow();
        let lines = i32::try_from(state.lines.len().min(MOST_LINES)).unwrap_or(1);
        lines * state.face.line + 2 * PADDING
    }

    /// How high it is.
    pub(crate) fn height(&self) -> i32 {
        if self.frame.visible() { self.frame.h() } else { 0 }
    }

    /// What is in it.
    pub(crate) fn text(&self) -> String {
        self.state.borrow().draft.text().to_owned()
    }

    /// Whether nothing but spaces is in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.state.borrow().draft.text().trim().is_empty()
    }

    /// Empties it.
    pub(crate) fn clear(&self) {
        self.edit(Draft::clear);
    }

    /// Does what the key that was pressed somewhere else does here.
    pub(crate) fn press_key(&self) {
        self.pad.clone().handle_event(Event::KeyDown);
    }

    /// Gives it the focus.
    pub(crate) fn take_focus(&self) {
        // Fails only while the window is hidden; FLTK then focuses the first widget that wants it.
        let _ = self.pad.clone().take_focus();
    }

    /// Whether keys go here.
    pub(crate) fn has_focus(&self) -> bool {
        self.pad.has_focus()
    }

    /// Closes it: nothing can be typed any more; what is in it can be copied.
    pub(crate) fn close(&self) {
        let mut state = self.state.borrow_mut();
        state.open = false;
        let cursor = state.draft.cursor();
        state.draft.move_to(cursor, false);
        if state.draft.text().is_empty() {
            self.frame.clone().hide();
        }
        drop(state);
        self.frame.clone().redraw();
    }

    /// Whether it can be typed into.
    pub(crate) fn is_open(&self) -> bool {
        self.state.borrow().open
    }

    // ---- what the user does ----

    /// Changes the text, and shows where the cursor is then.
    fn edit(&self, change: impl FnOnce(&mut Draft)) {
        let mut state = self.state.borrow_mut();
        change(&mut state.draft);
        state.break_lines();
        state.show_cursor();
        drop(state);
        self.show_scrollbar();
        self.on_action.call(Action::Change);
    }

    /// Moves the cursor, or what is selected.
    fn look(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.borrow_mut();
        change(&mut state);
        state.show_cursor();
        drop(state);
        self.show_scrollbar();
    }

    /// X11's selection, pasted with the middle button, is what is selected here.
    fn offer_selection(&self) {
        let state = self.state.borrow();
        if !state.draft.selected().is_empty() {
            app::copy2(state.draft.selected());
        }
    }

    fn copy(&self) {
        let state = self.state.borrow();
        if !state.draft.selected().is_empty() {
            app::copy(state.draft.selected());
        }
    }

    fn cut(&self) {
        self.copy();
        self.erase_selection();
    }

    fn erase_selection(&self) {
        self.edit(|draft| draft.erase_to(draft.cursor()));
    }

    fn select_all(&self) {
        self.look(|state| state.draft.select(0..state.draft.text().len()));
        self.offer_selection();
    }

    /// Puts in the text that an event brings. FLTK hands out no more of it than what is before a NUL.
    fn take_in(&self) {
        let text = app::event_text();
        let brought = usize::try_from(app::event_length()).unwrap_or(0);
        if text.len() + self.state.borrow().draft.text().len() > MAX_BYTES {
            self.on_action.call(Action::PasteRefused);
            return;
        }
        self.edit(|draft| draft.paste(&text));
        if brought > text.len() {
            self.on_action.call(Action::PasteCut);
        }
    }

    /// Whether what comes was dropped here; that is known once.
    fn was_dropped(&self) -> bool {
        std::mem::take(&mut self.state.borrow_mut().dropping)
    }

    fn choose_from_menu(&self) {
        let (open, selected) = (self.is_open(), !self.state.borrow().draft.selected().is_empty());
        match menu::choose(open, selected) {
            Some(Edit::Cut) => self.cut(),
            Some(Edit::Copy) => self.copy(),
            Some(Edit::Paste) => app::paste_text(&self.pad),
            Some(Edit::SelectAll) => self.select_all(),
            None => {}
        }
    }

    /// The pointer was pressed in the field.
    fn press(&self) {
        // Its failure means that it cannot have the focus now, which is fine.
        let _ = self.pad.clone().take_focus();
        let (clicks, extend) = (app::event_clicks_num(), app::is_event_shift());
        let at = app::event_coords();
        self.look(|state| {
            let place = state.place_at(at, &self.pad);
            let text = state.draft.text();
            match clicks {
                0 => state.draft.move_to(place, extend),
                1 => {
                    let word = word_around(text, place);
                    state.draft.select(word);
                }
                _ => {
                    let start = text[..place].rfind('\n').map_or(0, |feed| feed + 1);
                    let end = text[place..].find('\n').map_or(text.len(), |feed| place + feed);
                    state.draft.select(start..end);
                }
            }
        });
    }

    fn handle(&self, event: Event) -> bool {
        let at = app::event_coords();
        match event {
            Event::Push if app::event_mouse_button() == MouseButton::Left => self.press(),
            Event::Push if app::event_mouse_button() == MouseButton::Middle && self.is_open() => {
                self.press();
                app::paste_text2(&self.pad);
            }
            _ if menu::is_asked_for(event) => {
                let _ = self.pad.clone().take_focus();
                self.choose_from_menu();
            }
            Event::Drag if app::event_mouse_button() == MouseButton::Left && app::event_clicks_num() == 0 => {
                self.look(|state| {
                    let place = state.place_at(at, &self.pad);
                    state.draft.move_to(place, true);
                });
            }
            Event::Released => self.offer_selection(),
            // That is for the zoom.
            Event::MouseWheel if app::is_event_ctrl() => return false,
            Event::MouseWheel => return self.scroll(app::event_dy_value()),
            Event::KeyDown => return keys::press(self),
            Event::DndEnter | Event::DndDrag | Event::DndRelease if self.is_open() => {
                self.look(|state| {
                    let place = state.place_at(at, &self.pad);
                    state.draft.move_to(place, false);
                    state.dropping = event == Event::DndRelease;
                });
            }
            Event::Paste if self.was_dropped() && files::dropped(&app::event_text()).is_some() => {
                self.on_action.call(Action::Dropped);
            }
            Event::Paste if self.is_open() => self.take_in(),
            Event::Enter => draw::set_cursor(Cursor::Insert),
            Event::Leave => draw::set_cursor(Cursor::Default),
            Event::Focus => self.frame.clone().redraw(),
            Event::Unfocus => {
                draw::reset_spot();
                self.frame.clone().redraw();
            }
            _ => return false,
        }
        true
    }

    /// Moves the text by so many lines, if some are out of view.
    fn scroll(&self, lines: i32) -> bool {
        let mut state = self.state.borrow_mut();
        let last = state.lines.len().saturating_sub(MOST_LINES);
        let lines = isize::try_from(lines).unwrap_or(0);
        state.top = state.top.saturating_add_signed(lines).min(last);
        drop(state);
        self.show_scrollbar();
        last > 0
    }

    fn show_scrollbar(&self) {
        let state = self.state.borrow();
        let mut scrollbar = self.scrollbar.clone();
        if state.lines.len() <= MOST_LINES {
            scrollbar.hide();
        } else {
            #[expect(clippy::cast_precision_loss, reason = "a scrollbar is a few hundred pixels long")]
            let [count, most, top] = [state.lines.len(), MOST_LINES, state.top].map(|lines| lines as f64);
            scrollbar.set_bounds(0.0, count - most);
            #[expect(clippy::cast_possible_truncation, reason = "a part of one")]
            scrollbar.set_slider_size((most / count).max(0.1) as f32);
            scrollbar.set_value(top);
            scrollbar.show();
        }
        self.frame.clone().redraw();
    }
}

impl State {
    /// Breaks the text into lines anew.
    fn break_lines(&mut self) {
        self.face.refill();
        self.face.select();
        #[expect(clippy::cast_precision_loss, reason = "the width of a window")]
        let width = self.width as f32;
        let text = self.draft.text();
        self.lines = wrap(text, &links(text), None, width, &mut self.face);
        self.top = self.top.min(self.lines.len().saturating_sub(MOST_LINES));
    }

    /// Brings the cursor's line into view.
    fn show_cursor(&mut self) {
        let line = self.line_of(self.draft.cursor());
        self.top = self.top.clamp((line + 1).saturating_sub(MOST_LINES), line);
    }

    /// The line in which a place is.
    fn line_of(&self, place: usize) -> usize {
        self.lines.partition_point(|line| line.start <= place).saturating_sub(1)
    }

    /// The last place in a line: behind the spaces at its end, if no others follow it.
    fn end_of(&self, line: usize) -> usize {
        let text = self.draft.text();
        let Some(next) = self.lines.get(line + 1) else { return text.len() };
        let end = self.lines[line].end;
        text[end..next.start].rfind('\n').map_or(end, |feed| end + feed)
    }

    /// The distance of a line's left from the text's left: what runs from right to left stands at the right.
    fn left_of(&self, line: &Line) -> i32 {
        if line.rtl { self.width - line.drawn_width(&self.face, self.draft.text()) } else { 0 }
    }

    /// The distance of a place from the text's left.
    fn x_of(&self, place: usize) -> i32 {
        let Some(line) = self.lines.get(self.line_of(place)) else { return 0 };
        let x = self.left_of(line) + line.x_of(&self.face, self.draft.text(), place);
        // Spaces at a line's end may be wider than the field.
        x.clamp(0, self.width)
    }

    /// The place in a line that is nearest to that distance from the text's left.
    fn place_in(&self, line: usize, x: i32) -> usize {
        let Some(there) = self.lines.get(line) else { return self.draft.text().len() };
        let x = x - self.left_of(there);
        let place = there.place_at(&self.face, self.draft.text(), x);
        if place < there.end { place } else { self.end_of(line) }
    }

    /// The place in the text that is nearest to a point of the window.
    fn place_at(&self, (x, y): (i32, i32), pad: &Widget) -> usize {
        let row = isize::try_from((y - pad.y()).div_euclid(self.face.line)).unwrap_or(0);
        let line = self.top.saturating_add_signed(row).min(self.lines.len().saturating_sub(1));
        self.place_in(line, x - pad.x())
    }

    fn draw(&self, pad: &Widget) {
        let area = Area::of(pad);
        draw::push_clip(area.x, area.y, area.w, area.h);
        let text = self.draft.text();
        let selected = self.draft.selection();
        let mut y = area.y;
        for line in self.lines.iter().skip(self.top).take(MOST_LINES) {
            let mark = (!selected.is_empty()).then(|| Mark {
                part: selected.clone(),
                color: ON_SELECTION,
                ground: Some(SELECTION),
                underlined: false,
            });
            let color = if self.open { TEXT } else { MUTED };
            line.draw(&self.face, text, (area.x + self.left_of(line), y), color, mark);
            y += self.face.line;
        }
        if text.is_empty() && self.open {
            let left = Align::Left | Align::Inside | Align::Clip;
            let area = Area { x: area.x + 2 * CURSOR_WIDTH, h: self.face.line, ..area };
            paint::text(PLACEHOLDER, area, left, FONT, TEXT_SIZE, MUTED);
        }
        if self.open && pad.has_focus() {
            self.draw_cursor(pad, area);
        }
        draw::pop_clip();
    }

    fn draw_cursor(&self, pad: &Widget, area: Area) {
        let cursor = self.draft.cursor();
        let row = self.line_of(cursor).checked_sub(self.top).and_then(|row| i32::try_from(row).ok());
        let Some(row) = row else { return };
        let (x, y) = (area.x + self.x_of(cursor), area.y + row * self.face.line);
        paint::clear(Area { x, y, w: CURSOR_WIDTH, h: self.face.line }, ACCENT);
        // Where an input method shows what is being composed; the window that has the focus is the first.
        if let Some(window) = app::first_window() {
            let baseline = self.face.baseline(y);
            draw::set_spot(FONT, TEXT_SIZE, x, baseline, pad.w(), self.face.line, &window);
        }
    }
}
