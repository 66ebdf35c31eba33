//! Which part of the conversation is in view.
//!
//! The view hangs on an entry, not on a number of pixels from the start: on the one at its top, or, as long as
//! it follows the conversation, on the last. Heights of entries out of view are guesses that are corrected when
//! they come into view; hung up like this, no correction moves what is seen.

/// Farther than this many times its own height the view goes by the guesses: not everything that is skipped needs
/// to be measured.
const FAR: u32 = 16;

/// The view, in pixels.
#[derive(Debug)]
pub(super) struct View {
    /// The entries' heights, guessed or exact.
    heights: Vec<i32>,
    /// The sum of all `heights`, with the margin.
    total: i64,
    /// How tall the view is.
    height: i32,
    /// What stays free below the last entry.
    margin: i32,
    /// The entry at the top, and how many of its pixels are above the view.
    top: usize,
    offset: i32,
    /// The sum of the heights before `top`.
    above: i64,
    /// The end is in view, and stays there when something is added.
    at_end: bool,
    /// How many entries have been in view to their end, or before it.
    seen: usize,
}

impl View {
    pub(super) fn new(height: i32, margin: i32) -> Self {
        let total = i64::from(margin);
        Self {
            heights: Vec::new(),
            total,
            height,
            margin,
            top: 0,
            offset: 0,
            above: 0,
            at_end: true,
            seen: 0,
        }
    }

    /// Adds an entry whose height is guessed.
    pub(super) fn push(&mut self, guess: i32) {
        self.heights.push(guess);
        self.total += i64::from(guess);
        if self.at_end {
            self.seen = self.heights.len();
        }
    }

    /// The first `count` entries are gone, and the one after them is another one now.
    pub(super) fn forget_first(&mut self, count: usize, guess: i32) {
        let gone = sum(self.heights.get(..count));
        self.heights.drain(..count);
        self.total -= gone;
        self.seen = self.seen.saturating_sub(count);
        if self.top > count {
            self.top -= count;
            self.above -= gone;
        } else {
            (self.top, self.offset, self.above) = (0, 0, 0);
        }
        self.correct(0, guess);
    }

    /// Entries whose heights are guessed have come before the first, which is another one now. What is in view stays.
    pub(super) fn prepend(&mut self, guesses: &[i32], first: i32) {
        let added = sum(Some(guesses));
        self.heights.splice(..0, guesses.iter().copied());
        self.total += added;
        self.seen += guesses.len();
        self.top += guesses.len();
        self.above += added;
        if guesses.len() < self.heights.len() {
            self.correct(guesses.len(), first);
        }
    }

    pub(super) fn height(&self) -> i32 {
        self.height
    }

    pub(super) fn set_height(&mut self, height: i32) {
        self.height = height;
    }

    pub(super) fn at_end(&self) -> bool {
        self.at_end
    }

    pub(super) fn scroll_to_end(&mut self) {
        self.at_end = true;
        self.seen = self.heights.len();
    }

    /// How many entries lie below the view and were never in it.
    pub(super) fn unseen(&self) -> usize {
        self.heights.len() - self.seen
    }

    /// How far the view is from the start, and how tall everything is, both by what is known so far.
    pub(super) fn position(&self) -> (i64, i64) {
        let position = if self.at_end {
            self.total - i64::from(self.height)
        } else {
            self.above + i64::from(self.offset)
        };
        (position.max(0), self.total)
    }

    /// Moves the view down, or up if negative.
    pub(super) fn scroll_by(&mut self, pixels: i32) {
        if self.at_end && pixels >= 0 {
            return;
        }
        if pixels.unsigned_abs() > FAR * self.height.unsigned_abs() {
            self.scroll_to(self.position().0 + i64::from(pixels));
            return;
        }
        self.at_end = false;
        self.offset = self.offset.saturating_add(pixels);
    }

