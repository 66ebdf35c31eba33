//! Which lines on the wire are about one message.

use chrono::DateTime;
use client::wire::{Line, Way};
use common::frame::{Body, Content, Frame};
use common::text::Text;

use crate::display::Said;

/// Finds the lines that carry a message, and the one that says that it was shown.
pub(super) struct Marker {
    said: Said,
    /// Its number, once a line has told it.
    number: Option<u64>,
    acknowledged: bool,
}

impl Marker {
    pub(super) fn new(said: Said) -> Self {
        Marker { said, number: None, acknowledged: false }
    }

    /// Whether the line is about the message; to be asked of all lines, in order.
    pub(super) fn marks(&mut self, line: &Line) -> bool {
        let Ok(Frame::Relayed(relayed)) = Frame::parse(&line.text) else { return false };
        let is_its_way = self.said.own == (line.way == Way::Sent);
        match relayed.body {
            Body::Entry { number, content: Content::Msg { date, text } } => {
                let is_it = is_its_way && self.is_date(date) && self.is_text(&text, line.cut_from.is_some());
                if is_it {
                    self.number = Some(number);
                }
                is_it
            }
            Body::Recu(count) => {
                !is_its_way
                    && self.number.is_some_and(|number| number <= count)
                    && !std::mem::replace(&mut self.acknowledged, true)
            }
            _ => false,
        }
    }

    /// A date that cannot be read was not shown either.
    fn is_date(&self, date: &str) -> bool {
        DateTime::parse_from_rfc3339(date)
            .map_or(true, |date| date.timestamp_millis() == self.said.date.timestamp_millis())
    }

    fn is_text(&self, text: &Text<'_>, is_cut: bool) -> bool {
        let text = text.plain();
        if is_cut {
            // It may have been cut between a backslash and what it stands before.
            self.said.text.starts_with(text.trim_end_matches('\\'))
        } else {
            self.said.text == text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Local;

    const DATE: &str = "2026-11-20T14:03:07.123+01:00";

    fn line(way: Way, text: &str) -> Line {
        Line { way, time: Local::now(), text: text.to_owned(), cut_from: None }
    }

    fn marker(own: bool, text: &str) -> Marker {
        let date = DateTime::parse_from_rfc3339(DATE).unwrap().into();
        Marker::new(Said { own, date, text: text.to_owned() })
    }

    fn marked(mut marker: Marker, lines: &[(Way, &str)]) -> Vec<usize> {
        let lines = lines.iter().enumerate();
        lines.filter(|(_, (way, text))| marker.marks(&line(*way, text))).map(|(at, _)| at).collect()
    }

    #[test]
    fn a_message_has_its_own_lines_and_the_first_acknowledgement() {
        let two = &format!("msg a/1 b/1 2 {DATE} un\\ndeux");
        let lines = [
            (Way::Sent, "login 2 a/1 k"),
            (Way::Sent, &format!("msg a/1 b/1 1 {DATE} autre")),
            (Way::Sent, two),
            (Way::Received, "recu b/1 a/1 1"),
            (Way::Received, two),
            (Way::Sent, "recu a/1 b/1 2"),
            (Way::Sent, two),
            (Way::Received, "recu b/1 a/1 3"),
            (Way::Received, "recu b/1 a/1 4"),
            (Way::Sent, "msg a/1 b/1 5 2026-11-20T14:03:08.123+01:00 un\\ndeux"),
        ];
        assert_eq!(marked(marker(true, "un\ndeux"), &lines), [2, 6, 7]);
        assert_eq!(marked(marker(false, "un\ndeux"), &lines), [4, 5]);
    }

    #[test]
    fn a_message_is_known_by_its_beginning_and_without_a_date() {
        let mut cut = line(Way::Received, &format!("msg b/1 a/1 1 {DATE} a\\nb\\"));
        cut.cut_from = Some(5000);
        assert!(marker(false, "a\nb\nc").marks(&cut));
        assert!(!marker(false, "a\nc").marks(&cut));
        assert!(marker(false, "salut").marks(&line(Way::Received, "msg b/1 a/1 1 hier salut")));
    }
}
