//! The display's state and what each action does to it.
//!
//! `pointer`: what the pointer does, and what it selects; `past`: what was said before, and what is looked for.

mod past;
mod pointer;

use std::cell::Cell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use client::files::FileEvent;
use client::find::Needle;
use common::delivery::MessageId;
use fltk::draw;

use super::bubble::{Layout, SCROLLBAR, Sizes};
use super::entries::{Entries, Entry, Kind, Stored};
use super::paint::{Marks, Painter};
use super::selection::Selection;
use super::view::View;
use crate::paint::Area;
use crate::text::{Face, pixels};
use crate::theme::{ACCENT, BACKGROUND, BORDER, FINE, SELECTION, TEXT_SIZE};
use pointer::Pointer;

/// Past this many lines the layouts of entries out of view are let go.
const MAX_LINES: usize = 2000;
/// The smallest length of the scrollbar's thumb.
const MIN_THUMB: i32 = 36;
/// What stays free below the last entry.
const END_MARGIN: i32 = 10;
/// How long the lines of one frame may take. Letters that were never seen before take their time, when a message is full
/// of them; the rest is drawn in the next frames, by when these are known.
const FRAME_BUDGET: Duration = Duration::from_millis(20);
/// How far one notch of the mouse wheel goes.
const WHEEL_LINES: i32 = 3;

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
    pointer: Pointer,
    /// Where the mark for new messages was drawn.
    mark: Option<Area>,
    /// It has the focus, by the keyboard: that is shown.
    focus_visible: bool,
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
            pointer: Pointer::new(),
            mark: None,
            focus_visible: false,
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
        self.pointer.forget();
        self.found = self.found.and_then(|found| found.checked_sub(moved));
        self.selection = self.selection.and_then(|selection| selection.moved_up(moved));
    }

    pub(super) fn mark_delivered(&mut self, ids: &[MessageId]) -> bool {
        self.entries.mark_delivered(ids)
    }

    /// Whether any file is under way.
    pub(super) fn has_file_under_way(&self) -> bool {
        self.entries.has_file_under_way()
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

    pub(super) fn set_focus_visible(&mut self, focus_visible: bool) {
        self.focus_visible = focus_visible;
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

    /// The font in which the text of an entry is drawn.
    fn face(&self, entry: &Stored) -> &Face {
        if entry.kind == Kind::Notice { &self.small } else { &self.text }
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
            let ground = if self.found == Some(*index) { SELECTION } else { FINE };
            let marks = Marks { selected, found, ground };
            painter.entry(entry, layout, area.y + top, &marks);
        }
        if let Some((thumb, _)) = self.thumb() {
            painter.rounded(thumb, [3; 4], BORDER);
        }
        if let Some(hinted) = self.pointer.hinted()
            && let Some((_, top)) = self.visible.iter().find(|(index, _)| *index == hinted)
            && let (Some(layout), Some(entry)) = (self.layouts.get(&hinted), self.entries.get(hinted))
        {
            let right = area.x + layout.bubble.x + layout.bubble.w;
            let top = area.y + top;
            painter.hint(&entry.hint(), right, (top + layout.bubble.y, top + layout.height));
        }
        self.mark = (!self.view.at_end()).then(|| painter.mark(self.unseen()));
        if self.focus_visible {
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
