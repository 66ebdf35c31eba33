//! Lines between two addresses, looked at no more closely than needed: [`Route`].

use super::fields::Fields;
use super::{Body, Relayed, is_relayed_word};
use crate::address::Address;
use crate::text::Text;

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

    /// Reads a message of this route; `None` for every other line, whatever [`Frame::parse`](super::Frame::parse) may make of it.
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
