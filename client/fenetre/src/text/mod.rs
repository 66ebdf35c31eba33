//! How text is measured, broken into lines and drawn: for the conversation and for the entry field alike.
//!
//! `segment`: what a reader takes for one character and for one word; `script`: what a single letter asks for; `wrap`:
//! lines; `line`: one of them; `link`: the links in it; `font`: a font in one size.

mod font;
mod line;
mod link;
mod script;
mod segment;
mod wrap;

pub(crate) use font::{Face, pixels};
pub(crate) use line::{Line, Mark};
pub(crate) use link::{links, owner, uri};
pub(crate) use segment::{cluster, clusters, word_after, word_around, word_before};
pub(crate) use wrap::{Measure, wrap};
