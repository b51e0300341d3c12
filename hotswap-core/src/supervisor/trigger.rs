//! Why an artifact is looked at.

/// How an artifact has come to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trigger {
    /// It has appeared at a watched place.
    Watched,
    /// It was cancelled, and is tried again.
    Retry,
    /// It was committed in an earlier run, and begins this one.
    Recovery,
    /// Somebody wants to go back to it.
    Revert,
    /// Somebody wants it now.
    Operator,
}
