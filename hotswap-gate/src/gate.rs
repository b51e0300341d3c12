//! The gate itself: what its owner asks of it.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::closed::Closed;
use crate::entered::Entered;
use crate::error::{Busy, Occupant, Refused, Stuck, Why};
use crate::form::Form;
use crate::generation::{Arms, Generation};
use crate::inner::Inner;
use crate::protocol::Core;
use crate::reader::Reader;
use crate::sync::{Mutex, Source};
use crate::tables::{collect, list};

/// The gate of one slot.
pub struct Gate<T> {
    pub(crate) inner: Arc<Inner<T>>,
}

impl<T: Send + Sync> Gate<T> {
    /// An open gate in front of `value`, the generation `number`. The name is for reports.
    pub fn new(name: impl Into<Arc<str>>, number: u64, value: Arc<T>) -> Self {
        Self::with_form(Form::of_process(), name, number, value)
    }

    /// A gate that orders its callers in a form of one's choice.
    pub fn with_form(form: Form, name: impl Into<Arc<str>>, number: u64, value: Arc<T>) -> Self {
        let core = Arc::new(Core::new(name.into(), form));
        let turn = core.state().turn;
        let arms = Arms { number, value, canary: None };
        let source = Source::new(Arc::new(Generation::new(turn, arms)));
        let leaving = Mutex::new(list());
        Self { inner: Arc::new(Inner { core, source, leaving }) }
    }

    /// The slot's name.
    pub fn name(&self) -> &str {
        &self.inner.core.name
    }

    /// The generation that new callers enter, or will when the gate opens: number and value. While a
    /// canary is active, the stable one.
    pub fn current(&self) -> (u64, Arc<T>) {
        let generation = self.inner.source.load_full();
        (generation.number, Arc::clone(&generation.value))
    }

    /// A generation by its number, if it is the current one or a caller may still be on it.
    pub fn find(&self, number: u64) -> Option<Arc<T>> {
        let current = self.inner.source.load_full();
        // A swap adds to the list before it changes the source.
        let leaving = self.inner.leaving.lock();
        let mut arms = [&current].into_iter().chain(&*leaving).flat_map(|it| it.arms());
        arms.find(|arm| arm.number == number).map(|arm| Arc::clone(arm.value))
    }

    /// Enters the slot. While it is closed, waits for it to open, at most for `budget`. A thread
    /// that is inside already stays on the generation it is on and never waits.
    ///
    /// # Errors
    /// [`Refused`], and then the thread is not inside.
    #[inline(always)]
    #[track_caller]
    pub fn enter(&self, budget: Duration) -> Result<Entered<'_, T>, Box<Refused>> {
        self.inner.enter(budget, Location::caller())
    }

    /// A caller's own way in, faster than [`enter`](Self::enter).
    #[track_caller]
    pub fn reader(&self) -> Reader<T> {
        Reader::new(&self.inner, Location::caller())
    }

    /// Whether the current thread is inside, however it entered.
    pub fn is_inside(&self) -> bool {
        self.inner.core.is_inside()
    }

    /// Lets nobody new in and waits until nobody is inside. Until then callers whose thread is
    /// inside, and callers without whom those inside could not leave, still come in.
    ///
    /// One thread at a time: others wait for their turn until the deadline.
    ///
    /// # Errors
    /// [`Stuck`], at once when the current thread is inside; the gate is then open on the
    /// generation it had.
    pub fn close(&self, deadline: Instant) -> Result<Closed<'_, T>, Stuck> {
        let inner = &self.inner;
        let since = inner.core.close(deadline).map_err(|stuck| inner.with_numbers(stuck))?;
        Ok(Closed::new(inner, since))
    }

    /// Replaces the generation without closing: callers inside finish on the old one, which is
    /// returned. The gate keeps it too until they have left, see [`wait_left`](Self::wait_left). A
    /// canary stays beside the new one.
    ///
    /// # Errors
    /// [`Busy`] while somebody has the gate closed or closes it; nothing has changed.
    pub fn swap(&self, number: u64, value: Arc<T>) -> Result<Arc<T>, Busy> {
        let new = |old: &Generation<T>| {
            let (value, canary) = (Arc::clone(&value), old.canary.clone());
            Some(Arms { number, value, canary })
        };
        let old = self.inner.rearm(new)?;
        Ok(Arc::clone(&old.expect("a swap that succeeds publishes").value))
    }

    /// Waits until nobody is on a generation that was swapped out, or on an arm that was given up. The
    /// gate then holds nothing of it; it did so from the start when the number is unknown.
    ///
    /// # Errors
    /// [`Stuck`], at once when it is the current generation, or its canary, or the current thread is on
    /// it.
    pub fn wait_left(&self, number: u64, deadline: Instant) -> Result<(), Stuck> {
        let inner = &self.inner;
        if inner.source.load_full().arms().any(|arm| arm.number == number) {
            return Err(inner.core.stuck(Why::Current, Instant::now(), Vec::new()));
        }
        for arm in inner.over(Some(number)) {
            inner.core.wait_left(arm, deadline).map_err(|stuck| inner.with_numbers(stuck))?;
            inner.forget(&[arm]);
        }
        Ok(())
    }

    /// Who is on a generation, now. A caller that is just choosing between it and another one counts.
    pub fn callers(&self, number: u64) -> Vec<Occupant> {
        let inner = &self.inner;
        let state = inner.core.state();
        let current = inner.source.load_full();
        let leaving = inner.leaving.lock();
        let arms = leaving.iter().chain([&current]).flat_map(|it| it.arms());
        let arms = arms.filter(|arm| arm.number == number);
        let insiders = collect(arms.flat_map(|arm| state.on(arm.word)).cloned());
        drop((leaving, state));
        insiders.iter().map(|record| Occupant::new(record, number)).collect()
    }

    /// Closes the gate for ever, without waiting: callers who wait or come are refused, those
    /// inside finish. A gate that has ended can still be closed, to know that they have.
    pub fn end(&self) {
        self.inner.core.end();
    }

    /// Whether it was closed for ever.
    pub fn is_ended(&self) -> bool {
        self.inner.core.is_ended()
    }
}

impl<T> fmt::Debug for Gate<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("core", &self.inner.core).finish_non_exhaustive()
    }
}
