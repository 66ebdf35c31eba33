//! The window (FLTK).

pub mod display;
