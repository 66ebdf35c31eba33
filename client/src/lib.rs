//! The client: the [`link`] to the relay, and two fronts for it, the [`terminal`] and the window.

pub mod event;
pub mod files;
mod input;
pub mod link;
pub mod options;
pub mod terminal;
mod undelivered;
#[cfg(feature = "fenetre")]
pub mod window;

/// Typed alone, it leaves the discussion.
const QUIT_WORD: &str = "quitter";
