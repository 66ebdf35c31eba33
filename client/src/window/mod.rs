//! The window (FLTK).

pub mod display;

use common::address::Pseudo;
use common::endpoint::Endpoint;

/// The window.
///
/// # Errors
/// Not there yet.
pub fn run(_: Option<Endpoint>, _: Option<Pseudo>) -> anyhow::Result<()> {
    anyhow::bail!("la fenêtre n'est pas encore là : ajoutez --terminal")
}

/// Two windows.
///
/// # Errors
/// Not there yet.
pub fn demo() -> anyhow::Result<()> {
    run(None, None)
}

/// The server and a window.
///
/// # Errors
/// Not there yet.
pub fn host(_: Option<u16>, _: Option<Pseudo>) -> anyhow::Result<()> {
    run(None, None)
}
