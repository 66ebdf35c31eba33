//! The client: the link to the relay, the terminal front and the window.

pub mod event;
pub mod link;
#[cfg(feature = "fenetre")]
pub mod window;
