//! What a module is told when it starts.

use std::{
    any::Any,
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Where a module runs, and what it hands from `prepare` to `start`.
/// ```
/// use std::borrow::Cow;
///
/// use hotswap_abi::{Context, Module, ModuleError, Start};
///
/// struct Shop {
///     catalogue: Vec<String>,
/// }
///
/// impl Module for Shop {
///     type State = ();
///
///     /// Slow, and the version before serves meanwhile.
///     fn prepare(cx: &Context) -> Result<(), ModuleError> {
///         let catalogue = vec![format!("goods of {}", cx.slot())];
///         cx.keep(catalogue);
///         Ok(())
///     }
///
///     fn start(_: Start<()>, cx: &Context) -> Result<Self, ModuleError> {
///         Ok(Self { catalogue: cx.take().unwrap_or_default() })
///     }
///
///     fn state(&self) -> Cow<'_, ()> {
///         Cow::Owned(())
///     }
/// }
/// ```
pub struct Context {
    slot: String,
    generation: u64,
    kept: Mutex<Option<Box<dyn Any + Send>>>,
    state_follows: AtomicBool,
}

impl Context {
    pub(crate) const fn new(slot: String, generation: u64) -> Self {
        Self { slot, generation, kept: Mutex::new(None), state_follows: AtomicBool::new(false) }
    }

    pub(super) fn set_state_follows(&self, follows: bool) {
        self.state_follows.store(follows, Ordering::Relaxed);
    }

    /// Whether this start is beside the version that serves, whose state is then handed over as
    /// memory (`#[hot_module(moves = …)]`): start with one that is cheap to make, and leave what
    /// cannot be held twice to [`Module::arrived`](super::Module::arrived).
    #[must_use]
    pub fn state_follows(&self) -> bool {
        self.state_follows.load(Ordering::Relaxed)
    }

    /// The name of the slot.
    #[must_use]
    pub fn slot(&self) -> &str {
        &self.slot
    }

    /// The number that this generation has in its slot once it serves.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Keeps what `prepare` made for `start`; replaces what was kept before.
    pub fn keep<T: Send + 'static>(&self, value: T) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(value));
    }

    /// Takes what was kept, if there is such a value.
    pub fn take<T: Send + 'static>(&self) -> Option<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.take()?.downcast() {
            Ok(value) => Some(*value),
            Err(other) => {
                *kept = Some(other);
                None
            }
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("slot", &self.slot)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_taken_once_and_by_its_type_only() {
        let cx = Context::new("game".into(), 1);
        cx.keep(vec![1, 2, 3]);
        assert_eq!(cx.take::<String>(), None);
        assert_eq!(cx.take::<Vec<i32>>(), Some(vec![1, 2, 3]));
        assert_eq!(cx.take::<Vec<i32>>(), None);
    }
}