    /// Brings an entry into the view, a third of the way down.
    pub(super) fn show(&mut self, index: usize) {
        (self.top, self.above) = (index, sum(self.heights.get(..index)));
        self.at_end = false;
        self.offset = -self.height / 3;
    }

    /// Moves the view to that distance from the start, by what is known so far.
    pub(super) fn scroll_to(&mut self, position: i64) {
        if position >= self.total - i64::from(self.height) {
            self.scroll_to_end();
            return;
        }
        let position = position.max(0);
        self.at_end = false;
        while self.above > position && self.top > 0 {
            self.top -= 1;
            self.above -= i64::from(self.heights[self.top]);
        }
        while self.top + 1 < self.heights.len() && self.above + i64::from(self.heights[self.top]) <= position
        {
            self.above += i64::from(self.heights[self.top]);
            self.top += 1;
        }
        self.offset = i32::try_from(position - self.above).unwrap_or(0);
    }

    /// Replaces all heights by new guesses, because every text is wrapped anew. `exact` gives the new
    /// exact height of an entry: the same part of the entry at the top stays at the top.
    pub(super) fn guess_anew(
        &mut self,
        guesses: impl Iterator<Item = i32>,
        mut exact: impl FnMut(usize) -> i32,
    ) {
        let before = self.heights.get(self.top).copied().unwrap_or(0).max(1);
        for (height, guess) in self.heights.iter_mut().zip(guesses) {
            *height = guess;
        }
        self.above = sum(self.heights.get(..self.top));
        self.total = self.above + sum(self.heights.get(self.top..)) + i64::from(self.margin);
        if !self.at_end && self.top < self.heights.len() {
            let now = exact(self.top);
            self.correct(self.top, now);
            let offset = i64::from(self.offset) * i64::from(now) / i64::from(before);
            self.offset = i32::try_from(offset).unwrap_or(0);
        }
    }

    /// Brings the view to a place that exists and gives the entries in it, each with the distance of its top from
    /// the view's top. Only they are asked for their exact height, and those scrolled over.
    pub(super) fn settle(&mut self, mut exact: impl FnMut(usize) -> i32) -> Vec<(usize, i32)> {
        if !self.at_end {
            self.settle_at_top(&mut exact);
        }
        let mut first = if self.at_end { self.settle_at_end(&mut exact) } else { -self.offset };
        let mut visible = Vec::new();
        for index in self.top..self.heights.len() {
            if first >= self.height {
                break;
            }
            visible.push((index, first));
            first += self.heights[index];
        }
        // One that is taller than the view counts once it fills it.
        let last =
            visible.iter().rfind(|(index, top)| *top <= 0 || top + self.heights[*index] <= self.height);
        self.seen = self.seen.max(last.map_or(0, |(index, _)| index + 1));
        visible
    }

    /// Moves `top` so that `offset` lies within it. Finds out whether the end is in view.
    fn settle_at_top(&mut self, exact: &mut impl FnMut(usize) -> i32) {
        while self.offset < 0 && self.top > 0 {
            self.above -= i64::from(self.heights[self.top - 1]);
            self.top -= 1;
            self.offset += self.correct(self.top, exact(self.top));
        }
        self.offset = self.offset.max(0);
        let mut index = self.top;
        let mut bottom = -self.offset;
        while index < self.heights.len() && bottom < self.height {
            let height = self.correct(index, exact(index));
            bottom += height;
            if bottom <= 0 {
                self.above += i64::from(height);
                self.offset -= height;
                self.top = index + 1;
            }
            index += 1;
        }
        self.at_end = index == self.heights.len() && bottom <= self.height - self.margin;
    }

