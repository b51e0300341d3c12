//! The quiescence protocol without its payload: one word, the records, and who may conclude what.
//!
//! A value may be current *again* while callers of an earlier turn are still on it. Whoever wants it for
//! himself must then wait for those as well: the state knows which turns, and which arms of turns
//! with a canary, are of one value. `word` says what a word means.
//!
//! A caller announces the open word it knows, passes the fence of its [`Form`], and looks: if the
//! gate still shows that word, it is inside. A closer changes the word, passes its own fence, and
//! looks at all records. Either the closer finds the announcement, or the caller finds the change.
//!
//! **Every conclusion that nobody is inside is drawn under the mutex of the state**, in one pass
//! over the records; see `admission` for why that matters.
//!
//! # Orderings
//! The word is written with Release, under the mutex, and read with Acquire: who is let in sees
//! everything that was done before the gate opened. The fence between the announcement and the
//! look is what makes the two sides meet (store and load of different places on both). A record that
//! is registered after a closer took the mutex learns of the closed word through the mutex.
//!
//! # The program's allocator
//! It may be code that calls slots, and so wants the mutex of the state. Nothing is allocated or freed
//! by it while that is held (`tables`).

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use crate::error::Busy;
use crate::form::{Form, quick_fence};
use crate::places::Place;
use crate::record::Record;
use crate::sync::atomic::{AtomicU64, Ordering, fence};
use crate::sync::{Condvar, Mutex, MutexGuard};
use crate::tables::{self, List, list};
use crate::thread::{self, Who};
use crate::wakers::Wakers;
use crate::word::{Arm, CLOSED, ENDED, OUTSIDE, arms_of, may_be_on, turn_of, word_of};

/// What callers read, on lines that nobody writes between two upgrades.
#[repr(align(128))]
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) word: AtomicU64,
    form: Form,
}

impl Head {
    /// The whole quick way in, for a record that is outside. It fails where the record does not know
    /// the word that the gate shows: in the fence form, and beside a canary, it knows one that no gate
    /// ever shows.
    #[inline(always)]
    pub(crate) fn try_admit(&self, record: &Record) -> bool {
        let word = record.known();
        record.announce(word);
        quick_fence();
        let admitted = self.word.load(Ordering::Acquire) == word;
        if !admitted {
            record.withdraw();
        }
        admitted
    }
}

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) head: Head,
    pub(crate) name: Arc<str>,
    pub(crate) place: Place,
    state: Mutex<State>,
    /// The gate opened or ended, the right to close it is free, or a caller was invited.
    pub(crate) changed: Condvar,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) records: List<Arc<Record>>,
    pub(crate) turn: u64,
    /// What records announce on the current turn: one word for each arm, or twice the turn's word.
    pub(crate) arms: [u64; 2],
    /// Such words of values that are current again, each with the first one of that value.
    pub(crate) again: List<(u64, u64)>,
    pub(crate) phase: Phase,
    pub(crate) ended: bool,
    /// Waiting threads that are to come in while the gate closes.
    pub(crate) invited: List<u64>,
    /// How many threads the closed gate keeps waiting.
    pub(crate) kept_out: usize,
    /// The tasks that it keeps waiting.
    pub(crate) wakers: Wakers,
}

/// What was published: as [`State::arms`], each with an arm before on which the same value may still
/// be used.
pub(crate) type Published = [(u64, Option<u64>); 2];

/// Publishes what is current on a turn. `None` when there is nothing to publish after all.
pub(crate) type Publish<'p> = &'p mut dyn FnMut(u64) -> Option<Published>;

/// Those whom somebody waits for: who may be on the values of these arms, by a turn before that one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Insiders {
    pub(crate) arms: [u64; 2],
    pub(crate) before: u64,
}

impl Insiders {
    /// Whoever is on the value of an arm.
    pub(crate) fn of(arm: u64) -> Self {
        Self { arms: [arm; 2], before: u64::MAX }
    }
}

#[derive(Debug)]
pub(crate) enum Phase {
    Open,
    /// The closer waits for the callers inside.
    Closing(Who),
    /// Nobody is inside, and the closer has the slot for itself.
    Quiet(Who),
}

impl Phase {
    pub(crate) fn closer(&self) -> Option<&Who> {
        match self {
            Self::Open => None,
            Self::Closing(who) | Self::Quiet(who) => Some(who),
        }
    }
}

impl State {
    /// The records that may be inside on an arm, by this very turn.
    pub(crate) fn on(&self, arm: u64) -> impl Iterator<Item = &Arc<Record>> {
        self.records.iter().filter(move |record| may_be_on(record.word(), arm))
    }

    /// The records of somebody's insiders, each with what it announces.
    pub(crate) fn insiders(&self, whom: Insiders) -> impl Iterator<Item = (&Arc<Record>, u64)> {
        let firsts = whom.arms.map(|arm| self.first_of(arm));
        let before = whom.before;
        let is_one = move |&(_, word): &(&Arc<Record>, u64)| {
            word != OUTSIDE
                && turn_of(word) < before
                && arms_of(word).any(|arm| firsts.contains(&self.first_of(arm)))
        };
        self.records.iter().map(|record| (record, record.word())).filter(is_one)
    }

    /// Who is inside on what is current.
    pub(crate) fn current(&self) -> Insiders {
        Insiders { arms: self.arms, before: u64::MAX }
    }

    /// The first arm of the value that an arm is of.
    fn first_of(&self, arm: u64) -> u64 {
        let again = self.again.iter().find(|(known, _)| *known == arm);
        again.map_or(arm, |(_, first)| *first)
    }

