//! The relay: two seats, one reader thread per socket, each message passed on to the one opposite.
//!
//! [`Relay`] is the whole server; `main.rs` only reads the command line, and the client uses the same relay for a
//! discussion on one machine. One file per idea: [`addresses`] (what to type on the other machines), `relay` (accepting
//! connections), `discovery` (answering whoever looks for a relay), `participant` (one connection's thread), `room` (the two seats), `connection` (one socket and its
//! writers), `display` (what the terminal shows).

pub mod addresses;
mod connection;
mod discovery;
mod display;
pub mod options;
mod participant;
mod relay;
mod room;

pub use common::transcript::Emphasis;
pub use relay::{BindError, Relay, Stopper};
