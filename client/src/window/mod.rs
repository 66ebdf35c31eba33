//! The window (FLTK).
