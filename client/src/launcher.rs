//! Starts the window, which is a program of its own.
//!
//! This one so starts where no graphical system is installed, is built without a C++ compiler, and is at home in a
//! terminal, where Windows wants another kind of program than behind a window.

use std::env;
use std::io;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

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
    let tried = Command::new(&program).arg("--version").stdin(Stdio::null()).output();
    match tried {
        Ok(output) if output.status.success() => {}
        Ok(output) => bail!(
            "la fenêtre ne peut pas s'ouvrir sur cette machine{} : \
             « sh client/paquets.sh », dans le dossier du projet, installe ce qu'il faut ; sinon ajoutez --terminal",
            missing_library(&String::from_utf8_lossy(&output.stderr))
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "la fenêtre est le programme « {PROGRAM} », qui n'est pas à côté de celui-ci : \
             copiez-le ici ({}), ou ajoutez --terminal",
            program.display()
        ),
        Err(error) => {
            bail!("la fenêtre, {}, ne se lance pas : {error} ; ajoutez --terminal", program.display())
        }
    }
    let mut command = Command::new(&program);
    become_it(command.args(env::args_os().skip(1)))
}

/// The library that the system's loader asks for, in brackets.
fn missing_library(complaint: &str) -> String {
    log::info!("{complaint}");
    let mut words = complaint.split([' ', ':', '\n']);
    words
        .find(|word| word.contains(".so"))
        .map(|library| format!(" (il manque {library})"))
        .unwrap_or_default()
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
        for (complaint, named) in [
            (
                "messagerie: error while loading shared libraries: libXinerama.so.1: cannot open shared object file: \
                 No such file or directory\n",
                " (il manque libXinerama.so.1)",
            ),
            ("Segmentation fault", ""),
            ("", ""),
        ] {
            assert_eq!(missing_library(complaint), named);
        }
    }
}
