//! « Sur le fil »: the lines of the connection as they pass, below the conversation.
//!
//! Closed, it holds nothing, and the link keeps nothing for it. Open, it looks for new lines a few times in a second,
//! however many pass: so it takes little from the conversation.

mod marker;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use client::link::Link;
use client::wire::{Line, MAX_LINES};
use fltk::app;
use fltk::button::Button;
use fltk::draw;
use fltk::enums::{Align, Event, FrameType, Key};
use fltk::frame::Frame;
use fltk::group::Group;
use fltk::prelude::*;
use fltk::widget::Widget;

use super::button;
use super::display::Said;
use super::hook::Hook;
use super::paint::{self, Area, Edge};
use super::text::{Face, wrap};
use super::theme::{
    ACCENT, BACKGROUND, BORDER, FONT, FONT_BOLD, MUTED, OWN_BUBBLE, SMALL_SIZE, SURFACE, TEXT,
};
use marker::Marker;

const NOTHING: &str = "Chaque ligne s'affichera ici dès qu'elle passera.";
/// How often it looks for new lines, in seconds.
const TICK: f64 = 0.05;
/// The title and the buttons.
const HEAD: i32 = 30;
/// Its least and its greatest height, head included.
const HEIGHTS: (i32, i32) = (80, 260);
/// The size of its letters.
const SIZE: i32 = 12;
/// An arrow as small as these would not be seen.
const ARROW_SIZE: i32 = 15;
const PADDING: i32 = 6;
/// The thumb's width and its least length, and how far from the right edge it is taken hold of.
const THUMB: (i32, i32) = (6, 24);
const GRIP: i32 = 16;
/// How many lines the wheel and the page keys go.
const WHEEL: i32 = 3;
const PAGE: i32 = 10;

/// The panel: a handle.
#[derive(Clone)]
pub(crate) struct WirePanel {
    group: Group,
    title: Frame,
    copy: Button,
    close: Button,
    list: Widget,
    state: Rc<RefCell<State>>,
    on_close: Hook<()>,
}

#[derive(Default)]
struct State {
    /// Whose lines, while it is open.
    link: Option<Link>,
    rows: VecDeque<Row>,
    /// How many of them are below the view: it follows as long as there are none.
    below: usize,
    marker: Option<Marker>,
    face: Option<Face>,
    /// How many were wholly in view when it was drawn last.
    shown: usize,
    /// The pointer holds the scrollbar's thumb.
    is_held: bool,
    /// A timer runs.
    ticks: bool,
}

struct Row {
    line: Line,
    is_marked: bool,
}

impl WirePanel {
    /// A panel in the current group, closed.
    pub(crate) fn new() -> Self {
        let mut group = Group::default();
        group.set_frame(FrameType::FlatBox);
        group.set_color(BACKGROUND);
        let mut title = Frame::default();
        title.set_frame(FrameType::FlatBox);
        title.set_color(BACKGROUND);
        title.draw(|title| {
            let align = Align::Left | Align::Inside;
            paint::text("Sur le fil", Area::of(title), align, FONT_BOLD, SMALL_SIZE, MUTED);
        });
        let state = Rc::<RefCell<State>>::default();
        let copy = button::copy_button('l', {
            let state = Rc::clone(&state);
            move || state.borrow().rows.iter().map(|row| format!("{}\n", row.line)).collect()
        });
        let close = button::close_button("Cacher le fil (F12)");
        let list = Widget::default();
        group.end();
        group.make_resizable(false);
        group.hide();
        let panel = WirePanel { group, title, copy, close, list, state, on_close: Hook::new() };
        panel.connect_events();
        panel
    }

    /// Calls `f` when the user wants it closed; to be set once.
    pub(crate) fn on_close(&self, f: impl Fn() + 'static) {
        self.on_close.set(move |()| f());
    }

    fn connect_events(&self) {
        let mut list = self.list.clone();
        list.draw({
            let state = Rc::clone(&self.state);
            move |list| state.borrow_mut().draw(Area::of(list), list.has_focus())
        });
        list.handle({
            let panel = self.clone();
            move |_, event| panel.handle(event)
        });
        let on_close = self.on_close.clone();
        self.close.clone().set_callback(move |_| on_close.call(()));
    }

    fn handle(&self, event: Event) -> bool {
        let lines = match event {
            Event::Push => {
                // Its failure means that it cannot have the focus now, which is fine.
                let _ = self.list.clone().take_focus();
                self.state.borrow_mut().is_held = app::event_x() >= self.list.x() + self.list.w() - GRIP;
                self.drag();
                return true;
            }
            Event::Drag => {
                self.drag();
                return true;
            }
            Event::Focus | Event::Unfocus => {
                self.list.clone().redraw();
                return true;
            }
            // With Ctrl it is for the zoom.
            Event::MouseWheel if !app::is_event_ctrl() => app::event_dy_value() * WHEEL,
            Event::KeyDown => match app::event_key() {
                Key::Up => -1,
                Key::Down => 1,
                Key::PageUp => -PAGE,
                Key::PageDown => PAGE,
                Key::Home => -i32::MAX,
                Key::End => i32::MAX,
                _ => return false,
            },
            _ => return false,
        };
        self.change(|state| state.scroll(lines));
        true
    }

