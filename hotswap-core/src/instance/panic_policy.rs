//! What a panic in a call means for the instance that it happened in.

use std::time::Duration;

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
    /// next upgrade or by [`Operator::restart`](crate::Operator::restart).
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
