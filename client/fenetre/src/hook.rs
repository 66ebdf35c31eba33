//! What a part of the window calls when the user does something with it.

use std::cell::OnceCell;
use std::rc::Rc;

/// A function that is set once, by whoever made the part, and called from the part's widgets.
pub(crate) struct Hook<Action>(Rc<OnceCell<Function<Action>>>);

type Function<Action> = Box<dyn Fn(Action)>;

impl<Action> Hook<Action> {
    /// One that does nothing yet.
    pub(crate) fn new() -> Self {
        Hook(Rc::new(OnceCell::new()))
    }

    /// Calls `function` from now on.
    pub(crate) fn set(&self, function: impl Fn(Action) + 'static) {
        let first = self.0.set(Box::new(function)).is_ok();
        debug_assert!(first);
    }

    /// The user does something.
    pub(crate) fn call(&self, action: Action) {
        if let Some(function) = self.0.get() {
            function(action);
        }
    }
}

impl<Action> Clone for Hook<Action> {
    fn clone(&self) -> Self {
        Hook(Rc::clone(&self.0))
    }
}
