//! One line of the protocol: [`Frame`], read by [`Frame::parse`] and written by [`Frame::write`].

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use memchr::memchr;

use crate::address::{Address, AddressError, MAX_ADDRESS_BYTES, is_session};
use crate::text::Text;

/// The port a relay listens on when none is given.
pub const DEFAULT_PORT: u16 = 7878;

/// The protocol's version, the first field of `login`.
pub const VERSION: &str = "2";

/// The longest line in bytes, its LF included.
pub const MAX_LINE_BYTES: usize = 65_536;

/// The longest date that [`MAX_TEXT_BYTES`] leaves room for (`2026-11-20T14:03:07.123456789+01:00`).
const MAX_DATE_BYTES: usize = 35;

/// The longest text of a message in its wire form, in bytes: what is left of a line when every other field has
/// its greatest length. So a text that was accepted fits whatever number and address it is sent under later.
pub const MAX_TEXT_BYTES: usize = MAX_LINE_BYTES
    - ("msg ".len() + 2 * (MAX_ADDRESS_BYTES + 1) + (MAX_NUMBER_DIGITS + 1) + (MAX_DATE_BYTES + 1))
    - "\n".len();

/// How many bytes follow the number of a message of usual length.
const USUAL_BYTES: usize = 128;

/// 2^63 - 1 has 19 digits.
const MAX_NUMBER_DIGITS: usize = 19;

/// One frame: what one line of the protocol says.
///
/// It borrows from the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// `login 2 ADRESSE [CLE]`: the first line of every connection.
    Login {
        /// Who logs in.
        address: Address<'a>,
        /// What proves that a seat kept for this address is his; not there when a person types by hand.
        key: Option<&'a str>,
    },
    /// `MOT SOURCE DESTINATION …`: from one participant to the other.
    Relayed(Relayed<'a>),
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

/// A frame from one participant to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relayed<'a> {
    /// The sender.
    pub source: Address<'a>,
    /// The one it is for.
    pub destination: Address<'a>,
    /// What is said.
    pub body: Body<'a>,
}

/// What one participant says to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// Something numbered, kept and acknowledged.
    Entry {
        /// Its place in the sender's queue for that pseudo, from 1.
        number: u64,
        /// What it is.
        content: Content<'a>,
    },
    /// `recu … N`: the sender has shown the other's entries up to number N, 0 for none.
    Recu(u64),
    /// `debut … N`: the sender's next entry is N.
    Debut(u64),
    /// `demande … EMPREINTE POSITION LONGUEUR`: send me these bytes of that file.
    Demande {
        /// Which file.
        hash: FileHash,
        /// Where they begin, in bytes.
        position: u64,
        /// How many.
        length: u64,
    },
    /// `bloc … EMPREINTE POSITION BASE64`: bytes of that file.
    Bloc {
        /// Which file.
        hash: FileHash,
        /// Where they begin, in bytes.
        position: u64,
        /// The bytes in standard base64 with padding, unread.
        base64: &'a str,
    },
    /// A word of a later version, or one whose fields are not understood.
    Unknown {
        /// The frame's first word.
        word: &'a str,
        /// What follows DESTINATION.
        rest: Option<&'a str>,
    },
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// `msg … DATE TEXTE`: a message.
    Msg {
        /// When the sender pressed Enter: RFC 3339 with an offset, as it stands on the wire, unread.
        date: &'a str,
        /// What was written.
        text: Text<'a>,
    },
    /// `fichier … DATE TAILLE EMPREINTE NOM`: a file is offered.
    Fichier {
        /// When, as in a message.
        date: &'a str,
        /// In bytes.
        size: u64,
        /// Its SHA-256.
        hash: FileHash,
        /// The name its sender gave it: not yet one that may be written to.
        name: Text<'a>,
    },
    /// `issue … DATE EMPREINTE CODE`: what became of a file.
    Issue {
        /// When, as in a message.
        date: &'a str,
        /// Which file.
        hash: FileHash,
        /// What became of it.
        outcome: Outcome,
    },
    /// An entry of a later version, or one whose fields are not understood.
    Unknown {
        /// The frame's first word.
        word: &'a str,
        /// What follows N.
        rest: &'a str,
    },
}

