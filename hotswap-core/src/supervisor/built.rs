//! What cargo's builds mean for a slot.

use std::time::Instant;

use hotswap_watch::{Hint, cargo::Report};

use super::{building::State, context::Context, slot::SlotSupervisor};
use crate::{config::Place, event::EventKind};

impl SlotSupervisor {
    /// The package that its module is built from.
    fn package(&self) -> Option<&str> {
        match &self.core.settings.source {
            Some(Place::Package(package)) => Some(package),
            _ => None,
        }
    }

    /// Cargo has reported something, which was told.
    pub(super) fn build_reported(&mut self, cx: &Context, report: &Report) {
        if let Report::Built { package, artifact, .. } = report
            && self.package() == Some(package)
        {
            self.candidates.paths.appeared(artifact.clone(), Hint::Ready, Instant::now());
        }
        self.await_build(cx, matches!(report, Report::Finished(_)));
    }

    /// Builds again what was refused because its sources were changed while they were compiled: if
    /// what was saved is what they held before, no other build would follow. Says whether it does.
    pub(super) fn build_again(&self, cx: &mut Context) -> bool {
        self.package().is_some() && cx.building.build_again()
    }

    /// What the builds mean for a slot that has nothing to serve yet.
    fn await_build(&self, cx: &Context, tell: bool) {
        let core = &self.core;
        let Some(package) = self.package().filter(|_| core.gate().is_none()) else { return };
        let state = cx.building.state;
        core.set_building(state != State::Done);
        if state == State::Failed {
            if cx.shared.config.one_try {
                self.give_up(cx);
            } else if tell {
                cx.tell(&core.name, EventKind::WaitingForBuild { package: package.to_owned() });
            }
        }
    }

    /// A slot was opened whose package may have been built already.
    pub(super) fn take_built(&mut self, cx: &Context, package: &str) {
        if let Some(artifact) = cx.building.built.get(package) {
            self.candidates.paths.appeared(artifact.clone(), Hint::Ready, Instant::now());
        }
        self.await_build(cx, true);
    }
}
