//! A candidate that is ready to take over, and what it waits for.

use std::time::{Instant, SystemTime};

use super::{
    candidate::Candidate,
    state::{Real, Work},
};

/// A candidate that is ready to take over.
pub(super) struct Ready<W: Work = Real> {
    pub(super) prepared: W::Prepared,
    pub(super) candidate: Candidate,
    pub(super) schedule: Schedule,
}

/// What a candidate waits for that is ready.
pub(super) enum Schedule {
    /// Its next try.
    NextTry,
    /// A request.
    Request,
    /// Its time.
    Time(Clock),
}

/// How long a candidate has waited, and for what.
pub(super) struct Clock {
    pub(super) ready: Instant,
    pub(super) announced: Option<Instant>,
    /// Since when nobody was seen inside.
    pub(super) quiet: Option<Instant>,
    pub(super) next_look: Instant,
    /// It was told that it waits.
    pub(super) has_waited: bool,
}

/// What a candidate that is ready is judged by.
pub(super) struct Now {
    pub(super) instant: Instant,
    pub(super) time: SystemTime,
    pub(super) is_paused: bool,
    pub(super) is_busy: bool,
}

impl Clock {
    pub(super) const fn begin(now: Instant) -> Self {
        Self { ready: now, announced: None, quiet: None, next_look: now, has_waited: false }
    }
}

impl Schedule {
    pub(super) const fn is_next_try(&self) -> bool {
        matches!(self, Self::NextTry)
    }

    /// When a candidate is looked at.
    pub(super) const fn next_look(&self) -> Option<Instant> {
        match self {
            Self::Time(clock) => Some(clock.next_look),
            Self::NextTry | Self::Request => None,
        }
    }

    /// Whether what has been kept of the state may be old by now.
    pub(super) const fn is_late(&self) -> bool {
        match self {
            Self::NextTry => false,
            Self::Request => true,
            Self::Time(clock) => clock.has_waited,
        }
    }
}
