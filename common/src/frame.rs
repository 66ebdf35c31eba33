//! One line of the protocol: [`Frame`], read by [`Frame::parse`] and written by [`Frame::write`].

use std::fmt;

use memchr::memchr;

use crate::address::{Address, AddressError, MAX_ADDRESS_BYTES};
use crate::text::Text;

/// The port a relay listens on when none is given.
pub const DEFAULT_PORT: u16 = 7878;

/// The protocol's version, the first field of `login`.
pub const VERSION: &str = "1";

/// The longest line in bytes, its LF included.
pub const MAX_LINE_BYTES: usize = 65_536;

/// The longest date that [`MAX_TEXT_BYTES`] leaves room for (`2026-11-20T14:03:07.123456789+01:00`).
pub const MAX_DATE_BYTES: usize = 35;

/// The longest text of a message in its wire form, in bytes: what is left of a line when every other field has
/// its greatest length. So a text that was accepted fits whatever number and address it is sent under later.
pub const MAX_TEXT_BYTES: usize = MAX_LINE_BYTES
    - ("msg ".len() + 2 * (MAX_ADDRESS_BYTES + 1) + (MAX_NUMBER_DIGITS + 1) + (MAX_DATE_BYTES + 1))
    - "\r\r\n".len();

/// 2^63 - 1 has 19 digits.
const MAX_NUMBER_DIGITS: usize = 19;

