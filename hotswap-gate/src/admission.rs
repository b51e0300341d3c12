//! The cold path of entering: a record without a generation, or with a stale one, and closed gates.
//!
//! Mostly it is the fast path once more with the word as it is now. A caller that finds the gate
//! closed waits for it to open, within its budget.
//!
//! Two kinds of callers are let in though the word does not say so: those whose thread is inside
//! by another record, and those without whom the callers inside would never leave (see `waits`).
//! Both announce under the mutex of the state, and so cannot be missed by the pass that concludes
//! that nobody is inside: while the first kind waits for the mutex its other record is announced,
//! and the second kind is let in only while the closer has not concluded. Callers who have waited, and
//! find the gate open, announce under the mutex as well: a closer that waits until nobody is kept out
//! any more (`bounded`) then knows that they are inside, and not just awake.
//!
//! # Orderings
//! As in `protocol`; the fence is always a full one here, which fits either form of a closer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Refused;
use crate::protocol::{Core, Phase};
use crate::record::Record;
use crate::sync::atomic::{Ordering, fence};
use crate::waits::{self, On};
use crate::word::{CLOSED, ENDED, word_of};

impl Core {
    /// Lets the current thread in by `record`, which is outside and becomes the thread's own.
    /// What the record announces then is for `choosing`.
    pub(crate) fn admit(
        self: &Arc<Self>,
        record: &Record,
        budget: Duration,
    ) -> Result<(), Refused> {
        record.adopt();
        if self.join(record) {
            return Ok(());
        }
        let mut since = None;
        loop {
            let word = self.head.word.load(Ordering::Acquire);
            if word == ENDED {
                return Err(Refused::Ended);
            }
            if word & CLOSED == 0 {
                record.announce(word);
                fence(Ordering::SeqCst);
                if self.head.word.load(Ordering::Acquire) == word {
                    return Ok(());
                }
                record.withdraw();
                continue;
            }
            let since = *since.get_or_insert_with(Instant::now);
            if self.await_opening(record, since, budget)? {
                return Ok(());
            }
        }
    }

    /// Puts the record on the turn, and the arm, its thread is on by another record, if there is one.
    fn join(&self, record: &Record) -> bool {
        let state = self.state();
        let word = state.word_of_thread(record.owner());
        word.inspect(|&word| record.decide(word)).is_some()
    }

    /// Waits while the gate is closed. `true` when the thread was let in, `false` when it should look
    /// again.
    fn await_opening(
        self: &Arc<Self>,
        record: &Record,
        since: Instant,
        budget: Duration,
    ) -> Result<bool, Refused> {
        let me = record.owner();
        let refusal = || Refused::Draining { waited: since.elapsed() };
        if budget.is_zero() {
            return Err(refusal());
        }
        let deadline = since.checked_add(budget);
        let wait = waits::begin(On::Gate(Arc::clone(self))).map_err(Refused::Cycle)?;
        let mut timed_out = false;
        let mut state = self.state();
        state.kept_out += 1;
        while state.is_shut() && !state.invited.contains(&me) && !timed_out {
            timed_out = self.wait_change(&mut state, deadline);
        }
        drop(state);
        // Before anything is decided: who stands in the graph is taken for blocked.
        drop(wait);
        let mut state = self.state();
        state.kept_out -= 1;
        let guests = state.invited.len();
        state.invited.retain(|&guest| guest != me);
        let is_let_in = match state.phase {
            Phase::Open => true,
            Phase::Closing(_) => state.invited.len() < guests,
            Phase::Quiet(_) => false,
        };
        if is_let_in && !state.ended {
            record.announce(word_of(state.turn));
            return Ok(true);
        }
        if timed_out && state.is_shut() { Err(refusal()) } else { Ok(false) }
    }

    /// Tells a waiting thread to come in although the gate is closing. `false` when it is too late
    /// for that, or no longer needed.
    pub(crate) fn invite(&self, thread: u64) -> bool {
        let mut state = self.state();
        let closing = !state.ended && matches!(state.phase, Phase::Closing(_));
        if closing {
            state.invited.push(thread);
            self.changed.notify_all();
        }
        closing
    }
}
