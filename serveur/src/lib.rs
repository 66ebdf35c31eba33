//! The relay.

pub mod addresses;
