//! Tables that grow while module code waits for the answer to a call. Their memory is the system's: the
//! program's allocator may be code that calls a slot, and so a module, whose calls are answered here
//! once more.

use std::{
    alloc::System,
    fmt,
    ops::{Deref, DerefMut},
};

use allocator_api2::vec::Vec;

/// A list in memory of the system's. Nothing of the program's runs when it grows.
pub(super) struct List<T>(Vec<T, System>);

impl<T> List<T> {
    pub(super) const fn new() -> Self {
        Self(Vec::new_in(System))
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Clone for List<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for List<T> {
    type Target = Vec<T, System>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set in memory of the system's.
pub(super) type Set<T, S> = hashbrown::HashSet<T, S, System>;
