//! The lock of one instance: `&self` calls share it, `&mut self` calls have it alone.
//!
//! One word holds everything: who has it exclusively or how many share it, and two flags. Nobody
//! waits: one compare-exchange in, one out. As soon as somebody waits, or the instance is
//! abandoned, a flag sends every change of hands through the mutex of the wait-for graph; so a
//! waiter is taken out of the graph in the same step in which it gets the lock, and the graph
//! never shows a wait that is over.
//!
//! Whoever is fastest gets a freed lock, but a waiter that was passed over a few times gets it
//! handed over. A shared use does not overtake an exclusive one that waits, except by a thread
//! that shares the lock already: it must not wait behind somebody who waits for it.
//!
//! How a thread holds the lock is also noted in its record: for nested uses, and for the graph.
//! An exclusive owner is known from the word itself, so it is found again when it enters by
//! another record.
//!
//! # Orderings
//! Acquire where the lock is taken, Release where it is let go. The notes in the record order
//! nothing (see `waits`).

use std::sync::Arc;

use crate::drain::Patience;
use crate::error::LockError;
use crate::protocol::Core;
use crate::record::{EXCLUSIVE, Record, count_overflows};
use crate::sync::Condvar;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::waits::{self, Graph, Heir, On};

const WAITING: u64 = 1;
const ABANDONED: u64 = 2;
const FLAGS: u64 = WAITING | ABANDONED;
/// The rest is the owner's number, not a count.
const ALONE: u64 = 4;
const ONE: u64 = 8;

/// The most shared uses of one thread at a time: one more would be noted as [`EXCLUSIVE`]. Each use
/// has a stack frame of a call below it, so that a thread gets there only by leaking stacks.
const MOST_USES: u32 = EXCLUSIVE - 1;

fn alone(thread: u64) -> u64 {
    (thread * ONE) | ALONE
}

/// The lock of one instance. Lives in the value behind a gate; see [`Guarded`].
#[derive(Debug)]
pub struct Exclusion {
    state: AtomicU64,
    freed: Condvar,
}

/// A value that has a lock for its calls.
pub trait Guarded {
    /// The lock; always the same one.
    fn exclusion(&self) -> &Exclusion;
}

/// Who takes the lock: a thread that is inside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entrant<'e> {
    pub(crate) core: &'e Arc<Core>,
    pub(crate) record: &'e Record,
}

impl Default for Exclusion {
    fn default() -> Self {
        Self::new()
    }
}

impl Exclusion {
    /// A free lock.
    pub fn new() -> Self {
        Self { state: AtomicU64::new(0), freed: Condvar::new() }
    }

    /// Gives the instance up: until it is let go by those who hold it, everybody who waits or
    /// comes gets [`LockError::Abandoned`]. Does nothing when nobody holds it.
    pub fn abandon(&self) {
        let _graph = waits::graph();
        let mut state = self.state.load(Ordering::Relaxed);
        while state & !FLAGS != 0 {
            match self.replace(state, state | ABANDONED) {
                Ok(()) => {
                    self.freed.notify_all();
                    break;
                }
                Err(now) => state = now,
            }
        }
    }

    /// Whether the instance was given up and is still held.
    pub fn is_abandoned(&self) -> bool {
        self.state.load(Ordering::Relaxed) & ABANDONED != 0
    }

    /// Takes the lock together with others, if nobody is in the way.
    #[inline(always)]
    pub(crate) fn try_shared(&self, record: &Record) -> bool {
        let mode = record.mode();
        if mode >= MOST_USES {
            return false;
        }
        if mode == 0 {
            let state = self.state.load(Ordering::Relaxed);
            if state & (FLAGS | ALONE) != 0 || self.replace(state, state + ONE).is_err() {
                return false;
            }
        }
        record.set_mode(mode + 1);
        true
    }

    /// Takes the lock alone, if nobody is in the way.
    #[inline(always)]
    pub(crate) fn try_exclusive(&self, record: &Record) -> bool {
        let taken = record.mode() == 0 && self.replace(0, alone(record.owner())).is_ok();
        if taken {
            record.set_mode(EXCLUSIVE);
        }
        taken
    }

    #[inline]
    pub(crate) fn lock_shared(&self, entrant: Entrant<'_>) -> Result<(), Box<LockError>> {
        if self.try_shared(entrant.record) { Ok(()) } else { self.lock_slow(entrant, false) }
    }

    #[inline]
    pub(crate) fn lock_exclusive(&self, entrant: Entrant<'_>) -> Result<(), Box<LockError>> {
        if self.try_exclusive(entrant.record) { Ok(()) } else { self.lock_slow(entrant, true) }
    }

    #[inline]
    pub(crate) fn unlock_shared(&self, record: &Record) {
        let mode = record.mode() - 1;
        record.set_mode(mode);
        if mode == 0 {
            let state = self.state.load(Ordering::Relaxed);
            if state & FLAGS != 0 || self.replace(state, state - ONE).is_err() {
                self.unlock_slow(ONE);
            }
        }
    }

    #[inline]
    pub(crate) fn unlock_exclusive(&self, record: &Record) {
        record.set_mode(0);
        let held = alone(record.owner());
        if self.replace(held, 0).is_err() {
            self.unlock_slow(held);
        }
    }

