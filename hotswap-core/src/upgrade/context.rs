//! What an upgrade works with, and what comes of it.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use hotswap_gate::Stuck;
use hotswap_loader::steps::Steps;
use hotswap_types::{Phase, StateNote};

use super::{fault::Fault, prepare::Prepared, retire::Retiring};
use crate::{config::Config, instance::Code, slot::SlotCore};

/// How long callers have to leave before they are given up: what hangs has had its time.
pub(crate) const GRACE: Duration = Duration::from_millis(250);

/// What an upgrade works with.
pub(crate) struct Upgrade<'a> {
    pub(crate) slot: &'a SlotCore,
    pub(crate) config: &'a Config,
    pub(crate) steps: &'a mut Steps,
    /// Gets what happens in it.
    pub(crate) emit: &'a mut dyn FnMut(UpgradeEvent<'_>),
}

/// What happens in an upgrade.
pub(crate) enum UpgradeEvent<'a> {
    /// It has reached a phase.
    Reached(Phase),
    /// It waits for callers to leave, and keeps nobody out meanwhile.
    Draining(&'a Stuck),
}

/// A candidate that serves.
pub(crate) struct Applied {
    pub(crate) code: Arc<Code>,
    pub(crate) state: StateNote,
    pub(crate) pause: Option<Duration>,
    /// When the state was taken, if it is from an earlier run.
    pub(crate) restored: Option<SystemTime>,
    /// The generation that it replaced.
    pub(crate) old: Option<Retiring>,
}

impl Applied {
    /// Whether there is a version to go back to.
    pub(crate) fn has_way_back(&self) -> bool {
        self.old.as_ref().is_some_and(|old| {
            let condition = old.generation().condition();
            condition.is_free() && !condition.is_poisoned() && !old.is_abandoned()
        })
    }
}

/// A candidate that did not take over.
pub(crate) struct Unapplied {
    pub(crate) fault: Fault,
    /// The candidate, where nothing of it has run yet: it can be tried again as it is.
    pub(crate) prepared: Option<Box<Prepared>>,
}

impl From<Fault> for Unapplied {
    fn from(fault: Fault) -> Self {
        Self { fault, prepared: None }
    }
}

impl Upgrade<'_> {
    pub(crate) fn reached(&mut self, phase: Phase) {
        (self.emit)(UpgradeEvent::Reached(phase));
    }

    /// When work has to be done that begins now, and that nobody waits for.
    pub(crate) fn at_work(&self) -> Instant {
        Instant::now() + self.config.work_deadline
    }
}

/// The span of a phase, until it is dropped.
pub(crate) fn span(phase: Phase) -> tracing::span::EnteredSpan {
    tracing::debug_span!("phase", %phase).entered()
}
