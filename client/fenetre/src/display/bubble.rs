//! Where the parts of one entry stand: its day, its name, its bubble, its lines, its time.

use std::ops::Range;

use super::entries::{Kind, Stored};
use crate::paint::Area;
use crate::text::{Face, Line, Measure, links, pixels, wrap};

/// Left and right of all bubbles.
pub(super) const MARGIN: i32 = 12;
/// What the scrollbar takes at the right.
pub(super) const SCROLLBAR: i32 = 12;
/// No bubble is wider: long lines are hard to read.
const WIDEST: i32 = 620;
/// Between the bubble's edge and its text.
pub(super) const PADDING: (i32, i32) = (13, 7);
/// Above the first bubble of a speaker, and above those that follow it.
const GAPS: (i32, i32) = (12, 3);
/// Above and below a day, and « nouveaux messages ».
const DAY_GAP: i32 = 12;
/// Between the last line and the time beside it.
const TIME_GAP: i32 = 12;
const NOTICE_TIME_GAP: i32 = 8;
/// What the sign for on its way, delivered or lost takes beside the time.
pub(super) const SIGN: i32 = 17;

/// What the bar takes below the text that shows how much of a file is there, and how wide it is at least.
const BAR: i32 = 10;
const BAR_WIDTH: i32 = 320;

/// What the layout depends on beside the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// The display's width.
    pub(super) width: i32,
    /// The height of a line of a message, and of the small lines: names, days, times, notices.
    pub(super) line: i32,
    pub(super) small: i32,
    /// How wide « 00:00 » is.
    pub(super) time: i32,
    /// How wide a letter is on average, for guesses.
    pub(super) letter: i32,
}

/// Where everything is: x from the display's left, y from the entry's top.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) height: i32,
    pub(super) head: Head,
    pub(super) bubble: Area,
    /// The text's left, top and width, and the height of its lines.
    pub(super) text: Area,
    pub(super) line: i32,
    pub(super) lines: Vec<Line>,
    /// Where the text has links.
    pub(super) links: Vec<Range<usize>>,
    pub(super) time: (i32, i32),
    /// The lines stand in the middle, the last together with something beside it that is that wide.
    pub(super) centred: Option<i32>,
}

/// What stands above an entry's text: where « nouveaux messages », the day and the name are, if they are, and how high
/// all of it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    pub(super) new: Option<i32>,
    pub(super) day: Option<i32>,
    pub(super) name: Option<i32>,
    height: i32,
}

impl Sizes {
    /// How wide the text of a message may be.
    fn text_width(&self) -> i32 {
        let room = self.width - 2 * MARGIN - SCROLLBAR;
        // On a narrow window it needs more of it.
        let share = if room < 480 { room * 86 / 100 } else { room * 74 / 100 };
        (share.min(WIDEST) - 2 * PADDING.0).max(60)
    }

    fn head(&self, entry: &Stored) -> Head {
        let mut head = Head::default();
        for (there, place) in [(entry.starts_new, &mut head.new), (entry.starts_day, &mut head.day)] {
            if there {
                *place = Some(head.height + DAY_GAP);
                head.height += 2 * DAY_GAP + self.small;
            }
        }
        let notice = entry.kind == Kind::Notice;
        head.height += if entry.starts_turn || notice { GAPS.0 } else { GAPS.1 };
        if entry.starts_turn {
            head.name = Some(head.height);
            head.height += self.small + 2;
        }
        head
    }

    /// The height that an entry probably has, without measuring its text.
    pub(super) fn guess(&self, entry: &Stored) -> i32 {
        let chars = i64::from(entry.chars) * i64::from(self.letter);
        let lines = i64::from(entry.feeds) + 1 + chars / i64::from(self.text_width());
        let head = self.head(entry).height;
        let line = if entry.kind == Kind::Notice { self.small } else { self.line + 1 };
        let padding = if entry.kind == Kind::Notice { 0 } else { 2 * PADDING.1 };
        i32::try_from(lines).unwrap_or(i32::MAX / 1000).min(i32::MAX / 1000) * line + head + padding
    }

