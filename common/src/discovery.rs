//! Finding a relay: what a client asks over UDP, and what a relay answers, one datagram each.
//!
//! A question is `decouverte 2 JETON`, filled up with spaces to [`QUESTION_BYTES`]; an answer is
//! `serveur 2 JETON PORT PLACES NOM`, never longer than its question, so that nobody can use relays to multiply what he
//! sends to somebody else.

use std::env;

use crate::address::is_session;
use crate::frame::DEFAULT_PORT;

/// How long a question is.
pub const QUESTION_BYTES: usize = 200;
/// Names another UDP port than [`DEFAULT_PORT`], for both programs: the tests are not to find each other's relays.
pub const PORT_VARIABLE: &str = "MESSAGERIE_DECOUVERTE";

const ASKED: &str = "decouverte 2 ";
const ANSWERED: &str = "serveur 2 ";

/// The UDP port at which relays are asked.
pub fn port() -> u16 {
    env::var(PORT_VARIABLE).ok().and_then(|port| port.parse().ok()).unwrap_or(DEFAULT_PORT)
}

/// Who is there?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// Drawn at random, of the form of a session; an answer repeats it.
    pub token: &'a str,
}

impl<'a> Question<'a> {
    /// Reads a datagram; `None` if it is anything else.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let token = text(datagram)?.strip_prefix(ASKED)?;
        is_session(token).then_some(Question { token })
    }

    /// The datagram.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut datagram = format!("{ASKED}{}", self.token).into_bytes();
        datagram.resize(QUESTION_BYTES, b' ');
        datagram
    }
}

/// A relay is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// That of the question.
    pub token: &'a str,
    /// The relay's TCP port.
    pub port: u16,
    /// How many seats a newcomer could take now.
    pub seats: u64,
    /// The machine's name: any text at all, from whoever answers.
    pub name: &'a str,
}

impl<'a> Answer<'a> {
    /// Reads a datagram; `None` if it is anything else.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let mut fields = text(datagram)?.strip_prefix(ANSWERED)?.splitn(4, ' ');
        let token = fields.next().filter(|token| is_session(token))?;
        let port = number(fields.next()?).filter(|port| *port > 0)?;
        let seats = number(fields.next()?)?;
        Some(Answer { token, port: port.try_into().ok()?, seats, name: fields.next().unwrap_or("") })
    }

    /// The datagram, of at most `max` bytes: as much of the name as fits; `None` if the rest does not.
    pub fn to_bytes(&self, max: usize) -> Option<Vec<u8>> {
        let Answer { token, port, seats, name } = self;
        let mut datagram = format!("{ANSWERED}{token} {port} {seats} {name}");
        if datagram.len() - name.len() > max {
            return None;
        }
        let mut end = max.min(datagram.len());
        while !datagram.is_char_boundary(end) {
            end -= 1;
        }
        datagram.truncate(end);
        Some(datagram.into_bytes())
    }
}

/// The datagram as text, without the spaces that fill it up and without a line ending.
fn text(datagram: &[u8]) -> Option<&str> {
    Some(std::str::from_utf8(datagram).ok()?.trim_end_matches([' ', '\r', '\n']))
}

/// Decimal, without a sign or leading zeros.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_question_has_always_the_same_length() {
        let longest = "a".repeat(32);
        for token in ["7f3ac-01", &longest] {
            let datagram = Question { token }.to_bytes();
            assert_eq!(datagram.len(), 200);
            assert!(datagram.starts_with(format!("decouverte 2 {token}").as_bytes()));
            assert_eq!(Question::parse(&datagram), Some(Question { token }));
        }
    }

    #[test]
    fn a_person_can_ask_with_nc() {
        assert_eq!(Question::parse(b"decouverte 2 x\r\n"), Some(Question { token: "x" }));
    }

    #[test]
    fn what_is_no_question_is_none() {
        let long = format!("decouverte 2 {}", "a".repeat(33));
        for other in [
            "",
            "decouverte",
            "decouverte 2",
            "decouverte 2 ",
            "decouverte 1 x",
            "decouverte 2  x",
            "DECOUVERTE 2 x",
        ]
        .into_iter()
        .chain([
            "decouverte 2 x y",
            "decouverte 2 é",
            "decouverte 2 x\0",
            "serveur 2 x 7878 2 a",
            &long,
        ]) {
            assert_eq!(Question::parse(other.as_bytes()), None, "{other:?}");
        }
        assert_eq!(Question::parse(b"decouverte 2 \xff"), None);
    }

    #[test]
    fn an_answer_tells_where_and_how_many_seats() {
        let answer = Answer { token: "x", port: 9000, seats: 2, name: "salle 12" };
        let datagram = b"serveur 2 x 9000 2 salle 12";
        assert_eq!(answer.to_bytes(200).as_deref(), Some(&datagram[..]));
        assert_eq!(Answer::parse(datagram), Some(answer));
        for nameless in [&b"serveur 2 x 9000 2"[..], b"serveur 2 x 9000 2 "] {
            assert_eq!(Answer::parse(nameless), Some(Answer { name: "", ..answer }));
        }
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for other in [
            "",
            "serveur 2",
            "serveur 2 x",
            "serveur 2 x 9000",
            "serveur 1 x 9000 2 a",
            "serveur 2 é 9000 2 a",
            "serveur 2 x 0 2 a",
            "serveur 2 x 65536 2 a",
            "serveur 2 x +9000 2 a",
            "serveur 2 x 09000 2 a",
            "serveur 2 x 9000 -1 a",
            "serveur 2 x 9000 18446744073709551616 a",
            "serveur 2 x  9000 2 a",
            "decouverte 2 x",
        ] {
            assert_eq!(Answer::parse(other.as_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_two_letters() {
        let name = "é".repeat(100);
        let answer = Answer { token: "x", port: 9000, seats: 2, name: &name };
        let cut = answer.to_bytes(30).unwrap();
        assert_eq!(String::from_utf8(cut).unwrap(), "serveur 2 x 9000 2 ééééé");
        assert_eq!(answer.to_bytes(19).unwrap(), b"serveur 2 x 9000 2 ");
        assert_eq!(answer.to_bytes(18), None);
    }

    proptest! {
        #[test]
        fn no_datagram_does_harm(datagram in any::<Vec<u8>>(), start in 0..3usize) {
            let start: &[u8] = [&b""[..], b"decouverte 2 ", b"serveur 2 x "][start];
            let datagram = [start, &datagram].concat();
            if let Some(question) = Question::parse(&datagram) {
                let again = question.to_bytes();
                prop_assert_eq!(Question::parse(&again), Some(question));
            }
            if let Some(answer) = Answer::parse(&datagram) {
                let again = answer.to_bytes(datagram.len()).unwrap();
                prop_assert_eq!(Answer::parse(&again), Some(answer));
            }
        }

        #[test]
        fn an_answer_is_never_longer_than_its_question(
            token in "[0-9A-Za-z-]{1,32}", port in 1u16.., seats in any::<u64>(), name in any::<String>(), max in 0usize..300,
        ) {
            let answer = Answer { token: &token, port, seats, name: &name };
            if let Some(datagram) = answer.to_bytes(max) {
                prop_assert!(datagram.len() <= max);
                let read = Answer::parse(&datagram).unwrap();
                prop_assert_eq!((read.token, read.port, read.seats), (&*token, port, seats));
                prop_assert!(name.starts_with(read.name));
            }
        }
    }
}
