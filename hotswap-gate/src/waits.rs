//! The process-wide graph of who waits for whom.
//!
//! A thread that is about to block on a slot registers its wait here and looks for a way along
//! the waits back to itself. Edges appear late (a thread that others wait for blocks only
//! afterwards), but every cycle has a wait that was registered last, and that one finds it.
//!
//! Whom a wait is for is not stored but read at the time of the search, from the records: they
//! say who is inside and who holds the lock. That is exact, because a registered thread is
//! blocked and lets nothing go until it has taken itself out, which needs the same mutex. A
//! thread that is not registered runs; it will search for itself before it blocks.
//!
//! A cycle need not be an error. When one of its threads waits at a gate that is *closing*, the
//! closer waits for callers who wait for that thread: it is invited in, on the old generation,
//! and the cycle is gone. Only what cannot be undone like this is refused.
//!
//! Lock order: this graph, then the state of a gate. With either, nothing is allocated by the program's
//! allocator (`tables`).

use std::sync::Arc;

use crate::error::Cycle;
use crate::protocol::{Core, Insiders};
use crate::sync::{Mutex, MutexGuard, process_wide};
use crate::tables::{List, collect, list};
use crate::thread;

process_wide! {
    static GRAPH: Mutex<Graph> = Mutex::new(Graph { waits: list() });
}

/// What a thread waits for.
#[derive(Debug)]
pub(crate) enum On {
    /// A closed gate: for its closer.
    Gate(Arc<Core>),
    /// Callers inside a slot.
    Callers { core: Arc<Core>, whom: Insiders },
    /// The lock of the instance that is current on an arm, known by its address.
    Lock { core: Arc<Core>, arm: u64, lock: usize, exclusive: bool },
}

impl On {
    fn core(&self) -> &Arc<Core> {
        match self {
            Self::Gate(core) | Self::Callers { core, .. } | Self::Lock { core, .. } => core,
        }
    }
}

/// How many threads wait for something of the slot.
#[cfg(all(test, not(loom)))]
pub(crate) fn waiting(core: &Arc<Core>) -> usize {
    graph().waits.iter().filter(|wait| Arc::ptr_eq(wait.on.core(), core)).count()
}

/// Whether any thread has the graph locked.
#[cfg(all(test, not(loom)))]
pub(crate) fn is_locked() -> bool {
    GRAPH.is_locked()
}

#[derive(Debug)]
struct Wait {
    thread: u64,
    on: On,
    /// It has what it waited for, and has not woken up yet.
    over: bool,
    /// How often the lock was freed and somebody else was faster.
    passed: u32,
}

/// Who the lock goes to when it is freed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heir {
    /// Nobody waits.
    Nobody,
    /// Whoever is fastest.
    Anybody,
    /// This waiter, which was passed over too often.
    This { thread: u64, exclusive: bool },
}

#[derive(Debug)]
pub(crate) struct Graph {
    /// In the order of registration.
    waits: List<Wait>,
}

/// A registered wait of the current thread; dropping it takes it out.
#[derive(Debug)]
pub(crate) struct Begun(());

impl Drop for Begun {
    fn drop(&mut self) {
        graph().remove(thread::id());
    }
}

pub(crate) fn graph() -> MutexGuard<'static, Graph> {
    GRAPH.lock()
}

/// The slots of a circle of waits, found while the graph is locked.
#[derive(Debug)]
pub(crate) struct Circle(List<Arc<str>>);

impl Circle {
    /// The error, made when the graph is not locked.
    pub(crate) fn named(self) -> Cycle {
        Cycle::new(self.0.into_iter().collect())
    }
}

/// Registers a wait of the current thread, unless it would never end.
pub(crate) fn begin(on: On) -> Result<Begun, Cycle> {
    let added = graph().add(thread::id(), on);
    added.map_err(Circle::named)?;
    Ok(Begun(()))
}

impl Graph {
    /// A waiter gets the lock handed over when it was passed over as often as this.
    pub(crate) const PATIENCE: u32 = 16;

