//! What the test files share: a relay in a thread ([`relay`]), a participant by hand ([`peer`], [`bob`]), the real
//! programs ([`program`]) with what they use of the system ([`usage`]), a terminal for them ([`terminal`]), their
//! windows ([`window`], [`xvfb`]), and a bad network ([`proxy`]).
//!
//! Everything here waits for something to happen, at most [`PATIENCE`], and says what it waited for when it did not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod bob;
pub mod measure;
pub mod peer;
pub mod program;
pub mod proxy;
pub mod pump;
pub mod relay;
pub mod terminal;
pub mod usage;
pub mod window;
pub mod xvfb;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

/// How long anything may take. Nothing takes that long; a loaded machine may come near it.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// An address where nobody listens yet.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
