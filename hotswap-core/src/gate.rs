//! The gate of a slot: who is inside, on which generation, and how to change it under them.
//!
//! Callers enter, use the generation they were given, and leave; an upgrade either *swaps* (new
//! callers get the new generation, those inside finish on the old one) or *closes* (nobody new
//! comes in, those inside leave, and while the gate is quiet the state can be moved over).
//!
//! The code is layered, each layer below the next:
//!
//! * `record`: what one thread says about itself to one slot: a flag, on a line of its own.
//! * `core`: the protocol on records and one word; `form` has its fences, `admission` what
//!   callers wait for, `drain` what closers wait for.
//! * `seats`: where a thread finds its record, which knows the generation it used last.
//! * this file: the generations, as long as anybody may be on them; `closed`: a closed gate.
//! * `entered`: the guards, and the way in by a thread's own seat; `reader`: the way in by a handle.
//! * `exclusion`: the lock of an instance, for those inside.
//! * `waits`: who waits for whom, so that no wait is for oneself.
//!
//! # Lifetimes
//! The current generation is in the source (an `ArcSwap`). A generation that was swapped out
//! moves to the list of the *leaving* before the source changes, and stays there until the
//! protocol has concluded that nobody is on it. So the generation of an announced turn is always
//! in one of the two, and callers need no count of their own: entering writes nothing that
//! another caller reads.
//!
//! # Orderings
//! None of its own: `leaving` is a mutex, and changes of a generation are made under the mutex of
//! `core`, whose module says how callers are ordered against them.

mod admission;
mod closed;
mod core;
mod drain;
mod entered;
mod error;
mod exclusion;
mod form;
mod reader;
mod record;
mod seats;
mod thread;
mod waits;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod stress;
#[cfg(all(test, not(loom)))]
mod tests;

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sync::{Mutex, Source};

use self::core::Core;

pub(crate) use self::closed::Closed;
pub(crate) use self::entered::{Entered, EnteredAlone};
pub(crate) use self::error::{Busy, LockError, Occupant, Refused, Stuck, Why};
pub(crate) use self::exclusion::{Exclusion, Guarded};
pub(crate) use self::form::Form;
pub(crate) use self::reader::Reader;

/// The gate of one slot.
pub(crate) struct Gate<T> {
    inner: Arc<Inner<T>>,
}

#[derive(Debug)]
struct Generation<T> {
    turn: u64,
    number: u64,
    value: Arc<T>,
}

struct Inner<T> {
    core: Arc<Core>,
    source: Source<Generation<T>>,
    leaving: Mutex<Vec<Arc<Generation<T>>>>,
}

impl<T: Send + Sync> Gate<T> {
    /// An open gate in front of `value`, the generation `number`. The name is for reports.
    pub(crate) fn new(name: impl Into<Arc<str>>, number: u64, value: Arc<T>) -> Self {
        Self::with_form(Form::of_process(), name, number, value)
    }

    /// A gate that orders its callers in a form of one's choice.
    pub(crate) fn with_form(
        form: Form,
        name: impl Into<Arc<str>>,
        number: u64,
        value: Arc<T>,
    ) -> Self {
        let core = Arc::new(Core::new(name.into(), form));
        let turn = core.state().turn;
        let source = Source::new(Arc::new(Generation { turn, number, value }));
        let leaving = Mutex::new(Vec::new());
        Self { inner: Arc::new(Inner { core, source, leaving }) }
    }

    /// The slot's name.
    pub(crate) fn name(&self) -> &str {
        &self.inner.core.name
    }

    /// The generation that new callers enter, or will when the gate opens: number and value.
    pub(crate) fn current(&self) -> (u64, Arc<T>) {
        let generation = self.inner.source.load_full();
        (generation.number, Arc::clone(&generation.value))
    }

    /// A generation by its number, if it is the current one or a caller may still be on it.
    pub(crate) fn find(&self, number: u64) -> Option<Arc<T>> {
        let current = self.inner.source.load_full();
        // A swap adds to the list before it changes the source.
        let leaving = self.inner.leaving.lock();
        let found = [&current].into_iter().chain(&*leaving).find(|it| it.number == number);
        found.map(|generation| Arc::clone(&generation.value))
    }

