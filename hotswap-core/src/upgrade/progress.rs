//! How far the work of a pause has come, and what a failure there means.

use std::{
    sync::atomic::{AtomicU8, Ordering},
    time::Instant,
};

use hotswap_types::{Phase, PhaseSpan};
use parking_lot::Mutex;

use super::{Fault, Handover};
use crate::instance::StepError;

/// How far the work of a pause has come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    step: AtomicU8,
    /// When each step has begun.
    begun: Mutex<Vec<(Step, Instant)>>,
}

/// A step of the work of a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    Suspend,
    Snapshot,
    Migrate,
    Start,
    /// `suspend`, where the state goes over as memory: no snapshot is taken.
    Leave,
    Arrive,
    Done,
}

impl Progress {
    pub(super) fn enter(&self, step: Step) {
        self.begun.lock().push((step, Instant::now()));
        self.step.store(step as u8, Ordering::Release);
    }

    pub(super) fn step(&self) -> Step {
        match self.step.load(Ordering::Acquire) {
            0 => Step::Suspend,
            1 => Step::Snapshot,
            2 => Step::Migrate,
            3 => Step::Start,
            4 => Step::Leave,
            5 => Step::Arrive,
            _ => Step::Done,
        }
    }
}

impl Progress {
    /// From when to when each phase of the pause was, as far as it has come by now.
    pub(super) fn spans(&self, begun: Instant) -> Vec<PhaseSpan> {
        let mut spans = vec![PhaseSpan { phase: Phase::Quiescing, from: begun, to: begun }];
        for (step, at) in &*self.begun.lock() {
            let phase = match step {
                Step::Suspend => Phase::Snapshotted,
                Step::Migrate => Phase::Migrating,
                Step::Start | Step::Leave => Phase::Activated,
                // What was before goes on; the switch is a part of Activated.
                Step::Snapshot | Step::Arrive | Step::Done => continue,
            };
            if let Some(last) = spans.last_mut() {
                last.to = *at;
            }
            spans.push(PhaseSpan { phase, from: *at, to: *at });
        }
        if let Some(last) = spans.last_mut() {
            last.to = Instant::now();
        }
        spans
    }
}

impl Step {
    /// What its failure means: the old instance's own steps are not the artifact's fault.
    pub(super) fn fault(self, error: &StepError, handover: &Handover) -> Fault {
        match self {
            Self::Suspend => Fault::of_serving(Phase::Snapshotted, "suspend", error),
            Self::Leave => Fault::of_serving(Phase::Activated, "suspend", error),
            Self::Snapshot
                if matches!(handover, Handover::State { downgraded: Some(_), .. })
                    && !matches!(error, StepError::Hung { .. }) =>
            {
                Fault::rejected(
                    Phase::Snapshotted,
                    format!("the serving version's downgrade  {error}"),
                    "to go back all the same, restart with a state that the older version has stored",
                )
            }
            Self::Snapshot if matches!(handover, Handover::State { downgraded: Some(_), .. }) => {
                Fault::of_serving(Phase::Snapshotted, "downgrade", error)
            }
            Self::Snapshot => Fault::of_serving(Phase::Snapshotted, "state", error),
            Self::Migrate if let StepError::NotCarried(error) = error => {
                Fault::not_carried(Phase::Migrating, error)
            }
            Self::Migrate if matches!(handover, Handover::State { by_name: true, .. }) => {
                Fault::rejected(
                    Phase::Migrating,
                    format!("state  {error}"),
                    "give the state a new version and a migration from the one that serves",
                )
            }
            Self::Migrate => Fault::of_candidate(Phase::Migrating, "migration", error),
            Self::Arrive => Fault::of_candidate(Phase::Activated, "arrived", error),
            Self::Start | Self::Done => Fault::of_candidate(Phase::Activated, "start", error),
        }
    }
}
