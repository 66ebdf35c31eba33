//! What `serveur` and `client` share: their protocol, version 2, and how lines are read, written and shown.
//!
//! Two people talk through a relay. Whoever wants to write a client, in whatever language, finds here all it
//! takes; [`frame`], [`address`], [`text`] and [`delivery`] are the same in code.
//!
//! # Lines
//!
//! TCP, by default on port 7878, UTF-8. Each frame is a line ended by LF; one CR before the LF belongs to the
//! line ending. A line has at most 65,536 bytes, LF included. Its fields are separated by exactly one space. The
//! last field of `msg` and `refus` is free text, which may be empty and may contain spaces.
//!
//! * In free text, `\n` is a line feed and `\\` a backslash. Any other backslash is just a backslash.
//! * An *address* is `PSEUDO/SESSION`. PSEUDO is the person: 1 to 32 letters or digits of any script, `_`, `-`
//!   or `.`, upper and lower case being the same. SESSION is the run of the program: 1 to 32 of `0-9 A-Z a-z -`,
//!   drawn at random when it starts.
//! * A *number* is decimal, without sign or leading zero, below 2^63.
//! * A *date* is RFC 3339 with an offset: when the sender pressed Enter. The relay does not look at it.
//!
//! # Frames
//!
//! | a client sends | |
//! | --- | --- |
//! | `login 2 ADDRESS [KEY]` | first line of a connection; 2 is this version |
//! | `msg SOURCE DESTINATION N DATE TEXT` | a message to the address opposite |
//! | `recu SOURCE DESTINATION N` | I have shown your messages up to N |
//! | `ping` | 5 s after the login, and after 5 s without hearing or saying anything; 20 s unheard, the connection counts as lost |
//! | `quitter` | the discussion is over |
//!
//! | the relay sends | |
//! | --- | --- |
//! | `bienvenue ADDRESS` | you have a seat |
//! | `present ADDRESS` | the other one is here: from now on you can send to this address |
//! | `absent ADDRESS` | the other one's connection was lost |
//! | `msg …`, `recu …` | what the other one sent, unchanged |
//! | `pong` | the answer to `ping` |
//! | `fin ADDRESS` | this one has ended the discussion; nothing follows |
//! | `refus CODE TEXT` | something was refused ([`frame::Refusal`]); TEXT says why, in French |
//!
//! # A discussion
//!
//! ```
//! use common::frame::Frame;
//!
//! // alice's side of the wire: what she sends (>) and receives (<)
//! let dialogue = "\
//! > login 2 alice/7f3ac01b9d22e540
//! < bienvenue alice/7f3ac01b9d22e540
//! < present bob/91bc55aa0173cd08
//! > recu alice/7f3ac01b9d22e540 bob/91bc55aa0173cd08 0
//! < recu bob/91bc55aa0173cd08 alice/7f3ac01b9d22e540 0
//! > msg alice/7f3ac01b9d22e540 bob/91bc55aa0173cd08 1 2026-11-20T14:03:07.123+01:00 Salut Bob !
//! < recu bob/91bc55aa0173cd08 alice/7f3ac01b9d22e540 1
//! > quitter
//! < fin alice/7f3ac01b9d22e540";
//!
//! for line in dialogue.lines() {
//!     Frame::parse(&line[2..])?;
//! }
//! # Ok::<(), common::frame::FrameError>(())
//! ```
//!
//! # Delivery
//!
//! The relay keeps nothing. It drops a `msg` or `recu` whose DESTINATION is not the address seated opposite. That
//! no message is lost, shown twice or out of order is the work of the two clients, who follow these rules
//! ([`delivery::Delivery`] is one that does):
//!
//! 1. Keep what your user writes, in order, for the pseudo who is present or was last (or comes first), until a
//!    `recu` from that pseudo covers it. Send it to nobody else.
//! 2. Number what you send to an address 1, 2, 3 … without a gap.
//! 3. For each address you have met, count what you have shown of it. Show a `msg` only if its number is that
//!    count plus one; forget it otherwise.
//! 4. On `present ADDRESS`, send `recu` with your count for that address.
//! 5. On `present` of an address you never met, send what you keep for its pseudo, numbered from 1. If you have
//!    met, wait for its `recu N`, let go of what N covers and send the rest numbered from N + 1.
//! 6. When you have shown what arrived, send one `recu` with your count, even if nothing in it was new.
//! 7. Ignore a `recu` for a number you never sent to that address.
//! 8. When the connection is lost, connect again with the same address, at once and then at intervals that grow
//!    to 5 s.

pub mod address;
pub mod command_line;
pub mod delivery;
pub mod discovery;
pub mod endpoint;
pub mod frame;
pub mod lines;
pub mod text;
pub mod transcript;
