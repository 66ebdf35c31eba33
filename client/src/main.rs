//! `client`: see `--help`.

use std::process::ExitCode;

use client::options::{self, Command, HELP};
use client::terminal;
use common::command_line::{fail, print};

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error")).init();
    let all_well = match options::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => return print(HELP),
        Ok(Command::Version) => return print(&format!("client {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Terminal { server, pseudo }) => terminal::run(server, pseudo),
        Ok(command) => window(command),
        Err(error) => Err(error),
    };
    match all_well {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail("client", 1, &format!("{error:#}")),
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
