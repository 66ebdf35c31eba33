//! Who is who: [`Pseudo`], [`Session`] and the two together, [`Address`].
//!
//! Each of the three types can only hold a valid value. Two pseudos that differ only by case, or only by how their
//! accents are composed, are the same one.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use crate::text::{folded, is_invisible_letter};

/// The longest pseudo, in characters.
pub const MAX_PSEUDO_CHARS: usize = 32;
/// The longest session, in bytes (all ASCII).
const MAX_SESSION_BYTES: usize = 32;
/// The longest pseudo in bytes, however its accents are composed.
const MAX_PSEUDO_BYTES: usize = 4 * MAX_PSEUDO_CHARS;
/// The longest address in bytes: a pseudo, the slash, a session.
pub const MAX_ADDRESS_BYTES: usize = MAX_PSEUDO_BYTES + 1 + MAX_SESSION_BYTES;

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// The pseudo is empty, too long, has a character that is not allowed, or none that says anything.
    Pseudo,
    /// There is no `/SESSION`, or it is empty, too long, or has a character that is not allowed.
    Session,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressError::Pseudo => {
                "un pseudo compte de 1 à 32 lettres, chiffres, « _ », « - » ou « . », sans espace"
            }
            AddressError::Session => {
                "il manque une session valide : PSEUDO/SESSION, \
                 de 1 à 32 chiffres, lettres sans accent ou « - »"
            }
        })
    }
}

impl std::error::Error for AddressError {}

/// A person's name: 1 to 32 characters, each a Unicode letter or digit or one of `_ - .`, at least one of them a letter
/// or digit. Letters that show as nothing are none.
///
/// Two pseudos that differ only by case, or by how an accent is composed, are equal:
///
/// ```
/// # use common::address::Pseudo;
/// let alice: Pseudo = "Éloïse".parse()?;
/// assert_eq!(alice, "ÉLOI\u{308}SE".parse()?);
/// assert!("Jean Paul".parse::<Pseudo>().is_err());
/// # Ok::<(), common::address::AddressError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pseudo(String);

impl Pseudo {
    /// The pseudo as its owner spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text for all pseudos that are equal.
    pub fn folded(&self) -> String {
        folded(&self.0).collect()
    }
}

impl FromStr for Pseudo {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        check_pseudo(text)?;
        Ok(Pseudo(text.nfc().collect()))
    }
}

impl PartialEq for Pseudo {
    fn eq(&self, other: &Self) -> bool {
        same_pseudo(&self.0, &other.0)
    }
}

impl Eq for Pseudo {}

impl Hash for Pseudo {
    fn hash<H: Hasher>(&self, state: &mut H) {
        folded(&self.0).for_each(|c| c.hash(state));
    }
}

impl fmt::Display for Pseudo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a client remembers, as a name: 1 to 32 of `0-9 A-Z a-z -`. The key that proves it has the same form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Session(String);

impl Session {
    /// A session drawn at random: 6 digits and letters, no more, since every message bears two of them. That two
    /// clients of one person draw the same has a chance of one in 57,000,000,000.
    pub fn random() -> Self {
        Session(random_digits(6))
    }

    /// A key drawn at random: 20 digits and letters, more than anybody can try.
    pub fn random_key() -> Self {
        Session(random_digits(10) + &random_digits(10))
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Session {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if is_session(text) { Ok(Session(text.to_owned())) } else { Err(AddressError::Session) }
    }
}

/// At most 10 digits and letters.
///
/// The standard library seeds its hash tables from the operating system's random source.
fn random_digits(count: u32) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let drawn = RandomState::new().build_hasher().finish();
    (0..count).map(|i| char::from(ALPHABET[(drawn / 62u64.pow(i) % 62) as usize])).collect()
}

/// `PSEUDO/SESSION`: one client of one person, for as long as it remembers what it has counted.
///
/// It borrows the line it was parsed from where it can ([`Address::into_owned`] lets it outlive the line).
/// Equality ignores the case of the pseudo and how its accents are composed, not the case of the session.
#[derive(Clone, Debug)]
pub struct Address<'a> {
    text: Cow<'a, str>,
    /// Where the `/` stands in `text`.
    slash: usize,
}