/// One frame: what one line of the protocol says.
///
/// It borrows from the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// `login 1 ADRESSE`: the first line of every connection.
    Login(Address<'a>),
    /// `msg SOURCE DESTINATION N DATE TEXTE`: a message.
    Msg(Msg<'a>),
    /// `recu SOURCE DESTINATION N`: SOURCE has shown DESTINATION's messages up to number N.
    Recu {
        /// Who has shown them.
        source: Address<'a>,
        /// Who sent them.
        destination: Address<'a>,
        /// The highest number shown, 0 for none.
        number: u64,
    },
    /// `ping`: are you there?
    Ping,
    /// `quitter`: the discussion is over.
    Quitter,
    /// `bienvenue ADRESSE`: the login is accepted.
    Bienvenue(Address<'a>),
    /// `present ADRESSE`: the other participant is seated.
    Present(Address<'a>),
    /// `absent ADRESSE`: the other participant's connection was lost.
    Absent(Address<'a>),
    /// `pong`: the answer to `ping`.
    Pong,
    /// `fin ADRESSE`: that one ended the discussion.
    Fin(Address<'a>),
    /// `refus CODE TEXTE`: what was refused, and why.
    Refus {
        /// What was refused.
        code: Refusal,
        /// Why, in a sentence a person can read.
        text: Text<'a>,
    },
}

/// A message on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Msg<'a> {
    /// The sender.
    pub source: Address<'a>,
    /// The one it is for.
    pub destination: Address<'a>,
    /// Its number between these two addresses, from 1.
    pub number: u64,
    /// When the sender pressed Enter: RFC 3339 with an offset, as it stands on the wire, unread.
    pub date: &'a str,
    /// What was written.
    pub text: Text<'a>,
}

/// From whom to whom messages go: nearly all lines of a discussion begin with the same two addresses, spelt in the
/// same way, which need not be taken apart each time.
///
/// ```
/// # use common::{address::Address, frame::{Frame, Route}};
/// let route = Route::new(Address::parse("alice/a1")?.into_owned(), Address::parse("bob/b1")?.into_owned());
/// let line = "msg alice/a1 bob/b1 1 2026-11-20T14:03:07.123+01:00 Salut Bob !";
/// assert_eq!(route.parse_msg(line.as_bytes()).map(Frame::Msg), Frame::parse(line).ok());
/// assert_eq!(route.parse_msg(b"msg bob/b1 alice/a1 1 2026-11-20T14:03:15.002+01:00 Salut !"), None);
/// # Ok::<(), common::address::AddressError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Route {
    source: Address<'static>,
    destination: Address<'static>,
    /// How a message of this route begins: `msg SOURCE DESTINATION `.
    start: String,
}

impl Route {
    /// From `source` to `destination`.
    pub fn new(source: Address<'static>, destination: Address<'static>) -> Self {
        let start = format!("msg {source} {destination} ");
        Route { source, destination, start }
    }

    /// Reads a message of this route; `None` for every other line, whatever [`Frame::parse`] may make of it.
    // Inlined with what it calls: a message is large, and would be moved at each return.
    #[inline]
    pub fn parse_msg<'a>(&'a self, line: &'a [u8]) -> Option<Msg<'a>> {
        let rest = std::str::from_utf8(line.strip_prefix(self.start.as_bytes())?).ok()?;
        let mut fields = Fields { rest: Some(rest) };
        fields.msg(self.source.borrowed(), self.destination.borrowed()).ok()
    }
}

/// The refusal codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another version of the protocol.
    Version,
    /// The first line is not a login, or none came in time.
    LoginAttendu,
    /// The pseudo or the session is not valid.
    PseudoInvalide,
    /// Someone of that name is seated.
    PseudoPris,
    /// Both seats are taken.
    Complet,
    /// Too many connections that have not logged in yet.
    Occupe,
    /// A line longer than [`MAX_LINE_BYTES`].
    TrameTropLongue,
    /// A line that is not UTF-8.
    Utf8,
    /// An unknown frame or wrong fields.
    TrameInvalide,
    /// SOURCE is not the address of this connection.
    SourceUsurpee,
    /// A second login.
    DejaConnecte,
}

const REFUSALS: [(Refusal, &str); 11] = [
    (Refusal::Version, "version"),
    (Refusal::LoginAttendu, "login-attendu"),
    (Refusal::PseudoInvalide, "pseudo-invalide"),
    (Refusal::PseudoPris, "pseudo-pris"),
    (Refusal::Complet, "complet"),
    (Refusal::Occupe, "occupe"),
    (Refusal::TrameTropLongue, "trame-trop-longue"),
    (Refusal::Utf8, "utf8"),
    (Refusal::TrameInvalide, "trame-invalide"),
    (Refusal::SourceUsurpee, "source-usurpee"),
    (Refusal::DejaConnecte, "deja-connecte"),
];

impl Refusal {
    /// Its name on the wire.
    pub fn code(self) -> &'static str {
        REFUSALS.iter().find(|(refusal, _)| *refusal == self).map_or("", |(_, code)| code)
    }

    fn from_code(code: &str) -> Option<Self> {
        REFUSALS.iter().find(|(_, known)| *known == code).map(|(refusal, _)| *refusal)
    }
}

/// What is wrong with a line, field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The first word is none of the protocol's.
    Unknown,
    /// `login` asks for another version.
    Version,
    /// The address of a frame that has only one.
    Address(AddressError),
    /// The sender's address.
    Source(AddressError),
    /// The addressee's address.
    Destination(AddressError),
    /// The number of a `msg` or `recu`.
    Number,
    /// The date of a `msg` is missing.
    Date,
    /// The text of a `msg` or `refus`, which may be empty, lacks even the space before it.
    Text,
    /// The code of a `refus` is none of the protocol's.
    Code,
    /// Something follows the last field.
    Excess,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::Unknown => f.write_str("la ligne ne commence par aucun mot du protocole"),
            FrameError::Version => write!(f, "seule la version {VERSION} du protocole est comprise"),
            FrameError::Address(error) => write!(f, "adresse : {error}"),
            FrameError::Source(error) => write!(f, "SOURCE : {error}"),
            FrameError::Destination(error) => write!(f, "DESTINATION : {error}"),
            FrameError::Number => f.write_str(
                "N : un nombre entier sans signe ni zéro en tête, inférieur à 2^63 (à partir de 1 pour « msg »)",
            ),
            FrameError::Date => f.write_str("il manque la DATE"),
            FrameError::Text => f.write_str("il manque le TEXTE (il peut être vide, mais pas l'espace qui le précède)"),
            FrameError::Code => f.write_str("CODE : ce refus n'est pas du protocole"),
            FrameError::Excess => f.write_str("il y a quelque chose après le dernier champ"),
        }
    }
}