    /// Lays an entry out; `measure` knows the font of its text.
    pub(super) fn lay_out(&self, entry: &Stored, measure: &mut impl Measure) -> Layout {
        #[expect(clippy::cast_precision_loss, reason = "the width of a window")]
        let max = self.text_width() as f32;
        // A notice is French, also when it begins with an Arabic name.
        let rtl = (entry.kind == Kind::Notice).then_some(false);
        let links = match &entry.kind {
            Kind::File(row) => row.buttons.iter().map(|(part, _)| part.clone()).collect(),
            _ => links(&entry.text),
        };
        let lines = wrap(&entry.text, &links, rtl, max, measure);
        let parts = self.head(entry);
        if entry.kind == Kind::Notice {
            return self.notice(lines, links, parts);
        }
        let head = parts.height;
        let own = entry.is_own();
        let time = self.time + if own { SIGN } else { 0 };
        let widest = lines.iter().map(|line| pixels(line.width)).max().unwrap_or(0);
        // The time stands beside the last line if there is room, else below.
        let beside = match lines.last() {
            Some(last) if !last.rtl => Some(pixels(last.width) + TIME_GAP + time),
            _ => None,
        };
        let beside = beside.filter(|needed| *needed <= self.text_width());
        let mut width = widest.max(beside.unwrap_or(time));
        let mut bar = 0;
        if entry.progress().is_some() {
            // It does not become wider and narrower with each number.
            width = width.max(BAR_WIDTH.min(self.text_width()));
            bar = BAR;
        }
        let text_height = self.line * i32::try_from(lines.len()).unwrap_or(i32::MAX / self.line);
        let below = if beside.is_some() { 0 } else { self.small };
        let h = text_height + below + bar + 2 * PADDING.1;
        let w = width + 2 * PADDING.0;
        let x = if own { self.width - SCROLLBAR - MARGIN - w } else { MARGIN };
        Layout {
            height: head + h,
            head: parts,
            bubble: Area { x, y: head, w, h },
            text: Area { x: x + PADDING.0, y: head + PADDING.1, w: width, h: text_height },
            line: self.line,
            lines,
            links,
            time: (x + w - PADDING.0 + 3 - time, head + h - PADDING.1 - bar - self.small + 2),
            centred: None,
        }
    }

    /// A notice has no bubble: its lines stand in the middle, the time beside the last.
    fn notice(&self, lines: Vec<Line>, links: Vec<Range<usize>>, parts: Head) -> Layout {
        let head = parts.height;
        let widest = lines.iter().map(|line| pixels(line.width)).max().unwrap_or(0);
        let last = lines.last().map_or(0, |line| pixels(line.width));
        let text_height = self.small * i32::try_from(lines.len()).unwrap_or(i32::MAX / self.small);
        let needed = last + NOTICE_TIME_GAP + self.time;
        let beside = needed <= self.text_width() && !lines.last().is_some_and(|line| line.rtl);
        let (w, h) = if beside {
            (widest.max(needed), text_height)
        } else {
            (widest.max(self.time), text_height + self.small)
        };
        let x = (self.width - w) / 2;
        let time_x =
            if beside { (self.width + needed) / 2 } else { (self.width + self.time) / 2 } - self.time;
        Layout {
            height: head + h,
            head: parts,
            bubble: Area { x, y: head, w, h },
            text: Area { x, y: head, w, h: text_height },
            line: self.small,
            lines,
            links,
            time: (time_x, head + h - self.small),
            centred: Some(if beside { NOTICE_TIME_GAP + self.time } else { 0 }),
        }
    }
}

impl Layout {
    /// The line at that distance from the entry's top, or the nearest.
    pub(super) fn line_at(&self, y: i32) -> usize {
        let line = (y - self.text.y).max(0) / self.line;
        usize::try_from(line).unwrap_or(0).min(self.lines.len().saturating_sub(1))
    }