/// The SHA-256 of a file; on the wire, 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileHash(pub [u8; 32]);

impl FileHash {
    const DIGITS: usize = 64;

    /// Reads the digits; `None` for anything else.
    pub fn parse(digits: &str) -> Option<Self> {
        let digits: &[u8; FileHash::DIGITS] = digits.as_bytes().try_into().ok()?;
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = 16 * hex_value(pair[0])? + hex_value(pair[1])?;
        }
        Some(FileHash(hash))
    }

    /// Appends a space and the digits.
    fn put(self, out: &mut Vec<u8>) {
        // Writing to a Vec cannot fail.
        let _ = write!(out, " {self}");
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// What became of a file that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// From the receiver: complete, and its SHA-256 is right.
    Recu,
    /// From the receiver: not wanted.
    Refuse,
    /// From the receiver: no longer wanted.
    Annule,
    /// From the one who offered it: changed, gone, or withdrawn.
    Indisponible,
}

const OUTCOMES: [(Outcome, &str); 4] = [
    (Outcome::Recu, "recu"),
    (Outcome::Refuse, "refuse"),
    (Outcome::Annule, "annule"),
    (Outcome::Indisponible, "indisponible"),
];

/// The words that are the relay's own: no frame between participants begins with one.
const RESERVED: [&str; 9] =
    ["login", "ping", "quitter", "bienvenue", "present", "absent", "pong", "fin", "refus"];

/// Whether a frame between participants may begin with this word: 1 to 16 lower-case ASCII letters, none of the
/// relay's own words.
fn is_relayed_word(word: &str) -> bool {
    (1..=16).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_lowercase())
        && !RESERVED.contains(&word)
}

/// From whom to whom lines go: nearly all lines of a discussion bear the same two addresses, spelt in the same way,
/// which need not be taken apart each time.
///
/// ```
/// # use common::{address::Address, frame::{Frame, Glimpse, Route}};
/// let route = Route::new(Address::parse("alice/a1")?.into_owned(), Address::parse("bob/b1")?.into_owned());
/// let line = "msg alice/a1 bob/b1 1 2026-11-20T14:03:07.123+01:00 Salut Bob !";
/// assert_eq!(route.parse_msg(line.as_bytes()).map(Frame::Relayed), Frame::parse(line).ok());
/// assert_eq!(route.parse_msg(b"msg bob/b1 alice/a1 1 2026-11-20T14:03:15.002+01:00 Salut !"), None);
/// assert!(matches!(route.glimpse(line), Some(Glimpse::Msg { number: 1, text }) if text.wire() == "Salut Bob !"));
/// assert_eq!(route.glimpse("recu alice/a1 bob/b1 1"), Some(Glimpse::Other));
/// # Ok::<(), common::address::AddressError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Route {
    source: Address<'static>,
    destination: Address<'static>,
    /// How a message of this route begins: `msg SOURCE DESTINATION `.
    start: String,
}