    /// The thumb goes where the pointer holds it.
    fn drag(&self) {
        let area = Area::of(&self.list).inset(PADDING);
        if self.state.borrow().is_held {
            self.change(|state| state.drag_to(app::event_y(), area));
        }
    }

    /// Whether it is on the screen.
    pub(crate) fn is_open(&self) -> bool {
        self.state.borrow().link.is_some()
    }

    /// Shows the lines of that link from now on.
    pub(crate) fn open(&self, link: &Link) {
        link.open_tap();
        let mut state = self.state.borrow_mut();
        state.link = Some(link.clone());
        state.face.get_or_insert_with(|| Face::code(SIZE));
        self.group.clone().show();
        if !std::mem::replace(&mut state.ticks, true) {
            let panel = self.clone();
            app::add_timeout3(TICK, move |handle| {
                if panel.look() {
                    app::repeat_timeout3(TICK, handle);
                }
            });
        }
    }

    /// Takes it off the screen; what it has shown is let go.
    pub(crate) fn close(&self) {
        let mut state = self.state.borrow_mut();
        if let Some(link) = &state.link {
            link.tap().close();
        }
        *state = State { ticks: state.ticks, ..State::default() };
        self.group.clone().hide();
    }

    /// Marks the lines about a message, or none any more.
    pub(crate) fn mark(&self, said: Option<Said>) {
        if self.is_open() {
            self.change(|state| state.mark(said));
        }
    }

    /// Looks for new lines; whether it is still open.
    fn look(&self) -> bool {
        let mut state = self.state.borrow_mut();
        let Some(link) = &state.link else {
            state.ticks = false;
            return false;
        };
        let lines = link.tap().take().lines;
        drop(state);
        if !lines.is_empty() {
            self.change(|state| state.push(lines));
        }
        true
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.borrow_mut();
        change(&mut state);
        let last = state.rows.len().saturating_sub(1);
        state.below = state.below.min(last);
        self.list.clone().redraw();
    }

    /// How high it is where there is so much room for it and the conversation.
    pub(crate) fn height(&self, room: i32) -> i32 {
        if self.is_open() { (room * 2 / 5).clamp(HEIGHTS.0, HEIGHTS.1) } else { 0 }
    }

    /// Puts it somewhere.
    pub(crate) fn place(&self, Area { x, y, w, h }: Area) {
        self.group.clone().resize(x, y, w, h);
        let button = HEAD - 4;
        self.close.clone().resize(x + w - button, y, button, button);
        let copy = button::width_for(button::COPY);
        let copy_x = x + w - button - PADDING - copy;
        self.copy.clone().resize(copy_x, y, copy, button);
        self.title.clone().resize(x, y, copy_x - x, button);
        self.list.clone().resize(x, y + HEAD, w, h - HEAD);
    }
}

impl State {
    fn push(&mut self, lines: VecDeque<Line>) {
        if self.below > 0 {
            self.below += lines.len();
        }
        for line in lines {
            if self.rows.len() == MAX_LINES {
                self.rows.pop_front();
            }
            let is_marked = self.marker.as_mut().is_some_and(|marker| marker.marks(&line));
            self.rows.push_back(Row { line, is_marked });
        }
    }

    /// Marks the lines about a message and shows the last of them; without any the view follows again.
    fn mark(&mut self, said: Option<Said>) {
        self.marker = said.map(Marker::new);
        self.below = 0;
        for (above, row) in self.rows.iter_mut().enumerate() {
            row.is_marked = self.marker.as_mut().is_some_and(|marker| marker.marks(&row.line));
            if row.is_marked {
                self.below = above + 1;
            }
        }
        if self.below > 0 {
            self.below = self.rows.len() - self.below;
        }
    }

    fn scroll(&mut self, lines: i32) {
        let below = i64::try_from(self.below).unwrap_or(i64::MAX) - i64::from(lines);
        self.below = usize::try_from(below.max(0)).unwrap_or(usize::MAX);
    }

    /// The scrollbar's thumb in that area, unless all lines are in view, and how many are not.
    fn thumb(&self, area: Area) -> Option<(Area, i32)> {
        let [rows, shown, below] =
            [self.rows.len(), self.shown, self.below].map(|count| i32::try_from(count).unwrap_or(0));
        let hidden = rows - shown;
        if hidden <= 0 {
            return None;
        }
        let h = (area.h * shown / rows).max(THUMB.1).min(area.h);
        let y = area.y + (area.h - h) * (hidden - below).max(0) / hidden;
        Some((Area { x: area.x + area.w - THUMB.0, y, w: THUMB.0, h }, hidden))
    }

