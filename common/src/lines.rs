//! Bytes in, lines out: [`LineBuffer`].

use std::io::{self, Read};

use memchr::{memchr, memrchr};

use crate::frame::MAX_LINE_BYTES;

/// What a buffer starts with; it grows when more than that arrives at once.
const INITIAL_BYTES: usize = 4096;

/// Whether there is a CR in it. For a block of lines, `contains` takes several times as long.
pub fn has_cr(bytes: &[u8]) -> bool {
    memchr(b'\r', bytes).is_some()
}

/// Splits `bytes` behind its first LF, or at its end if there is none.
pub fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let length = memchr(b'\n', bytes).map_or(bytes.len(), |lf| lf + 1);
    bytes.split_at(length)
}

/// A line longer than [`MAX_LINE_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTooLong;

/// Cuts a stream of bytes into lines, whatever the pieces it arrives in.
///
/// It holds a bounded number of bytes and allocates nothing once it has grown to that.
///
/// ```
/// # use common::lines::LineBuffer;
/// let mut lines = LineBuffer::new();
/// lines.read_from(&b"ping\r\nqui"[..])?;
/// assert_eq!(lines.next_line(), Some(Ok(&b"ping"[..])));
/// assert_eq!(lines.next_line(), None);
/// lines.read_from(&b"tter\n"[..])?;
/// assert_eq!(lines.next_line(), Some(Ok(&b"quitter"[..])));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    /// `bytes[start..end]` has arrived and was not yet handed out.
    start: usize,
    end: usize,
    /// Nothing before this has an LF, but for the last byte before it.
    searched: usize,
    /// How long `bytes` may become.
    max_bytes: usize,
}

impl LineBuffer {
    /// An empty buffer for one line of any length, or several shorter ones.
    pub fn new() -> Self {
        LineBuffer::with_max_bytes(MAX_LINE_BYTES)
    }

    /// An empty buffer that takes more at once, and so needs fewer reads: `max_bytes`, at least [`MAX_LINE_BYTES`].
    pub fn with_max_bytes(max_bytes: usize) -> Self {
        debug_assert!(max_bytes >= MAX_LINE_BYTES);
        LineBuffer { bytes: vec![0; INITIAL_BYTES], start: 0, end: 0, searched: 0, max_bytes }
    }

    /// Reads once, waiting if need be; how many bytes came, 0 at the end of the stream. Every whole line must have
    /// been taken out before.
    ///
    /// # Errors
    /// Those of `stream`; a read timeout, which systems name differently, is always [`io::ErrorKind::TimedOut`].
    pub fn read_from(&mut self, mut stream: impl Read) -> io::Result<usize> {
        loop {
            match stream.read(self.space()) {
                Ok(count) => {
                    self.filled(count);
                    return Ok(count);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::WouldBlock => return Err(io::ErrorKind::TimedOut.into()),
                    _ => return Err(error),
                },
            }
        }
    }

    /// Where the next bytes of the stream belong. Not empty when every whole line was taken out.
    fn space(&mut self) -> &mut [u8] {
        self.bytes.copy_within(self.start..self.end, 0);
        self.searched -= self.start;
        self.end -= self.start;
        self.start = 0;
        if self.end == self.bytes.len() {
            self.grow();
        }
        &mut self.bytes[self.end..]
    }

    /// `count` bytes were written into [`space`](Self::space).
    fn filled(&mut self, count: usize) {
        self.end += count;
        if self.end == self.bytes.len() {
            // More came at once than there was room for: the next read may bring more.
            self.grow();
        }
    }

    fn grow(&mut self) {
        self.bytes.resize((4 * self.bytes.len()).min(self.max_bytes), 0);
    }

    /// Whether [`next_line`](Self::next_line) has a whole line to give.
    ///
    /// # Errors
    /// [`LineTooLong`] as soon as no line can come of what has arrived.
    pub fn has_line(&mut self) -> Result<bool, LineTooLong> {
        if !self.searched_a_line() {
            self.searched += split_line(&self.bytes[self.searched..self.end]).0.len();
        }
        let found = self.searched_a_line();
        let length = self.searched - self.start;
        if length > MAX_LINE_BYTES || (length == MAX_LINE_BYTES && !found) {
            return Err(LineTooLong);
        }
        Ok(found)
    }

