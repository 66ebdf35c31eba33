//! What someone meets who has never seen this program: the scripts that install packages, and what is said when they
//! were forgotten.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::program::make_script;

/// The top of the project.
fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A system without any of the packages, where nobody is root, with these programs beside the usual ones: name and shell
/// script.
fn install_on_a_system_with(name: &str, programs: &[(&str, &str)]) -> Output {
    let folder = std::env::temp_dir().join(format!("messagerie-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for usual in ["sh", "env", "dirname"] {
        symlink(Path::new("/usr/bin").join(usual), folder.join(usual)).unwrap();
    }
    for (name, script) in [("id", "echo 1000"), ("dpkg-query", "exit 1")].iter().chain(programs) {
        // The last of one name counts.
        make_script(&folder.join(name), script);
    }
    let script = project().join("client/paquets.sh");
    let output = Command::new("/bin/sh").arg(script).env("PATH", &folder).output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_the_right_to_install_there_is_one_line_for_who_has_it() {
    let refused = "echo 'alice is not in the sudoers file.' >&2; exit 1";
    for (name, programs) in [("no-sudo", &[][..]), ("no-right", &[("sudo", refused)])] {
        let output = install_on_a_system_with(name, programs);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{err}");
        let line = err.lines().last().unwrap();
        assert!(line.starts_with("    su -c 'apt-get update") && line.contains(" g++ cmake "), "{err}");
        assert!(
            err.contains("mot de passe") && !err.contains("not found") && !err.contains("sudoers"),
            "{err}"
        );
    }
}

#[test]
fn an_installation_says_what_it_does_and_nothing_else() {
    // Asked only for the password, it says nothing.
    let noisy =
        "case $* in *-v) exit 0;; esac; i=0; while [ $i -lt 859 ]; do echo Unpacking; i=$((i + 1)); done";
    let output = install_on_a_system_with("noisy", &[("sudo", noisy)]);
    let out = text(&output.stdout);
    assert!(output.status.success());
    assert!(out.starts_with("Installation") && out.contains(" g++ cmake "), "{out}");
    assert_eq!((out.lines().count(), text(&output.stderr)), (1, String::new()), "{out}");
}

#[test]
fn an_installation_that_fails_says_why() {
    let root = ("id", "echo 0");
    // The script's own shell is the one that would run apt-get.
    let apt = ("apt-get", "echo 'E: Unable to fetch' >&2; exit 100");
    let output = install_on_a_system_with("broken", &[root, apt]);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("E: Unable to fetch") && err.contains("connexion à Internet"), "{err}");
}

#[test]
fn where_everything_is_there_nothing_is_said() {
    let installed = ("dpkg-query", "echo 'install ok installed'");
    let output = install_on_a_system_with("complete", &[installed]);
    assert_eq!((output.status.code(), output.stdout, output.stderr), (Some(0), vec![], vec![]));
}

#[test]
fn a_build_without_what_the_window_needs_names_the_script() {
    let folder = std::env::temp_dir().join(format!("messagerie-{}-build", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let script = folder.join("build");
    let mut compiler = Command::new("rustc");
    compiler.args(["--edition=2024", "-o"]).arg(&script).arg(project().join("common/build.rs"));
    assert!(compiler.status().unwrap().success());
    let said = |feature: &str, path: &str| {
        let mut run = Command::new(&script);
        run.env("PATH", path).env("CARGO_CFG_TARGET_OS", "linux").env_remove("CARGO_FEATURE_FENETRE");
        if !feature.is_empty() {
            run.env(feature, "1");
        }
        text(&run.output().unwrap().stdout)
    };
    let everything = std::env::var("PATH").unwrap();
    let forgotten = said("CARGO_FEATURE_FENETRE", "");
    for words in ["cargo::error=", "CMake", "C++", "Pango", "« sh client/paquets.sh »"] {
        assert!(forgotten.contains(words), "{forgotten}");
    }
    assert!(!said("CARGO_FEATURE_FENETRE", &everything).contains("cargo::error"));
    // The terminal needs none of it.
    assert!(!said("", "").contains("cargo::error"));
    fs::remove_dir_all(&folder).unwrap();
}
