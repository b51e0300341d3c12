//! Deadlines that a clock can tell.

use std::time::Duration;

/// At most a century: a deadline of `Duration::MAX` never passes, and can still be added to a time.
#[must_use]
pub const fn bounded(deadline: Duration) -> Duration {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    if deadline.as_secs() < CENTURY.as_secs() { deadline } else { CENTURY }
}