    /// Whether a part of a line has arrived, and its end has not.
    pub fn is_inside_line(&self) -> bool {
        self.bytes[self.start..self.end].last().is_some_and(|last| *last != b'\n')
    }

    /// Whether what was searched ends with the LF of a line.
    fn searched_a_line(&self) -> bool {
        self.bytes[self.start..self.searched].last() == Some(&b'\n')
    }

    /// The next whole line, without its LF or CR LF; `None` until more arrives.
    pub fn next_line(&mut self) -> Option<Result<&[u8], LineTooLong>> {
        match self.has_line() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(too_long) => return Some(Err(too_long)),
        }
        let line = &self.bytes[self.start..self.searched - 1];
        self.start = self.searched;
        Some(Ok(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// The whole lines that have arrived, in one piece, as they are; `None` until more arrives. Not for a buffer that
    /// takes more than a line.
    pub fn next_lines(&mut self) -> Option<Result<&[u8], LineTooLong>> {
        debug_assert!(self.max_bytes == MAX_LINE_BYTES);
        let unsearched = self.searched - usize::from(self.searched_a_line());
        let Some(last) = memrchr(b'\n', &self.bytes[unsearched..self.end]) else {
            self.searched = self.end;
            return self.has_line().err().map(Err);
        };
        let lines = self.start..unsearched + last + 1;
        (self.start, self.searched) = (lines.end, lines.end);
        Some(Ok(&self.bytes[lines]))
    }
}

#[cfg(test)]
impl LineBuffer {
    /// Reads all of `bytes`.
    pub(crate) fn read_all(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            assert_ne!(self.read_from(&mut bytes).ok(), Some(0), "there is room");
        }
    }
}

impl Default for LineBuffer {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Fails in each of these ways before it gives something.
    struct Failing(Vec<io::ErrorKind>);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.pop() {
                Some(kind) => Err(kind.into()),
                None => (&b"ping\n"[..]).read(buffer),
            }
        }
    }

    #[test]
    fn what_has_arrived_of_a_line_is_seen() {
        assert!(has_cr(b"a\rb") && !has_cr(b"ab\n"));
        let mut lines = LineBuffer::new();
        assert!(!lines.is_inside_line());
        lines.read_all(b"pi");
        assert!(lines.is_inside_line());
        lines.read_all(b"ng\n");
        assert!(!lines.is_inside_line());
    }

    #[test]
    fn an_interrupted_read_is_tried_again_and_a_timeout_has_one_name() {
        use io::ErrorKind::{ConnectionReset, Interrupted, TimedOut, WouldBlock};
        let mut lines = LineBuffer::new();
        assert_eq!(lines.read_from(Failing(vec![Interrupted, Interrupted])).unwrap(), 5);
        assert_eq!(lines.next_line(), Some(Ok(&b"ping"[..])));
        for (system, name) in
            [(WouldBlock, TimedOut), (TimedOut, TimedOut), (ConnectionReset, ConnectionReset)]
        {
            assert_eq!(lines.read_from(Failing(vec![system])).unwrap_err().kind(), name);
        }
    }

    /// Feeds `stream` in pieces of the given sizes and collects the lines.
    fn lines_of(stream: &[u8], sizes: &[usize]) -> Result<Vec<Vec<u8>>, LineTooLong> {
        read_by(LineBuffer::new(), stream, sizes)
    }

    fn read_by(mut buffer: LineBuffer, stream: &[u8], sizes: &[usize]) -> Result<Vec<Vec<u8>>, LineTooLong> {
        let mut lines = Vec::new();
        let mut rest = stream;
        let mut sizes = sizes.iter().cycle();
        while !rest.is_empty() {
            let piece = &rest[..rest.len().min(*sizes.next().unwrap())];
            let count = buffer.read_from(piece).unwrap();
            rest = &rest[count..];
            while let Some(line) = buffer.next_line() {
                lines.push(line?.to_vec());
            }
        }
        Ok(lines)
    }

    /// The same, with all whole lines at once.
    fn whole_lines(stream: &[u8], sizes: &[usize]) -> Result<Vec<Vec<u8>>, LineTooLong> {
        let mut buffer = LineBuffer::new();
        let mut blocks = Vec::new();
        let mut rest = stream;
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            rest = &rest[buffer.read_from(&rest[..rest.len().min(*size)]).unwrap()..];
            while let Some(block) = buffer.next_lines() {
                blocks.push(block?.to_vec());
            }
        }
        Ok(blocks)
    }

    #[test]
    fn whole_lines_come_together_and_the_rest_waits() {
        let mut buffer = LineBuffer::new();
        buffer.read_all(b"un\ndeux\r\n\ntr");
        assert_eq!(buffer.next_lines(), Some(Ok(&b"un\ndeux\r\n\n"[..])));
        assert_eq!(buffer.next_lines(), None);
        buffer.read_all(b"ois\nquatre\n");
        // One that was looked for already is not overlooked.
        assert_eq!(buffer.has_line(), Ok(true));
        assert_eq!(buffer.next_lines(), Some(Ok(&b"trois\nquatre\n"[..])));
        buffer.read_all(b"cinq\nsix\n");
        assert_eq!(buffer.next_line(), Some(Ok(&b"cinq"[..])));
        assert_eq!(buffer.next_lines(), Some(Ok(&b"six\n"[..])));
        assert_eq!(buffer.next_lines(), None);
        for (length, whole) in [(MAX_LINE_BYTES, Ok(2)), (MAX_LINE_BYTES + 1, Err(LineTooLong))] {
            let stream = [b"court\n".to_vec(), vec![b'x'; length - 1], b"\n".to_vec()].concat();
            assert_eq!(whole_lines(&stream, &[1000]).map(|blocks| blocks.len()), whole, "{length}");
        }
    }

    #[test]
    fn the_longest_line_passes_and_one_byte_more_does_not() {
        let mut stream = vec![b'x'; MAX_LINE_BYTES - 1];
        stream.push(b'\n');
        assert_eq!(lines_of(&stream, &[1000]).unwrap()[0].len(), MAX_LINE_BYTES - 1);
        stream.insert(0, b'x');
        assert_eq!(lines_of(&stream, &[1000]), Err(LineTooLong));
    }

    #[test]
    fn a_buffer_for_more_than_a_line_takes_more_at_once_but_no_longer_line() {
        let large = || LineBuffer::with_max_bytes(3 * MAX_LINE_BYTES);
        let line = |length: usize| [vec![b'x'; length - 1], vec![b'\n']].concat();
        let three = line(MAX_LINE_BYTES).repeat(3);
        let mut buffer = large();
        buffer.read_all(&three);
        assert_eq!(std::iter::from_fn(|| buffer.next_line().map(|line| line.unwrap().len())).count(), 3);
        for size in [1000, 100_000, 3 * MAX_LINE_BYTES] {
            assert_eq!(read_by(large(), &three, &[size]).unwrap().len(), 3);
            // The buffer has grown by then: it takes the whole line, LF and all.
            let too_long = [three.clone(), line(5), line(MAX_LINE_BYTES + 1), line(5)].concat();
            assert_eq!(read_by(large(), &too_long, &[size]), Err(LineTooLong), "{size}");
        }
    }

    proptest! {
        #[test]
        fn the_pieces_do_not_matter(
            lines in proptest::collection::vec("[a-z\r é]{0,300}", 0..60),
            sizes in proptest::collection::vec(1usize..9000, 1..8),
        ) {
            let stream: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let expected: Vec<Vec<u8>> = lines
                .iter()
                .map(|line| line.strip_suffix('\r').unwrap_or(line).as_bytes().to_vec())
                .collect();
            prop_assert_eq!(lines_of(stream.as_bytes(), &sizes).unwrap(), expected.clone());
            prop_assert_eq!(lines_of(stream.as_bytes(), &[1]).unwrap(), expected);
            prop_assert_eq!(whole_lines(stream.as_bytes(), &sizes).unwrap().concat(), stream.into_bytes());
        }
    }
}
