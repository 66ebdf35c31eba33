//! `serveur`: see `--help`.

use std::io;
use std::process::ExitCode;

use common::command_line::{FAILED, MISUSED, fail, print};
use common::discovery;
use serveur::options::{self, Command, HELP};
use serveur::{Emphasis, Relay};

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    match options::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => print(HELP),
        Ok(Command::Version) => print(&format!("serveur {}\n", env!("CARGO_PKG_VERSION"))),
        Ok(Command::Serve { endpoint, permanent, discreet }) => match Relay::bind(&endpoint, permanent) {
            Ok(relay) => serve(relay.found_at((!discreet).then(discovery::port))),
            Err(error) => fail("serveur", FAILED, &error.to_string()),
        },
        Err(error) => fail("serveur", MISUSED, &error.to_string()),
    }
}

fn serve(relay: Relay) -> ExitCode {
    match relay.run(Box::new(io::stdout()), Emphasis::on_stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            fail("serveur", FAILED, &format!("le système n'accorde pas de fil d'exécution : {error}"))
        }
    }
}