impl std::error::Error for FrameError {}

impl<'a> Frame<'a> {
    /// Reads one line, given without its line ending.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn parse(line: &'a str) -> Result<Self, FrameError> {
        let mut fields = Fields { rest: Some(line) };
        match fields.next().unwrap_or("") {
            "msg" => {
                let source = fields.address(FrameError::Source)?;
                let destination = fields.address(FrameError::Destination)?;
                fields.msg(source, destination).map(Frame::Msg)
            }
            "recu" => {
                let source = fields.address(FrameError::Source)?;
                let destination = fields.address(FrameError::Destination)?;
                let number = fields.number().ok_or(FrameError::Number)?;
                fields.end(Frame::Recu { source, destination, number })
            }
            "login" => match fields.next() {
                Some(VERSION) => fields.only_address().map(Frame::Login),
                _ => Err(FrameError::Version),
            },
            "bienvenue" => fields.only_address().map(Frame::Bienvenue),
            "present" => fields.only_address().map(Frame::Present),
            "absent" => fields.only_address().map(Frame::Absent),
            "fin" => fields.only_address().map(Frame::Fin),
            "refus" => Ok(Frame::Refus {
                code: fields.next().and_then(Refusal::from_code).ok_or(FrameError::Code)?,
                text: fields.free_text()?,
            }),
            "ping" => fields.end(Frame::Ping),
            "pong" => fields.end(Frame::Pong),
            "quitter" => fields.end(Frame::Quitter),
            _ => Err(FrameError::Unknown),
        }
    }

    /// A refusal with its sentence.
    pub fn refus(code: Refusal, sentence: &'a str) -> Self {
        Frame::Refus { code, text: Text::escaped(sentence) }
    }

    /// Appends the frame to `out` as one line, LF included.
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>) {
        let rest = match self {
            Frame::Login(address) => {
                put(out, &["login ", VERSION, " "]);
                address.as_str()
            }
            Frame::Msg(msg) => {
                put(out, &["msg ", msg.source.as_str(), " ", msg.destination.as_str(), " "]);
                put_number(out, msg.number);
                put(out, &[" ", msg.date, " "]);
                msg.text.wire()
            }
            Frame::Recu { source, destination, number } => {
                put(out, &["recu ", source.as_str(), " ", destination.as_str(), " "]);
                put_number(out, *number);
                ""
            }
            Frame::Ping => "ping",
            Frame::Quitter => "quitter",
            Frame::Bienvenue(address) => {
                put(out, &["bienvenue "]);
                address.as_str()
            }
            Frame::Present(address) => {
                put(out, &["present "]);
                address.as_str()
            }
            Frame::Absent(address) => {
                put(out, &["absent "]);
                address.as_str()
            }
            Frame::Pong => "pong",
            Frame::Fin(address) => {
                put(out, &["fin "]);
                address.as_str()
            }
            Frame::Refus { code, text } => {
                put(out, &["refus ", code.code(), " "]);
                text.wire()
            }
        };
        finish_line(out, rest.as_bytes());
    }
}

/// Appends the rest of a line, or a whole one, and its ending.
///
/// A reader takes one CR before the LF for part of the line ending, so a line whose content ends in CR needs one
/// more to keep its own.
#[inline]
pub fn finish_line(out: &mut Vec<u8>, rest: &[u8]) {
    out.extend_from_slice(rest);
    if rest.last() == Some(&b'\r') {
        out.push(b'\r');
    }
    out.push(b'\n');
}

#[inline]
fn put(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Appends a number, without the cost of the formatting machinery.
#[inline]
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; MAX_NUMBER_DIGITS + 1];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// What is left of a line, taken field by field. `None`: the line ended before the space of a further field.
struct Fields<'a> {
    rest: Option<&'a str>,
}