impl<'a> Address<'a> {
    /// That person's address in that session.
    pub fn new(pseudo: &Pseudo, session: &Session) -> Address<'static> {
        Address { text: Cow::Owned(format!("{}/{}", pseudo.0, session.0)), slash: pseudo.0.len() }
    }

    /// Reads `PSEUDO/SESSION`.
    ///
    /// # Errors
    /// Says whether the pseudo or the session is at fault.
    pub fn parse(text: &'a str) -> Result<Self, AddressError> {
        let slash = text.bytes().position(|byte| byte == b'/').unwrap_or(text.len());
        check_pseudo(&text[..slash])?;
        if !is_session(text.get(slash + 1..).unwrap_or("")) {
            return Err(AddressError::Session);
        }
        Ok(Address { text: Cow::Borrowed(text), slash })
    }

    /// The whole address, as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name that people are shown.
    pub fn pseudo(&self) -> Pseudo {
        Pseudo(self.pseudo_str().nfc().collect())
    }

    /// The same as it stands on the wire.
    pub fn pseudo_str(&self) -> &str {
        &self.text[..self.slash]
    }

    /// The session alone, as it stands on the wire.
    pub fn session_str(&self) -> &str {
        &self.text[self.slash + 1..]
    }

    /// The same address, no longer tied to the line it was read from.
    pub fn into_owned(self) -> Address<'static> {
        Address { text: Cow::Owned(self.text.into_owned()), slash: self.slash }
    }

    /// The same address, borrowing this one.
    pub fn borrowed(&self) -> Address<'_> {
        Address { text: Cow::Borrowed(&self.text), slash: self.slash }
    }
}

impl PartialEq<Address<'_>> for Address<'_> {
    fn eq(&self, other: &Address<'_>) -> bool {
        self.text == other.text
            || (self.text[self.slash..] == other.text[other.slash..]
                && same_pseudo(self.pseudo_str(), other.pseudo_str()))
    }
}

impl Eq for Address<'_> {}

impl Hash for Address<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        folded(self.pseudo_str()).for_each(|c| c.hash(state));
        self.text[self.slash..].hash(state);
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn check_pseudo(text: &str) -> Result<(), AddressError> {
    let is_visible = |c: char| c.is_alphanumeric() && !is_invisible_letter(c);
    let proper = text.len() <= MAX_PSEUDO_BYTES
        && text.nfc().count() <= MAX_PSEUDO_CHARS
        && text.nfc().all(|c| is_visible(c) || matches!(c, '_' | '-' | '.'))
        && text.chars().any(is_visible);
    if proper { Ok(()) } else { Err(AddressError::Pseudo) }
}

