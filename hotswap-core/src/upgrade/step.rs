//! A step of a new version that serves beside the stable one: whether it gets more calls, by what the
//! calls of both have come to in the same time. Pure.
//!
//! A call fails that panics, or whose answer is a failure. The new version is *worse* where clearly more
//! of its calls fail than of the stable one's, and *well* where no more do than the trial's margin allows
//! ([`FailureRate`]). Else it is open: too few calls are never a success.

use std::time::Duration;

use hotswap_types::{FailureRate, Percent};

use super::trial::{FEWEST, Why, at_once, slower};
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
    /// What the calls of the canary have come to, in all steps.
    pub(crate) canary: &'f Figures,
    /// What those of the stable version have, in the same time.
    pub(crate) stable: &'f Figures,
    /// The same of both in this step alone: quick calls of an earlier one would hide slow ones.
    pub(crate) in_step: (&'f Figures, &'f Figures),
}

/// Judges a step.
pub(crate) fn judge_step(trial: &Trial, step: Step<'_>) -> StepVerdict {
    let Step { took, canary, stable, in_step } = step;
    if let Some(why) = at_once(trial, canary) {
        return StepVerdict::Failed(why);
    }
    let (new, old) = (rate(canary), rate(stable));
    if new.is_worse_than(old) {
        let finding = format!("failures  {new}   the stable version: {old}");
        return StepVerdict::Failed(Why::new(finding));
    }
    if took < trial.time {
        return StepVerdict::Wait;
    }
    let mut open = Vec::new();
    if let Some(most) = trial.slower {
        let (new, old) = (&in_step.0.latency, &in_step.1.latency);
        if let Some(finding) = slower(most, new, old, "the stable version") {
            return StepVerdict::Failed(Why::new(finding));
        }
        for (whose, timed) in [("the canary", new.calls()), ("the stable version", old.calls())] {
            if timed < FEWEST {
                open.push(format!(
                    "{timed} calls of {whose} were timed in this step, and {FEWEST} are compared"
                ));
            }
        }
    }
    let calls = in_step.0.calls();
    if calls < trial.calls {
        open.push(format!("{calls} calls in this step, and {} were wanted", trial.calls));
    }
    if !new.is_within(trial.margin, old) {
        open.push(format!(
            "{new}, of the stable version {old}: it may be worse by more than {}",
            Percent(trial.margin)
        ));
    }
    if open.is_empty() {
        return StepVerdict::Successful(format!(
            "{calls} calls in this step ({took:.0?}); in all steps {new}, of the stable version {old}"
        ));
    }
    let is_late = took >= trial.time + trial.patience;
    match (is_late, trial.too_few) {
        (false, _) => StepVerdict::Wait,
        (true, TooFew::RollBack) => StepVerdict::Failed(Why::new(open.join("; "))),
        (true, _) => StepVerdict::Inconclusive(open),
    }
}

fn rate(figures: &Figures) -> FailureRate {
    FailureRate::new(figures.panics + figures.failures, figures.calls())
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
        let (took, in_step) = (SECOND * seconds, (&canary, &stable));
        judge_step(trial, Step { took, canary: &canary, stable: &stable, in_step })
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
        assert!(open[0].ends_with("it may be worse by more than 1 %"), "{open:?}");
        // Nor where the stable version has as few.
        assert!(matches!(judged(&trial, 6, (0, 0), (0, 0)), StepVerdict::Inconclusive(_)));
        assert!(matches!(judged(&trial, 6, (20, 0), (20, 0)), StepVerdict::Inconclusive(_)));
        assert!(matches!(judged(&trial, 6, (2000, 0), (0, 0)), StepVerdict::Successful(_)));
        let wanted = Trial::new(SECOND).with_calls(3000, SECOND * 5);
        assert!(matches!(judged(&wanted, 6, (2000, 0), (0, 0)), StepVerdict::Inconclusive(_)));
        let strict = trial.with_too_few(TooFew::RollBack);
        assert!(matches!(judged(&strict, 6, (200, 0), (20_000, 0)), StepVerdict::Failed(_)));
    }

    #[test]
    fn times_are_those_of_the_step() {
        let trial = Trial::new(SECOND).with_slower(2.0);
        let (all, quick) = (figures(20_000, 0), figures(2000, 0));
        let judged = |canary: &Figures, stable: &Figures| {
            let (took, in_step) = (SECOND, (canary, stable));
            judge_step(&trial, Step { took, canary: &all, stable: &all, in_step })
        };
        assert!(matches!(judged(&quick, &quick), StepVerdict::Successful(_)));
        let mut slow = Figures::default();
        for _ in 0..FEWEST {
            slow.latency.note(Duration::from_micros(50));
        }
        let StepVerdict::Failed(why) = judged(&slow, &quick) else { panic!() };
        assert!(why.finding.contains("(median)   the stable version:"), "{why:?}");
        // What cannot be compared is no success.
        for (canary, stable, whose) in [
            (&figures(FEWEST - 1, 0), &quick, "99 calls of the canary were timed"),
            (&quick, &figures(0, 0), "0 calls of the stable version were timed"),
        ] {
            let StepVerdict::Inconclusive(open) = judged(canary, stable) else { panic!() };
            assert!(open.len() == 1 && open[0].starts_with(whose), "{open:?}");
        }
    }
}
