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

/// A line of a menu: what it chooses, what it says, the key that does the same with Ctrl, and whether it can be chosen
/// now or is grey.
pub(crate) struct Item<Choice> {
    pub(crate) choice: Choice,
    pub(crate) label: &'static str,
    pub(crate) key: Option<char>,
    pub(crate) possible: bool,
}

/// The line that copies what is selected.
pub(crate) fn copy<Choice>(choice: Choice, selected: bool) -> Item<Choice> {
    Item { choice, label: "Copier", key: Some('c'), possible: selected }
}

/// The line that selects everything.
pub(crate) fn select_all<Choice>(choice: Choice) -> Item<Choice> {
    Item { choice, label: "Tout sélectionner", key: Some('a'), possible: true }
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
        items.insert(0, Item { choice: Edit::Cut, label: "Couper", key: Some('x'), possible: selected });
        items.insert(2, Item { choice: Edit::Paste, label: "Coller", key: Some('v'), possible: true });
    }
    choose_from(&items)
}

/// Shows a menu at the pointer until the user has chosen something or nothing.
pub(crate) fn choose_from<Choice: Copy>(items: &[Item<Choice>]) -> Option<Choice> {
    choose_in(MenuButton::default().with_type(MenuButtonType::Popup3), items)
}

/// The same below a button.
pub(crate) fn choose_below<Choice: Copy>(button: Area, items: &[Item<Choice>]) -> Option<Choice> {
    choose_in(MenuButton::new(button.x, button.y, button.w, button.h, None), items)
}

fn choose_in<Choice: Copy>(mut menu: MenuButton, items: &[Item<Choice>]) -> Option<Choice> {
    menu.set_frame(FrameType::BorderBox);
    menu.set_text_font(FONT);
    menu.set_text_size(TEXT_SIZE);
    for item in items {
        let shortcut = item.key.map_or(Shortcut::None, |key| Shortcut::Ctrl | key);
        let flag = if item.possible { MenuFlag::Normal } else { MenuFlag::Inactive };
        menu.add(&format!(" {}   ", item.label), shortcut, flag, |_| {});
    }
    let chosen = menu.popup().and_then(|item| item.label());
    MenuButton::delete(menu);
    let chosen = chosen?;
    items.iter().find(|item| item.label == chosen.trim()).map(|item| item.choice)
}
