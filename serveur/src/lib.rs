//! The relay: two seats, one reader thread per socket, each line passed on to the one opposite.
//!
//! [`Relay`] is the whole server; `main.rs` only reads the command line, and the client uses the same relay for a
//! discussion on one machine. One file per idea: [`addresses`] (what to type on the other machines), `relay` (listening,
//! and ending), `discovery` (answering whoever looks for a relay), `door` (accepting connections, and who waits to log
//! in), `participant` (one connection's thread), `room` (the two seats, and who has still to hear of the end),
//! `connection` (one socket and its writers), `display` (what the terminal shows), `limits` (how long anything may take).
//!
//! # Threads and locks
//!
//! The main thread accepts; each connection has a thread that reads from it, `veille` does what has its time while they
//! wait, `affichage` writes to the terminal, `decouverte` answers who looks for a relay. A thread takes the locks of the door and of the room one after the other,
//! never one inside the other; under the room's lock, those of connections, one at a time, and of the display. None is
//! held while reading or writing. The right to write to a connection is not a lock: whoever has it takes none but that
//! connection's for a moment, and who waits for it holds nothing.

pub mod addresses;
mod connection;
mod discovery;
mod display;
mod door;
mod limits;
pub mod options;
mod participant;
mod relay;
mod room;

pub use common::transcript::Emphasis;
pub use limits::Limits;
pub use relay::{BindError, Relay, Stopper};