    /// Enters the slot. While it is closed, waits for it to open, at most for `budget`. A thread
    /// that is inside already stays on the generation it is on and never waits.
    ///
    /// # Errors
    /// [`Refused`], and then the thread is not inside.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn enter(&self, budget: Duration) -> Result<Entered<'_, T>, Box<Refused>> {
        self.inner.enter(budget, Location::caller())
    }

    /// A caller's own way in, faster than [`enter`](Self::enter).
    #[track_caller]
    pub(crate) fn reader(&self) -> Reader<T> {
        Reader::new(&self.inner, Location::caller())
    }

    /// Whether the current thread is inside, however it entered.
    pub(crate) fn is_inside(&self) -> bool {
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
    pub(crate) fn close(&self, deadline: Instant) -> Result<Closed<'_, T>, Stuck> {
        let inner = &self.inner;
        inner.core.close(deadline).map_err(|stuck| inner.with_numbers(stuck))?;
        Ok(Closed::new(inner))
    }

    /// Replaces the generation without closing: callers inside finish on the old one, which is
    /// returned. The gate keeps it too until they have left, see [`wait_left`](Self::wait_left).
    ///
    /// # Errors
    /// [`Busy`] while somebody has the gate closed or closes it; nothing has changed.
    pub(crate) fn swap(&self, number: u64, value: Arc<T>) -> Result<Arc<T>, Busy> {
        let mut old = None;
        self.inner.core.swap(&mut |turn| {
            let new = Arc::new(Generation { turn, number, value: Arc::clone(&value) });
            let current = self.inner.source.load_full();
            old = Some(Arc::clone(&current.value));
            self.inner.leaving.lock().push(current);
            self.inner.source.swap(new);
        })?;
        self.inner.let_go();
        Ok(old.expect("a swap that succeeds publishes"))
    }

    /// Waits until nobody is on a generation that was swapped out. The gate then holds nothing of
    /// it; it did so from the start when the number is unknown.
    ///
    /// # Errors
    /// [`Stuck`], at once when it is the current generation or the current thread is on it.
    pub(crate) fn wait_left(&self, number: u64, deadline: Instant) -> Result<(), Stuck> {
        let inner = &self.inner;
        if inner.source.load_full().number == number {
            return Err(inner.core.stuck(Why::Current, Instant::now(), Vec::new()));
        }
        for turn in inner.over(Some(number)) {
            inner.core.wait_left(turn, deadline).map_err(|stuck| inner.with_numbers(stuck))?;
            inner.forget(&[turn]);
        }
        Ok(())
    }

    /// Who is on a generation, now.
    pub(crate) fn callers(&self, number: u64) -> Vec<Occupant> {
        let inner = &self.inner;
        let state = inner.core.state();
        let current = inner.source.load_full();
        let leaving = inner.leaving.lock();
        let of = leaving.iter().chain([&current]).filter(|it| it.number == number);
        let insiders = of.flat_map(|it| state.insiders(it.turn));
        insiders.map(|record| Occupant::new(record, number)).collect()
    }

    /// Closes the gate for ever, without waiting: callers who wait or come are refused, those
    /// inside finish. A gate that has ended can still be closed, to know that they have.
    pub(crate) fn end(&self) {
        self.inner.core.end();
    }

    /// Whether it was closed for ever.
    #[cfg_attr(not(test), expect(dead_code, reason = "asked by tests alone"))]
    pub(crate) fn is_ended(&self) -> bool {
        self.inner.core.is_ended()
    }
}

impl<T> fmt::Debug for Gate<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("core", &self.inner.core).finish_non_exhaustive()
    }
}

impl<T> Inner<T> {
    /// The generation of a turn that the current thread announces.
    fn generation(&self, turn: u64) -> Arc<Generation<T>> {
        let current = self.source.load_full();
        if current.turn == turn {
            return current;
        }
        let leaving = self.leaving.lock();
        let generation = leaving.iter().find(|generation| generation.turn == turn);
        Arc::clone(generation.expect("a generation leaves only when nobody announces its turn"))
    }

    /// The turns that are over and still kept. Taken under the core's mutex: a swap adds to the
    /// list before it ends the turn, and holds that mutex for both.
    fn over(&self, number: Option<u64>) -> Vec<u64> {
        let _state = self.core.state();
        let leaving = self.leaving.lock();
        let wanted = leaving.iter().filter(|it| number.is_none_or(|number| number == it.number));
        wanted.map(|generation| generation.turn).collect()
    }

    /// Lets go of what nobody is on, without waiting.
    fn let_go(&self) {
        let left = self.core.left(self.over(None));
        self.forget(&left);
    }

    fn forget(&self, turns: &[u64]) {
        let left: Vec<_> =
            self.leaving.lock().extract_if(.., |it| turns.contains(&it.turn)).collect();
        // Outside the lock: this may run the destructor of a value.
        drop(left);
    }

    fn with_numbers(&self, mut stuck: Stuck) -> Stuck {
        let current = self.source.load_full();
        let leaving = self.leaving.lock();
        for occupant in &mut stuck.inside {
            let turn = occupant.generation;
            let known = leaving.iter().chain([&current]).find(|it| it.turn == turn);
            occupant.generation = known.map_or(0, |generation| generation.number);
        }
        stuck
    }
}
