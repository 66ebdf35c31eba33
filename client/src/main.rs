//! `client`: see `--help`.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use client::options::{self, Command, HELP};
use client::terminal;
use common::command_line::{FAILED, MISUSED, fail, print};

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error")).init();
    let command = match options::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => return fail("client", MISUSED, &error.to_string()),
    };
    let all_well = match command {
        Command::Help => return print(HELP),
        Command::Version => return print(&format!("client {}\n", env!("CARGO_PKG_VERSION"))),
        Command::Terminal { pseudo: None, .. } if !io::stdin().is_terminal() => {
            return fail("client", MISUSED, "il manque votre pseudo : client HOTE[:PORT] PSEUDO --terminal");
        }
        Command::Terminal { server, pseudo, listen } => terminal::run(server, pseudo, listen),
        command => window(command),
    };
    match all_well {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail("client", FAILED, &format!("{error:#}")),
    }
}

#[cfg(feature = "fenetre")]
fn window(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Host { port, pseudo } => client::window::host(port, pseudo)?,
        Command::Demo => client::window::demo()?,
        Command::Window { server, pseudo } => client::window::run(server, pseudo)?,
        // The caller has dealt with these.
        Command::Terminal { .. } | Command::Help | Command::Version => {}
    }
    Ok(true)
}

#[cfg(not(feature = "fenetre"))]
fn window(_: Command) -> anyhow::Result<bool> {
    anyhow::bail!("ce client a été construit sans fenêtre : ajoutez --terminal")
}
