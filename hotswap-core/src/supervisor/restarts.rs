//! How often a slot's instance is restarted by the host itself.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// When a slot's instances were restarted by the host itself.
#[derive(Debug, Default)]
pub(super) struct Restarts(VecDeque<Instant>);

impl Restarts {
    /// Notes one more, if there may be one.
    pub(super) fn may(&mut self, now: Instant, most: u32, within: Duration) -> bool {
        while self.0.front().is_some_and(|at| now.duration_since(*at) >= within) {
            self.0.pop_front();
        }
        let may = self.0.len() < most as usize;
        if may {
            self.0.push_back(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_only_so_many_restarts_within_a_time() {
        let (mut restarts, now) = (Restarts::default(), Instant::now());
        let mut may =
            |seconds| restarts.may(now + Duration::from_secs(seconds), 2, Duration::from_secs(10));
        assert_eq!([0, 1, 2, 9].map(&mut may), [true, true, false, false]);
        assert_eq!([10, 10, 11, 12].map(&mut may), [true, false, true, false]);
    }
}