/// Whether it has the form of a session, of a key, or of the token in a question for relays.
pub(crate) fn is_session(text: &str) -> bool {
    (1..=MAX_SESSION_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Whether two pseudos differ at most by case and by how their accents are composed.
fn same_pseudo(a: &str, b: &str) -> bool {
    a == b || folded(a).eq(folded(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn equal_names_are_one_key_and_are_shown_as_they_are_spelled() {
        let pseudos: Vec<Pseudo> = ["Éva", "e\u{301}VA", "Eva"].map(|text| text.parse().unwrap()).into();
        assert_eq!(pseudos.iter().collect::<HashSet<_>>().len(), 2);
        assert_eq!(pseudos.iter().map(Pseudo::folded).collect::<HashSet<_>>().len(), 2);
        assert_eq!((pseudos[1].as_str(), &*pseudos[2].to_string()), ("éVA", "Eva"));
        let addresses = ["Éva/1", "éVA/1", "Éva/2"].map(|text| Address::parse(text).unwrap());
        assert_eq!(addresses.iter().collect::<HashSet<_>>().len(), 2);
    }

    #[test]
    fn each_digit_drawn_may_be_any() {
        let drawn: Vec<String> = (0..200).map(|_| random_digits(10)).collect();
        for place in 0..10 {
            let digits: HashSet<u8> = drawn.iter().map(|digits| digits.as_bytes()[place]).collect();
            assert!(digits.len() > 30, "{place}: {digits:?}");
        }
    }

    #[test]
    fn pseudos_hold_letters_digits_and_three_signs_of_every_script() {
        for good in [
            "a",
            "alice",
            "Éloïse",
            "محمد",
            "李明",
            "x_y-z.9",
            &"é".repeat(32),
            "e\u{301}va",
            &"e\u{301}".repeat(32),
        ] {
            assert!(good.parse::<Pseudo>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a b",
            "a/b",
            "a\n",
            "a\u{1b}",
            "<b>",
            "😀",
            "a\u{202e}",
            &"é".repeat(33),
            "\u{3164}",
            "a\u{3164}",
            "..",
            "_",
        ] {
            assert_eq!(bad.parse::<Pseudo>(), Err(AddressError::Pseudo), "{bad:?}");
        }
    }

    #[test]
    fn pseudos_that_differ_by_case_or_composition_are_one() {
        for (a, b) in [
            ("alice", "ALICE"),
            ("Éva", "e\u{301}va"),
            ("Éva", "éVA"),
            ("Οδυσσεύς", "ΟΔΥΣΣΕΎΣ"),
            ("straße", "STRAẞE"),
        ] {
            assert_eq!(a.parse::<Pseudo>(), b.parse::<Pseudo>());
        }
        assert_ne!("alice".parse::<Pseudo>(), "alise".parse::<Pseudo>());
    }

    #[test]
    fn addresses_say_which_half_is_wrong() {
        assert_eq!(Address::parse("alice/7f-A").unwrap().pseudo_str(), "alice");
        for bad in ["alice", "alice/", "alice/a b", "alice/é", "alice/a/b", &format!("a/{:033}", 0)] {
            assert_eq!(Address::parse(bad).unwrap_err(), AddressError::Session, "{bad}");
        }
        for bad in ["", "/s", "a b/s"] {
            assert_eq!(Address::parse(bad).unwrap_err(), AddressError::Pseudo, "{bad}");
        }
    }

    #[test]
    fn addresses_differ_by_session_and_not_by_the_case_of_the_pseudo() {
        let address = |text| Address::parse(text).unwrap();
        assert_eq!(address("alice/s1"), address("Alice/s1"));
        assert_ne!(address("alice/s1"), address("alice/S1"));
        assert_ne!(address("alice/s1"), address("alice/s2"));
    }

    #[test]
    fn equal_addresses_and_pseudos_have_equal_hashes() {
        let hasher = RandomState::new();
        for (a, b) in [("alice/s1", "Alice/s1"), ("Οδυσσεύς/s1", "ΟΔΥΣΣΕΎΣ/s1"), ("é/s1", "e\u{301}/s1")]
        {
            let (a, b) = (Address::parse(a).unwrap(), Address::parse(b).unwrap());
            assert_eq!(hasher.hash_one(&a), hasher.hash_one(&b));
            assert_eq!(hasher.hash_one(a.pseudo()), hasher.hash_one(b.pseudo()));
        }
    }

    #[test]
    fn errors_say_what_is_expected() {
        assert!(AddressError::Pseudo.to_string().contains("de 1 à 32 lettres"));
        assert!(AddressError::Session.to_string().contains("PSEUDO/SESSION"));
    }

    #[test]
    fn random_sessions_are_valid_and_differ() {
        let (a, b) = (Session::random(), Session::random());
        assert_ne!(a, b);
        assert_ne!(Session::random_key(), Session::random_key());
        assert_eq!(Session::random_key().as_str().len(), 20);
        assert_eq!(a.as_str().parse(), Ok(a.clone()));
        let address = Address::new(&"alice".parse().unwrap(), &a);
        assert_eq!(Address::parse(address.as_str()), Ok(address.borrowed()));
    }
}
