//! `messagerie`: `client`, with its window.

// No console opens behind the window.
#![cfg_attr(windows, windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    client::main(fenetre::run)
}
