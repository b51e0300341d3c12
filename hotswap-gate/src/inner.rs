//! The generations behind a gate, as long as anybody may be on them.
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
//! `protocol`, whose module says how callers are ordered against them.

use std::sync::Arc;

use crate::error::Stuck;
use crate::protocol::Core;
use crate::sync::{Mutex, Source};
use crate::tables::{self, List, collect};

/// What callers enter during one turn.
#[derive(Debug)]
pub(crate) struct Generation<T> {
    pub(crate) turn: u64,
    pub(crate) number: u64,
    pub(crate) value: Arc<T>,
}

/// What a gate and its readers share.
pub(crate) struct Inner<T> {
    pub(crate) core: Arc<Core>,
    pub(crate) source: Source<Generation<T>>,
    pub(crate) leaving: Mutex<List<Arc<Generation<T>>>>,
}

impl<T> Inner<T> {
    /// The generation of a turn that the current thread announces.
    pub(crate) fn generation(&self, turn: u64) -> Arc<Generation<T>> {
        let current = self.source.load_full();
        if current.turn == turn {
            return current;
        }
        let leaving = self.leaving.lock();
        let generation = leaving.iter().find(|generation| generation.turn == turn);
        Arc::clone(generation.expect("a generation leaves only when nobody announces its turn"))
    }

    /// What is published next, of which the turn is not known yet. Made before the state is locked, by
    /// a thread that has what it needs for the source.
    pub(crate) fn to_publish(&self, number: u64, value: &Arc<T>) -> Option<Arc<Generation<T>>> {
        drop(self.source.load_full());
        Some(Arc::new(Generation { turn: 0, number, value: Arc::clone(value) }))
    }

    /// Makes it what callers enter on a turn. Returns what was that before.
    pub(crate) fn publish(
        &self,
        new: &mut Option<Arc<Generation<T>>>,
        turn: u64,
    ) -> Option<Arc<Generation<T>>> {
        let mut new = new.take()?;
        Arc::get_mut(&mut new)?.turn = turn;
        Some(self.source.swap(new))
    }

    /// The turns that are over and still kept. Taken under the core's mutex: a swap adds to the
    /// list before it ends the turn, and holds that mutex for both.
    pub(crate) fn over(&self, number: Option<u64>) -> List<u64> {
        let _state = self.core.state();
        let leaving = self.leaving.lock();
        let wanted = leaving.iter().filter(|it| number.is_none_or(|number| number == it.number));
        collect(wanted.map(|generation| generation.turn))
    }

    /// Lets go of what nobody is on, without waiting.
    pub(crate) fn let_go(&self) {
        let left = self.core.left(self.over(None));
        self.forget(&left);
    }

    /// A turn that is over, and on which callers may still use this very value.
    pub(crate) fn turn_before(&self, value: &Arc<T>) -> Option<u64> {
        let leaving = self.leaving.lock();
        leaving.iter().find(|it| Arc::ptr_eq(&it.value, value)).map(|generation| generation.turn)
    }

    pub(crate) fn forget(&self, turns: &[u64]) {
        self.core.state().forget(turns);
        let left = tables::take(&mut self.leaving.lock(), |it| turns.contains(&it.turn));
        // Outside the lock: this may run the destructor of a value.
        drop(left);
    }

    /// Names the generations of those inside by number; the protocol knows only their turns.
    pub(crate) fn with_numbers(&self, mut stuck: Stuck) -> Stuck {
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
