//! What each key does in the entry field.

use fltk::app;
use fltk::enums::Key;

use super::draft::Step;
use super::{Action, EntryField, State};

/// Whether the key that was pressed writes something, deletes something, pastes or sends: not one that leads elsewhere.
pub(crate) fn is_written_by_key() -> bool {
    let key = app::event_key();
    if app::is_event_ctrl() || app::is_event_alt() || app::is_event_command() {
        return app::is_event_ctrl() && key == Key::from_char('v');
    }
    is_text() || matches!(key, Key::Enter | Key::KPEnter | Key::BackSpace | Key::Delete) || is_paste()
}

/// Whether the key brings letters.
fn is_text() -> bool {
    let text = app::event_text();
    !text.is_empty() && !text.chars().any(char::is_control)
}

fn is_paste() -> bool {
    app::event_key() == Key::Insert && app::is_event_shift()
}

/// A key was pressed. Says whether the field has a use for it.
pub(super) fn press(field: &EntryField) -> bool {
    let column = field.state.borrow_mut().column.take();
    move_cursor(field, column) || copy(field) || (field.is_open() && change(field))
}

/// The keys that move the cursor; with Shift they select.
fn move_cursor(field: &EntryField, column: Option<i32>) -> bool {
    let (ctrl, extend) = (app::is_event_ctrl(), app::is_event_shift());
    if app::is_event_alt() || app::is_event_command() && !ctrl {
        return false;
    }
    let step = if ctrl { Step::Word } else { Step::Character };
    match app::event_key() {
        Key::PageUp | Key::PageDown => field.on_action.call(Action::Scroll),
        key @ (Key::Left | Key::Right) => field.look(|state| {
            let place = state.beside(key == Key::Right, step, extend);
            state.draft.move_to(place, extend);
        }),
        key @ (Key::Up | Key::Down) if !ctrl => field.look(|state| {
            let x = column.unwrap_or_else(|| state.x_of(state.draft.cursor()));
            let place = state.below(key == Key::Down, x);
            state.draft.move_to(place, extend);
            state.column = Some(x);
        }),
        key @ (Key::Home | Key::End) => {
            field.look(|state| {
                let (home, line) = (key == Key::Home, state.line_of(state.draft.cursor()));
                let place = match (home, ctrl) {
                    (true, false) => state.lines.get(line).map_or(0, |line| line.start),
                    (true, true) => 0,
                    (false, false) => state.end_of(line),
                    (false, true) => state.draft.text().len(),
                };
                state.draft.move_to(place, extend);
            });
            if ctrl && !extend {
                // To the end of everything, not only of what is being written.
                field.on_action.call(Action::Scroll);
            }
        }
        _ => return false,
    }
    if extend {
        field.offer_selection();
    }
    true
}

impl State {
    /// Where Left and Right lead to: as they are seen, also in a line that runs from right to left.
    fn beside(&self, right: bool, step: Step, extend: bool) -> usize {
        let selection = self.draft.selection();
        let rtl = self.lines.get(self.line_of(self.draft.cursor())).is_some_and(|line| line.rtl);
        match (right != rtl, selection.is_empty() || extend) {
            (true, true) => self.draft.after(step),
            (false, true) => self.draft.before(step),
            (true, false) => selection.end,
            (false, false) => selection.start,
        }
    }

    /// Where Up and Down lead to: to the start and to the end beyond the first and the last line.
    fn below(&self, down: bool, x: i32) -> usize {
        let line = self.line_of(self.draft.cursor());
        match (down, line) {
            (false, 0) => 0,
            (false, _) => self.place_in(line - 1, x),
            (true, _) if line + 1 == self.lines.len() => self.draft.text().len(),
            (true, _) => self.place_in(line + 1, x),
        }
    }
}

/// The keys that work in a closed field too.
fn copy(field: &EntryField) -> bool {
    match app::event_key() {
        Key::Insert if app::is_event_ctrl() => field.copy(),
        key if app::is_event_ctrl() && key == Key::from_char('c') => field.copy(),
        key if app::is_event_ctrl() && key == Key::from_char('a') => field.select_all(),
        _ => return false,
    }
    true
}

/// The keys that change the text.
fn change(field: &EntryField) -> bool {
    let (key, ctrl, shift) = (app::event_key(), app::is_event_ctrl(), app::is_event_shift());
    let step = if ctrl { Step::Word } else { Step::Character };
    match key {
        Key::Enter | Key::KPEnter if shift || ctrl => field.edit(|draft| draft.type_text("\n")),
        Key::Enter | Key::KPEnter => field.on_action.call(Action::Send),
        Key::BackSpace => field.edit(|draft| draft.erase_to(draft.before(step))),
        Key::Delete if shift => field.cut(),
        Key::Delete => field.edit(|draft| draft.erase_to(draft.after(step))),
        _ if is_paste() => app::paste_text(&field.pad),
        _ if ctrl && !app::is_event_alt() => return change_by_letter(field, shift),
        _ => return compose(field),
    }
    true
}

fn change_by_letter(field: &EntryField, shift: bool) -> bool {
    let is = |letter| app::event_key() == Key::from_char(letter);
    if is('v') {
        app::paste_text(&field.pad);
    } else if is('x') {
        field.cut();
    } else if is('z') && !shift {
        field.edit(|draft| {
            draft.undo();
        });
    } else if is('z') || is('y') {
        field.edit(|draft| {
            draft.redo();
        });
    } else {
        return false;
    }
    true
}

/// Letters, also those that several keys or an input method make.
fn compose(field: &EntryField) -> bool {
    let Some(replaced) = app::compose() else { return false };
    let text = app::event_text();
    let replaced = usize::try_from(replaced).unwrap_or(0);
    if replaced == 0 && text.is_empty() {
        // The first of several keys.
        return true;
    }
    field.edit(|draft| {
        let start = draft.cursor().saturating_sub(replaced);
        if replaced > 0 && draft.text().is_char_boundary(start) {
            draft.select(start..draft.cursor());
        }
        draft.type_text(&text);
    });
    true
}
