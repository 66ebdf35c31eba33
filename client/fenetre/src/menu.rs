//! The menu of the right mouse button: cut, copy, paste, and the like.
//!
//! FLTK has one of its own, in English, whose words can only be changed from C++.

use fltk::app::{self, MouseButton};
use fltk::enums::{Event, FrameType, Shortcut};
use fltk::menu::{MenuButton, MenuButtonType, MenuFlag};
use fltk::prelude::*;

use super::paint::Area;
use super::theme::{FONT, TEXT_SIZE};

/// What can be done with the text of a field.
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

/// A line of a menu: what it chooses, what it says, the keys that do the same, and whether it can be chosen now or is
/// grey.
pub(crate) struct Item<'a, Choice> {
    pub(crate) choice: Choice,
    pub(crate) label: &'a str,
    pub(crate) keys: Shortcut,
    pub(crate) possible: bool,
}

/// The line that copies what is selected.
pub(crate) fn copy<Choice>(choice: Choice, selected: bool) -> Item<'static, Choice> {
    Item { choice, label: "Copier", keys: Shortcut::Ctrl | 'c', possible: selected }
}

/// The line that selects everything.
pub(crate) fn select_all<Choice>(choice: Choice) -> Item<'static, Choice> {
    Item { choice, label: "Tout sélectionner", keys: Shortcut::Ctrl | 'a', possible: true }
}

/// Whether this event asks for the menu.
pub(crate) fn is_asked_for(event: Event) -> bool {
    event == Event::Push && app::event_mouse_button() == MouseButton::Right
}

/// Shows the menu of a field. Where nothing can be `changed`, cut and paste are left out; without anything `selected`,
/// cut and copy are grey.
pub(crate) fn choose(changed: bool, selected: bool) -> Option<Edit> {
    let mut items = vec![copy(Edit::Copy, selected), select_all(Edit::SelectAll)];
    if changed {
        let item =
            |choice, label, key, possible| Item { choice, label, keys: Shortcut::Ctrl | key, possible };
        items.insert(0, item(Edit::Cut, "Couper", 'x', selected));
        items.insert(2, item(Edit::Paste, "Coller", 'v', true));
    }
    choose_from(&items)
}

/// Shows a menu at the pointer until the user has chosen something or nothing.
pub(crate) fn choose_from<Choice: Copy>(items: &[Item<'_, Choice>]) -> Option<Choice> {
    choose_in(MenuButton::default().with_type(MenuButtonType::Popup3), items)
}

/// The same below a button.
pub(crate) fn choose_below<Choice: Copy>(button: Area, items: &[Item<'_, Choice>]) -> Option<Choice> {
    choose_in(MenuButton::new(button.x, button.y, button.w, button.h, None), items)
}

fn choose_in<Choice: Copy>(mut menu: MenuButton, items: &[Item<'_, Choice>]) -> Option<Choice> {
    menu.set_frame(FrameType::BorderBox);
    menu.set_text_font(FONT);
    menu.set_text_size(TEXT_SIZE);
    for item in items {
        let flag = if item.possible { MenuFlag::Normal } else { MenuFlag::Inactive };
        menu.add(&format!(" {}   ", literal(item.label)), item.keys, flag, |_| {});
    }
    let chosen = menu.popup().and_then(|_| usize::try_from(menu.value()).ok());
    MenuButton::delete(menu);
    items.get(chosen?).map(|item| item.choice)
}

/// A label in which FLTK sees no path to a submenu, no letter to underline and no symbol.
fn literal(label: &str) -> String {
    let escaped = label.replace('\\', "\\\\").replace('/', "\\/");
    escaped.replace('&', "&&").replace('@', "@@")
}
