//! How long the phases of a slot's upgrades take, by its reports. Pure.

use std::time::Duration;

use hotswap_types::{Outcome, Phase};

use crate::report::Report;

/// So many earlier upgrades say how long the next one takes.
const MOST: usize = 9;

/// How long the last upgrades of a slot have taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    /// The newest first.
    phases: Vec<(Phase, Duration)>,
    pauses: Vec<Duration>,
}

impl Times {
    /// From reports, the newest first. An upgrade that was not taken says nothing: it has ended
    /// early, or at a deadline.
    pub(crate) fn of<'a>(reports: impl Iterator<Item = &'a Report>) -> Self {
        let mut times = Self::default();
        let taken = reports.filter(|report| {
            matches!(report.outcome, Outcome::Committed | Outcome::RolledBack | Outcome::Degraded)
        });
        for report in taken.take(MOST * 4) {
            let is_whole = report.outcome == Outcome::Committed;
            // A first version takes over from nobody.
            let is_first = report.plan.as_ref().is_none_or(|plan| plan.from.is_none());
            for phase in &report.phases {
                let counts = match phase.phase {
                    Phase::Trial => is_whole,
                    Phase::AwaitingApproval => false,
                    Phase::Activated => !is_first,
                    _ => true,
                };
                if counts {
                    times.phases.push((phase.phase, phase.took));
                }
            }
            times.pauses.extend(report.pause);
        }
        times
    }

    /// The median of the last times that a phase took.
    pub(crate) fn likely(&self, phase: Phase) -> Option<Duration> {
        let of_it = self.phases.iter().filter(|(it, _)| *it == phase).map(|(_, took)| *took);
        median(of_it.take(MOST))
    }

    /// The median of the last pauses.
    pub(crate) fn pause(&self) -> Option<Duration> {
        median(self.pauses.iter().copied().take(MOST))
    }
}

fn median(times: impl Iterator<Item = Duration>) -> Option<Duration> {
    let mut times: Vec<_> = times.collect();
    times.sort();
    times.get(times.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{PhaseTime, sample};

    fn took(millis: u64, outcome: Outcome) -> Report {
        let time =
            |phase| PhaseTime { phase, at: Duration::ZERO, took: Duration::from_millis(millis) };
        Report {
            phases: vec![time(Phase::Loaded), time(Phase::Trial)],
            pause: Some(Duration::from_millis(millis)),
            outcome,
            ..sample::committed()
        }
    }

    #[test]
    fn the_median_of_the_newest_counts() {
        let slow = (0..20).map(|_| took(900, Outcome::Committed));
        let fast = (1..=9).map(|millis| took(millis, Outcome::Committed));
        let reports: Vec<_> = fast.chain(slow).collect();
        let times = Times::of(reports.iter());
        assert_eq!(times.likely(Phase::Loaded), Some(Duration::from_millis(5)));
        assert_eq!(times.pause(), Some(Duration::from_millis(5)));
        assert_eq!(times.likely(Phase::Rehearsed), None);
    }

    #[test]
    fn what_has_ended_early_says_nothing() {
        let reports = [took(30_000, Outcome::Cancelled), took(1, Outcome::RolledBack)];
        let times = Times::of(reports.iter());
        assert_eq!(times.likely(Phase::Loaded), Some(Duration::from_millis(1)));
        assert_eq!(times.likely(Phase::Trial), None);
        assert_eq!(Times::of([].iter()).pause(), None);
    }
}
