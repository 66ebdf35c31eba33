//! What the pointer does: it selects, scrolls, and has hints shown.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::super::bubble::SCROLLBAR;
use client::files::FileEvent;

use super::super::entries::{Kind, Said, Stored};
use super::super::file::FileAction;
use super::super::selection::{Place, Selection};
use super::State;
use crate::text::word_around;

/// This near to the view's edge counts as beyond it: in a maximised window the pointer gets no farther.
const EDGE: i32 = 6;
/// How long the pointer stays on an entry before its full date is shown.
const HINT_DELAY: Duration = Duration::from_millis(500);

/// What the pressed pointer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Nothing,
    /// Text is being selected; the pointer's last place.
    Text(i32, i32),
    /// A word or a whole message was selected at once.
    Whole,
    /// The scrollbar's thumb; where on it the pointer took it.
    Thumb(i32),
}

/// The pointer, and the entry under it.
#[derive(Debug)]
pub(super) struct Pointer {
    held: Held,
    /// A timer moves the view while text is being selected beyond its edge.
    scrolls: bool,
    /// Where it is, if it is over the display and holds nothing.
    at: Option<(i32, i32)>,
    hovered: Option<usize>,
    /// Since when it has been that entry.
    since: Instant,
    /// The hint for it is drawn.
    hinted: bool,
    /// A timer waits to draw it.
    hint_waits: bool,
}

impl Pointer {
    pub(super) fn new() -> Self {
        let (held, since) = (Held::Nothing, Instant::now());
        Self { held, scrolls: false, at: None, hovered: None, since, hinted: false, hint_waits: false }
    }

    /// The entry under it stands somewhere else, or is gone.
    pub(super) fn forget(&mut self) {
        self.hovered = None;
    }

    /// The entry for which a hint is drawn.
    pub(super) fn hinted(&self) -> Option<usize> {
        self.hovered.filter(|_| self.hinted)
    }
}

impl State {
    // What is pressed, and dragged.

    pub(in super::super) fn press(&mut self, at: (i32, i32), clicks: i32, extend: bool) {
        self.pointer.at = None;
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
        self.pointer.held = if clicks == 0 { Held::Text(at.0, at.1) } else { Held::Whole };
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
    }

    fn press_scrollbar(&mut self, y: i32) {
        let Some((thumb, _)) = self.thumb() else { return };
        if thumb.contains(thumb.x, y) {
            self.pointer.held = Held::Thumb(y - thumb.y);
        } else {
            self.scroll_page(if y < thumb.y { -1 } else { 1 });
        }
    }

    pub(in super::super) fn drag_to(&mut self, at: (i32, i32)) {
        match self.pointer.held {
            Held::Nothing | Held::Whole => {}
            Held::Text(..) => {
                self.pointer.held = Held::Text(at.0, at.1);
                self.select_to(at);
            }
            Held::Thumb(grip) => {
                if let Some((thumb, hidden)) = self.thumb() {
                    let room = i64::from((self.area.h - thumb.h).max(1));
                    self.view.scroll_to(i64::from(at.1 - grip - self.area.y) * hidden / room);
                }
            }
        }
    }

    /// The pointer lets go. Says whether it held text, selected or not.
    pub(in super::super) fn release(&mut self) -> bool {
        let held = std::mem::replace(&mut self.pointer.held, Held::Nothing);
        matches!(held, Held::Text(..) | Held::Whole)
    }

    /// Whether text is being selected beyond an edge and no timer moves the view yet.
    pub(in super::super) fn start_drag_scroll(&mut self) -> bool {
        let starts = !self.pointer.scrolls && self.beyond_edge() != 0;
        self.pointer.scrolls |= starts;
        starts
    }

    /// One step of scrolling while text is selected beyond an edge. Whether it goes on.
    pub(in super::super) fn drag_scroll(&mut self) -> bool {
        let beyond = self.beyond_edge();
        self.pointer.scrolls = beyond != 0;
        if let Held::Text(x, y) = self.pointer.held
            && self.pointer.scrolls
        {
            self.view.scroll_by(beyond.clamp(-60, 60));
            self.settle();
            self.select_to((x, y));
        }
        self.pointer.scrolls
    }

