//! Waiting until callers have left: those on what is current for a closer, those on an arm of a turn that
//! is over for retiring. Those on an older turn do not concern a closer where they are on another
//! generation, and stay on it: a caller that hangs in a version that was given up does not delay later
//! upgrades. Those on an older turn of the same value do.
//!
//! Leaving is one plain store and tells nobody, so the waiting side looks again and again: a few
//! spins, a few yields, then naps that grow to a millisecond. Only a wait that is going on costs
//! anything; an idle gate has no thread and no timer.
//!
//! # Orderings
//! The closer's fence comes once, after the word has changed; every later look at a record is an
//! Acquire load under the state's mutex (see `protocol`), which also makes visible what the caller did
//! before it left.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Busy, Occupant, Stuck, Why};
use crate::protocol::{Core, Insiders, Phase, State};
use crate::record::Record;
use crate::sync::{sleep, spin_loop, yield_now};
use crate::tables::{List, collect, list};
use crate::thread::{self, Who};
use crate::waits::{self, On};

impl Core {
    /// Closes the gate and waits until nobody is inside on the current turn. On an error it is open
    /// as before. Returns since when callers have been kept out.
    pub(crate) fn close(self: &Arc<Self>, deadline: Instant) -> Result<Instant, Stuck> {
        let started = Instant::now();
        let whom = self.begin_closing(deadline);
        let whom = whom.map_err(|why| self.stuck(why, started, Vec::new()))?;
        let since = Instant::now();
        let quiet = self.drain(whom, started, deadline, State::settle);
        quiet.map(|()| since).inspect_err(|_| self.reopen(None))
    }

    /// Returns those on the turn, which stays the current one until the gate opens again.
    fn begin_closing(&self, deadline: Instant) -> Result<Insiders, Why> {
        let me = thread::id();
        let who = Who::current();
        let mut timed_out = false;
        let mut state = self.state();
        loop {
            if state.word_of_thread(me).is_some() {
                return Err(Why::OwnThread);
            }
            let Some(by) = state.phase.closer() else {
                break;
            };
            if by.number == me || timed_out {
                return Err(Why::Busy(Busy { by: by.clone() }));
            }
            timed_out = self.wait_change(&mut state, Some(deadline));
        }
        self.shut(&mut state, who);
        Ok(state.current())
    }

    /// Waits until nobody is inside on the value of an arm, whose turn is over.
    pub(crate) fn wait_left(self: &Arc<Self>, arm: u64, deadline: Instant) -> Result<(), Stuck> {
        let started = Instant::now();
        let (me, whom) = (thread::id(), Insiders::of(arm));
        if self.state().insiders(whom).any(|(record, _)| record.owner() == me) {
            return Err(self.stuck(Why::OwnThread, started, Vec::new()));
        }
        self.drain(whom, started, deadline, |_| ())
    }

    /// Waits until those have left who are inside now, while others come in. To tell them apart a new
    /// turn must have begun.
    pub(crate) fn wait_earlier(self: &Arc<Self>, deadline: Instant) -> Result<(), Stuck> {
        let (started, state) = (Instant::now(), self.state());
        let whom = Insiders { before: state.turn, ..state.current() };
        drop(state);
        self.drain(whom, started, deadline, |_| ())
    }

    /// Waits until nobody has the gate closed.
    pub(crate) fn await_open(&self, deadline: Instant) -> Result<(), Busy> {
        let mut timed_out = false;
        let mut state = self.state();
        while let Some(by) = state.phase.closer() {
            if by.number == thread::id() || timed_out {
                return Err(Busy { by: by.clone() });
            }
            timed_out = self.wait_change(&mut state, Some(deadline));
        }
        Ok(())
    }

    /// Waits until the open gate keeps nobody out any more.
    pub(crate) fn await_let_in(&self, deadline: Instant) {
        let mut patience = Patience::default();
        while self.state().kept_out != 0 && Instant::now() < deadline {
            patience.brief();
        }
    }

