//! Before the window is built: looks for what FLTK needs, and names the script that installs it, which FLTK's own build
//! does not know. That one runs as soon as it can, and cargo begins with what most depends on: so this is not in the
//! window's crate, but here, where that one asks for it by the feature `fenetre`.

use std::env;
use std::process::{Command, Stdio};

/// What must run without complaint, and what it shows to be there.
const NEEDED: [(&str, &[&str]); 3] = [
    ("CMake", &["cmake", "--version"]),
    ("un compilateur C++", &["c++", "--version"]),
    (
        "les en-têtes de X11 et de Pango",
        &[
            "pkg-config",
            "--exists",
            "x11",
            "xext",
            "xft",
            "xinerama",
            "xcursor",
            "xrender",
            "xfixes",
            "pangocairo",
            "pangoxft",
        ],
    ),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = env::var("CARGO_CFG_TARGET_OS");
    if env::var_os("CARGO_FEATURE_FENETRE").is_none() || target.as_deref() != Ok("linux") {
        return;
    }
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(_, command)| !runs(command)).map(|(what, _)| *what).collect();
    if !missing.is_empty() {
        println!(
            "cargo::error=Pour construire la fenêtre, il manque : {}. « sh client/paquets.sh » l'installe. \
             (Sans fenêtre : cargo build --release -p serveur -p client)",
            missing.join(", ")
        );
    }
}

fn runs(command: &[&str]) -> bool {
    let mut run = Command::new(command[0]);
    run.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    run.status().is_ok_and(|status| status.success())
}
