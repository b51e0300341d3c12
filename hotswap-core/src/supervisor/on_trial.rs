//! A version on trial, while it is.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_abi::Failure;

use crate::{
    config::Trial,
    instance::{Latency, Watch},
    report::TrialFigures,
    upgrade::{Retiring, Verdict, Why, judge},
};

/// How often callers are waited for that do not leave a version that is to be rolled back.
const PATIENT_TRIES: u32 = 3;
/// Between these tries.
pub(super) const BETWEEN: Duration = Duration::from_secs(1);

/// A version on trial.
pub(super) struct OnTrial {
    pub(super) trial: Trial,
    begun: Instant,
    watch: Arc<Watch>,
    /// What the last panic of a call has said, and where.
    pub(super) panicked: Option<String>,
    /// What calls took in the version before.
    before: Option<Latency>,
    /// The version before, which is kept ready.
    pub(super) previous: Retiring,
    /// It is to be rolled back, and callers do not leave it.
    wrong: Option<(Why, u32)>,
    pub(super) next_look: Instant,
}

impl OnTrial {
    pub(super) fn begin(trial: Trial, watch: Arc<Watch>, previous: Retiring) -> Self {
        let before = previous.generation().condition().was_watched();
        let before = before.map(|watch| watch.figures().latency);
        let begun = Instant::now();
        let next_look = begun + trial.interval();
        let (wrong, panicked) = (None, None);
        Self { trial, begun, watch, panicked, before, previous, wrong, next_look }
    }

    pub(super) fn has_panicked(&mut self, failure: &Failure) {
        let Failure { method, message, place, .. } = failure;
        self.panicked = Some(format!("last panic  {method}: {message} at {place}"));
    }

    /// What its calls have come to.
    pub(super) fn so_far(&self) -> TrialFigures {
        TrialFigures::of(&self.watch.figures())
    }

    pub(super) fn verdict(&self, now: Instant) -> Verdict {
        match &self.wrong {
            Some((why, _)) => Verdict::RollBack(why.clone()),
            None => {
                judge(&self.trial, self.begun, now, &self.watch.figures(), self.before.as_ref())
            }
        }
    }

    /// How often it was to be rolled back already.
    pub(super) fn tries(&self) -> u32 {
        self.wrong.as_ref().map_or(0, |(_, tries)| *tries)
    }

    /// Whether callers who do not leave are waited for, or given up.
    pub(super) fn is_patient(&self, why: &Why) -> bool {
        !why.hangs && self.tries() < PATIENT_TRIES
    }

    /// It is looked at again after its interval.
    pub(super) fn goes_on(&mut self) {
        self.next_look = Instant::now() + self.trial.interval();
    }

    /// It goes on, although it is wrong, since callers do not leave it.
    pub(super) fn not_left(&mut self, why: Why) {
        self.wrong = Some((why, self.tries() + 1));
        self.next_look = Instant::now() + BETWEEN;
    }
}
