//! How long things have taken, with upgrades and without.

use std::time::Duration;

/// The times of one kind of request or wait.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn note(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The time that a share of them does not exceed. Zero where there are none.
    pub(crate) fn quantile(&mut self, share: f64) -> Duration {
        self.0.sort_unstable();
        let at = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(at.saturating_sub(1)).copied().unwrap_or_default()
    }
}

/// The same thing in the turns without upgrades and in those with them.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    pub(crate) without: Times,
    pub(crate) with: Times,
}

impl Turns {
    pub(crate) fn of(&mut self, upgrades: bool) -> &mut Times {
        if upgrades { &mut self.with } else { &mut self.without }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.without.add(other.without);
        self.with.add(other.with);
    }
}