    pub(crate) fn add(&mut self, thread: u64, on: On) -> Result<(), Circle> {
        self.waits.push(Wait { thread, on, over: false, passed: 0 });
        while let Some(cycle) = self.cycle(self.waits.len() - 1) {
            let invited = cycle.iter().copied().find(|&at| match &self.waits[at].on {
                On::Gate(core) => core.invite(self.waits[at].thread),
                On::Callers { .. } | On::Lock { .. } => false,
            });
            let Some(at) = invited else {
                let name = |at: &usize| Arc::clone(&self.waits[*at].on.core().name);
                let slots = collect(cycle.iter().map(name));
                self.waits.pop();
                return Err(Circle(slots));
            };
            self.waits[at].over = true;
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, thread: u64) {
        self.waits.retain(|wait| wait.thread != thread);
    }

    /// The waits from the one at `start` back to its own thread.
    fn cycle(&self, start: usize) -> Option<List<usize>> {
        let mut path = list();
        self.walk(start, self.waits[start].thread, &mut path, &mut list()).then_some(path)
    }

    fn walk(&self, at: usize, home: u64, path: &mut List<usize>, seen: &mut List<u64>) -> bool {
        if self.waits[at].over {
            return false;
        }
        path.push(at);
        for thread in self.blockers(at) {
            if thread == home {
                return true;
            }
            if seen.contains(&thread) {
                continue;
            }
            seen.push(thread);
            let next = self.waits.iter().position(|wait| wait.thread == thread);
            if next.is_some_and(|next| self.walk(next, home, path, seen)) {
                return true;
            }
        }
        path.pop();
        false
    }

    /// The threads without which the wait cannot end.
    fn blockers(&self, at: usize) -> List<u64> {
        let wait = &self.waits[at];
        match &wait.on {
            On::Gate(core) => collect(core.closer()),
            On::Callers { core, whom } => {
                let state = core.state();
                collect(state.insiders(*whom).map(|(record, _)| record.owner()))
            }
            On::Lock { core, arm, lock, exclusive } => {
                let state = core.state();
                let insiders = state.insiders(Insiders::of(*arm));
                let holders = insiders.filter(|(record, _)| record.mode() != 0);
                let holders = holders.map(|(record, _)| record.owner());
                let mut blockers = collect(holders.filter(|&owner| owner != wait.thread));
                if !exclusive {
                    blockers.extend(self.exclusive_before(at, *lock).map(|wait| wait.thread));
                }
                blockers
            }
        }
    }

    fn exclusive_before(&self, at: usize, key: usize) -> impl Iterator<Item = &Wait> {
        let ahead = move |wait: &&Wait| {
            matches!(wait.on, On::Lock { lock, exclusive: true, .. } if lock == key) && !wait.over
        };
        self.waits[..at].iter().filter(ahead)
    }

    /// Whether somebody who waits for the lock exclusively came before this thread.
    pub(crate) fn is_behind(&self, lock: usize, thread: u64) -> bool {
        let at = self.waits.iter().position(|wait| wait.thread == thread);
        self.exclusive_before(at.unwrap_or(self.waits.len()), lock).next().is_some()
    }

    /// Whether anybody but this thread waits for the lock.
    pub(crate) fn is_wanted(&self, lock: usize, thread: u64) -> bool {
        self.waits.iter().any(|wait| wait.is_for(lock) && wait.thread != thread)
    }

    /// Whether the lock was handed to this waiting thread.
    pub(crate) fn is_given(&self, thread: u64) -> bool {
        self.waits.iter().any(|wait| wait.thread == thread && wait.over)
    }

    /// Decides who gets a lock that was just freed.
    pub(crate) fn heir(&mut self, lock: usize) -> Heir {
        let Some(first) = self.waits.iter_mut().find(|wait| wait.is_for(lock)) else {
            return Heir::Nobody;
        };
        first.passed += 1;
        match first.on {
            On::Lock { exclusive, .. } if first.passed > Self::PATIENCE => {
                first.over = true;
                Heir::This { thread: first.thread, exclusive }
            }
            _ => Heir::Anybody,
        }
    }
}

impl Wait {
    fn is_for(&self, key: usize) -> bool {
        matches!(self.on, On::Lock { lock, .. } if lock == key) && !self.over
    }
}
