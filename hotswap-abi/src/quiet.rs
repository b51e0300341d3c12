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
