//! The client: the [`session`], which knows what to do; the [`link`], which does it; and the [`terminal`] as a front for
//! it. The other front, the window, is a program and a crate of its own (`fenetre`), which [`launcher`] starts.

pub mod discovery;
pub mod event;
pub mod files;
pub mod find;
pub mod folders;
pub mod history;
pub mod launcher;
pub mod link;
mod networks;
pub mod options;
pub mod session;
pub mod store;
pub mod terminal;
pub mod undelivered;
pub mod wire;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use common::command_line::{FAILED, MISUSED, fail, print};

use options::{Command, HELP};

/// Typed alone, it leaves the discussion.
pub const QUIT_WORD: &str = "quitter";

/// The whole of the program: does what the command line asks for. What needs a window is left to `in_a_window`; false
/// from there, as from the terminal, is a failure.
pub fn main(in_a_window: impl FnOnce(Command) -> anyhow::Result<bool>) -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error")).init();
    let command = match options::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => return fail("client", MISUSED, &error.to_string()),
    };
    let all_well = match command {
        Command::Help => return print(HELP),
        Command::Version => return print(&format!("client {}\n", env!("CARGO_PKG_VERSION"))),
        Command::Terminal { pseudo: None, .. } | Command::Files { pseudo: None, .. }
            if !io::stdin().is_terminal() =>
        {
            return fail("client", MISUSED, "il manque votre pseudo : client HOTE[:PORT] PSEUDO --terminal");
        }
        Command::Terminal { server, pseudo, listen, keep } => terminal::run(server, pseudo, listen, keep),
        Command::Files { server, pseudo, keep, errand } => {
            terminal::errand::run(server, pseudo, keep, &errand)
        }
        Command::History { pseudo } => history::print(pseudo).map(|()| true),
        command => in_a_window(command),
    };
    match all_well {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail("client", FAILED, &format!("{error:#}")),
    }
}
