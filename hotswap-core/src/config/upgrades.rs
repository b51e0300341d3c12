//! How a slot comes to its next version: when, with whose consent, and how it is tried first.

use std::time::Duration;

use hotswap_types::{Intent, Strategy};

use super::{Approval, Config, Rehearsal, StateDrift, Timing, Trial};

impl Config {
    /// What happens when the shape of a state has changed, and its version has not.
    #[must_use]
    pub const fn with_state_drift(mut self, drift: StateDrift) -> Self {
        self.state_drift = drift;
        self
    }

    /// When a prepared artifact takes over: at once, unless told otherwise.
    #[must_use]
    pub fn with_timing(mut self, timing: Timing) -> Self {
        self.defaults.timing = Some(timing);
        self
    }

    /// Has somebody say yes to each upgrade, by its [`Plan`](crate::Plan). Unless told so nobody is
    /// asked.
    ///
    /// What waits is replaced by a newer artifact of its slot.
    #[must_use]
    pub fn with_approval(mut self, approval: Approval) -> Self {
        self.defaults.approval = Some(approval);
        self
    }

    /// Why upgrades are wanted of which [`Operator::intend`](crate::Operator::intend) says nothing else.
    #[must_use]
    pub fn with_intent(mut self, intent: Intent) -> Self {
        self.defaults.intent = Some(intent);
        self
    }

    /// How callers come to a new version: all at once, unless told otherwise. Any other strategy needs a
    /// trial ([`with_trial`](Self::with_trial)).
    #[must_use]
    pub fn with_strategy(mut self, strategy: Strategy) -> Self {
        self.defaults.strategy = Some(strategy);
        self
    }

    /// Has each new version watched once it serves, and keeps the one before ready until it is
    /// committed. Unless told so an upgrade is committed at once.
    ///
    /// An artifact that appears meanwhile waits until the trial is over.
    #[must_use]
    pub fn with_trial(mut self, trial: Trial) -> Self {
        self.defaults.trial = Some(trial);
        self
    }

    /// Has each new version tried in a child process, on a copy of the state, before this process
    /// loads it. Unless told so nothing is rehearsed.
    ///
    /// The program has to call [`probe::serve`](crate::probe::serve) first in `main`.
    #[must_use]
    pub fn with_rehearsal(mut self, rehearsal: Rehearsal) -> Self {
        self.defaults.rehearsal = Some(rehearsal);
        self
    }

    /// How long what was cancelled waits to be tried again: `first`, then twice as long each time
    /// up to `most`; ten times. For tests of hosts.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_retry_delays(mut self, first: Duration, most: Duration) -> Self {
        self.retry_delays = (first, most);
        self
    }

    /// A slot whose first artifact is refused, or does not build, is given up at once.
    pub(crate) const fn with_one_try(mut self) -> Self {
        self.one_try = true;
        self
    }
}