    fn drag_to(&mut self, y: i32, area: Area) {
        if let Some((thumb, hidden)) = self.thumb(area) {
            let room = (area.h - thumb.h).max(1);
            let above = hidden * (y - thumb.h / 2 - area.y).clamp(0, room) / room;
            self.below = usize::try_from(hidden - above).unwrap_or(0);
        }
    }

    fn draw(&mut self, area: Area, has_focus: bool) {
        paint::field(area, if has_focus { Edge::Focused } else { Edge::Plain }, SURFACE);
        let Some(face) = &mut self.face else { return };
        let area = area.inset(PADDING);
        if self.rows.is_empty() {
            let align = Align::Left | Align::Top | Align::Inside;
            return paint::text(NOTHING, area, align, FONT, SMALL_SIZE, MUTED);
        }
        face.refill();
        let indent = face.width("00:00:00") + ARROW_SIZE + 16;
        #[expect(clippy::cast_precision_loss, reason = "the width of a window")]
        let width = (area.w - indent - GRIP).max(1) as f32;
        let mut room = area.h;
        let mut blocks = Vec::new();
        for row in self.rows.range(..self.rows.len() - self.below).rev() {
            if room <= 0 {
                break;
            }
            let text = row.line.shown();
            let lines = wrap(&text, &[], Some(false), width, face);
            room -= face.line * i32::try_from(lines.len()).unwrap_or(0);
            blocks.push((row, text, lines));
        }
        self.shown = blocks.len() - usize::from(room < 0);
        // As long as there are few, they stand at the top.
        let mut y = area.y + room.min(0);
        draw::push_clip(area.x, area.y, area.w, area.h);
        for (row, text, lines) in blocks.into_iter().rev() {
            let height = face.line * i32::try_from(lines.len()).unwrap_or(0);
            if row.is_marked {
                draw::draw_rect_fill(area.x, y, area.w, height, OWN_BUBBLE);
                draw::draw_rect_fill(area.x, y, 3, height, ACCENT);
            }
            draw::set_draw_color(MUTED);
            face.draw(&row.line.time.format("%H:%M:%S").to_string(), area.x + 4, y);
            draw::set_draw_color(TEXT);
            draw::set_font(FONT_BOLD, ARROW_SIZE);
            let arrow = row.line.way.arrow().to_string();
            draw::draw_text_n(&arrow, area.x + indent - ARROW_SIZE - 4, face.baseline(y));
            for line in lines {
                line.draw(face, &text, (area.x + indent, y), TEXT, []);
                y += face.line;
            }
        }
        draw::pop_clip();
        if let Some((thumb, _)) = self.thumb(area) {
            paint::rounded(thumb, [THUMB.0 / 2; 4], BORDER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Local};
    use client::wire::Way;

    const DATE: &str = "2026-11-20T14:03:07.123+01:00";

    fn lines(numbers: std::ops::Range<usize>) -> VecDeque<Line> {
        let line = |number| Line {
            way: Way::Sent,
            time: Local::now(),
            text: format!("msg a/1 b/1 {} {DATE} {number}", number + 1),
            cut_from: None,
        };
        numbers.map(line).collect()
    }

    fn said(number: usize) -> Option<Said> {
        let date = DateTime::parse_from_rfc3339(DATE).unwrap().into();
        Some(Said { own: true, date, text: number.to_string() })
    }

    #[test]
    fn the_last_lines_are_kept_and_who_has_scrolled_up_keeps_what_he_sees() {
        let mut state = State::default();
        state.push(lines(0..MAX_LINES));
        assert_eq!(state.below, 0);
        state.scroll(-7);
        state.push(lines(MAX_LINES..MAX_LINES + 3));
        assert_eq!((state.rows.len(), state.below), (MAX_LINES, 10));
        state.scroll(i32::MAX);
        assert_eq!(state.below, 0);
    }

    #[test]
    fn a_marked_message_is_led_to_and_marked_also_when_it_comes_again() {
        let mut state = State::default();
        state.push(lines(0..100));
        state.mark(said(40));
        state.push(lines(40..42));
        let marked = state.rows.iter().enumerate().filter(|(_, row)| row.is_marked).map(|(at, _)| at);
        assert_eq!(marked.collect::<Vec<_>>(), [40, 100]);
        assert_eq!(state.below, 61);
        state.mark(said(1000));
        assert_eq!(state.below, 0);
        assert!(!state.rows.iter().any(|row| row.is_marked));
    }
}
