//! A step of a new version that serves beside the stable one: whether it gets more calls, by what the
//! calls of both have come to in the same time. Pure.
//!
//! # How failures are compared
//! A call fails that panics, or whose answer is a failure. What share of a version's calls fails is not
//! known from those that were made; an interval for it is (Wilson's score interval: E. B. Wilson,
//! "Probable inference, the law of succession, and statistical inference", Journal of the American
//! Statistical Association 22, 1927). A step is looked at many times, and each look could go wrong by
//! chance, so intervals are wide: three standard deviations.
//!
//! - The new version is *worse* where its interval is above the stable one's.
//! - It is *well* where the upper end of its interval is no higher than that of the stable one, plus
//!   the trial's margin. With no failures at all a margin m takes about 9/m calls. Where few calls of the
//!   stable version were seen, its upper end counts for no more than the margin above what they were.
//! - Else it is open. Too few calls are never a success.

use std::time::Duration;

use super::trial::{Why, at_once, slower};
use crate::{
    config::{TooFew, Trial},
    instance::Figures,
};

/// What a step has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StepVerdict {
    /// It goes on.
    Wait,
    /// Its time is over, and nothing was wrong; the text says on what figures.
    Successful(String),
    /// Its time is over, and it cannot be said.
    Inconclusive(Vec<String>),
    /// It was wrong.
    Failed(Why),
}

/// A step that is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'f> {
    /// For how long it has gone on.
    pub(crate) took: Duration,
    /// How many calls of the new version have ended in it.
    pub(crate) calls: u64,
    /// What the calls of the new version have come to, in all steps.
    pub(crate) canary: &'f Figures,
    /// What those of the stable version have, in the same time.
    pub(crate) stable: &'f Figures,
}

/// Judges a step.
pub(crate) fn judge_step(trial: &Trial, step: Step<'_>) -> StepVerdict {
    let Step { took, calls, canary, stable } = step;
    if let Some(why) = at_once(trial, canary) {
        return StepVerdict::Failed(why);
    }
    let (new, old) = (Share::of(canary), Share::of(stable));
    let figures = || format!("{new}   the stable version: {old}");
    if new.low() > old.high() {
        return StepVerdict::Failed(Why::new(format!("failures  {}", figures())));
    }
    if took < trial.time {
        return StepVerdict::Wait;
    }
    let is_late = took >= trial.time + trial.patience;
    let mut open = Vec::new();
    if calls < trial.calls {
        open.push(format!("calls  {calls} in this step, and {} were wanted", trial.calls));
    }
    if new.high() > old.bound(trial.margin) + trial.margin {
        open.push(format!(
            "failures  {}; it may be worse by more than {:.2} %",
            figures(),
            trial.margin * 100.0
        ));
    }
    if open.is_empty() {
        let slow = trial.slower.and_then(|most| slower(most, &canary.latency, &stable.latency));
        return match slow {
            Some(finding) => StepVerdict::Failed(Why::new(finding)),
            None => StepVerdict::Successful(format!("{calls} calls in {took:.0?}; {}", figures())),
        };
    }
    match (is_late, trial.too_few) {
        (false, _) => StepVerdict::Wait,
        (true, TooFew::RollBack) => StepVerdict::Failed(Why::new(open.join("; "))),
        (true, _) => StepVerdict::Inconclusive(open),
    }
}

/// How many of a version's calls have failed.
#[derive(Debug, Clone, Copy)]
struct Share {
    failed: u64,
    calls: u64,
}

/// So many standard deviations an interval is wide, to each side.
const DEVIATIONS: f64 = 3.0;

