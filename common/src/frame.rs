//! One line of the protocol: [`Frame`], read by [`Frame::parse`] and written by [`Frame::write`].

mod fields;
mod route;

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use crate::address::{Address, AddressError, MAX_ADDRESS_BYTES};
use crate::text::Text;
use fields::Fields;
pub use route::{Glimpse, Route};

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

#[cfg(test)]
mod tests;