    #[inline(always)]
    fn replace(&self, state: u64, next: u64) -> Result<(), u64> {
        // Acquire for those who take, Release for those who let go; only one of them fits a
        // given call, and on the machines we know the pair costs no more than either.
        let order = Ordering::AcqRel;
        self.state.compare_exchange(state, next, order, Ordering::Relaxed).map(drop)
    }

    #[cold]
    #[inline(never)]
    fn lock_slow(&self, entrant: Entrant<'_>, exclusive: bool) -> Result<(), Box<LockError>> {
        let mode = entrant.record.mode();
        if mode == EXCLUSIVE || (exclusive && mode != 0) {
            return Err(LockError::Reentrant.into());
        }
        if mode == MOST_USES {
            count_overflows("calls that share an instance on this thread");
        }
        self.take_slow(entrant, exclusive)?;
        entrant.record.set_mode(if exclusive { EXCLUSIVE } else { mode + 1 });
        Ok(())
    }

    fn take_slow(&self, entrant: Entrant<'_>, exclusive: bool) -> Result<(), LockError> {
        let Entrant { core, record } = entrant;
        let me = record.owner();
        // Only this thread can change the answers, so they need no lock.
        if self.state.load(Ordering::Relaxed) & !FLAGS == alone(me) {
            return Err(LockError::Reentrant);
        }
        if core.shares(me, record.own_word()) {
            if exclusive {
                return Err(LockError::Reentrant);
            }
            // One more use by a thread that shares the lock already, so it cannot change hands.
            self.state.fetch_add(ONE, Ordering::Acquire);
            return Ok(());
        }
        let mut patience = Patience::default();
        while patience.brief() {
            if self.try_take(me, exclusive, WAITING * u64::from(!exclusive)).is_ok() {
                return Ok(());
            }
        }
        self.queue(core, me, exclusive, record.own_word())
    }

    /// Takes the lock if it is free for this use and shows none of the flags in `unless`; else
    /// returns the state that was in the way.
    fn try_take(&self, me: u64, exclusive: bool, unless: u64) -> Result<(), u64> {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            let taken = if exclusive { state & !FLAGS != 0 } else { state & ALONE != 0 };
            if taken || state & (unless | ABANDONED) != 0 {
                return Err(state);
            }
            let next = if exclusive { state | alone(me) } else { state + ONE };
            match self.replace(state, next) {
                Ok(()) => return Ok(()),
                Err(now) => state = now,
            }
        }
    }

    fn queue(&self, core: &Arc<Core>, me: u64, exclusive: bool, arm: u64) -> Result<(), LockError> {
        let lock = self.key();
        let mut graph = waits::graph();
        let (mut queued, mut circle) = (false, None);
        let answer = loop {
            if graph.is_given(me) {
                break Ok(());
            }
            if self.is_abandoned() {
                break Err(LockError::Abandoned);
            }
            // Who is behind has somebody before it who has left the flag.
            if exclusive || !graph.is_behind(lock, me) {
                let Err(held) = self.try_take(me, exclusive, 0) else {
                    break Ok(());
                };
                // From here on, letting go leads through the graph, which is ours until we wait.
                // Only a state that was seen held may get the flag: nobody would let go of a free
                // one.
                if held & WAITING == 0 && self.replace(held, held | WAITING).is_err() {
                    continue;
                }
            }
            if !queued {
                let on = On::Lock { core: Arc::clone(core), arm, lock, exclusive };
                if let Err(found) = graph.add(me, on) {
                    circle = Some(found);
                    break Ok(());
                }
                queued = true;
            }
            self.freed.wait(&mut graph);
        };
        graph.remove(me);
        drop(graph);
        circle.map_or(answer, |circle| Err(LockError::Cycle(circle.named())))
    }

    #[cold]
    fn unlock_slow(&self, held: u64) {
        let mut graph = waits::graph();
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            // An heir is chosen once: with a waiter there is a flag, and then nobody else gets at
            // a state that is about to be free.
            let last = (state & !FLAGS) == held;
            let next = if last { self.inherit(&mut graph) } else { state - held };
            match self.replace(state, next) {
                Ok(()) => break,
                Err(now) => state = now,
            }
        }
        self.freed.notify_all();
    }

    /// The state after the last one has let go. What was abandoned is whole again.
    fn inherit(&self, graph: &mut Graph) -> u64 {
        match graph.heir(self.key()) {
            Heir::Nobody => 0,
            Heir::Anybody => WAITING,
            Heir::This { thread, exclusive } => {
                let taken = if exclusive { alone(thread) } else { ONE };
                let more = graph.is_wanted(self.key(), thread);
                if more { taken | WAITING } else { taken }
            }
        }
    }

    fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl Core {
    /// Whether a thread shares the lock of the instance it is on, by any of its records.
    fn shares(&self, thread: u64, word: u64) -> bool {
        let mine = |record: &&Arc<Record>| {
            record.owner() == thread && record.word() == word && record.mode() != 0
        };
        self.state().records.iter().any(|record| mine(&record))
    }
}
