//! `client`: see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    client::main(|_| client::launcher::open_window())
}
