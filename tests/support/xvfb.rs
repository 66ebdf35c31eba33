//! An X server without a screen, for what opens windows where there is no display.

use std::env;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use crate::program::Process;

/// A running Xvfb on a display number of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct Xvfb {
    _server: Process,
    display: String,
}

impl Xvfb {
    /// Starts a server with one screen of that size and waits until it takes connections.
    ///
    /// # Errors
    /// It is not installed (the error names the Debian package) or does not come up.
    pub fn start(width: u32, height: u32) -> io::Result<Self> {
        let mut server = Command::new("Xvfb")
            // It looks for a free number itself and writes it, when it is ready, to its standard output.
            .args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24")])
            // Between two connections it would otherwise reset itself.
            .args(["-noreset", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => {
                    io::Error::new(error.kind(), "Xvfb is missing: install the Debian package xvfb")
                }
                _ => error,
            })?;
        let mut number = String::new();
        if let Some(stdout) = server.stdout.take() {
            BufReader::new(stdout).read_line(&mut number)?;
        }
        let number = number.trim();
        let display = format!(":{number}");
        let server = Self { _server: Process(server), display };
        if number.is_empty() {
            return Err(io::Error::other("Xvfb ended before it was ready"));
        }
        Ok(server)
    }

    /// Its name, for the environment variable `DISPLAY`.
    pub fn display(&self) -> &str {
        &self.display
    }
}

/// Runs `main` where there is a display. Without one, starts this program a second time under an Xvfb: the
/// environment of a running program cannot be changed safely.
///
/// # Errors
/// Neither is there a display nor could one be made.
pub fn with_display(main: impl FnOnce() -> ExitCode) -> io::Result<ExitCode> {
    if env::var_os("DISPLAY").is_some_and(|name| !name.is_empty()) {
        return Ok(main());
    }
    let server = Xvfb::start(1280, 1024)?;
    let status = Command::new(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env("DISPLAY", server.display())
        // FLTK would prefer a Wayland session.
        .env("FLTK_BACKEND", "x11")
        .status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