/// What a relay looks at in a line that it passes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Glimpse<'a> {
    /// A message, whose text is shown.
    Msg {
        /// Its number.
        number: u64,
        /// What was written.
        text: Text<'a>,
    },
    /// The offer of a file, whose name is shown.
    Fichier {
        /// Its number.
        number: u64,
        /// In bytes.
        size: u64,
        /// The name its sender gave it.
        name: Text<'a>,
    },
    /// Something that is not looked at.
    Other,
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
    pub fn parse_msg<'a>(&'a self, line: &'a [u8]) -> Option<Relayed<'a>> {
        let rest = std::str::from_utf8(line.strip_prefix(self.start.as_bytes())?).ok()?;
        let mut fields = Fields { rest: Some(rest) };
        let number = fields.number().filter(|number| *number > 0)?;
        let body = Body::Entry { number, content: fields.msg()? };
        Some(Relayed { source: self.source.borrowed(), destination: self.destination.borrowed(), body })
    }

    /// Looks at a line of this route as closely as a relay has to; `None` for every other line, for a message that is
    /// none, and for the offer of a file, which is rare.
    #[inline]
    pub fn glimpse<'a>(&self, line: &'a str) -> Option<Glimpse<'a>> {
        if let Some(rest) = line.strip_prefix(self.start.as_str()) {
            let mut fields = Fields { rest: Some(rest) };
            let number = fields.number().filter(|number| *number > 0)?;
            fields.date()?;
            return Some(Glimpse::Msg { number, text: fields.free_text()? });
        }
        let (word, rest) = line.split_once(' ')?;
        let (_, addresses) = self.start.split_once(' ')?;
        let passes = is_relayed_word(word)
            && !matches!(word, "msg" | "fichier")
            && (rest.starts_with(addresses) || Some(rest) == addresses.strip_suffix(' '));
        passes.then_some(Glimpse::Other)
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
    /// Not now: a seat is kept for somebody, or too many connections have not logged in yet.
    Occupe,
    /// A line longer than [`MAX_LINE_BYTES`].
    TrameTropLongue,
    /// A line that is not UTF-8.
    Utf8,
    /// The owner of this seat has logged in from elsewhere.
    Remplace,
    /// An unknown frame or wrong fields.
    TrameInvalide,
    /// SOURCE is not the address of this connection.
    SourceUsurpee,
    /// A second login.
    DejaConnecte,
}

const REFUSALS: [(Refusal, &str); 12] = [
    (Refusal::Version, "version"),
    (Refusal::LoginAttendu, "login-attendu"),
    (Refusal::PseudoInvalide, "pseudo-invalide"),
    (Refusal::PseudoPris, "pseudo-pris"),
    (Refusal::Complet, "complet"),
    (Refusal::Occupe, "occupe"),
    (Refusal::TrameTropLongue, "trame-trop-longue"),
    (Refusal::Utf8, "utf8"),
    (Refusal::Remplace, "remplace"),
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
    /// The first word cannot begin a frame.
    Word,
    /// `login` asks for another version.
    Version,
    /// The address of a frame that has only one.
    Address(AddressError),
    /// The key behind the address of a `login`.
    Key,
    /// The sender's address.
    Source(AddressError),
    /// The addressee's address.
    Destination(AddressError),
    /// The text of a `refus`, which may be empty, lacks even the space before it.
    Text,
    /// The code of a `refus` is none of the protocol's.
    Code,
    /// Something follows the last field.
    Excess,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::Word => f.write_str("la ligne ne commence pas par un mot du protocole"),
            FrameError::Version => write!(f, "seule la version {VERSION} du protocole est comprise"),
            FrameError::Address(error) => write!(f, "adresse : {error}"),
            FrameError::Key => f.write_str("clé : de 1 à 32 chiffres, lettres sans accent ou « - »"),
            FrameError::Source(error) => write!(f, "SOURCE : {error}"),
            FrameError::Destination(error) => write!(f, "DESTINATION : {error}"),
            FrameError::Text => {
                f.write_str("il manque le TEXTE (il peut être vide, mais pas l'espace qui le précède)")
            }
            FrameError::Code => f.write_str("CODE : ce refus n'est pas du protocole"),
            FrameError::Excess => f.write_str("il y a quelque chose après le dernier champ"),
        }
    }
}

impl std::error::Error for FrameError {}

