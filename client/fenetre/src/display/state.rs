//! The display's state and what each action does to it.

mod past;

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use client::files::FileEvent;
use client::find::Needle;
use common::delivery::MessageId;
use fltk::draw;

use super::bubble::{Layout, SCROLLBAR, Sizes};
use super::entries::{Entries, Entry, Kind, Said, Stored};
use super::file::FileAction;
use super::paint::{Marks, Painter};
use super::selection::{Place, Selection};
use super::view::View;
use crate::paint::Area;
use crate::text::{Face, pixels, word_around};
use crate::theme::{ACCENT, BACKGROUND, SCROLL_THUMB, SELECTION, TEXT_SIZE};

/// Past this many lines the layouts of entries out of view are let go.
const MAX_LINES: usize = 2000;
/// The smallest length of the scrollbar's thumb.
const MIN_THUMB: i32 = 36;
/// What stays free below the last entry.
const END_MARGIN: i32 = 10;
/// This near to the view's edge counts as beyond it: in a maximised window the pointer gets no farther.
const EDGE: i32 = 6;
/// How long the pointer stays on an entry before its full date is shown.
const HINT_DELAY: Duration = Duration::from_millis(500);
/// How long the lines of one frame may take. Letters that were never seen before take their time, when a message is full
/// of them; the rest is drawn in the next frames, by when these are known.
const FRAME_BUDGET: Duration = Duration::from_millis(20);
/// How far one notch of the mouse wheel goes.
const WHEEL_LINES: i32 = 3;

/// What the pressed pointer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drag {
    Nothing,
    /// Text is being selected; the pointer's last place.
    Text(i32, i32),
    /// The scrollbar's thumb; where on it the pointer took it.
    Thumb(i32),
}

pub(super) struct State {
    entries: Entries,
    view: View,
    /// The entries in view and their tops, as of the last time that the view was settled.
    visible: Vec<(usize, i32)>,
    /// Of entries in view now or a moment ago.
    layouts: HashMap<usize, Layout>,
    area: Area,
    sizes: Sizes,
    text: Face,
    small: Face,
    selection: Option<Selection>,
    drag: Drag,
    /// A timer moves the view while `drag` is beyond its edge.
    drag_scrolls: bool,
    /// Where the pointer is, if it is over the display and holds nothing; and the entry under it.
    pointer: Option<(i32, i32)>,
    hovered: Option<usize>,
    /// Since when it has been that entry.
    hovered_since: Instant,
    /// The hint for it is drawn.
    hinted: bool,
    /// A timer waits to draw it.
    hint_waits: bool,
    /// Where the mark for new messages was drawn.
    mark: Option<Area>,
    /// It has the focus, by the keyboard.
    ring: bool,
    /// The user looks elsewhere.
    away: bool,
    /// What is looked for, and the entry in which it was found last.
    needle: Option<Needle>,
    found: Option<usize>,
    /// How long the lines of the next frame may take.
    frame_budget: Duration,
}

impl State {
    pub(super) fn new() -> Self {
        let (text, small, sizes) = faces();
        Self {
            entries: Entries::default(),
            view: View::new(0, END_MARGIN),
            visible: Vec::new(),
            layouts: HashMap::new(),
            area: Area::default(),
            sizes,
            text,
            small,
            selection: None,
            drag: Drag::Nothing,
            drag_scrolls: false,
            pointer: None,
            hovered: None,
            hovered_since: Instant::now(),
            hinted: false,
            hint_waits: false,
            mark: None,
            ring: false,
            away: false,
            needle: None,
            found: None,
            frame_budget: FRAME_BUDGET,
        }
    }

    // What is told.

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether some text is selected.
    pub(super) fn has_selection(&self) -> bool {
        self.selection.is_some_and(|selection| !selection.is_empty())
    }

    pub(super) fn selected_text(&self) -> String {
        let Some(selection) = self.selection else { return String::new() };
        let (from, to) = selection.ends();
        self.entries.text_between(from, to)
    }

    // What is changed.

    pub(super) fn push(&mut self, entry: Entry) {
        let (own, other) = (entry.is_own(), entry.is_other());
        let is_first_new = other && self.is_left_off();
        self.entries.push(entry);
        let index = self.entries.len() - 1;
        if own || is_first_new {
            // Whoever answers has read what there was.
            self.mark_first_new(is_first_new.then_some(index));
        }
        if let Some(entry) = self.entries.get(index) {
            self.view.push(self.sizes.guess(entry));
        }
        let moved = self.entries.forget_oldest();
        if moved > 0 {
            self.follow_the_moved(moved);
        }
    }

