//! The client: the [`link`] to the relay, and the [`terminal`] as a front for it. The other front, the window, is a
//! program and a crate of its own (`fenetre`), which [`launcher`] starts.

pub mod discovery;
pub mod event;
mod input;
pub mod launcher;
pub mod link;
mod networks;
pub mod options;
pub mod terminal;
pub mod undelivered;

use std::process::ExitCode;

use common::command_line::{fail, print};

use options::{Command, HELP};

/// Typed alone, it leaves the discussion.
pub const QUIT_WORD: &str = "quitter";

/// The whole of the program: does what the command line asks for. What needs a window is left to `in_a_window`; false
/// from there, as from the terminal, is a failure.
pub fn main(in_a_window: impl FnOnce(Command) -> anyhow::Result<bool>) -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error")).init();
    let all_well = match options::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => return print(HELP),
        Ok(Command::Version) => return print(&format!("client {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Terminal { server, pseudo }) => terminal::run(server, pseudo),
        Ok(command) => in_a_window(command),
        Err(error) => Err(error),
    };
    match all_well {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail("client", 1, &format!("{error:#}")),
    }
}