impl<'a> Frame<'a> {
    /// Reads one line, given without its line ending.
    ///
    /// Between two participants, what follows their addresses is never an error: what is not understood is
    /// [`Body::Unknown`] or [`Content::Unknown`].
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn parse(line: &'a str) -> Result<Self, FrameError> {
        let mut fields = Fields { rest: Some(line) };
        match fields.next().unwrap_or("") {
            "login" => match fields.next() {
                Some(VERSION) => fields.login(),
                _ => Err(FrameError::Version),
            },
            "bienvenue" => fields.only_address().map(Frame::Bienvenue),
            "present" => fields.only_address().map(Frame::Present),
            "absent" => fields.only_address().map(Frame::Absent),
            "fin" => fields.only_address().map(Frame::Fin),
            "refus" => Ok(Frame::Refus {
                code: fields.next().and_then(Refusal::from_code).ok_or(FrameError::Code)?,
                text: fields.free_text().ok_or(FrameError::Text)?,
            }),
            "ping" => fields.end(Frame::Ping),
            "pong" => fields.end(Frame::Pong),
            "quitter" => fields.end(Frame::Quitter),
            word if is_relayed_word(word) => Ok(Frame::Relayed(Relayed {
                source: fields.address(FrameError::Source)?,
                destination: fields.address(FrameError::Destination)?,
                body: fields.body(word),
            })),
            _ => Err(FrameError::Word),
        }
    }

    /// A refusal with its sentence.
    pub fn refus(code: Refusal, sentence: &'a str) -> Self {
        Frame::Refus { code, text: Text::escaped(sentence) }
    }

    /// The frame as one line, LF included.
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = Vec::new();
        self.write(&mut line);
        line
    }

    /// Appends the frame to `out` as one line, LF included.
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Frame::Login { address, key } => {
                put(out, &["login ", VERSION, " ", address.as_str()]);
                if let Some(key) = key {
                    put(out, &[" ", key]);
                }
            }
            Frame::Relayed(relayed) => return relayed.write(out),
            Frame::Ping => put(out, &["ping"]),
            Frame::Quitter => put(out, &["quitter"]),
            Frame::Bienvenue(address) => put(out, &["bienvenue ", address.as_str()]),
            Frame::Present(address) => put(out, &["present ", address.as_str()]),
            Frame::Absent(address) => put(out, &["absent ", address.as_str()]),
            Frame::Pong => put(out, &["pong"]),
            Frame::Fin(address) => put(out, &["fin ", address.as_str()]),
            Frame::Refus { code, text } => put(out, &["refus ", code.code(), " ", text.wire()]),
        }
        put(out, &["\n"]);
    }
}

impl<'a> Relayed<'a> {
    /// Appends the frame to `out` as one line, LF included.
    #[inline]
    pub fn write(&self, out: &mut Vec<u8>) {
        let (source, destination) = (self.source.as_str(), self.destination.as_str());
        put(out, &[self.body.word(), " ", source, " ", destination]);
        let rest = match &self.body {
            Body::Entry { number, content } => {
                put_number(out, *number);
                put(out, &[" "]);
                content.write(out)
            }
            Body::Recu(number) | Body::Debut(number) => {
                put_number(out, *number);
                ""
            }
            Body::Demande { hash, position, length } => {
                hash.put(out);
                put_number(out, *position);
                put_number(out, *length);
                ""
            }
            Body::Bloc { hash, position, base64 } => {
                hash.put(out);
                put_number(out, *position);
                put(out, &[" "]);
                base64
            }
            Body::Unknown { rest, .. } => rest.map_or("", |rest| {
                put(out, &[" "]);
                rest
            }),
        };
        put(out, &[rest, "\n"]);
    }
}

impl<'a> Body<'a> {
    /// The frame's first word.
    fn word(&self) -> &'a str {
        match self {
            Body::Entry { content, .. } => content.word(),
            Body::Recu(_) => "recu",
            Body::Debut(_) => "debut",
            Body::Demande { .. } => "demande",
            Body::Bloc { .. } => "bloc",
            Body::Unknown { word, .. } => word,
        }
    }
}

