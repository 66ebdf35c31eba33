//! How the text being typed looks in the last rows of a terminal: [`InputLine`].

use std::fmt::Write as _;
use std::ops::Range;

use common::text::harmless;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::draft::Draft;

/// What stands before the first row, and before the others; and before the first or last row that is shown when there
/// are more above or below. All are as wide as [`MARGIN`].
const PROMPT: &str = "> ";
const CONTINUED: &str = "  ";
const MORE_ABOVE: &str = "↑ ";
const MORE_BELOW: &str = "↓ ";
const MARGIN: usize = 2;

/// The text being typed and its rows on the screen, of which the last line of the terminal is one.
#[derive(Debug)]
pub(super) struct InputLine {
    pub(super) draft: Draft,
    /// What is shown above it, in one row, if anything is.
    pub(super) status: String,
    columns: usize,
    rows: usize,
    /// The first row of the text that is shown.
    top: usize,
    /// The widths of the rows as they were drawn; none while nothing is.
    drawn: Vec<usize>,
    /// Where the cursor is among them.
    cursor: (usize, usize),
    /// A terminal that gets narrower breaks the rows that no longer fit, all but xterm, which cuts them off.
    reflows: bool,
}

impl InputLine {
    pub(super) fn new(size: (u16, u16)) -> Self {
        let is_set = |name| std::env::var_os(name).is_some();
        let reflows = !is_set("XTERM_VERSION") || is_set("TMUX");
        let mut line = InputLine {
            draft: Draft::default(),
            status: String::new(),
            columns: 0,
            rows: 0,
            top: 0,
            drawn: Vec::new(),
            cursor: (0, 0),
            reflows,
        };
        line.set_size(size);
        line
    }

    /// The terminal has this many columns and rows from now on.
    pub(super) fn set_size(&mut self, (columns, rows): (u16, u16)) {
        // Some serial lines do not know.
        self.columns = if columns == 0 { 80 } else { columns.into() };
        self.rows = if rows == 0 { 24 } else { rows.into() };
    }

    /// Appends what takes the rows off the screen again, and leaves the cursor where the first one began.
    pub(super) fn erase(&mut self, out: &mut String) {
        if self.drawn.is_empty() {
            return;
        }
        let (row, column) = self.cursor;
        let above: usize = if self.reflows {
            let broken: usize = self.drawn[..row].iter().map(|width| width.div_ceil(self.columns)).sum();
            broken + column / self.columns
        } else {
            row
        };
        if above > 0 {
            // Writing to a String cannot fail.
            let _ = write!(out, "\x1b[{above}A");
        }
        out.push_str("\r\x1b[J");
        self.drawn.clear();
    }

    /// Appends the rows, or those around the cursor if there are too many, so that half of the screen is left for what
    /// arrives.
    pub(super) fn draw(&mut self, out: &mut String) {
        let text = self.draft.text();
        let rows = rows_of(text, self.text_width());
        let cursor_row = rows.partition_point(|row| row.start <= self.draft.cursor()) - 1;
        let height = (self.rows / 2).clamp(1, rows.len());
        self.top =
            self.top.clamp((cursor_row + 1).saturating_sub(height), cursor_row).min(rows.len() - height);
        let shown = self.top..self.top + height;
        let margin = |row: usize| match row {
            0 => PROMPT,
            row if row == shown.start => MORE_ABOVE,
            row if row + 1 == shown.end && shown.end < rows.len() => MORE_BELOW,
            _ => CONTINUED,
        };
        self.drawn.clear();
        if !self.status.is_empty() {
            let status = first_row(&self.status, self.columns);
            out.push_str(status);
            self.drawn.push(status.width());
        }
        let rows_above = self.drawn.len();
        for row in shown.clone() {
            if !self.drawn.is_empty() {
                out.push_str("\r\n");
            }
            let text = &text[rows[row].clone()];
            out.push_str(margin(row));
            out.push_str(&harmless(text));
            self.drawn.push(MARGIN + text.graphemes(true).map(columns_of).sum::<usize>());
        }
        let below = shown.end - 1 - cursor_row;
        if below > 0 {
            let _ = write!(out, "\x1b[{below}A");
        }
        // Once more, up to the cursor: it is then where this terminal takes it to be, whatever it thinks of a
        // character's width.
        let before = &text[rows[cursor_row].start..self.draft.cursor()];
        let _ = write!(out, "\r{}{}", margin(cursor_row), harmless(before));
        self.cursor = (
            rows_above + cursor_row - shown.start,
            MARGIN + before.graphemes(true).map(columns_of).sum::<usize>(),
        );
    }

    /// Appends a text as it stays when it has been entered: whole, broken into rows by the terminal itself.
    pub(super) fn leave_behind(text: &str, out: &mut String) {
        for (number, line) in text.split('\n').enumerate() {
            out.push_str(if number == 0 { PROMPT } else { CONTINUED });
            out.push_str(&harmless(line));
            out.push_str("\r\n");
        }
    }

    /// The last column stays free: what a terminal does after writing there differs.
    fn text_width(&self) -> usize {
        self.columns.saturating_sub(MARGIN + 1).max(2)
    }
}

/// What fits into one row of that many columns, but for the last one.
pub(super) fn first_row(text: &str, columns: usize) -> &str {
    let rows = rows_of(text, columns.saturating_sub(1).max(1));
    rows.into_iter().next().map_or("", |row| &text[row])
}

/// The parts of a text that are rows of at most `width` columns.
fn rows_of(text: &str, width: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        if grapheme == "\n" {
            rows.push(start..at);
            (start, used) = (at + 1, 0);
            continue;
        }
        let columns = columns_of(grapheme);
        if used + columns > width && used > 0 {
            rows.push(start..at);
            (start, used) = (at, 0);
        }
        used += columns;
    }
    rows.push(start..text.len());
    rows
}

/// How many columns a terminal gives a character, at most: some add up its parts, others take it as a whole.
fn columns_of(grapheme: &str) -> usize {
    if let [b' '..=b'~'] = grapheme.as_bytes() {
        return 1;
    }
    let shown = harmless(grapheme);
    let parts = shown.chars().map(|c| c.width().unwrap_or(0)).sum();
    shown.width().max(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, width: usize) -> Vec<&str> {
        rows_of(text, width).into_iter().map(|row| &text[row]).collect()
    }

    #[test]
    fn rows_end_where_the_width_or_the_line_does() {
        assert_eq!(rows("", 4), [""]);
        assert_eq!(rows("abcd", 4), ["abcd"]);
        assert_eq!(rows("abcde\nf\n", 4), ["abcd", "e", "f", ""]);
        // Wide characters are not cut in half, what belongs together stays so.
        assert_eq!(rows("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(rows("abce\u{301}f", 4), ["abce\u{301}", "f"]);
        // Control characters take the room of what is shown in their place.
        assert_eq!(rows("\u{202e}\t", 8), ["\u{202e}", "\t"]);
    }

    #[test]
    fn a_long_text_leaves_half_of_the_screen_and_shows_where_the_cursor_is() {
        let mut line = InputLine::new((13, 10));
        assert!(line.draft.insert(&"0123456789".repeat(8)));
        let mut out = String::new();
        line.draw(&mut out);
        assert_eq!(out, format!("↑ 0123456789{}\r  0123456789", "\r\n  0123456789".repeat(4)));
        (0..56).for_each(|_| assert!(line.draft.go(super::super::draft::Place::Before)));
        out.clear();
        line.draw(&mut out);
        assert!(out.ends_with("↓ 0123456789\x1b[4A\r↑ 0123"), "{out:?}");
    }
}
