//! The fields of a line, in order: [`Fields`].

use memchr::memchr;

use super::{Body, Content, FileHash, Frame, FrameError, MAX_NUMBER_DIGITS, OUTCOMES, Outcome};
use crate::address::{Address, AddressError, is_session};
use crate::text::Text;

/// What is left of a line, taken field by field. `None`: the line ended before the space of a further field.
pub(super) struct Fields<'a> {
    pub(super) rest: Option<&'a str>,
}

impl<'a> Fields<'a> {
    #[inline]
    pub(super) fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        match memchr(b' ', rest.as_bytes()) {
            Some(space) => {
                self.rest = Some(&rest[space + 1..]);
                Some(&rest[..space])
            }
            None => self.rest.take(),
        }
    }

    pub(super) fn address(
        &mut self,
        which: fn(AddressError) -> FrameError,
    ) -> Result<Address<'a>, FrameError> {
        Address::parse(self.next().unwrap_or("")).map_err(which)
    }

    /// The rest of the line as one address: a space in it is a fault of the pseudo, as a person sees it.
    pub(super) fn only_address(&mut self) -> Result<Address<'a>, FrameError> {
        Address::parse(self.rest.take().unwrap_or("")).map_err(FrameError::Address)
    }

    /// `ADRESSE [CLE]`: only a space behind the slash ends the address.
    pub(super) fn login(&mut self) -> Result<Frame<'a>, FrameError> {
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
    pub(super) fn body(&mut self, word: &'a str) -> Body<'a> {
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

    pub(super) fn demande(&mut self) -> Option<Body<'a>> {
        Some(Body::Demande { hash: self.hash()?, position: self.number()?, length: self.number()? })
    }

    pub(super) fn bloc(&mut self) -> Option<Body<'a>> {
        Some(Body::Bloc { hash: self.hash()?, position: self.number()?, base64: self.rest.take()? })
    }

    /// A number and something more: an entry, whatever it is.
    pub(super) fn entry(&mut self, word: &'a str) -> Option<Body<'a>> {
        let number = self.number().filter(|number| *number > 0)?;
        Some(Body::Entry { number, content: Content::parse(word, self.rest?) })
    }

    /// `None` for what is not understood.
    pub(super) fn content(&mut self, word: &str) -> Option<Content<'a>> {
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
    pub(super) fn msg(&mut self) -> Option<Content<'a>> {
        Some(Content::Msg { date: self.date()?, text: self.free_text()? })
    }

    #[inline]
    pub(super) fn date(&mut self) -> Option<&'a str> {
        self.next().filter(|date| !date.is_empty())
    }

    pub(super) fn hash(&mut self) -> Option<FileHash> {
        self.next().and_then(FileHash::parse)
    }

    pub(super) fn outcome(&mut self) -> Option<Outcome> {
        let code = self.rest.take()?;
        OUTCOMES.iter().find(|(_, known)| *known == code).map(|(outcome, _)| *outcome)
    }

    #[inline]
    pub(super) fn number(&mut self) -> Option<u64> {
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

    pub(super) fn free_text(&mut self) -> Option<Text<'a>> {
        self.rest.take().map(Text::from_wire)
    }

    pub(super) fn end(&mut self, frame: Frame<'a>) -> Result<Frame<'a>, FrameError> {
        if self.rest.is_none() { Ok(frame) } else { Err(FrameError::Excess) }
    }
}