impl<'a> Content<'a> {
    /// Reads what follows the number in an entry that begins with `word`.
    pub fn parse(word: &'a str, rest: &'a str) -> Self {
        let mut fields = Fields { rest: Some(rest) };
        fields.content(word).unwrap_or(Content::Unknown { word, rest })
    }

    /// The frame's first word.
    fn word(&self) -> &'a str {
        match self {
            Content::Msg { .. } => "msg",
            Content::Fichier { .. } => "fichier",
            Content::Issue { .. } => "issue",
            Content::Unknown { word, .. } => word,
        }
    }

    /// The frame's first word and what follows the number, as [`parse`](Self::parse) takes them.
    pub fn to_wire(&self) -> (Cow<'static, str>, String) {
        let word = match self {
            // By far the most.
            Content::Msg { .. } => Cow::Borrowed("msg"),
            other => Cow::Owned(other.word().to_owned()),
        };
        let mut rest = Vec::with_capacity(USUAL_BYTES);
        let last = self.write(&mut rest);
        rest.extend_from_slice(last.as_bytes());
        (word, String::from_utf8(rest).unwrap_or_default())
    }

    /// Appends what follows N but for the last field, which is returned.
    #[inline]
    fn write(&self, out: &mut Vec<u8>) -> &str {
        match self {
            Content::Msg { date, text } => {
                put(out, &[date, " "]);
                text.wire()
            }
            Content::Fichier { date, size, hash, name } => {
                put(out, &[date]);
                put_number(out, *size);
                hash.put(out);
                put(out, &[" "]);
                name.wire()
            }
            Content::Issue { date, hash, outcome } => {
                put(out, &[date]);
                hash.put(out);
                put(out, &[" "]);
                OUTCOMES.iter().find(|(known, _)| known == outcome).map_or("", |(_, code)| code)
            }
            Content::Unknown { rest, .. } => rest,
        }
    }
}

