//! The urgency hint: a window asks its window manager to draw attention to it.
//!
//! FLTK has no call for it, so a connection of our own to the X server changes the window's `WM_HINTS`. Elsewhere
//! than in X nothing happens; the count in the title is there in any case.

use fltk::prelude::*;
use fltk::window::DoubleWindow;

/// Asks for attention, or no longer.
pub(crate) fn set(window: &DoubleWindow, urgent: bool) {
    if !window.shown() {
        return;
    }
    #[cfg(all(unix, not(target_os = "macos")))]
    if let Err(error) = change_hint(window.raw_handle() as u32, urgent) {
        log::info!("La fenêtre ne peut pas demander l'attention : {error}");
    }
    #[cfg(not(all(unix, not(target_os = "macos"))))]
    let _ = urgent;
}

#[cfg(all(unix, not(target_os = "macos")))]
fn change_hint(window: u32, urgent: bool) -> Result<(), Box<dyn std::error::Error>> {
    let (connection, _) = x11rb::connect(None)?;
    let mut hints = x11rb::properties::WmHints::get(&connection, window)?.reply()?.unwrap_or_default();
    hints.urgent = urgent;
    hints.set(&connection, window)?.check()?;
    Ok(())
}