impl<'a> Fields<'a> {
    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        match memchr(b' ', rest.as_bytes()) {
            Some(space) => {
                self.rest = Some(&rest[space + 1..]);
                Some(&rest[..space])
            }
            None => self.rest.take(),
        }
    }

    fn address(&mut self, which: fn(AddressError) -> FrameError) -> Result<Address<'a>, FrameError> {
        Address::parse(self.next().unwrap_or("")).map_err(which)
    }

    /// The rest of the line as one address: a space in it is a fault of the pseudo, as a person sees it.
    fn only_address(&mut self) -> Result<Address<'a>, FrameError> {
        Address::parse(self.rest.take().unwrap_or("")).map_err(FrameError::Address)
    }

    /// What follows the addresses in a `msg`.
    #[inline]
    fn msg(&mut self, source: Address<'a>, destination: Address<'a>) -> Result<Msg<'a>, FrameError> {
        Ok(Msg {
            source,
            destination,
            number: self.number().filter(|n| *n > 0).ok_or(FrameError::Number)?,
            date: self.next().filter(|date| !date.is_empty()).ok_or(FrameError::Date)?,
            text: self.free_text()?,
        })
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        let rest = self.rest?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = rest.split_at(digits);
        self.rest = rest.strip_prefix(' ');
        let is_whole = self.rest.is_some() || rest.is_empty();
        let is_proper = is_whole && (digits == 1 || !number.starts_with('0'));
        // As many digits fit into the number. By hand, since `parse` takes half as many instructions again.
        if !is_proper || !(1..=MAX_NUMBER_DIGITS).contains(&digits) {
            return None;
        }
        let number = number.bytes().fold(0, |number, digit| 10 * number + u64::from(digit - b'0'));
        Some(number).filter(|number| *number < 1 << 63)
    }

    fn free_text(&mut self) -> Result<Text<'a>, FrameError> {
        self.rest.take().map(Text::from_wire).ok_or(FrameError::Text)
    }

    fn end(&mut self, frame: Frame<'a>) -> Result<Frame<'a>, FrameError> {
        if self.rest.is_none() { Ok(frame) } else { Err(FrameError::Excess) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::LineBuffer;
    use proptest::prelude::*;

    fn address() -> impl Strategy<Value = Address<'static>> {
        ("[\\p{L}\\p{Nd}_.-]{1,32}", "[0-9A-Za-z-]{1,32}").prop_map(|(pseudo, session)| {
            Address::parse(&format!("{pseudo}/{session}")).unwrap().into_owned()
        })
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[a\\\\n\n\r é]{0,20}", Just("السلام عليكم 👩‍👩‍👧 \u{202e}".to_owned()),]
    }

    /// One field of each kind, from which every frame can be made.
    fn fields() -> impl Strategy<Value = (Address<'static>, Address<'static>, u64, String, String, usize)> {
        (address(), address(), 1..(1u64 << 63), "[^ \n\r]{1,35}", text(), 0..REFUSALS.len())
    }

    proptest! {
        #[test]
        fn every_frame_survives_the_wire(
            (source, destination, number, date, text, refusal) in fields(),
            kind in 0..11,
        ) {
            let text = Text::escaped(&text);
            let frame = match kind {
                0 => Frame::Login(source),
                1 => Frame::Msg(Msg { source, destination, number, date: &date, text }),
                2 => Frame::Recu { source, destination, number: number - 1 },
                3 => Frame::Ping,
                4 => Frame::Quitter,
                5 => Frame::Bienvenue(source),
                6 => Frame::Present(source),
                7 => Frame::Absent(source),
                8 => Frame::Pong,
                9 => Frame::Fin(source),
                _ => Frame::Refus { code: REFUSALS[refusal].0, text },
            };
            let mut wire = Vec::new();
            frame.write(&mut wire);
            let mut lines = LineBuffer::new();
            lines.read_all(&wire);
            let line = lines.next_line().unwrap().unwrap();
            prop_assert_eq!(Frame::parse(std::str::from_utf8(line).unwrap()).unwrap(), frame);
            prop_assert!(lines.next_line().is_none());
        }

        #[test]
        fn no_line_makes_it_panic(line in any::<String>()) {
            let _ = Frame::parse(&line);
        }

        #[test]
        fn nearly_valid_lines_neither(
            word in "msg|recu|login|refus|fin|present|ping",
            fields in proptest::collection::vec("[a-c/0-9\\\\ -]{0,6}", 0..7),
        ) {
            let line = format!("{word} {}", fields.join(" "));
            if let Ok(frame) = Frame::parse(&line) {
                let mut wire = Vec::new();
                frame.write(&mut wire);
                prop_assert_eq!(wire, format!("{line}\n").into_bytes(), "one form for one meaning");
            }
        }
    }

    #[test]
    fn errors_say_which_field_is_wrong() {
        use FrameError::*;
        let (pseudo, session) = (AddressError::Pseudo, AddressError::Session);
        for (line, error) in [
            ("", Unknown),
            ("bonjour", Unknown),
            ("MSG a/1 b/2 1 d t", Unknown),
            (" ping", Unknown),
            ("login", Version),
            ("login 2 a/1", Version),
            ("login 01 a/1", Version),
            ("login 1", Address(pseudo)),
            ("login 1 a", Address(session)),
            ("login 1 Jean Paul/1", Address(pseudo)),
            ("login 1 a/1 ", Address(session)),
            ("msg", Source(pseudo)),
            ("msg a b/2 1 d t", Source(session)),
            ("msg a/1", Destination(pseudo)),
            ("msg a/1 b 1 d t", Destination(session)),
            ("msg a/1 b/2 x d t", Number),
            ("msg a/1 b/2 0 d t", Number),
            ("msg a/1 b/2 01 d t", Number),
            ("msg a/1 b/2 +1 d t", Number),
            ("msg a/1 b/2 1x d t", Number),
            ("recu a/1 b/2 1x", Number),
            ("msg a/1 b/2 9223372036854775808 d t", Number),
            ("msg a/1 b/2 99999999999999999999 d t", Number),
            ("msg a/1 b/2 1", Date),
            ("msg a/1 b/2 1  t", Date),
            ("msg a/1 b/2 1 d", Text),
            ("msg a/1  b/2 1 d t", Destination(pseudo)),
            ("recu a/1 b/2", Number),
            ("recu a/1 b/2 1 ", Excess),
            ("ping ", Excess),
            ("quitter maintenant", Excess),
            ("refus", Code),
            ("refus zut texte", Code),
            ("refus complet", Text),
        ] {
            assert_eq!(Frame::parse(line), Err(error), "{line:?}");
        }
    }

    #[test]
    fn numbers_go_up_to_the_limit() {
        let line = "recu a/1 b/2 9223372036854775807";
        assert!(matches!(Frame::parse(line), Ok(Frame::Recu { number: 9_223_372_036_854_775_807, .. })));
        assert!(matches!(Frame::parse("recu a/1 b/2 0"), Ok(Frame::Recu { number: 0, .. })));
    }

    #[test]
    fn the_longest_text_fits_whatever_else_is_in_the_line() {
        let pseudo = "\u{10400}".repeat(32);
        let address = format!("{pseudo}/{}", "s".repeat(32));
        let text = format!("{}\r", "x".repeat(MAX_TEXT_BYTES - 1));
        let frame = Frame::Msg(Msg {
            source: Address::parse(&address).unwrap(),
            destination: Address::parse(&address).unwrap(),
            number: (1 << 63) - 1,
            date: "2026-11-20T14:03:07.123456789+01:00",
            text: Text::from_plain(&text).unwrap(),
        });
        let mut wire = Vec::new();
        frame.write(&mut wire);
        assert!(wire.len() <= MAX_LINE_BYTES, "{}", wire.len());
    }

    #[test]
    fn every_refusal_has_a_code() {
        assert!(REFUSALS.iter().all(|(refusal, code)| Refusal::from_code(code) == Some(*refusal)));
        assert!(REFUSALS.iter().all(|(refusal, code)| refusal.code() == *code));
    }
}