    /// Whether what arrives now is the first that the user does not see.
    fn is_left_off(&self) -> bool {
        (self.away || !self.view.at_end()) && self.entries.first_new().is_none()
    }

    fn mark_first_new(&mut self, index: Option<usize>) {
        for marked in [self.entries.first_new(), index].into_iter().flatten() {
            self.layouts.remove(&marked);
        }
        self.entries.mark_first_new(index);
    }

    /// The user looks elsewhere now, or here again. What he has left behind, seen, is not new any more.
    pub(super) fn set_away(&mut self, away: bool) {
        if away && !self.away && self.view.at_end() {
            self.mark_first_new(None);
        }
        self.away = away;
    }

    /// The first entries are gone: all others stand `moved` places nearer to the start.
    fn follow_the_moved(&mut self, moved: usize) {
        let guess = self.entries.get(0).map_or(0, |notice| self.sizes.guess(notice));
        self.view.forget_first(moved, guess);
        self.layouts.clear();
        self.visible.clear();
        self.hovered = None;
        self.found = self.found.and_then(|found| found.checked_sub(moved));
        self.selection = self.selection.and_then(|selection| selection.moved_up(moved));
    }

    pub(super) fn mark_delivered(&mut self, ids: &[MessageId]) -> bool {
        self.entries.mark_delivered(ids)
    }

    /// Notes what has happened to a file; false if it has no row.
    pub(super) fn update_file(&mut self, file: &FileEvent) -> bool {
        let Some(index) = self.entries.update_file(file) else { return false };
        self.layouts.remove(&index);
        self.selection = self.selection.filter(|selection| selection.part(index, usize::MAX).is_none());
        true
    }

    pub(super) fn mark_lost(&mut self) {
        self.entries.mark_lost();
    }

    /// How many messages of the other have not been seen: notices below the view are nothing to go and look for.
    fn unseen(&self) -> usize {
        let seen = self.entries.len() - self.view.unseen();
        self.entries.iter().skip(seen).filter(|entry| entry.kind.other().is_some()).count()
    }

    pub(super) fn set_area(&mut self, area: Area) {
        self.area = area;
        self.view.set_height(area.h);
        if self.sizes.width != area.w {
            self.sizes.width = area.w;
            self.lay_out_anew();
        }
    }

    pub(super) fn set_ring(&mut self, ring: bool) {
        self.ring = ring;
    }

    // Scrolling.

    pub(super) fn scroll_by(&mut self, pixels: i32) {
        self.view.scroll_by(pixels);
    }

    pub(super) fn scroll_lines(&mut self, lines: i32) {
        self.view.scroll_by(lines * self.sizes.line);
    }

    /// A page up (-1) or down (1); two lines of the old one stay in view.
    pub(super) fn scroll_page(&mut self, pages: i32) {
        self.view.scroll_by(pages * (self.area.h - 2 * self.sizes.line).max(self.sizes.line));
    }

    pub(super) fn scroll_to_start(&mut self) {
        self.view.scroll_to(0);
    }

    pub(super) fn scroll_to_end(&mut self) {
        self.view.scroll_to_end();
    }

    pub(super) fn wheel(&mut self, notches: i32) {
        self.scroll_lines(notches * WHEEL_LINES);
    }

