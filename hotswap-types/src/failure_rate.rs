//! How many calls of a version fail, and how two versions compare in that.
//!
//! What share of a version's calls fails is not known from those that were made; an interval for it is
//! (Wilson's score interval: E. B. Wilson, "Probable inference, the law of succession, and statistical
//! inference", Journal of the American Statistical Association 22, 1927). A rollout is looked at many
//! times, and each look could go wrong by chance, so intervals are wide: three standard deviations.
//! The benchmarks' program `rollouts` simulates how often it goes wrong.

use std::fmt;

/// How many of a version's calls have failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureRate {
    failed: u64,
    calls: u64,
}

/// So many standard deviations an interval is wide, to each side.
const DEVIATIONS: f64 = 3.0;

impl FailureRate {
    /// So many of so many calls.
    #[must_use]
    pub const fn new(failed: u64, calls: u64) -> Self {
        Self { failed: if failed < calls { failed } else { calls }, calls }
    }

    /// Whether more of its calls fail than of another version's: its interval is above the other.
    #[must_use]
    pub fn is_worse_than(self, other: Self) -> bool {
        self.low() > other.high()
    }

    /// Whether its share of calls that fail is above another version's by no more than a margin: the upper
    /// end of its interval is. Without failures a margin m takes about 9/m calls.
    ///
    /// Where few calls of the other version were seen, its upper end counts for no more than the margin
    /// above what they were: else no call at all would be a good sign.
    #[must_use]
    pub fn is_within(self, margin: f64, other: Self) -> bool {
        let seen = if other.calls == 0 { 0.0 } else { other.failed as f64 / other.calls as f64 };
        self.high() <= other.high().min(seen + margin) + margin
    }

    /// The middle of the interval, and half its width.
    fn interval(self) -> (f64, f64) {
        let (n, z) = (self.calls as f64, DEVIATIONS);
        let share = self.failed as f64 / n;
        let scale = 1.0 + z * z / n;
        let middle = (share + z * z / (2.0 * n)) / scale;
        let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt() / scale;
        (middle, half)
    }

    /// The lower end; 0 without calls.
    fn low(self) -> f64 {
        if self.calls == 0 {
            return 0.0;
        }
        let (middle, half) = self.interval();
        (middle - half).max(0.0)
    }

    /// The upper end; 1 without calls.
    fn high(self) -> f64 {
        if self.calls == 0 {
            return 1.0;
        }
        let (middle, half) = self.interval();
        (middle + half).min(1.0)
    }
}

impl fmt::Display for FailureRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { failed, calls } = self;
        write!(f, "{failed} of {calls} calls failed")
    }
}

#[cfg(test)]
mod tests {
    use super::FailureRate;

    /// The ends of the interval, to four digits, worked out from the formula by hand.
    #[test]
    fn the_interval_is_wilsons() {
        for (failed, calls, low, high) in [
            (0, 1000, 0.0, 0.0089),
            (10, 200, 0.0202, 0.1186),
            (50, 1000, 0.0330, 0.0750),
            (5, 5, 0.3571, 1.0),
        ] {
            let rate = FailureRate::new(failed, calls);
            let near = |found: f64, wanted: f64| (found - wanted).abs() < 0.0001;
            let (found_low, found_high) = (rate.low(), rate.high());
            assert!(near(found_low, low) && near(found_high, high), "{rate}: {rate:?}");
        }
        let none = FailureRate::new(0, 0);
        assert_eq!((none.low(), none.high()), (0.0, 1.0));
    }

    #[test]
    fn what_was_not_seen_says_nothing() {
        let (none, few) = (FailureRate::new(0, 0), FailureRate::new(0, 20));
        let many = FailureRate::new(0, 2000);
        for (new, old, is_within) in
            [(none, none, false), (few, few, false), (none, many, false), (many, none, true)]
        {
            assert_eq!(new.is_within(0.01, old), is_within, "{new}, {old}");
            assert!(!new.is_worse_than(old));
        }
        assert!(FailureRate::new(5, 5).is_worse_than(many));
    }
}
