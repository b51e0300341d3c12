//! What a host is to do where there is a choice.

use std::time::Duration;

/// What happens when the shape of a state has changed, and its version has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateDrift {
    /// The artifact is refused, with the differences and a migration to paste.
    Refuse,
    /// What can be kept is kept by the fields' names; the event names every field that was dropped
    /// or has got a default value. What cannot be kept refuses the artifact.
    CarryByName,
    /// The module starts afresh, and the event says so.
    StartAfresh,
}

/// What becomes of a generation that is no longer needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retire {
    /// Its instance is stopped and dropped, its code stays mapped.
    Retain,
    /// Its code is unloaded as soon as nothing holds it, and looked for afterwards. Where that cannot
    /// be done with certainty it stays mapped, and the event says why. The book has a chapter on it.
    ///
    /// Threads that go on have to say when they are idle:
    /// [`release_thread_locals`](crate::release_thread_locals).
    ///
    /// A module's panics have no backtrace then: taking one leaves a mapping of its whole file.
    Unload,
}

/// What happens when as many generations of a slot are mapped as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtCap {
    /// A newer artifact is not loaded: its upgrade is cancelled, and tried again when one of the
    /// generations is gone.
    Cancel,
    /// It is loaded all the same.
    GoOn,
}

/// What a panic in a call means for the instance that it happened in, beside the error of the call.
///
/// Values, once they are returned, are the host's; so a panic can only have left the module's own
/// state half changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterPanic {
    /// The instance goes on as the panic left it.
    GoOn,
    /// The instance is *poisoned*: calls get
    /// [`CallError::Poisoned`](hotswap_abi::CallError::Poisoned), until another one serves, by the
    /// next upgrade or by [`Host::restart`](crate::Operator::restart).
    Refuse,
    /// The same, and the host puts a new instance of the same code in its place at once, so often
    /// within a time; then it stays poisoned.
    Restart {
        /// How often.
        most: u32,
        /// Within which time.
        within: Duration,
    },
}

impl AfterPanic {
    /// A new instance after each panic, but no more than five in a minute.
    #[must_use]
    pub const fn restart() -> Self {
        Self::Restart { most: 5, within: Duration::from_secs(60) }
    }
}

/// What panics in calls mean, by how the call has its instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PanicPolicy {
    /// `&self`.
    pub(crate) shared: AfterPanic,
    /// `&mut self`.
    pub(crate) exclusive: AfterPanic,
}

impl PanicPolicy {
    pub(crate) const GO_ON: Self = Self { shared: AfterPanic::GoOn, exclusive: AfterPanic::GoOn };

    /// Whether an instance may have to be left with its state.
    pub(crate) fn poisons(self) -> bool {
        self != Self::GO_ON
    }

    /// How often the host restarts an instance by itself, and within which time.
    pub(crate) fn restarts(self) -> Option<(u32, Duration)> {
        [self.exclusive, self.shared].into_iter().find_map(|after| match after {
            AfterPanic::Restart { most, within } => Some((most, within)),
            _ => None,
        })
    }
}
