//! Where a user's files are on this system.

use std::env;
use std::path::PathBuf;

/// The folder of this program for what it keeps; none for a user without a home.
pub fn data() -> Option<PathBuf> {
    ours("LOCALAPPDATA", "XDG_DATA_HOME", ".local/share")
}

/// The folder of this program for its settings; none for a user without a home.
pub fn settings() -> Option<PathBuf> {
    ours("APPDATA", "XDG_CONFIG_HOME", ".config")
}

/// A variable, if it is set.
pub fn named_by(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn ours(on_windows: &str, variable: &str, usual: &str) -> Option<PathBuf> {
    let in_home = |folder| named_by("HOME").map(|home| home.join(folder));
    let all = if cfg!(windows) {
        named_by(on_windows)
    } else if cfg!(target_os = "macos") {
        in_home("Library/Application Support")
    } else {
        named_by(variable).or_else(|| in_home(usual))
    };
    Some(all?.join("messagerie"))
}
