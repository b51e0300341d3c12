//! Deadlines, and how much of artifacts and old code there may be.

use std::time::Duration;

use hotswap_types::bounded;

use super::{AtCap, Config, Retire};

impl Config {
    /// The longest pause, from the first call that has to wait to the last: past it the upgrade is
    /// cancelled, and everybody goes on with the old version. An upgrade tries for so long, too, to find
    /// nobody inside.
    #[must_use]
    pub const fn with_pause_deadline(mut self, deadline: Duration) -> Self {
        self.pause_deadline = bounded(deadline);
        self
    }

    /// How long an upgrade keeps callers out while others are still inside, whatever those do: 20 ms in
    /// production, 1 s in development. When they have not left by then, the slot opens again,
    /// everybody who has waited is let in, and the upgrade tries again until the deadline of the pause.
    /// What the pause itself takes, once nobody is inside, comes on top of it.
    ///
    /// Where one call follows upon the other without a break, and each lasts longer than this, no try
    /// succeeds: the upgrade is cancelled, and says so.
    #[must_use]
    pub const fn with_longest_wait(mut self, longest: Duration) -> Self {
        self.longest_wait = bounded(longest);
        self
    }

    /// The longest that module code may take outside of a pause: to load, prepare, start, stop.
    #[must_use]
    pub const fn with_work_deadline(mut self, deadline: Duration) -> Self {
        self.work_deadline = bounded(deadline);
        self
    }

    /// How long [`Host::slot`](crate::Host::slot) waits for a first artifact that works. The time
    /// begins when nothing is being built: neither while cargo compiles the module nor while its
    /// sources do not compile does it run.
    #[must_use]
    pub const fn with_first_artifact_deadline(mut self, deadline: Duration) -> Self {
        self.first_artifact = bounded(deadline);
        self
    }

    /// How long a call waits while its slot is being upgraded, before it gets
    /// [`CallError::Draining`](hotswap_abi::CallError::Draining). For the end of somebody else's
    /// `&mut self` call it waits as long as that takes.
    #[must_use]
    pub const fn with_call_budget(mut self, budget: Duration) -> Self {
        self.call_budget = budget;
        self
    }

    /// Refuses artifacts of more bytes.
    #[must_use]
    pub const fn with_max_artifact_bytes(mut self, bytes: u64) -> Self {
        self.max_artifact_bytes = bytes;
        self
    }

    /// Warns when a slot has this many generations mapped, and at every multiple of it.
    #[must_use]
    pub const fn with_retained_warning(mut self, generations: usize) -> Self {
        self.retained_warning = generations;
        self
    }

    /// What becomes of generations that are no longer needed: [`Retire::Retain`] unless told
    /// otherwise.
    #[must_use]
    pub const fn with_retire(mut self, retire: Retire) -> Self {
        self.defaults.retire = Some(retire);
        self
    }

    /// The most generations of a slot that may be mapped at a time: the one that serves, the next
    /// one, and those that something holds. 0 for no such limit; an upgrade needs 2.
    ///
    /// With [`AtCap::Cancel`], as it is unless told otherwise, an upgrade that finds so many is
    /// cancelled, and the refusal says who holds them.
    #[must_use]
    pub const fn with_generation_cap(mut self, generations: usize) -> Self {
        self.generation_cap = generations;
        self
    }

    /// What happens at [`with_generation_cap`](Self::with_generation_cap).
    #[must_use]
    pub const fn with_at_cap(mut self, at_cap: AtCap) -> Self {
        self.at_cap = at_cap;
        self
    }
}