    /// The arms, of those given, that nobody is inside on. Their turns are over, so nobody will be.
    pub(crate) fn left(&self, mut arms: List<u64>) -> List<u64> {
        if arms.is_empty() || self.form().closer_fence().is_err() {
            return list();
        }
        let state = self.state();
        arms.retain(|&arm| state.on(arm).next().is_none());
        arms
    }

    /// `quiet` is done in the same step in which nobody is found inside.
    fn drain(
        self: &Arc<Self>,
        whom: Insiders,
        started: Instant,
        deadline: Instant,
        quiet: impl FnOnce(&mut State),
    ) -> Result<(), Stuck> {
        if let Err(error) = self.form().closer_fence() {
            return Err(self.stuck(Why::Barrier(error.kind()), started, Vec::new()));
        }
        let mut patience = Patience::default();
        let mut noticed = list();
        // Taken out before the caller reopens: who stands in the graph is taken for blocked.
        let mut wait = None;
        loop {
            let mut state = self.state();
            let over = state.sweep();
            let before = notice(&mut noticed, &state, whom);
            if noticed.is_empty() {
                quiet(&mut state);
                drop(state);
                return Ok(());
            }
            if Instant::now() >= deadline {
                drop(state);
                return Err(self.stuck(Why::Deadline, started, occupants(noticed)));
            }
            drop(state);
            drop((over, before));
            if !patience.brief() && wait.is_none() {
                match waits::begin(On::Callers { core: Arc::clone(self), whom }) {
                    Ok(begun) => wait = Some(begun),
                    Err(cycle) => {
                        return Err(self.stuck(Why::Cycle(cycle), started, occupants(noticed)));
                    }
                }
            }
        }
    }

    pub(crate) fn stuck(&self, why: Why, started: Instant, inside: Vec<Occupant>) -> Stuck {
        Stuck { slot: Arc::clone(&self.name), why, waited: started.elapsed(), inside }
    }
}

impl State {
    /// Nobody is inside: the closer has the slot for itself.
    fn settle(&mut self) {
        if let Phase::Closing(who) = &self.phase {
            self.phase = Phase::Quiet(who.clone());
        }
    }
}

/// Who is inside, what it announces, and since when that is known.
type Noticed = (Arc<Record>, u64, Instant);

/// Brings the list of those inside up to date; who stayed keeps the time it was noticed at. Returns the
/// list before, to be dropped when the state is not locked: it may have the last of a record.
fn notice(noticed: &mut List<Noticed>, state: &State, whom: Insiders) -> List<Noticed> {
    let now = Instant::now();
    let inside = collect(state.insiders(whom).map(|(record, word)| {
        let known = noticed.iter().find(|(other, ..)| Arc::ptr_eq(other, record));
        (Arc::clone(record), word, known.map_or(now, |&(.., since)| since))
    }));
    mem::replace(noticed, inside)
}

/// Their generation is still what they announce: only the gate knows the numbers.
fn occupants(noticed: List<Noticed>) -> Vec<Occupant> {
    let occupant =
        |(record, word, noticed): Noticed| Occupant { noticed, ..Occupant::new(&record, word) };
    noticed.into_iter().map(occupant).collect()
}

/// How to spend the time until the next look: dearer for others first, slower to notice later.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    rounds: u32,
}

impl Patience {
    const SPINS: u32 = 6;
    const YIELDS: u32 = 16;
    const NAP: Duration = Duration::from_micros(50);
    const LONGEST_NAP: Duration = Duration::from_millis(1);

    /// Pauses. `false` when this wait is no longer a short one.
    pub(crate) fn brief(&mut self) -> bool {
        self.rounds = self.rounds.saturating_add(1);
        if cfg!(all(test, loom)) {
            yield_now();
            return self.rounds < 2;
        }
        if self.rounds <= Self::SPINS {
            (0..1 << self.rounds).for_each(|_| spin_loop());
        } else if self.rounds <= Self::YIELDS {
            yield_now();
        } else {
            let doublings = (self.rounds - Self::YIELDS).min(8) - 1;
            sleep((Self::NAP * (1 << doublings)).min(Self::LONGEST_NAP));
        }
        self.rounds <= Self::YIELDS
    }
}
