#![doc = include_str!("../README.md")]
//!
//! # In code
//!
//! [`frame`], [`address`], [`text`], [`delivery`] and [`discovery`] are the same in code; [`lines`] cuts what arrives into
//! lines, [`transcript`] and [`text::harmless`] show it, [`endpoint`] and [`command_line`] read what a user types.

pub mod address;
pub mod clock;
pub mod command_line;
pub mod delivery;
pub mod discovery;
pub mod endpoint;
pub mod frame;
pub mod lines;
pub mod text;
pub mod transcript;