    /// The distance of a line's left from the display's left.
    pub(super) fn line_x(&self, line: &Line, face: &Face, text: &str) -> i32 {
        if !line.rtl && self.centred.is_none() {
            return self.text.x;
        }
        let room = self.text.w - line.drawn_width(face, text);
        self.text.x
            + match self.centred {
                Some(beside) if self.lines.last() == Some(line) => (room - beside) / 2,
                Some(_) => room / 2,
                None => room,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entries::{Entries, Entry};
    use super::*;
    use chrono::{Local, TimeZone};

    /// Every character is 8 wide.
    struct Eight;

    impl Measure for Eight {
        fn char(&mut self, _: char) -> f32 {
            8.0
        }

        fn run(&mut self, run: &str) -> f32 {
            8.0 * u8::try_from(run.chars().count()).map_or(255.0, f32::from)
        }
    }

    const SIZES: Sizes = Sizes { width: 360, line: 20, small: 16, time: 36, letter: 8 };

    fn layouts(entries: impl IntoIterator<Item = Entry>) -> Vec<(i32, Layout)> {
        let mut kept = Entries::default();
        for entry in entries {
            kept.push(entry);
        }
        kept.iter().map(|entry| (SIZES.guess(entry), SIZES.lay_out(entry, &mut Eight))).collect()
    }

    fn all_kinds(text: &str) -> Vec<Entry> {
        let date = Local.with_ymd_and_hms(2026, 11, 20, 14, 3, 7).unwrap();
        let text = text.to_owned();
        vec![
            Entry::Own { id: 1, date, text: text.clone() },
            Entry::Other { name: "bob".to_owned(), date, text: text.clone() },
            Entry::Notice { date, text },
        ]
    }

    #[test]
    fn own_messages_stand_right_the_others_left_notices_in_the_middle() {
        let layouts = layouts(all_kinds("salut"));
        let bubbles: Vec<_> = layouts.iter().map(|(_, layout)| layout.bubble).collect();
        assert_eq!(bubbles[0].x + bubbles[0].w, 360 - SCROLLBAR - MARGIN);
        assert_eq!(bubbles[1].x, MARGIN);
        assert_eq!(bubbles[2].x + bubbles[2].w / 2, 180);
    }

    #[test]
    fn nothing_leaves_the_window_and_everything_is_in_its_bubble() {
        for text in ["", "a", &"mot ".repeat(300), &"a".repeat(5000), "deux\nlignes\n\n", "السلام عليكم"]
        {
            for (_, layout) in layouts(all_kinds(text)) {
                let Area { x, y, w, h } = layout.bubble;
                assert!(x >= 0 && x + w <= 360 - SCROLLBAR && y + h <= layout.height, "{layout:?}");
                assert!(layout.text.x >= x && layout.text.x + layout.text.w <= x + w, "{layout:?}");
                assert!(layout.time.0 >= x && layout.time.1 + SIZES.small <= layout.height + 2, "{layout:?}");
            }
        }
    }

    #[test]
    fn the_time_never_covers_the_text() {
        for length in 1..200 {
            for (_, layout) in layouts(all_kinds(&"x".repeat(length))) {
                let last = layout.lines.last().unwrap();
                let shift =
                    layout.centred.map_or(0, |beside| (layout.text.w - beside - pixels(last.width)) / 2);
                let text_end = layout.text.x + shift + pixels(last.width);
                let text_bottom = layout.text.y + layout.text.h;
                assert!(layout.time.0 >= text_end + 6 || layout.time.1 + 2 >= text_bottom, "{layout:?}");
            }
        }
    }

    #[test]
    fn guesses_are_near_the_truth() {
        for text in ["salut", &"mot ".repeat(300), "un\ndeux\ntrois"] {
            for (guess, layout) in layouts(all_kinds(text)) {
                assert!((guess - layout.height).abs() <= layout.height / 5 + 20, "{guess} {}", layout.height);
            }
        }
    }
}
