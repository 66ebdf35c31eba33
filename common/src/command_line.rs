//! How both programs answer their command line, and what they may write where they do.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use crate::text::harmless;

/// The status of a program that could not do what it was asked to; 0 if it could.
pub const FAILED: u8 = 1;
/// The status of a program that does not understand its command line.
pub const MISUSED: u8 = 2;

/// Prints what was asked for; unlike `print!`, without a panic when nobody reads.
pub fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Whether the standard output is a terminal that can be told more than text: what is bold, where to write.
pub fn stdout_takes_sequences() -> bool {
    // A Windows console takes them once it is told to, which old ones refuse; elsewhere there is nothing to tell.
    io::stdout().is_terminal() && anstyle_query::windows::enable_ansi_colors() != Some(false)
}

/// Says on stderr why `program` ends with that status.
pub fn fail(program: &str, status: u8, sentence: &str) -> ExitCode {
    // Nobody may be reading; the status says it too.
    let _ = writeln!(io::stderr(), "{program} : {sentence}.");
    ExitCode::from(status)
}

/// The parser's error as a sentence in French.
pub fn in_french(error: lexopt::Error) -> anyhow::Error {
    let what = match error {
        lexopt::Error::UnexpectedOption(option) => format!("option inconnue : {option}"),
        lexopt::Error::UnexpectedArgument(value) => format!("argument en trop : {}", value.to_string_lossy()),
        lexopt::Error::UnexpectedValue { option, .. } => format!("l'option {option} ne prend pas de valeur"),
        lexopt::Error::MissingValue { option: Some(option) } => {
            format!("il manque une valeur après {option}")
        }
        other => other.to_string(),
    };
    anyhow::anyhow!("{} (--help montre ce qui est possible)", harmless(&what))
}
