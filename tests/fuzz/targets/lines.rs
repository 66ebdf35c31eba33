//! Reading: whatever bytes arrive, in whatever pieces, come out as the same lines, and a line that is a frame has
//! one form only and is harmless when shown.
//!
//! Ten minutes of it, from the top of the project, with a nightly compiler and `cargo install cargo-fuzz`:
//!
//! ```sh
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz lines -- -max_total_time=600
//! ```

#![no_main]

use common::frame::{Body, Content, Frame, MAX_LINE_BYTES, Relayed};
use common::lines::{LineBuffer, LineTooLong};
use common::text::harmless;
use common::transcript::{Emphasis, MessageStart};
use libfuzzer_sys::fuzz_target;

/// Stands for a long run of letters, which the fuzzer would hardly ever write out; never part of UTF-8 text.
const LONG_RUN: u8 = 0xfe;

fuzz_target!(|input: &[u8]| {
    let Some((size, rest)) = input.split_first() else { return };
    let stream = with_long_runs(rest);
    let lines = cut(&stream, 1 + usize::from(*size).pow(2));
    assert_eq!(lines, expected(&stream));
    for line in lines.iter().filter_map(|line| std::str::from_utf8(line.as_ref().ok()?).ok()) {
        check_frame(line);
    }
});

fn with_long_runs(input: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    for byte in input {
        match *byte {
            LONG_RUN => stream.extend_from_slice(&[b'x'; 21_000]),
            other => stream.push(other),
        }
    }
    stream
}

/// The lines as they come out of the buffer, up to the first that is too long.
fn cut(stream: &[u8], piece: usize) -> Vec<Result<Vec<u8>, LineTooLong>> {
    let mut buffer = LineBuffer::new();
    let mut lines = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let count = buffer.read_from(&rest[..rest.len().min(piece)]).unwrap();
        rest = &rest[count..];
        while let Some(line) = buffer.next_line() {
            lines.push(line.map(<[u8]>::to_vec));
            if matches!(lines.last(), Some(Err(_))) {
                return lines;
            }
        }
    }
    lines
}

/// The same, in the plainest way.
fn expected(stream: &[u8]) -> Vec<Result<Vec<u8>, LineTooLong>> {
    let mut lines = Vec::new();
    for piece in stream.split_inclusive(|byte| *byte == b'\n') {
        match piece.strip_suffix(b"\n") {
            Some(line) if piece.len() <= MAX_LINE_BYTES => {
                lines.push(Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec()));
            }
            None if piece.len() < MAX_LINE_BYTES => {}
            _ => {
                lines.push(Err(LineTooLong));
                break;
            }
        }
    }
    lines
}

fn check_frame(line: &str) {
    let Ok(frame) = Frame::parse(line) else { return };
    let wire = frame.to_line();
    let mut buffer = LineBuffer::new();
    let mut rest = &wire[..];
    while !rest.is_empty() {
        assert_ne!(buffer.read_from(&mut rest).expect("a slice can be read"), 0);
    }
    assert_eq!(buffer.next_line(), Some(Ok(line.as_bytes())), "one form for one meaning");
    if let Frame::Relayed(Relayed {
        source,
        body: Body::Entry { content: Content::Msg { text, .. }, .. },
        ..
    }) = frame
    {
        let mut shown = String::new();
        let mut start = MessageStart::default();
        start.set("12:00:00", source.pseudo_str(), Emphasis::None);
        start.push(&mut shown, &text.plain());
        assert_eq!(harmless(&shown), shown);
        assert!(shown.lines().skip(1).all(|line| line.starts_with("    ")), "{shown:?}");
    }
}
