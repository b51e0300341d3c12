//! A closed gate in the hands of its closer.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::generation::{Arms, Generation};
use crate::inner::Inner;

/// A gate that is closed, with nobody on the current generation, nor on a canary beside it. Dropping it
/// opens the gate on the same.
#[must_use = "the gate opens again when this is dropped"]
pub struct Closed<'g, T> {
    inner: &'g Inner<T>,
    since: Instant,
    /// `Some` until it is replaced.
    generation: Option<Arc<Generation<T>>>,
}

impl<'g, T> Closed<'g, T> {
    /// The gate must be quiet, closed by the caller.
    pub(crate) fn new(inner: &'g Inner<T>, since: Instant) -> Self {
        let closed = Self { inner, since, generation: Some(inner.source.load_full()) };
        // Where the end of what goes panics, the gate is opened.
        inner.let_go();
        closed
    }

    /// Since when callers have been kept out.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// The generation that nobody is inside of.
    pub fn value(&self) -> &Arc<T> {
        &self.kept().value
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.kept().number
    }

    /// Replaces the generation and opens the gate. Returns the old one, of which the gate then
    /// holds nothing. A canary stays beside the new one. On a gate that has ended nobody comes in.
    pub fn activate(mut self, number: u64, value: Arc<T>) -> Arc<T> {
        self.generation = None;
        let old = self.inner.replace(|old| Arms { number, value, canary: old.canary.clone() });
        std::mem::forget(self);
        Arc::clone(&old.value)
    }

    /// Keeps the gate closed for ever.
    pub fn end(self) {
        self.inner.core.end();
    }

    fn kept(&self) -> &Generation<T> {
        self.generation.as_ref().expect("a closed gate keeps its generation")
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        self.inner.core.reopen(None);
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").field("slot", &self.inner.core.name).finish_non_exhaustive()
    }
}
