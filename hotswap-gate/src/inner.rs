//! The generations behind a gate, as long as anybody may be on them.
//!
//! # Lifetimes
//! What is current is in the source (an `ArcSwap`). When it is replaced it moves to the list of the
//! *leaving* before the source changes, and each of its arms stays there until the protocol has
//! concluded that nobody is on it. So what an announcement is for is always in one of the two, and
//! callers need no count of their own: entering writes nothing that another caller reads.
//!
//! A record that has not chosen its arm yet looks at the whole of what is current. It counts for both
//! arms, so neither is let go, and the whole stays where it is.
//!
//! # Orderings
//! None of its own: `leaving` is a mutex, and changes of a generation are made under the mutex of
//! `protocol`, whose module says how callers are ordered against them.

use std::sync::Arc;

use crate::error::{Busy, Stuck};
use crate::generation::{ArmRef, Arms, Generation};
use crate::protocol::{Core, Published};
use crate::sync::{Mutex, Source};
use crate::tables::{List, collect, list};
use crate::word::{may_be_on, turn_of};

/// What a gate and its readers share.
pub(crate) struct Inner<T> {
    pub(crate) core: Arc<Core>,
    pub(crate) source: Source<Generation<T>>,
    pub(crate) leaving: Mutex<List<Arc<Generation<T>>>>,
}

impl<T> Inner<T> {
    /// Looks at what an announcement of the current thread is for: under a lock, so that no caller has a
    /// share in a generation.
    pub(crate) fn look_at<R>(&self, announced: u64, look: impl FnOnce(&Generation<T>) -> R) -> R {
        let turn = turn_of(announced);
        let state = self.core.state();
        if state.turn == turn {
            // It is replaced under that lock only.
            return look(&self.source.load());
        }
        drop(state);
        let leaving = self.leaving.lock();
        let mut of_turn = leaving.iter().filter(|it| it.turn() == turn);
        let generation = of_turn.find(|it| it.arms().any(|arm| may_be_on(announced, arm.word)));
        look(generation.expect("a generation leaves only when nobody announces its turn"))
    }

    /// The arms that are over and still kept, all or those of a number. Taken under the core's mutex:
    /// a change adds to the list before it ends the turn, and holds that mutex for both.
    pub(crate) fn over(&self, number: Option<u64>) -> List<u64> {
        let _state = self.core.state();
        let leaving = self.leaving.lock();
        let arms = leaving.iter().flat_map(|generation| generation.arms());
        let wanted = arms.filter(|arm| number.is_none_or(|number| number == arm.number));
        collect(wanted.map(|arm| arm.word))
    }

    /// Lets go of what nobody is on, without waiting.
    pub(crate) fn let_go(&self) {
        let left = self.core.left(self.over(None));
        self.forget(&left);
    }

    /// Replaces what is current behind an open gate, on the next turn, unless there is nothing to replace
    /// it by. Returns what was current before.
    pub(crate) fn rearm(
        &self,
        mut arms: impl FnMut(&Generation<T>) -> Option<Arms<T>>,
    ) -> Result<Option<Arc<Generation<T>>>, Busy> {
        loop {
            // Made before the state is locked, by a thread that has what it needs for the source.
            let current = self.source.load_full();
            let Some(arms) = arms(&current) else { return Ok(None) };
            let mut new = Some(Arc::new(Generation::new(current.turn() + 1, arms)));
            self.core.swap(&mut |turn| {
                // Else it has been replaced meanwhile.
                let new = new.take_if(|new| new.turn() == turn)?;
                self.leaving.lock().push(Arc::clone(&current));
                let published = self.published(&new);
                // What was current is on that list, and so not dropped here.
                self.source.swap(new);
                Some(published)
            })?;
            if new.is_none() {
                self.let_go();
                return Ok(Some(current));
            }
        }
    }

    /// Replaces what nobody is on any more, and returns it. The gate must be closed by the caller.
    pub(crate) fn replace(
        &self,
        arms: impl FnOnce(&Generation<T>) -> Arms<T>,
    ) -> Arc<Generation<T>> {
        let current = self.source.load_full();
        let mut new = Some(Arc::new(Generation::new(current.turn() + 1, arms(&current))));
        self.core.reopen(Some(&mut |_| {
            let new = new.take()?;
            let published = self.published(&new);
            self.source.swap(new);
            Some(published)
        }));
        current
    }

    /// The arms' words, each with that of an arm that is over, and on which callers may still use
    /// this very value.
    fn published(&self, new: &Generation<T>) -> Published {
        let leaving = self.leaving.lock();
        let before = |value: &Arc<T>| {
            let mut arms = leaving.iter().flat_map(|generation| generation.arms());
            arms.find(|arm| Arc::ptr_eq(arm.value, value)).map(|arm| arm.word)
        };
        let mut published = [(0, None); 2];
        for (nth, ArmRef { word, value, .. }) in new.arms().enumerate() {
            published[nth..].fill((word, None));
            published[nth].1 = before(value);
        }
        published
    }

    /// Lets go of arms that are over, and that nobody is on.
    ///
    /// The state forgets them last: as long as one is on the list, a value that becomes current again
    /// may be known by it (`published`), and then as the value that it is on all its other turns.
    pub(crate) fn forget(&self, arms: &[u64]) {
        let concerned = |it: &&Arc<Generation<T>>| it.arms().any(|arm| arms.contains(&arm.word));
        let mut gone = list();
        loop {
            let found = self.leaving.lock().iter().find(concerned).cloned();
            let Some(whole) = found else { break };
            let left = whole.without(arms).map(Arc::new);
            let mut leaving = self.leaving.lock();
            // Else another thread has let go of an arm of it.
            let at = leaving.iter().position(|it| Arc::ptr_eq(it, &whole));
            gone.extend(at.map(|at| match left {
                Some(left) => std::mem::replace(&mut leaving[at], left),
                None => leaving.remove(at),
            }));
            drop(leaving);
            gone.push(whole);
        }
        self.core.state().forget(arms);
        // Where nothing is locked or half done: this may run the destructor of a value.
        drop(gone);
    }

    /// Names the generations of those inside by number; the protocol knows only what they announce.
    pub(crate) fn with_numbers(&self, mut stuck: Stuck) -> Stuck {
        let current = self.source.load_full();
        let leaving = self.leaving.lock();
        for occupant in &mut stuck.inside {
            let announced = occupant.generation;
            let of_turn = |it: &&Arc<Generation<T>>| it.turn() == turn_of(announced);
            let known = leaving.iter().chain([&current]).find(of_turn);
            occupant.generation = known.map_or(0, |generation| generation.arm(announced).number);
        }
        stuck
    }
}