    /// Nobody is on these arms, whose turns are over.
    pub(crate) fn forget(&mut self, arms: &[u64]) {
        self.again.retain(|(arm, _)| !arms.contains(arm));
    }

    /// The word that a thread announces by any record.
    pub(crate) fn word_of_thread(&self, thread: u64) -> Option<u64> {
        self.words_of_thread(thread).next()
    }

    fn words_of_thread(&self, thread: u64) -> impl Iterator<Item = u64> {
        let own = self.records.iter().filter(move |record| record.owner() == thread);
        own.map(|record| record.word()).filter(|&word| word != OUTSIDE)
    }

    /// Takes out the records that are over; to be dropped when the state is not locked.
    pub(crate) fn sweep(&mut self) -> List<Arc<Record>> {
        tables::take(&mut self.records, |record| record.is_over())
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.phase.closer().is_some() && !self.ended
    }
}

impl Core {
    pub(crate) fn new(name: Arc<str>, form: Form) -> Self {
        let turn = 1;
        Self {
            head: Head { word: AtomicU64::new(word_of(turn)), form },
            name,
            place: Place::take(),
            state: Mutex::new(State {
                records: list(),
                turn,
                arms: [word_of(turn); 2],
                again: list(),
                phase: Phase::Open,
                ended: false,
                invited: list(),
                kept_out: 0,
                wakers: Wakers::new(),
            }),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Whether any thread has the state locked.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn is_locked(&self) -> bool {
        self.state.is_locked()
    }

    pub(crate) fn form(&self) -> Form {
        self.head.form
    }

    /// The way in with a fence, for the fence form; else as [`Head::try_admit`].
    pub(crate) fn try_admit_fenced(&self, record: &Record) -> bool {
        let word = record.known_fenced();
        if word == OUTSIDE {
            return false;
        }
        record.announce(word);
        fence(Ordering::SeqCst);
        let admitted = self.head.word.load(Ordering::Acquire) == word;
        if !admitted {
            record.withdraw();
        }
        admitted
    }

    /// Returns whether the deadline has passed; `None` is never.
    pub(crate) fn wait_change(
        &self,
        state: &mut MutexGuard<'_, State>,
        deadline: Option<Instant>,
    ) -> bool {
        match deadline {
            Some(deadline) => self.changed.wait_until(state, deadline).timed_out(),
            None => {
                self.changed.wait(state);
                false
            }
        }
    }

    /// Begins to close: from the caller's fence on, who is not inside does not come in.
    pub(crate) fn shut(&self, state: &mut State, who: Who) {
        state.phase = Phase::Closing(who);
        state.invited.clear();
        if !state.ended {
            self.head.word.store(word_of(state.turn) | CLOSED, Ordering::Release);
        }
    }

    /// Ends the closing, on the same turn or, when there is something to publish, on the next.
    pub(crate) fn reopen(&self, publish: Option<Publish<'_>>) {
        let mut state = self.state.lock();
        if let Some(publish) = publish {
            let quiet = state.arms;
            self.advance(&mut state, publish);
            state.forget(&quiet);
        }
        let before = mem::replace(&mut state.phase, Phase::Open);
        state.invited.clear();
        self.show(&state);
        self.changed.notify_all();
        let woken = state.wakers.take_all();
        drop(state);
        drop(before);
        woken.wake();
    }

    /// Changes what is current behind an open gate.
    pub(crate) fn swap(&self, publish: Publish<'_>) -> Result<(), Busy> {
        let mut state = self.state.lock();
        if let Some(by) = state.phase.closer() {
            return Err(Busy { by: by.clone() });
        }
        self.advance(&mut state, publish);
        self.show(&state);
        Ok(())
    }

    /// The generation is published before the word shows its turn, so whoever is let in finds it.
    fn advance(&self, state: &mut State, publish: Publish<'_>) {
        let turn = state.turn + 1;
        let Some(published) = publish(turn) else { return };
        for (arm, before) in published {
            if let Some(before) = before {
                state.again.push((arm, state.first_of(before)));
            }
        }
        state.arms = published.map(|(arm, _)| arm);
        state.turn = turn;
    }

    fn show(&self, state: &State) {
        if !state.ended {
            self.head.word.store(word_of(state.turn), Ordering::Release);
        }
    }

    pub(crate) fn end(&self) {
        let mut state = self.state.lock();
        state.ended = true;
        self.head.word.store(ENDED, Ordering::Release);
        self.changed.notify_all();
        let woken = state.wakers.take_all();
        drop(state);
        woken.wake();
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.head.word.load(Ordering::Acquire) == ENDED
    }

    /// Whether the current thread is inside by any record.
    pub(crate) fn is_inside(&self) -> bool {
        self.state.lock().word_of_thread(thread::id()).is_some()
    }

    /// The arm that a thread has chosen by any record.
    pub(crate) fn arm_of_thread(&self, thread: u64) -> Option<Arm> {
        self.state.lock().words_of_thread(thread).find_map(Arm::of)
    }

    pub(crate) fn register(&self, record: Arc<Record>) {
        let mut state = self.state.lock();
        let over = state.sweep();
        state.records.push(record);
        drop(state);
        drop(over);
    }

    /// Forgets a record that nobody will use again; at once, or when its thread is outside.
    pub(crate) fn unregister(&self, record: &Arc<Record>) {
        if record.own_word() == OUTSIDE {
            // It is not dropped here: the caller has it, too.
            self.state.lock().records.retain(|other| !Arc::ptr_eq(other, record));
        } else {
            record.orphan();
        }
    }

    pub(crate) fn closer(&self) -> Option<u64> {
        let state = self.state.lock();
        if state.ended { None } else { state.phase.closer().map(|who| who.number) }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.place.give_back();
    }
}