#[inline]
fn put(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Appends a space and a number, without the cost of the formatting machinery.
#[inline]
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [b' '; MAX_NUMBER_DIGITS + 2];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at - 1..]);
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

    /// `ADRESSE [CLE]`: only a space behind the slash ends the address.
    fn login(&mut self) -> Result<Frame<'a>, FrameError> {
        let rest = self.rest.take().unwrap_or("");
        let slash = rest.find('/').unwrap_or(rest.len());
        let end = rest[slash..].find(' ').map_or(rest.len(), |space| slash + space);
        let address = Address::parse(&rest[..end]).map_err(FrameError::Address)?;
        let key = rest.get(end + 1..);
        if key.is_some_and(|key| !is_session(key)) {
            return Err(FrameError::Key);
        }
        Ok(Frame::Login { address, key })
    }

    /// What follows the addresses.
    fn body(&mut self, word: &'a str) -> Body<'a> {
        let rest = self.rest;
        let known = match word {
            "recu" => self.number().map(Body::Recu),
            "debut" => self.number().map(Body::Debut),
            "demande" => self.demande(),
            "bloc" => self.bloc(),
            _ => return self.entry(word).unwrap_or(Body::Unknown { word, rest }),
        };
        known.filter(|_| self.rest.is_none()).unwrap_or(Body::Unknown { word, rest })
    }

    fn demande(&mut self) -> Option<Body<'a>> {
        Some(Body::Demande { hash: self.hash()?, position: self.number()?, length: self.number()? })
    }

    fn bloc(&mut self) -> Option<Body<'a>> {
        Some(Body::Bloc { hash: self.hash()?, position: self.number()?, base64: self.rest.take()? })
    }

    /// A number and something more: an entry, whatever it is.
    fn entry(&mut self, word: &'a str) -> Option<Body<'a>> {
        let number = self.number().filter(|number| *number > 0)?;
        Some(Body::Entry { number, content: Content::parse(word, self.rest?) })
    }

    /// `None` for what is not understood.
    fn content(&mut self, word: &str) -> Option<Content<'a>> {
        match word {
            "msg" => self.msg(),
            "fichier" => Some(Content::Fichier {
                date: self.date()?,
                size: self.number()?,
                hash: self.hash()?,
                name: self.free_text()?,
            }),
            "issue" => {
                Some(Content::Issue { date: self.date()?, hash: self.hash()?, outcome: self.outcome()? })
            }
            _ => None,
        }
    }

    /// What follows the number in a `msg`.
    #[inline]
    fn msg(&mut self) -> Option<Content<'a>> {
        Some(Content::Msg { date: self.date()?, text: self.free_text()? })
    }

    #[inline]
    fn date(&mut self) -> Option<&'a str> {
        self.next().filter(|date| !date.is_empty())
    }

    fn hash(&mut self) -> Option<FileHash> {
        self.next().and_then(FileHash::parse)
    }

    fn outcome(&mut self) -> Option<Outcome> {
        let code = self.rest.take()?;
        OUTCOMES.iter().find(|(_, known)| *known == code).map(|(outcome, _)| *outcome)
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

    fn free_text(&mut self) -> Option<Text<'a>> {
        self.rest.take().map(Text::from_wire)
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
        ("[a-zà-öø-ÿ0-9_.-]{0,30}[a-z0-9]", "[0-9A-Za-z-]{1,32}").prop_map(|(pseudo, session)| {
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
            (source, destination, number, date, text, any) in fields(),
            kind in 0..18,
            hash in "[0-9a-f]{64}",
        ) {
            let (text, date) = (Text::escaped(&text), &*date);
            let hash = FileHash::parse(&hash).unwrap();
            let entry = |content| Body::Entry { number, content };
            let body = match kind {
                9 => entry(Content::Msg { date, text: text.clone() }),
                10 => Body::Recu(number - 1),
                11 => Body::Debut(number),
                12 => entry(Content::Fichier { date, size: number - 1, hash, name: text.clone() }),
                13 => entry(Content::Issue { date, hash, outcome: OUTCOMES[any % OUTCOMES.len()].0 }),
                14 => Body::Demande { hash, position: number - 1, length: number },
                15 => Body::Bloc { hash, position: number, base64: "TWFu" },
                16 => entry(Content::Unknown { word: "sondage", rest: text.wire() }),
                _ => Body::Unknown { word: "frappe", rest: (any % 2 == 0).then_some("oui") },
            };
            let frame = match kind {
                0 => Frame::Login { address: source, key: (any % 2 == 0).then_some("c41d09e27b") },
                1 => Frame::Ping,
                2 => Frame::Quitter,
                3 => Frame::Bienvenue(source),
                4 => Frame::Present(source),
                5 => Frame::Absent(source),
                6 => Frame::Pong,
                7 => Frame::Fin(source),
                8 => Frame::Refus { code: REFUSALS[any].0, text },
                _ => Frame::Relayed(Relayed { source, destination, body }),
            };
            let mut lines = LineBuffer::new();
            lines.read_all(&frame.to_line());
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
            word in "msg|recu|debut|fichier|issue|demande|bloc|zut|login|refus|fin|present|ping",
            fields in proptest::collection::vec("[a-c/0-9\\\\ -]{0,6}", 0..7),
        ) {
            let line = format!("{word} {}", fields.join(" "));
            if let Ok(frame) = Frame::parse(&line) {
                prop_assert_eq!(frame.to_line(), format!("{line}\n").into_bytes(), "one form for one meaning");
            }
        }
    }

    #[test]
    fn errors_say_which_field_is_wrong() {
        use FrameError::*;
        let (pseudo, session) = (AddressError::Pseudo, AddressError::Session);
        for (line, error) in [
            ("", Word),
            ("MSG a/1 b/2 1 d t", Word),
            (" ping", Word),
            ("abcdefghijklmnopq a/1 b/2", Word),
            ("zu2 a/1 b/2", Word),
            ("bonjour", Source(pseudo)),
            ("login", Version),
            ("login 1 a/1", Version),
            ("login 02 a/1", Version),
            ("login 2", Address(pseudo)),
            ("login 2 a", Address(session)),
            ("login 2 Jean Paul/1", Address(pseudo)),
            ("login 2 a/1 ", Key),
            ("login 2 a/1 b c", Key),
            ("login 2 a/1 é", Key),
            ("bienvenue a/1 ", Address(session)),
            ("msg", Source(pseudo)),
            ("msg a b/2 1 d t", Source(session)),
            ("msg a/1", Destination(pseudo)),
            ("msg a/1 b 1 d t", Destination(session)),
            ("msg a/1  b/2 1 d t", Destination(pseudo)),
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
    fn every_error_is_a_sentence_of_its_own() {
        use FrameError::*;
        let errors = [Word, Version, Address(AddressError::Pseudo), Key, Source(AddressError::Pseudo)];
        let more = [Destination(AddressError::Session), Text, Code, Excess];
        let words = [
            "mot du protocole",
            "version 2",
            "adresse : un pseudo",
            "clé",
            "SOURCE : un pseudo",
            "session",
            "TEXTE",
        ];
        let words = words.into_iter().chain(["CODE", "après le dernier champ"]);
        for (error, words) in errors.into_iter().chain(more).zip(words) {
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn what_is_numbered_and_not_understood_is_an_entry_all_the_same() {
        let hash = "0".repeat(64);
        for (line, number, word) in [
            ("msg a/1 b/2 3 d".to_owned(), 3, "msg"),
            ("msg a/1 b/2 3  t".to_owned(), 3, "msg"),
            ("sondage a/1 b/2 4 d oui ou non".to_owned(), 4, "sondage"),
            ("fichier a/1 b/2 5 d -1 x nom".to_owned(), 5, "fichier"),
            (format!("fichier a/1 b/2 5 d 9 {hash}"), 5, "fichier"),
            (format!("fichier a/1 b/2 5 d 9 {} nom", "A".repeat(64)), 5, "fichier"),
            (format!("issue a/1 b/2 6 d {hash} zut"), 6, "issue"),
            (format!("issue a/1 b/2 6 d {hash} recu "), 6, "issue"),
            ("abcdefghijklmnop a/1 b/2 7 ".to_owned(), 7, "abcdefghijklmnop"),
        ] {
            let Ok(Frame::Relayed(Relayed { body, .. })) = Frame::parse(&line) else { panic!("{line}") };
            let Body::Entry { number: found, content: Content::Unknown { word: known, .. } } = body else {
                panic!("{line}")
            };
            assert_eq!((found, known), (number, word), "{line}");
        }
    }

    #[test]
    fn what_is_neither_numbered_nor_understood_is_unknown() {
        let hash = "0".repeat(64);
        for line in [
            "msg a/1 b/2".to_owned(),
            "msg a/1 b/2 x d t".to_owned(),
            "msg a/1 b/2 0 d t".to_owned(),
            "msg a/1 b/2 01 d t".to_owned(),
            "msg a/1 b/2 +1 d t".to_owned(),
            "msg a/1 b/2 1x d t".to_owned(),
            "msg a/1 b/2 9223372036854775808 d t".to_owned(),
            "msg a/1 b/2 99999999999999999999 d t".to_owned(),
            "msg a/1 b/2 1".to_owned(),
            "recu a/1 b/2".to_owned(),
            "recu a/1 b/2 1x".to_owned(),
            "recu a/1 b/2 1 ".to_owned(),
            "debut a/1 b/2 1 2".to_owned(),
            format!("demande a/1 b/2 {hash} 1"),
            format!("demande a/1 b/2 {hash} 1 2 3"),
            format!("bloc a/1 b/2 {hash} 1"),
            "frappe a/1 b/2 oui".to_owned(),
        ] {
            let parsed = Frame::parse(&line);
            let unknown = matches!(&parsed, Ok(Frame::Relayed(relayed)) if matches!(relayed.body, Body::Unknown { .. }));
            assert!(unknown, "{line}: {parsed:?}");
        }
    }

    #[test]
    fn numbers_go_up_to_the_limit() {
        let number = |line| match Frame::parse(line) {
            Ok(Frame::Relayed(Relayed { body: Body::Recu(number), .. })) => Some(number),
            _ => None,
        };
        assert_eq!(number("recu a/1 b/2 9223372036854775807"), Some(i64::MAX as u64));
        assert_eq!(number("recu a/1 b/2 0"), Some(0));
    }

    #[test]
    fn the_longest_text_fits_whatever_else_is_in_the_line_and_fills_it() {
        let address = format!("{}/{}", "\u{10400}".repeat(32), "s".repeat(32));
        let text = "x".repeat(MAX_TEXT_BYTES);
        let content = Content::Msg {
            date: "2026-11-20T14:03:07.123456789+01:00",
            text: Text::from_plain(&text).unwrap(),
        };
        let frame = Frame::Relayed(Relayed {
            source: Address::parse(&address).unwrap(),
            destination: Address::parse(&address).unwrap(),
            body: Body::Entry { number: (1 << 63) - 1, content },
        });
        assert_eq!(frame.to_line().len(), MAX_LINE_BYTES);
    }

    #[test]
    fn a_route_takes_its_own_messages_and_passes_its_other_frames() {
        let address = |text| Address::parse(text).unwrap().into_owned();
        let route = Route::new(address("a/1"), address("b/2"));
        let parsed = |line: &'static str| route.parse_msg(line.as_bytes()).map(Frame::Relayed);
        let line = "msg a/1 b/2 7 date du texte";
        assert_eq!(parsed(line), Frame::parse(line).ok());
        for line in ["msg a/1 b/2 1 date", "msg a/1 b/2 0 date t", "msg b/2 a/1 1 date t", "recu a/1 b/2 1"] {
            assert_eq!(parsed(line), None, "{line}");
        }
        let message = Some(Glimpse::Msg { number: 7, text: Text::from_wire("du texte") });
        assert_eq!(route.glimpse(line), message);
        for line in ["recu a/1 b/2 1", "frappe a/1 b/2", "frappe a/1 b/2 oui", "bloc a/1 b/2 hash 0 TWFu"] {
            assert_eq!(route.glimpse(line), Some(Glimpse::Other), "{line}");
        }
        for line in [
            "fichier a/1 b/2 1 date 3 hash nom",
            "msg a/1 b/2 0 date t",
            "msg a/1 b/3 1 date t",
            "recu a/1 b/3 1",
            "recu a/1 b/22 1",
            "quitter a/1 b/2",
            "ping",
        ] {
            assert_eq!(route.glimpse(line), None, "{line}");
        }
    }

    #[test]
    fn a_hash_is_read_and_shown_digit_by_digit() {
        let digits = "0123456789abcdef".repeat(4);
        let hash = FileHash::parse(&digits).unwrap();
        assert_eq!(hash.0[..8], [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
        assert_eq!(hash.to_string(), digits);
    }

    #[test]
    fn every_code_has_its_name() {
        assert!(REFUSALS.iter().all(|(refusal, code)| Refusal::from_code(code) == Some(*refusal)));
        assert!(REFUSALS.iter().all(|(refusal, code)| refusal.code() == *code));
        assert!(RESERVED.iter().all(|word| !is_relayed_word(word)));
        assert!(is_relayed_word("msg") && !is_relayed_word("") && !is_relayed_word("é"));
    }
}
