//! The standard input, a group of whole lines at a time: [`Input`].

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use common::frame::{MAX_LINE_BYTES, MAX_TEXT_BYTES};
use common::lines::split_line;

/// How much is read at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// What some editors put before UTF-8; it is no part of the text.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
/// What begins a text in UTF-16, either way round.
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// What to do about other encodings, with what the system has for it.
const UTF16_ADVICE: &str = if cfg!(windows) {
    "elle est en UTF-16 ; enregistrez-la d'abord en UTF-8"
} else {
    "elle est en UTF-16 ; convertissez-la d'abord (iconv -f UTF-16 -t UTF-8)"
};
const NOT_UTF8: &str = if cfg!(windows) {
    "cette ligne n'est pas en UTF-8 : elle n'est pas partie ; un fichier s'enregistre en UTF-8, et dans une commande \
     (echo … | client …), tapez d'abord : chcp 65001"
} else {
    "cette ligne n'est pas en UTF-8 : elle n'est pas partie"
};

/// Reads lines from a terminal, a file or a pipe.
pub(super) struct Input<R> {
    reader: BufReader<R>,
    /// Whether the first lines were handed out.
    begun: bool,
    /// How much of what the reader holds was handed out.
    handed_out: usize,
    /// A line that came in several reads.
    line: Vec<u8>,
}

impl<R: Read> Input<R> {
    pub(super) fn new(input: R) -> Self {
        Input {
            reader: BufReader::with_capacity(BLOCK_BYTES, input),
            begun: false,
            handed_out: 0,
            line: Vec::new(),
        }
    }

    /// The whole lines that have been read already, or else the next one, for which it waits; `None` at the end of
    /// the input. [`lines`] takes them apart.
    ///
    /// # Errors
    /// Those of reading, and [`io::ErrorKind::InvalidData`] for UTF-16.
    pub(super) fn next_group(&mut self) -> io::Result<Option<&[u8]>> {
        let is_first = !std::mem::replace(&mut self.begun, true);
        let group = self.next_bytes()?;
        if !is_first {
            return Ok(group);
        }
        let Some(group) = group else { return Ok(None) };
        if UTF16_MARKS.iter().any(|mark| group.starts_with(mark)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, UTF16_ADVICE));
        }
        let text = group.strip_prefix(UTF8_MARK).unwrap_or(group);
        Ok((!text.is_empty()).then_some(text))
    }

    fn next_bytes(&mut self) -> io::Result<Option<&[u8]>> {
        self.reader.consume(self.handed_out);
        let read = self.reader.buffer();
        self.handed_out = read.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        if self.handed_out > 0 {
            return Ok(Some(&self.reader.buffer()[..self.handed_out]));
        }
        self.read_line()?;
        Ok((!self.line.is_empty()).then_some(&self.line))
    }

    /// Of a line that is too long, the part that tells so is kept and the rest skipped.
    fn read_line(&mut self) -> io::Result<()> {
        self.line.clear();
        (&mut self.reader).take(MAX_LINE_BYTES as u64).read_until(b'\n', &mut self.line)?;
        if self.line.len() == MAX_LINE_BYTES && !self.line.ends_with(b"\n") {
            self.reader.skip_until(b'\n')?;
        }
        Ok(())
    }
}

/// Why a line cannot be a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    TooLong,
    NotUtf8,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unreadable::TooLong => {
                "cette ligne est trop longue (65 000 octets environ au plus) : elle n'est pas partie"
            }
            Unreadable::NotUtf8 => NOT_UTF8,
        })
    }
}

impl std::error::Error for Unreadable {}

/// The lines of a group, without their line endings.
pub(super) fn lines(mut group: &[u8]) -> impl Iterator<Item = Result<&str, Unreadable>> {
    std::iter::from_fn(move || {
        if group.is_empty() {
            return None;
        }
        let (line, rest) = split_line(group);
        group = rest;
        let line = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        if line.len() > MAX_TEXT_BYTES {
            return Some(Err(Unreadable::TooLong));
        }
        Some(std::str::from_utf8(line).map_err(|_| Unreadable::NotUtf8))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(bytes: &[u8]) -> Vec<Result<String, Unreadable>> {
        let mut input = Input::new(bytes);
        let mut all = Vec::new();
        while let Some(group) = input.next_group().unwrap() {
            all.extend(lines(group).map(|line| line.map(str::to_owned)));
        }
        all
    }

    #[test]
    fn every_line_comes_whole_wherever_a_block_ends() {
        for length in [0, 1, 7, 100, 4095, 30_000, MAX_TEXT_BYTES] {
            let line = "é".repeat(length / 2);
            let text = format!("{line}\n").repeat(3 * BLOCK_BYTES / (length + 1));
            assert!(read_all(text.as_bytes()).iter().all(|read| read.as_deref() == Ok(&*line)), "{length}");
            assert_eq!(read_all(text.as_bytes()).len(), 3 * BLOCK_BYTES / (length + 1), "{length}");
        }
    }

    #[test]
    fn a_mark_before_utf8_is_dropped_and_utf16_is_refused() {
        assert_eq!(
            read_all(b"\xef\xbb\xbfquitter\n\xef\xbb\xbf"),
            [Ok("quitter".into()), Ok("\u{feff}".into())]
        );
        assert!(read_all(b"\xef\xbb\xbf").is_empty());
        for utf16 in [&b"\xff\xfeo\0u\0i\0\n\0"[..], b"\xfe\xff\0o\0u\0i\0\n"] {
            let error = Input::new(utf16).next_group().unwrap_err();
            assert!(error.to_string().contains("en UTF-16"), "{error}");
        }
    }

    #[test]
    fn a_code_page_is_refused_with_what_to_do_about_it() {
        // « é » in code page 850, which cmd hands over.
        let read = read_all(b"\x82t\x82\nsuite\n");
        assert_eq!(read, [Err(Unreadable::NotUtf8), Ok("suite".into())]);
        let sentence = Unreadable::NotUtf8.to_string();
        assert!(sentence.contains("n'est pas en UTF-8"), "{sentence}");
        assert_eq!(sentence.contains("chcp 65001"), cfg!(windows), "{sentence}");
    }

    #[test]
    fn line_endings_belong_to_no_line() {
        let read = read_all(b"un\r\ndeux\n\n\rtrois\r\r\nquatre\r");
        let expected = ["un", "deux", "", "\rtrois\r", "quatre\r"];
        assert_eq!(read, expected.map(|line| Ok(line.to_owned())));
    }

    #[test]
    fn a_line_that_cannot_be_sent_spoils_no_other() {
        let long = "é".repeat(100_000);
        for ending in ["", "\n", "\r\n"] {
            let exact = "x".repeat(MAX_LINE_BYTES);
            let read = read_all(format!("avant\n{long}\n{exact}\naprès\n{long}{ending}").as_bytes());
            let too_long = || Err(Unreadable::TooLong);
            let expected =
                [Ok("avant".to_owned()), too_long(), too_long(), Ok("après".to_owned()), too_long()];
            assert_eq!(read, expected);
        }
        assert_eq!(read_all(b"a\n\xff\nb\n"), [Ok("a".into()), Err(Unreadable::NotUtf8), Ok("b".into())]);
    }
}