    /// How far above (negative) or below the view's edge the pointer is that selects text.
    fn beyond_edge(&self) -> i32 {
        let Held::Text(_, y) = self.pointer.held else { return 0 };
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

    pub(in super::super) fn select_all(&mut self) {
        let last = self.entries.len().checked_sub(1);
        self.selection = last.map(|last| Selection {
            anchor: (0, 0),
            head: (last, self.entries.get(last).map_or(0, |entry| entry.text.len())),
        });
    }

    /// Whether some text is selected.
    pub(in super::super) fn has_selection(&self) -> bool {
        self.selection.is_some_and(|selection| !selection.is_empty())
    }

    pub(in super::super) fn selected_text(&self) -> String {
        let Some(selection) = self.selection else { return String::new() };
        let (from, to) = selection.ends();
        self.entries.text_between(from, to)
    }

    // What it is over.

    /// Notes where the pointer is. Says whether a hint must go.
    pub(in super::super) fn point(&mut self, at: Option<(i32, i32)>) -> bool {
        let hinted = self.pointer.hinted;
        self.pointer.at = at;
        self.hover();
        hinted && !self.pointer.hinted
    }

    /// Looks what is under it now.
    pub(super) fn hover(&mut self) {
        let hovered = self.pointer.at.and_then(|at| self.bubble_at(at));
        if hovered != self.pointer.hovered {
            self.pointer.hovered = hovered;
            self.pointer.since = Instant::now();
            self.pointer.hinted = false;
        }
    }

    /// Whether there is something to give a hint for and no timer waits for it yet.
    pub(in super::super) fn start_hint(&mut self) -> bool {
        let pointer = &mut self.pointer;
        let starts = pointer.hovered.is_some() && !pointer.hinted && !pointer.hint_waits;
        pointer.hint_waits |= starts;
        starts
    }

    /// Draws the hint once the pointer has been on the same entry for long enough. Whether it goes on waiting.
    pub(in super::super) fn wait_for_hint(&mut self) -> bool {
        let pointer = &mut self.pointer;
        let due = pointer.since.elapsed() >= HINT_DELAY;
        pointer.hinted = pointer.hovered.is_some() && due;
        pointer.hint_waits = pointer.hovered.is_some() && !due;
        pointer.hint_waits
    }

    /// The entry whose bubble is at that place.
    fn bubble_at(&self, (x, y): (i32, i32)) -> Option<usize> {
        let (index, top) = self.visible_at(y)?;
        let layout = self.layouts.get(&index)?;
        layout.bubble.contains(x - self.area.x, y - self.area.y - top).then_some(index)
    }

    /// The text of the message or notice at that place.
    pub(in super::super) fn text_at(&self, at: (i32, i32)) -> Option<String> {
        let entry = self.bubble_at(at).and_then(|index| self.entries.get(index));
        entry.map(|entry| entry.text.to_string())
    }

    /// The message at that place.
    pub(in super::super) fn said_at(&self, at: (i32, i32)) -> Option<Said> {
        let entry = self.bubble_at(at).and_then(|index| self.entries.get(index))?;
        let (own, date) = (entry.is_own(), entry.date);
        matches!(entry.kind, Kind::Own(_) | Kind::Other(_)).then(|| Said {
            own,
            date,
            text: entry.text.to_string(),
        })
    }

    /// The link at that place.
    pub(in super::super) fn link_at(&self, at: (i32, i32)) -> Option<String> {
        let (entry, link) = self.part_at(at)?;
        (!matches!(entry.kind, Kind::File(_))).then(|| entry.text[link].to_owned())
    }

    /// The file's button at that place.
    pub(in super::super) fn button_at(&self, at: (i32, i32)) -> Option<(FileEvent, FileAction)> {
        let (Stored { kind: Kind::File(row), .. }, part) = self.part_at(at)? else { return None };
        let (_, action) = row.buttons.iter().find(|(button, _)| *button == part)?;
        Some((row.file.clone(), *action))
    }

    /// Those of all files in view.
    pub(in super::super) fn file_buttons(&self) -> Vec<(FileEvent, FileAction)> {
        let entries = self.visible.iter().filter_map(|(index, _)| self.entries.get(*index));
        let rows = entries.filter_map(|entry| match &entry.kind {
            Kind::File(row) => Some(row),
            _ => None,
        });
        rows.flat_map(|row| row.buttons.iter().map(|(_, action)| (row.file.clone(), *action))).collect()
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
}
