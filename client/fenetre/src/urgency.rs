//! The urgency hint: a window asks whoever draws the taskbar to draw attention to it.
//!
//! FLTK has no call for it. In X, a connection of our own changes the window's `WM_HINTS`; on Windows its button in the
//! taskbar flashes. Elsewhere nothing happens; the count in the title is there in any case.

use fltk::prelude::*;
use fltk::window::DoubleWindow;

/// Asks for attention, or no longer.
pub(crate) fn set(window: &DoubleWindow, urgent: bool) {
    if !window.shown() {
        return;
    }
    if let Err(error) = ask(window, urgent) {
        log::info!("La fenêtre ne peut pas demander l'attention : {error}");
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn ask(window: &DoubleWindow, urgent: bool) -> Result<(), Box<dyn std::error::Error>> {
    let window = window.raw_handle() as u32;
    let (connection, _) = x11rb::connect(None)?;
    let mut hints = x11rb::properties::WmHints::get(&connection, window)?.reply()?.unwrap_or_default();
    hints.urgent = urgent;
    hints.set(&connection, window)?.check()?;
    Ok(())
}

#[cfg(windows)]
fn ask(window: &DoubleWindow, urgent: bool) -> winsafe::SysResult<()> {
    use winsafe::{FLASHWINFO, FlashWindowEx, co::FLASHW};
    // Until the window is in front.
    let flags = if urgent { FLASHW::TRAY | FLASHW::TIMERNOFG } else { FLASHW::STOP };
    // The system's own list has the window's handle; to make one of FLTK's pointer would not be safe.
    winsafe::EnumThreadWindows(winsafe::GetCurrentThreadId(), |handle| {
        if handle.ptr() == window.raw_handle() {
            let mut flash = FLASHWINFO::default();
            flash.hwnd = handle;
            flash.dwFlags = flags;
            FlashWindowEx(&flash);
        }
        true
    })
}

#[cfg(not(any(windows, all(unix, not(target_os = "macos")))))]
fn ask(_: &DoubleWindow, _: bool) -> std::io::Result<()> {
    Ok(())
}
