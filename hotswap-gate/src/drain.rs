//! Waiting until the callers of one turn have left: the current one for a closer, one that is over
//! for retiring. Those on an older turn do not concern a closer where they are on another generation,
//! and stay on it: a caller that hangs in a version that was given up does not delay later upgrades.
//! Those on an older turn of the same value do.
//!
//! Leaving is one plain store and tells nobody, so the waiting side looks again and again: a few
//! spins, a few yields, then naps that grow to a millisecond. Only a wait that is going on costs
//! anything; an idle gate has no thread and no timer.
//!
//! # Orderings
//! The closer's fence comes once, after the word has changed; every later look at a record is an
//! Acquire load under the state's mutex (see `protocol`), which also makes visible what the caller did
//! before it left.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Busy, Occupant, Stuck, Why};
use crate::protocol::{Core, Phase, State, word_of};
use crate::record::Record;
use crate::sync::{sleep, spin_loop, yield_now};
use crate::tables::{List, collect, list};
use crate::thread::{self, Who};
use crate::waits::{self, On};

impl Core {
    /// Closes the gate and waits until nobody is inside on the current turn. On an error it is open
    /// as before.
    pub(crate) fn close(self: &Arc<Self>, deadline: Instant) -> Result<(), Stuck> {
        let started = Instant::now();
        let turn = self.begin_closing(deadline);
        let turn = turn.map_err(|why| self.stuck(why, started, Vec::new()))?;
        self.drain(turn, started, deadline).inspect_err(|_| self.reopen(None))
    }

    /// Returns the turn, which stays the current one until the gate opens again.
    fn begin_closing(&self, deadline: Instant) -> Result<u64, Why> {
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
        Ok(state.turn)
    }

    /// Waits until nobody is inside on `turn`, which is over.
    pub(crate) fn wait_left(self: &Arc<Self>, turn: u64, deadline: Instant) -> Result<(), Stuck> {
        let started = Instant::now();
        if self.state().word_of_thread(thread::id()) == Some(word_of(turn)) {
            return Err(self.stuck(Why::OwnThread, started, Vec::new()));
        }
        self.drain(turn, started, deadline)
    }

    /// The turns, of those given, that nobody is inside on. They are over, so nobody will be.
    pub(crate) fn left(&self, mut turns: List<u64>) -> List<u64> {
        if turns.is_empty() || self.form().closer_fence().is_err() {
            return list();
        }
        let state = self.state();
        turns.retain(|&turn| state.on(turn).next().is_none());
        turns
    }

    fn drain(
        self: &Arc<Self>,
        turn: u64,
        started: Instant,
        deadline: Instant,
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
            notice(&mut noticed, &state, turn);
            if noticed.is_empty() {
                state.settle(turn);
                drop(state);
                return Ok(());
            }
            if Instant::now() >= deadline {
                drop(state);
                return Err(self.stuck(Why::Deadline, started, occupants(noticed, turn)));
            }
            drop(state);
            drop(over);
            if !patience.brief() && wait.is_none() {
                match waits::begin(On::Callers { core: Arc::clone(self), turn }) {
                    Ok(begun) => wait = Some(begun),
                    Err(cycle) => {
                        return Err(self.stuck(
                            Why::Cycle(cycle),
                            started,
                            occupants(noticed, turn),
                        ));
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
    /// Nobody is inside on a turn: where it is the current one, its closer has the slot for itself.
    fn settle(&mut self, turn: u64) {
        if turn == self.turn
            && let Phase::Closing(who) = &self.phase
        {
            self.phase = Phase::Quiet(who.clone());
        }
    }
}

type Noticed = (Arc<Record>, Instant);

/// Brings the list of those inside up to date; who stayed keeps the time it was noticed at.
fn notice(noticed: &mut List<Noticed>, state: &State, turn: u64) {
    let now = Instant::now();
    *noticed = collect(state.insiders(turn).map(|record| {
        let known = noticed.iter().find(|(other, _)| Arc::ptr_eq(other, record));
        (Arc::clone(record), known.map_or(now, |&(_, since)| since))
    }));
}

/// Their generation is still a turn: only the gate knows the numbers.
fn occupants(noticed: List<Noticed>, turn: u64) -> Vec<Occupant> {
    let occupant =
        |(record, noticed): Noticed| Occupant { noticed, ..Occupant::new(&record, turn) };
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
