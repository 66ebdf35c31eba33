//! `client`: see `--help`.

use std::io::{self, Write};
use std::process::ExitCode;

use client::options::{self, Command, HELP};
use client::terminal;

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error")).init();
    let command = match options::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => return fail(&error),
    };
    let all_well = match command {
        Command::Help => print(HELP),
        Command::Version => print(&format!("client {}\n", env!("CARGO_PKG_VERSION"))),
        Command::Terminal { server, pseudo } => terminal::run(server, pseudo),
        command => window(command),
    };
    match all_well {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&error),
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

/// Unlike `print!`, does not panic when nobody reads.
fn print(text: &str) -> anyhow::Result<bool> {
    Ok(io::stdout().write_all(text.as_bytes()).is_ok())
}

fn fail(error: &anyhow::Error) -> ExitCode {
    // Nobody may be reading; the status says it too.
    let _ = writeln!(io::stderr(), "client : {error:#}.");
    ExitCode::FAILURE
}
