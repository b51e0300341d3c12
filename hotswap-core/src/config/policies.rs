//! What a host is to do where there is a choice.

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
