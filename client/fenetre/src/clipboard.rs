//! What was copied outlives the window, where the desktop has a clipboard manager.
//!
//! In X it is the program from which something was copied that gives it to whoever pastes. FLTK ends without handing it
//! over; so the manager is asked to take it, as X's conventions have it (ICCCM, SAVE_TARGETS).

use std::error::Error;
use std::time::{Duration, Instant};

use fltk::app;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ConnectionExt, CreateWindowAux, WindowClass};
use x11rb::{CURRENT_TIME, NONE};

/// How long the manager may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Hands over what was copied in this program, one of whose windows is or was that one.
pub(crate) fn hand_over(window: u32) {
    if let Err(error) = ask_manager(window) {
        log::info!("le presse-papiers n'est pas gardé : {error}");
    }
}

fn ask_manager(window: u32) -> Result<(), Box<dyn Error>> {
    let (connection, screen) = x11rb::connect(None)?;
    let atom = |name: &str| connection.intern_atom(false, name.as_bytes())?.reply().map(|reply| reply.atom);
    let owner = |selection| connection.get_selection_owner(selection)?.reply().map(|reply| reply.owner);
    let (manager, save) = (atom("CLIPBOARD_MANAGER")?, atom("SAVE_TARGETS")?);
    // The windows of one program differ in these bits only.
    let mask = connection.setup().resource_id_mask;
    if owner(atom("CLIPBOARD")?)? & !mask != window & !mask || owner(manager)? == NONE {
        return Ok(());
    }
    let asking = connection.generate_id()?;
    let root = connection.setup().roots.get(screen).map_or(NONE, |screen| screen.root);
    let (class, none) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
    connection.create_window(0, asking, root, 0, 0, 1, 1, 0, class, 0, &none)?;
    connection.convert_selection(asking, manager, save, save, CURRENT_TIME)?;
    connection.flush()?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(Event::SelectionNotify(_)) = connection.poll_for_event()? {
            return Ok(());
        }
        // It is FLTK from which the manager gets the text.
        let _ = app::wait_for(0.02);
    }
    Err("le gestionnaire ne répond pas".into())
}