    /// Finds out what is in view, if that can have changed otherwise than by following the end: then the next
    /// frame is early enough, and a burst of messages between two frames costs nothing more.
    pub(super) fn settle_if_scrolled(&mut self) {
        if !self.view.at_end() {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.text.refill();
        self.small.refill();
        let Self { entries, view, layouts, sizes, text, small, .. } = self;
        self.visible = view.settle(|index| height(layouts, entries, *sizes, text, small, index));
        if self.layouts.values().map(|layout| layout.lines.len()).sum::<usize>() > MAX_LINES {
            let visible = self.visible.first().map_or(0, |v| v.0)..=self.visible.last().map_or(0, |v| v.0);
            self.layouts.retain(|index, _| visible.contains(index));
        }
        self.hover();
    }

    /// Forgets all layouts because what they depend on has changed.
    fn lay_out_anew(&mut self) {
        self.layouts.clear();
        self.text.refill();
        self.small.refill();
        let Self { entries, view, layouts, sizes, text, small, .. } = self;
        let guesses = entries.iter().map(|entry| sizes.guess(entry));
        view.guess_anew(guesses, |index| height(layouts, entries, *sizes, text, small, index));
    }

    // The pointer.

    pub(super) fn press(&mut self, at: (i32, i32), clicks: i32, extend: bool) {
        self.pointer = None;
        if self.mark.is_some_and(|mark| mark.contains(at.0, at.1)) {
            self.scroll_to_end();
            return;
        }
        if at.0 >= self.area.x + self.area.w - SCROLLBAR {
            self.press_scrollbar(at.1);
            return;
        }
        self.settle();
        let Some(place) = self.place_at(at) else { return };
        self.drag = Drag::Text(at.0, at.1);
        let text = self.entries.get(place.0).map_or("", |entry| &*entry.text);
        self.selection = Some(match (clicks, self.selection) {
            (0, Some(selection)) if extend => Selection { head: place, ..selection },
            (0, _) => Selection { anchor: place, head: place },
            (1, _) => {
                let word = word_around(text, place.1);
                Selection { anchor: (place.0, word.start), head: (place.0, word.end) }
            }
            _ => Selection { anchor: (place.0, 0), head: (place.0, text.len()) },
        });
        if clicks > 0 {
            self.drag = Drag::Nothing;
        }
    }

    fn press_scrollbar(&mut self, y: i32) {
        let Some((thumb, _)) = self.thumb() else { return };
        if thumb.contains(thumb.x, y) {
            self.drag = Drag::Thumb(y - thumb.y);
        } else {
            self.scroll_page(if y < thumb.y { -1 } else { 1 });
        }
    }

    pub(super) fn drag_to(&mut self, at: (i32, i32)) {
        match self.drag {
            Drag::Nothing => {}
            Drag::Text(..) => {
                self.drag = Drag::Text(at.0, at.1);
                self.select_to(at);
            }
            Drag::Thumb(grip) => {
                if let Some((thumb, hidden)) = self.thumb() {
                    let room = i64::from((self.area.h - thumb.h).max(1));
                    self.view.scroll_to(i64::from(at.1 - grip - self.area.y) * hidden / room);
                }
            }
        }
    }

    pub(super) fn release(&mut self) {
        self.drag = Drag::Nothing;
    }

    /// Whether text is being selected beyond an edge and no timer moves the view yet.
    pub(super) fn start_drag_scroll(&mut self) -> bool {
        let starts = !self.drag_scrolls && self.beyond_edge() != 0;
        self.drag_scrolls |= starts;
        starts
    }

    /// One step of scrolling while text is selected beyond an edge. Whether it goes on.
    pub(super) fn drag_scroll(&mut self) -> bool {
        let beyond = self.beyond_edge();
        self.drag_scrolls = beyond != 0;
        if let Drag::Text(x, y) = self.drag
            && self.drag_scrolls
        {
            self.view.scroll_by(beyond.clamp(-60, 60));
            self.settle();
            self.select_to((x, y));
        }
        self.drag_scrolls
    }

    /// How far above (negative) or below the view's edge the pointer is that selects text.
    fn beyond_edge(&self) -> i32 {
        let Drag::Text(_, y) = self.drag else { return 0 };
        let y = y - self.area.y;
        (y - EDGE).min(0) + (y - self.area.h + EDGE).max(0)
    }

    fn select_to(&mut self, at: (i32, i32)) {
        if let Some(place) = self.place_at(at)
            && let Some(selection) = &mut self.selection
        {
            selection.head = place;
        }
    }

    pub(super) fn select_all(&mut self) {
        let last = self.entries.len().checked_sub(1);
        self.selection = last.map(|last| Selection {
            anchor: (0, 0),
            head: (last, self.entries.get(last).map_or(0, |entry| entry.text.len())),
        });
    }

    /// Notes where the pointer is. Says whether a hint must go.
    pub(super) fn point(&mut self, at: Option<(i32, i32)>) -> bool {
        let hinted = self.hinted;
        self.pointer = at;
        self.hover();
        hinted && !self.hinted
    }

    fn hover(&mut self) {
        let hovered = self.under_pointer();
        if hovered != self.hovered {
            self.hovered = hovered;
            self.hovered_since = Instant::now();
            self.hinted = false;
        }
    }

    /// Whether there is something to give a hint for and no timer waits for it yet.
    pub(super) fn start_hint(&mut self) -> bool {
        let starts = self.hovered.is_some() && !self.hinted && !self.hint_waits;
        self.hint_waits |= starts;
        starts
    }

    /// Draws the hint once the pointer has been on the same entry for long enough. Whether it goes on waiting.
    pub(super) fn wait_for_hint(&mut self) -> bool {
        let due = self.hovered_since.elapsed() >= HINT_DELAY;
        self.hinted = self.hovered.is_some() && due;
        self.hint_waits = self.hovered.is_some() && !due;
        self.hint_waits
    }

    fn under_pointer(&self) -> Option<usize> {
        self.bubble_at(self.pointer?)
    }

    /// The entry whose bubble is at that place.
    fn bubble_at(&self, (x, y): (i32, i32)) -> Option<usize> {
        let (index, top) = self.visible_at(y)?;
        let layout = self.layouts.get(&index)?;
        layout.bubble.contains(x - self.area.x, y - self.area.y - top).then_some(index)
    }

    /// The text of the message or notice at that place.
    pub(super) fn text_at(&self, at: (i32, i32)) -> Option<String> {
        let entry = self.bubble_at(at).and_then(|index| self.entries.get(index));
        entry.map(|entry| entry.text.to_string())
    }

    /// The message at that place.
    pub(super) fn said_at(&self, at: (i32, i32)) -> Option<Said> {
        let entry = self.bubble_at(at).and_then(|index| self.entries.get(index))?;
        let (own, date) = (entry.is_own(), entry.date);
        matches!(entry.kind, Kind::Own(_) | Kind::Other(_)).then(|| Said {
            own,
            date,
            text: entry.text.to_string(),
        })
    }

    /// The link at that place.
    pub(super) fn link_at(&self, at: (i32, i32)) -> Option<String> {
        let (entry, link) = self.part_at(at)?;
        (!matches!(entry.kind, Kind::File(_))).then(|| entry.text[link].to_owned())
    }

    /// The file's button at that place.
    pub(super) fn button_at(&self, at: (i32, i32)) -> Option<(FileEvent, FileAction)> {
        let (Stored { kind: Kind::File(row), .. }, part) = self.part_at(at)? else { return None };
        let (_, action) = row.buttons.iter().find(|(button, _)| *button == part)?;
        Some((row.file.clone(), *action))
    }

    /// The part of a text at that place that does something, and the entry it is in.
    fn part_at(&self, (x, y): (i32, i32)) -> Option<(&Stored, Range<usize>)> {
        let (index, top) = self.visible_at(y)?;
        let (entry, layout) = (self.entries.get(index)?, self.layouts.get(&index)?);
        let y = y - self.area.y - top - layout.text.y;
        let line = layout.lines.get(usize::try_from(y.div_euclid(layout.line)).ok()?)?;
        let face = self.face(entry);
        let x = x - self.area.x - layout.line_x(line, face, &entry.text);
        let is_there = |link: &&Range<usize>| {
            let ends = [link.start.max(line.start), link.end.min(line.end)];
            let [from, to] = ends.map(|end| line.x_of(face, &entry.text, end));
            ends[0] < ends[1] && (from.min(to)..from.max(to)).contains(&x)
        };
        layout.links.iter().find(is_there).map(|link| (entry, link.clone()))
    }

    /// The font in which the text of an entry is drawn.
    fn face(&self, entry: &Stored) -> &Face {
        if entry.kind == Kind::Notice { &self.small } else { &self.text }
    }

    /// The entry at that height in the window, or the nearest, and its top.
    fn visible_at(&self, y: i32) -> Option<(usize, i32)> {
        let after = self.visible.partition_point(|(_, top)| self.area.y + top <= y);
        self.visible.get(after.saturating_sub(1)).copied()
    }

    /// The place in the text that is nearest to a point of the window.
    fn place_at(&self, (x, y): (i32, i32)) -> Option<Place> {
        let (index, top) = self.visible_at(y)?;
        let (entry, layout) = (self.entries.get(index)?, self.layouts.get(&index)?);
        let y = y - self.area.y - top;
        if y < layout.text.y {
            return Some((index, 0));
        }
        if y >= layout.bubble.y + layout.bubble.h {
            return Some((index, entry.text.len()));
        }
        let line = layout.lines.get(layout.line_at(y))?;
        let face = self.face(entry);
        let x = x - self.area.x - layout.line_x(line, face, &entry.text);
        Some((index, line.place_at(face, &entry.text, x)))
    }

    /// The scrollbar's thumb and how many pixels of the conversation are out of view, if any.
    fn thumb(&self) -> Option<(Area, i64)> {
        let (position, total) = self.view.position();
        let height = i64::from(self.view.height());
        let hidden = total - height;
        if hidden <= 0 || height <= 0 {
            return None;
        }
        let length = (height * height / total).max(i64::from(MIN_THUMB)).min(height);
        let y = position.min(hidden) * (height - length) / hidden;
        let [y, h] = [y, length].map(|n| i32::try_from(n).unwrap_or(0));
        Some((Area { x: self.area.x + self.area.w - SCROLLBAR + 3, y: self.area.y + y, w: 6, h }, hidden))
    }

    // Painting.

    /// Draws what is in view. Says whether that is all, or another frame has to go on.
    pub(super) fn draw(&mut self, area: Area) -> bool {
        self.set_area(area);
        self.settle();
        draw::push_clip(area.x, area.y, area.w, area.h);
        draw::draw_rect_fill(area.x, area.y, area.w, area.h, BACKGROUND);
        let until = Instant::now() + self.frame_budget;
        let left_out = Cell::new(false);
        let painter = Painter { text: &self.text, small: &self.small, area, until, left_out };
        for (index, top) in &self.visible {
            let (Some(entry), Some(layout)) = (self.entries.get(*index), self.layouts.get(index)) else {
                continue;
            };
            let selected = self.selection.and_then(|s| s.part(*index, entry.text.len()));
            let found = self.needle.as_ref().map(|needle| needle.ranges(&entry.text)).unwrap_or_default();
            let ground = if self.found == Some(*index) { SELECTION } else { SCROLL_THUMB };
            let marks = Marks { selected, found, ground };
            painter.entry(entry, layout, area.y + top, &marks);
        }
        if let Some((thumb, _)) = self.thumb() {
            painter.rounded(thumb, [3; 4], SCROLL_THUMB);
        }
        if self.hinted
            && let Some((_, top)) = self.visible.iter().find(|(index, _)| Some(*index) == self.hovered)
            && let Some(layout) = self.hovered.and_then(|index| self.layouts.get(&index))
            && let Some(entry) = self.hovered.and_then(|index| self.entries.get(index))
        {
            let right = area.x + layout.bubble.x + layout.bubble.w;
            let top = area.y + top;
            painter.hint(&entry.hint(), right, (top + layout.bubble.y, top + layout.height));
        }
        self.mark = (!self.view.at_end()).then(|| painter.mark(self.unseen()));
        if self.ring {
            for inset in 0..2 {
                let Area { x, y, w, h } = area;
                draw::draw_rect_with_color(x + inset, y + inset, w - 2 * inset, h - 2 * inset, ACCENT);
            }
        }
        draw::pop_clip();
        let whole = !painter.left_out.get();
        // Where even letters that are known take longer, the frames become longer until all is drawn.
        self.frame_budget = if whole { FRAME_BUDGET } else { self.frame_budget * 2 };
        whole
    }
}

/// The exact height of an entry, which is laid out if it is not yet.
fn height(
    layouts: &mut HashMap<usize, Layout>,
    entries: &Entries,
    sizes: Sizes,
    text: &mut Face,
    small: &mut Face,
    index: usize,
) -> i32 {
    if let Some(layout) = layouts.get(&index) {
        return layout.height;
    }
    let Some(entry) = entries.get(index) else { return 0 };
    let face = if entry.kind == Kind::Notice { small } else { text };
    face.select();
    let layout = sizes.lay_out(entry, face);
    let height = layout.height;
    layouts.insert(index, layout);
    height
}

/// The fonts, and the sizes that follow from them.
fn faces() -> (Face, Face, Sizes) {
    let text = Face::new(TEXT_SIZE);
    let small = Face::new(TEXT_SIZE * 4 / 5);
    let letter = pixels(f64::from(text.width("une phrase comme une autre")) / 26.0);
    let sizes = Sizes { width: 0, line: text.line, small: small.line, time: small.width("00:00"), letter };
    (text, small, sizes)
}
