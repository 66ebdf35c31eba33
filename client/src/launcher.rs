//! Starts the window, which is a program of its own.
//!
//! This one so starts where no graphical system is installed, is built without a C++ compiler, and is at home in a
//! terminal, where Windows wants another kind of program than behind a window.

use std::env;
use std::io;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::event::cause;

/// The window's program, which stands beside this one.
const PROGRAM: &str = "messagerie";

/// Hands this command line over to the window's program. False if that one fails, as it has said itself.
///
/// # Errors
/// It is not there, or the system cannot start it.
pub fn open_window() -> anyhow::Result<bool> {
    let program = env::current_exe()
        .context("ce programme ne sait pas où il est : ajoutez --terminal")?
        .with_file_name(PROGRAM)
        .with_extension(env::consts::EXE_EXTENSION);
    let mut trial = Command::new(&program);
    // Where the system's loader knows this variable, it says what it finds and runs nothing, which takes half the time.
    trial.arg("--version").env("LD_TRACE_LOADED_OBJECTS", "1");
    match trial.stdin(Stdio::null()).output() {
        Ok(output) => {
            let words = [output.stdout, output.stderr].concat();
            let words = String::from_utf8_lossy(&words);
            let missing = missing_library(&words);
            if missing.is_some() || !output.status.success() {
                log::info!("{words}");
                let missing = missing.map(|library| format!(" (il manque {library})")).unwrap_or_default();
                bail!(
                    "la fenêtre ne peut pas s'ouvrir sur cette machine{missing} : « sh client/paquets.sh », dans le \
                     dossier du projet, installe ce qu'il faut ; sinon ajoutez --terminal"
                );
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "la fenêtre est le programme « {PROGRAM} », qui n'est pas à côté de celui-ci : \
             copiez-le ici ({}), ou ajoutez --terminal",
            program.display()
        ),
        Err(error) => {
            bail!(
                "la fenêtre, {}, ne se lance pas : {} ; ajoutez --terminal",
                program.display(),
                cause(&error)
            )
        }
    }
    let mut command = Command::new(&program);
    become_it(command.args(env::args_os().skip(1)))
}

/// The library that the system's loader asks for in vain.
fn missing_library(words: &str) -> Option<&str> {
    let complaint = words.lines().find(|line| {
        line.contains("=> not found") || line.contains("error while loading shared libraries")
    })?;
    complaint.split([' ', ':', '\t']).find(|word| word.contains(".so"))
}

/// This process becomes the other program.
#[cfg(unix)]
fn become_it(command: &mut Command) -> anyhow::Result<bool> {
    use std::os::unix::process::CommandExt;
    Err(command.exec().into())
}

/// Where a process cannot become another one, this one waits for it.
#[cfg(not(unix))]
fn become_it(command: &mut Command) -> anyhow::Result<bool> {
    Ok(command.status()?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_that_is_missing_is_named() {
        for (words, named) in [
            (
                "messagerie: error while loading shared libraries: libXinerama.so.1: cannot open shared object file: \
                 No such file or directory\n",
                Some("libXinerama.so.1"),
            ),
            (
                "\tlibX11.so.6 => /lib/libX11.so.6 (0x00007f0e)\n\tlibXinerama.so.1 => not found\n",
                Some("libXinerama.so.1"),
            ),
            ("\tlibX11.so.6 => /lib/libX11.so.6 (0x00007f0e)\n", None),
            ("messagerie 0.1.0\n", None),
            ("Segmentation fault", None),
        ] {
            assert_eq!(missing_library(words), named);
        }
    }
}
