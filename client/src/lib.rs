//! The client: the [`session`], which knows what to do; the [`link`], which does it; and two fronts that show it, the
//! [`terminal`] and the window.

pub mod event;
pub mod link;
pub mod options;
pub mod session;
pub mod terminal;
mod undelivered;
#[cfg(feature = "fenetre")]
pub mod window;

/// Typed alone, it leaves the discussion.
const QUIT_WORD: &str = "quitter";
