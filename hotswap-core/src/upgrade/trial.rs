//! Trial: whether a new version is kept, by what its calls have come to. Pure.

use std::time::{Duration, Instant};

use crate::{
    config::{TooFew, Trial},
    instance::{Figures, Latency},
};

/// Below so many calls their times are not compared.
pub(super) const FEWEST: u64 = 100;

/// What a trial has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes on.
    Wait,
    /// It is over, and nothing was wrong; the text says on what figures.
    Commit(String),
    RollBack(Why),
}

/// Why a version is rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why {
    pub(crate) finding: String,
    /// A call does not come back: nobody waits for it.
    pub(crate) hangs: bool,
}

impl Why {
    pub(crate) fn new(finding: impl Into<String>) -> Self {
        Self { finding: finding.into(), hangs: false }
    }
}

/// Judges a trial. `before` is what the calls of the version before have come to in its own.
pub(crate) fn judge(
    trial: &Trial,
    begun: Instant,
    now: Instant,
    figures: &Figures,
    before: Option<&Latency>,
) -> Verdict {
    let Figures { latency, panics, .. } = figures;
    let (calls, took) = (figures.calls(), now.saturating_duration_since(begun));
    let wrong = |finding: String| Verdict::RollBack(Why::new(finding));
    if let Some(why) = at_once(trial, figures) {
        return Verdict::RollBack(why);
    }
    if took < trial.time {
        return Verdict::Wait;
    }
    if calls < trial.calls && took < trial.time + trial.patience {
        return Verdict::Wait;
    }
    if let Some(slower) =
        trial.slower.and_then(|factor| slower(factor, latency, before?, "the version before"))
    {
        return wrong(slower);
    }
    let few = format!("{calls} calls in {took:.0?}, and {} were wanted", trial.calls);
    match trial.too_few {
        _ if calls >= trial.calls => {
            let failures = match figures.failures {
                0 => String::new(),
                failures => format!(", {failures} failures"),
            };
            Verdict::Commit(format!("{calls} calls in {took:.0?}, {panics} panics{failures}"))
        }
        TooFew::Commit => Verdict::Commit(few),
        TooFew::RollBack => wrong(few),
    }
}

/// What is wrong whatever the time.
pub(super) fn at_once(trial: &Trial, figures: &Figures) -> Option<Why> {
    let Figures { panics, failures, longest_inside, .. } = figures;
    let calls = figures.calls();
    if *panics > trial.panics {
        let finding = format!("panics  {panics} in {calls} calls   allowed: {}", trial.panics);
        return Some(Why::new(finding));
    }
    if *failures > trial.failures {
        let finding =
            format!("failures  {failures} in {calls} calls   allowed: {}", trial.failures);
        return Some(Why::new(finding));
    }
    (*longest_inside > trial.longest).then(|| Why {
        finding: format!(
            "a call is inside for {longest_inside:.1?}   allowed: {:?}",
            trial.longest
        ),
        hangs: true,
    })
}

pub(super) fn slower(
    factor: f64,
    latency: &Latency,
    before: &Latency,
    other: &str,
) -> Option<String> {
    if latency.calls() < FEWEST || before.calls() < FEWEST {
        return None;
    }
    let slow = |(share, name): (f64, &str)| {
        let (now, then) = (latency.quantile(share), before.quantile(share));
        let most =
            Duration::try_from_secs_f64(then.as_secs_f64() * factor).unwrap_or(Duration::MAX);
        (now > most).then(|| {
            format!("calls take {now:.1?} ({name})   {other}: {then:.1?}, and {factor} times that is allowed")
        })
    };
    [(0.5, "median"), (0.99, "99th percentile")].into_iter().find_map(slow)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn figures(calls: u64, micros: u64) -> Figures {
        let mut figures = Figures::default();
        for _ in 0..calls {
            figures.latency.note(Duration::from_micros(micros));
        }
        figures
    }

    /// The verdict after so many seconds.
    fn after(trial: &Trial, seconds: u32, figures: &Figures) -> Verdict {
        let begun = Instant::now();
        judge(
            trial,
            begun,
            begun + SECOND * seconds,
            figures,
            Some(&self::figures(200, 10).latency),
        )
    }

    fn rolled_back(verdict: &Verdict, part: &str) -> bool {
        matches!(verdict, Verdict::RollBack(why) if why.finding.contains(part))
    }

    #[test]
    fn what_is_well_is_committed_when_its_time_is_over() {
        let trial = Trial::new(SECOND * 10).with_slower(2.0);
        assert_eq!(after(&trial, 9, &figures(500, 10)), Verdict::Wait);
        let verdict = after(&trial, 10, &figures(500, 10));
        assert_eq!(verdict, Verdict::Commit("500 calls in 10s, 0 panics".to_owned()));
        let failing = Figures { failures: 25, ..figures(500, 10) };
        let verdict = after(&trial, 10, &failing);
        assert_eq!(verdict, Verdict::Commit("500 calls in 10s, 0 panics, 25 failures".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_rolled_back_at_once() {
        let trial = Trial::new(SECOND * 10).with_panics(1).with_failures(2);
        let mut seen = figures(10, 10);
        (seen.panics, seen.failures) = (1, 2);
        assert_eq!(after(&trial, 1, &seen), Verdict::Wait);
        seen.panics = 2;
        assert!(rolled_back(&after(&trial, 1, &seen), "panics  2 in 10 calls   allowed: 1"));
        (seen.panics, seen.failures) = (1, 3);
        assert!(rolled_back(&after(&trial, 1, &seen), "failures  3"));
        seen.failures = 0;
        seen.longest_inside = SECOND * 11;
        let verdict = after(&trial, 1, &seen);
        assert!(matches!(&verdict, Verdict::RollBack(why) if why.hangs), "{verdict:?}");
    }

    #[test]
    fn too_few_calls_are_waited_for_and_then_it_is_as_configured() {
        let trial = Trial::new(SECOND).with_calls(100, SECOND * 5);
        assert_eq!(after(&trial, 5, &figures(99, 10)), Verdict::Wait);
        assert!(matches!(after(&trial, 5, &figures(100, 10)), Verdict::Commit(_)));
        let few = after(&trial, 6, &figures(99, 10));
        assert_eq!(few, Verdict::Commit("99 calls in 6s, and 100 were wanted".to_owned()));
        let strict = trial.with_too_few(TooFew::RollBack);
        assert!(rolled_back(&after(&strict, 6, &figures(99, 10)), "99 calls"));
    }

    #[test]
    fn what_is_slower_than_the_version_before_is_rolled_back() {
        let trial = Trial::new(SECOND).with_slower(1.5);
        assert!(rolled_back(&after(&trial, 1, &figures(100, 20)), "median"));
        let mut tail = figures(980, 10);
        tail.latency.add(&figures(20, 1000).latency);
        assert!(rolled_back(&after(&trial, 1, &tail), "99th percentile"));
        // Too few to say.
        assert!(matches!(after(&trial, 1, &figures(99, 20)), Verdict::Commit(_)));
        assert!(matches!(after(&Trial::new(SECOND), 1, &tail), Verdict::Commit(_)));
    }
}
