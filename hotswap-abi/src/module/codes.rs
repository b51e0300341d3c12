//! Numbers that host and module exchange for an enum of one of them.

/// [`Start::Fresh`](super::Start::Fresh), as a number.
pub const START_FRESH: u8 = 0;
/// [`Start::Upgraded`](super::Start::Upgraded), as a number.
pub const START_UPGRADED: u8 = 1;
/// [`Start::Restored`](super::Start::Restored), as a number.
pub const START_RESTORED: u8 = 2;
/// [`Start::Fresh`](super::Start::Fresh), where a state follows as memory.
pub const START_BESIDE: u8 = 3;

/// Panics leave no backtrace, as a number: see [`Root::trace_panics`](super::Root::trace_panics).
pub const TRACE_NONE: u8 = 0;
/// They leave the frames between the panic and the entry point.
pub const TRACE_SHORT: u8 = 1;
/// They leave all frames of the thread.
pub const TRACE_FULL: u8 = 2;

/// [`Traps::None`](crate::state::movable::Traps::None), as a number.
pub const TRAPS_NONE: u8 = 0;
/// [`Traps::Fixed`](crate::state::movable::Traps::Fixed), as a number.
pub const TRAPS_FIXED: u8 = 1;
/// [`Traps::Deep`](crate::state::movable::Traps::Deep), as a number.
pub const TRAPS_DEEP: u8 = 2;
