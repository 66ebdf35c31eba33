//! The menu of the right mouse button: cut, copy, paste, select all.
//!
//! FLTK has one of its own, in English, whose words can only be changed from C++.

use fltk::app::{self, MouseButton};
use fltk::enums::{Event, FrameType, Shortcut};
use fltk::menu::{MenuButton, MenuButtonType, MenuFlag};
use fltk::prelude::*;

use super::theme::{FONT, TEXT_SIZE};

/// What can be done with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Copy what is selected, and take it away.
    Cut,
    /// Copy what is selected.
    Copy,
    /// Put what was copied at the cursor.
    Paste,
    /// Select everything.
    SelectAll,
}

const EDITS: [(Edit, &str, char); 4] = [
    (Edit::Cut, "Couper", 'x'),
    (Edit::Copy, "Copier", 'c'),
    (Edit::Paste, "Coller", 'v'),
    (Edit::SelectAll, "Tout sélectionner", 'a'),
];

/// Whether this event asks for the menu.
pub(crate) fn is_asked_for(event: Event) -> bool {
    event == Event::Push && app::event_mouse_button() == MouseButton::Right
}

/// Shows the menu at the pointer until the user has chosen something or nothing. Where nothing can be `changed`, cut
/// and paste are left out; without anything `selected`, cut and copy are grey.
pub(crate) fn choose(changed: bool, selected: bool) -> Option<Edit> {
    let mut menu = MenuButton::default().with_type(MenuButtonType::Popup3);
    menu.set_frame(FrameType::BorderBox);
    menu.set_text_font(FONT);
    menu.set_text_size(TEXT_SIZE);
    for (edit, label, key) in EDITS {
        if !changed && matches!(edit, Edit::Cut | Edit::Paste) {
            continue;
        }
        let possible = selected || matches!(edit, Edit::Paste | Edit::SelectAll);
        let flag = if possible { MenuFlag::Normal } else { MenuFlag::Inactive };
        menu.add(&format!(" {label}   "), Shortcut::Ctrl | key, flag, |_| {});
    }
    let chosen = menu.popup().and_then(|item| item.label());
    MenuButton::delete(menu);
    EDITS.iter().find(|(_, label, _)| chosen.as_deref().map(str::trim) == Some(label)).map(|(edit, ..)| *edit)
}