impl Share {
    fn of(figures: &Figures) -> Self {
        let calls = figures.calls();
        Self { failed: (figures.panics + figures.failures).min(calls), calls }
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

impl Share {
    /// Its upper end, but no more than a margin above what was seen.
    fn bound(self, margin: f64) -> f64 {
        let seen = if self.calls == 0 { 0.0 } else { self.failed as f64 / self.calls as f64 };
        self.high().min(seen + margin)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { failed, calls } = self;
        write!(f, "{failed} of {calls} calls failed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn figures(calls: u64, failures: u64) -> Figures {
        let mut figures = Figures { failures, ..Figures::default() };
        for _ in 0..calls {
            figures.latency.note(Duration::from_micros(10));
        }
        figures
    }

    fn judged(trial: &Trial, seconds: u32, canary: (u64, u64), stable: (u64, u64)) -> StepVerdict {
        let (canary, stable) = (figures(canary.0, canary.1), figures(stable.0, stable.1));
        let (took, calls) = (SECOND * seconds, canary.calls());
        judge_step(trial, Step { took, calls, canary: &canary, stable: &stable })
    }

    /// The ends of the interval, to four digits, worked out from the formula by hand.
    #[test]
    fn the_interval_is_wilsons() {
        for (failed, calls, low, high) in [
            (0, 1000, 0.0, 0.0089),
            (10, 200, 0.0202, 0.1186),
            (50, 1000, 0.0330, 0.0750),
            (5, 5, 0.3571, 1.0),
        ] {
            let share = Share { failed, calls };
            let near = |found: f64, wanted: f64| (found - wanted).abs() < 0.0001;
            assert!(
                near(share.low(), low) && near(share.high(), high),
                "{share}: {share:?} {} {}",
                share.low(),
                share.high()
            );
        }
        let none = Share { failed: 0, calls: 0 };
        assert_eq!((none.low(), none.high()), (0.0, 1.0));
    }

    #[test]
    fn one_call_in_twenty_that_fails_is_found_before_the_step_is_over() {
        let trial = Trial::new(SECOND * 60);
        let StepVerdict::Failed(why) = judged(&trial, 1, (250, 12), (5000, 0)) else { panic!() };
        assert_eq!(
            why.finding,
            "failures  12 of 250 calls failed   the stable version: 0 of 5000 calls failed"
        );
        assert!(!why.hangs);
        // The stable one is no better.
        assert_eq!(judged(&trial, 1, (250, 12), (5000, 250)), StepVerdict::Wait);
    }

    #[test]
    fn what_is_no_worse_gets_more_calls_when_its_time_is_over() {
        let trial = Trial::new(SECOND * 10);
        assert_eq!(judged(&trial, 9, (2000, 0), (20_000, 0)), StepVerdict::Wait);
        let verdict = judged(&trial, 10, (2000, 0), (20_000, 0));
        assert!(matches!(&verdict, StepVerdict::Successful(why) if why.starts_with("2000 calls")));
        assert!(matches!(
            judged(&trial, 10, (20_000, 1000), (20_000, 1000)),
            StepVerdict::Successful(_)
        ));
    }

    #[test]
    fn too_few_calls_are_no_success() {
        let trial = Trial::new(SECOND).with_calls(0, SECOND * 5);
        assert_eq!(judged(&trial, 5, (200, 0), (20_000, 0)), StepVerdict::Wait);
        let StepVerdict::Inconclusive(open) = judged(&trial, 6, (200, 0), (20_000, 0)) else {
            panic!()
        };
        assert!(open[0].ends_with("it may be worse by more than 1.00 %"), "{open:?}");
        // Nor where the stable version has as few.
        assert!(matches!(judged(&trial, 6, (0, 0), (0, 0)), StepVerdict::Inconclusive(_)));
        assert!(matches!(judged(&trial, 6, (20, 0), (20, 0)), StepVerdict::Inconclusive(_)));
        assert!(matches!(judged(&trial, 6, (2000, 0), (0, 0)), StepVerdict::Successful(_)));
        let wanted = Trial::new(SECOND).with_calls(3000, SECOND * 5);
        assert!(matches!(judged(&wanted, 6, (2000, 0), (0, 0)), StepVerdict::Inconclusive(_)));
        let strict = trial.with_too_few(TooFew::RollBack);
        assert!(matches!(judged(&strict, 6, (200, 0), (20_000, 0)), StepVerdict::Failed(_)));
    }
}
