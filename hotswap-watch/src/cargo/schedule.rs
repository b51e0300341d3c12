//! When to build: a save × what is being done → what to do.

use std::time::{Duration, Instant};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Watched contents have changed.
    Changed,
    /// The owner asks for a build.
    Asked,
    /// The owner asks for a build after the one that is running.
    Again,
    /// The build has ended, by itself or because it was told to.
    Ended,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Nothing,
    /// Start a build; none is running.
    Start,
    /// End the running build.
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    /// `newer`: something has changed since, and it may run to its end all the same.
    Building {
        newer: bool,
    },
    /// It was told to end; another one follows.
    Stopping,
}

/// Never runs two builds, and never forgets a change.
#[derive(Debug)]
pub(super) struct Schedule {
    state: State,
    /// When the first build was stopped, of those that were stopped one after the other.
    stopping_since: Option<Instant>,
    patience: Duration,
}

impl Schedule {
    pub(super) const fn new(patience: Duration) -> Self {
        Self { state: State::Idle, stopping_since: None, patience }
    }

    /// Whether the running build lacks a change.
    pub(super) const fn is_stale(&self) -> bool {
        matches!(self.state, State::Building { newer: true } | State::Stopping)
    }

    pub(super) fn step(&mut self, step: Step, now: Instant) -> Action {
        match (self.state, step) {
            (State::Idle, Step::Changed | Step::Asked | Step::Again) => self.start(),
            (State::Building { .. }, Step::Changed) => {
                let since = *self.stopping_since.get_or_insert(now);
                if now.duration_since(since) < self.patience {
                    self.state = State::Stopping;
                    Action::Stop
                } else {
                    self.state = State::Building { newer: true };
                    Action::Nothing
                }
            }
            (State::Building { .. }, Step::Again) => {
                self.state = State::Building { newer: true };
                Action::Nothing
            }
            (State::Stopping, Step::Ended) => self.start(),
            (State::Building { newer }, Step::Ended) => {
                self.stopping_since = None;
                if newer {
                    self.start()
                } else {
                    self.state = State::Idle;
                    Action::Nothing
                }
            }
            (State::Building { .. } | State::Stopping, Step::Asked)
            | (State::Stopping, Step::Changed | Step::Again)
            | (State::Idle, Step::Ended) => Action::Nothing,
        }
    }

    const fn start(&mut self) -> Action {
        self.state = State::Building { newer: false };
        Action::Start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps with the second at which they happen, and what is to be done.
    #[track_caller]
    fn check(steps: &[(u64, Step, Action)]) {
        let start = Instant::now();
        let mut schedule = Schedule::new(Duration::from_secs(10));
        for (i, (second, step, action)) in steps.iter().enumerate() {
            let now = start + Duration::from_secs(*second);
            assert_eq!(schedule.step(*step, now), *action, "step {i}: {step:?} at {second} s");
        }
    }

    use Action::{Nothing, Start, Stop};
    use Step::{Again, Asked, Changed, Ended};

    #[test]
    fn each_save_has_its_build() {
        check(&[
            (0, Changed, Start),
            (1, Ended, Nothing),
            (2, Changed, Start),
            (3, Ended, Nothing),
        ]);
    }

    #[test]
    fn a_newer_save_stops_the_build_and_starts_one_when_it_has_ended() {
        check(&[(0, Changed, Start), (1, Changed, Stop), (1, Ended, Start), (2, Ended, Nothing)]);
    }

    #[test]
    fn saves_while_a_build_ends_are_one_build() {
        check(&[
            (0, Changed, Start),
            (1, Changed, Stop),
            (1, Changed, Nothing),
            (1, Changed, Nothing),
            (2, Ended, Start),
            (3, Ended, Nothing),
        ]);
    }

    #[test]
    fn a_save_late_in_a_long_build_stops_it() {
        check(&[(0, Changed, Start), (500, Changed, Stop), (500, Ended, Start)]);
    }

    #[test]
    fn saves_that_never_end_let_a_build_finish() {
        check(&[
            (0, Changed, Start),
            (1, Changed, Stop),
            (1, Ended, Start),
            (6, Changed, Stop),
            (6, Ended, Start),
            (10, Changed, Stop),
            (10, Ended, Start),
            (11, Changed, Nothing),
            (16, Changed, Nothing),
            (30, Ended, Start),
            // From here on there is patience again.
            (31, Changed, Stop),
            (31, Ended, Start),
            (40, Changed, Stop),
        ]);
    }

    #[test]
    fn a_build_that_is_asked_for_disturbs_none() {
        check(&[
            (0, Asked, Start),
            (1, Asked, Nothing),
            (2, Changed, Stop),
            (2, Asked, Nothing),
            (2, Ended, Start),
            (3, Ended, Nothing),
            (3, Ended, Nothing),
        ]);
    }

    #[test]
    fn a_build_is_done_again_after_the_one_that_runs() {
        check(&[
            (0, Changed, Start),
            (1, Again, Nothing),
            (2, Ended, Start),
            (3, Ended, Nothing),
            (4, Again, Start),
            // A save takes it along.
            (5, Again, Nothing),
            (5, Changed, Stop),
            (5, Again, Nothing),
            (6, Ended, Start),
            (7, Ended, Nothing),
        ]);
    }

    #[test]
    fn what_is_stale_is_known() {
        let now = Instant::now();
        let mut schedule = Schedule::new(Duration::ZERO);
        schedule.step(Changed, now);
        assert!(!schedule.is_stale());
        assert_eq!(schedule.step(Changed, now), Nothing);
        assert!(schedule.is_stale());
    }
}
