//! Drops that nothing escapes from.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Drops a value whose destructor may panic, and what that panic throws as well.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(move || drop(value))) {
        // A payload whose own destructor panics, too, is leaked.
        if let Err(second) = catch_unwind(AssertUnwindSafe(move || drop(payload))) {
            std::mem::forget(second);
        }
    }
}

/// Runs code that may panic; `None` where it has. Its panic hook has reported it, and the payload is
/// dropped, whatever that does.
pub fn contained<R>(code: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(code)) {
        Ok(result) => Some(result),
        Err(payload) => {
            drop_quietly(payload);
            None
        }
    }
}