    /// Finds the top from the end. Gives the distance of its top from the view's top.
    fn settle_at_end(&mut self, exact: &mut impl FnMut(usize) -> i32) -> i32 {
        let mut room = self.height - self.margin;
        let mut below = i64::from(self.margin);
        self.top = self.heights.len();
        while self.top > 0 && room > 0 {
            let height = exact(self.top - 1);
            self.correct(self.top - 1, height);
            self.top -= 1;
            room -= height;
            below += i64::from(height);
        }
        self.above = self.total - below;
        // With room left the conversation is shorter than the view, and stands at its bottom.
        self.offset = (-room).max(0);
        room
    }

    fn correct(&mut self, index: usize, height: i32) -> i32 {
        let change = i64::from(height) - i64::from(self.heights[index]);
        self.heights[index] = height;
        self.total += change;
        if index < self.top {
            self.above += change;
        }
        height
    }
}

fn sum(heights: Option<&[i32]>) -> i64 {
    heights.unwrap_or_default().iter().map(|height| i64::from(*height)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Entries are guessed at 20 and turn out to be 30 tall, in a view of 100.
    fn view(entries: usize) -> View {
        let mut view = View::new(100, 0);
        for _ in 0..entries {
            view.push(20);
        }
        view
    }

    fn settle(view: &mut View) -> Vec<(usize, i32)> {
        let visible = view.settle(|_| 30);
        assert_eq!(view.total, sum(Some(&view.heights)));
        assert_eq!(view.above, sum(view.heights.get(..view.top)));
        visible
    }

    #[test]
    fn an_entry_is_brought_into_view_wherever_it_is() {
        let mut view = view(50);
        for index in [0, 1, 20, 48, 49] {
            view.show(index);
            let visible = settle(&mut view);
            let (_, top) = visible.iter().find(|(visible, _)| *visible == index).unwrap();
            assert!((0..=70).contains(top), "{index} at {top}");
        }
    }

    #[test]
    fn what_comes_before_does_not_move_what_is_in_view() {
        let mut view = view(50);
        settle(&mut view);
        view.scroll_to(0);
        view.scroll_by(5);
        assert_eq!(settle(&mut view)[0], (0, -5));
        view.prepend(&[20; 10], 30);
        assert_eq!(settle(&mut view)[0], (10, -5));
        view.scroll_by(-10);
        assert_eq!(settle(&mut view)[0], (9, -25));
        // At the end it goes on following.
        view.scroll_to_end();
        view.prepend(&[20; 10], 30);
        view.push(20);
        assert_eq!(settle(&mut view).last(), Some(&(70, 70)));
        let mut empty = View::new(100, 0);
        empty.prepend(&[20; 3], 0);
        assert_eq!(settle(&mut empty), [(0, 10), (1, 40), (2, 70)]);
    }

    #[test]
    fn a_short_conversation_stands_at_the_bottom() {
        assert_eq!(settle(&mut view(0)), []);
        assert_eq!(settle(&mut view(2)), [(0, 40), (1, 70)]);
    }

    #[test]
    fn the_margin_below_the_last_entry_stays_free() {
        let mut view = View::new(100, 10);
        for _ in 0..10 {
            view.push(20);
        }
        assert_eq!(view.settle(|_| 30).last(), Some(&(9, 60)));
        view.scroll_by(-15);
        assert_eq!(view.settle(|_| 30).last(), Some(&(9, 75)));
        view.scroll_by(14);
        assert_eq!((view.settle(|_| 30).last(), view.at_end()), (Some(&(9, 61)), false));
        view.scroll_by(1);
        assert_eq!((view.settle(|_| 30).last(), view.at_end()), (Some(&(9, 60)), true));
    }

    #[test]
    fn it_follows_the_end() {
        let mut view = view(10);
        assert_eq!(settle(&mut view), [(6, -20), (7, 10), (8, 40), (9, 70)]);
        view.push(20);
        assert_eq!(settle(&mut view).last(), Some(&(10, 70)));
        assert_eq!(view.unseen(), 0);
    }

    #[test]
    fn nothing_new_moves_who_scrolled_up() {
        let mut view = view(100);
        settle(&mut view);
        view.scroll_by(-95);
        let before = settle(&mut view);
        for _ in 0..7 {
            view.push(20);
        }
        assert_eq!(settle(&mut view), before);
        assert_eq!(view.unseen(), 7);
    }

    #[test]
    fn what_has_come_into_view_to_its_end_is_no_longer_unseen() {
        let mut view = view(100);
        settle(&mut view);
        view.scroll_by(-200);
        settle(&mut view);
        for _ in 0..10 {
            view.push(20);
        }
        view.scroll_by(259);
        settle(&mut view);
        assert_eq!(view.unseen(), 9);
        view.scroll_by(1);
        settle(&mut view);
        assert_eq!(view.unseen(), 8);
        view.scroll_by(100_000);
        settle(&mut view);
        assert_eq!((view.unseen(), view.at_end()), (0, true));
    }

    #[test]
    fn corrections_do_not_make_it_jump() {
        let mut view = view(100);
        settle(&mut view);
        // Step by step up through entries never measured: each step moves what is seen by exactly that much.
        let mut before = settle(&mut view);
        for _ in 0..200 {
            view.scroll_by(-7);
            let now = settle(&mut view);
            let (index, y) = before[0];
            assert!(now.contains(&(index, y + 7)), "{before:?} then {now:?}");
            before = now;
        }
    }

    #[test]
    fn what_is_gone_moves_nothing_that_is_seen() {
        let mut view = view(100);
        settle(&mut view);
        view.scroll_by(-1000);
        let before = settle(&mut view);
        view.forget_first(40, 20);
        let moved: Vec<_> = before.iter().map(|(index, y)| (index - 40, *y)).collect();
        assert_eq!(settle(&mut view), moved);
        // What is seen is gone too: the start.
        view.forget_first(59, 20);
        assert_eq!(settle(&mut view)[0].0, 0);
        view.scroll_to_end();
        assert_eq!(settle(&mut view), [(0, 70)]);
    }

    #[test]
    fn it_stops_at_the_start() {
        let mut view = view(100);
        view.scroll_by(-1_000_000);
        assert_eq!(settle(&mut view)[0], (0, 0));
        view.scroll_by(-1_000);
        assert_eq!(settle(&mut view)[0], (0, 0));
        assert_eq!(view.position().0, 0);
        view.scroll_to(0);
        assert_eq!(settle(&mut view)[0], (0, 0));
    }

    #[test]
    fn it_goes_to_any_place_and_measures_only_what_it_shows() {
        let mut view = view(100_000);
        let measured = Cell::new(0);
        for position in [1_000_000, 10, 1_999_000, 5, 3_000_000] {
            view.scroll_to(position);
            let visible = view.settle(|_| {
                measured.set(measured.get() + 1);
                30
            });
            assert!((4..=5).contains(&visible.len()), "{visible:?}");
        }
        assert!(measured.get() <= 50, "{}", measured.get());
    }

    #[test]
    fn the_same_text_stays_at_the_top_when_the_width_changes() {
        let mut view = view(100);
        settle(&mut view);
        view.scroll_by(-1000);
        let (top, y) = settle(&mut view)[0];
        let taller = std::iter::repeat_n(50, 100);
        view.guess_anew(taller, |_| 60);
        assert_eq!(view.settle(|_| 60)[0], (top, 2 * y));
    }

    #[test]
    fn an_entry_taller_than_the_view_can_be_read() {
        let mut view = view(3);
        let exact = |index| if index == 1 { 1000 } else { 30 };
        view.settle(exact);
        view.scroll_by(-500);
        assert_eq!(view.settle(exact), [(1, -430)]);
        view.scroll_by(440);
        assert_eq!(view.settle(exact), [(1, -870)]);
        view.scroll_by(1);
        assert_eq!(view.settle(exact).len(), 1);
        view.scroll_by(60);
        assert_eq!(view.settle(exact), [(1, -930), (2, 70)]);
    }
}
