//! Upgrades on their way, and the reports of those that are over.

use std::{collections::BTreeMap, io};

use crate::{
    config::Config,
    event::EventKind,
    report::Report,
    reports::{Drafts, Moment, Store},
};

/// Upgrades on their way and the reports of those that are over.
pub(crate) struct Reports {
    drafts: BTreeMap<String, Drafts>,
    pub(crate) store: Store,
}

impl Reports {
    pub(crate) fn open(config: &Config) -> Self {
        let store = Store::open(config.journal().as_deref(), config.kept_reports);
        Self { drafts: BTreeMap::new(), store }
    }

    pub(super) fn of(&mut self, slot: &str) -> &mut Drafts {
        self.drafts.entry(slot.to_owned()).or_default()
    }

    /// What is told of a slot; the report of an upgrade that is over with that, and whether one under
    /// way is on disk. It logs nothing itself: a subscriber may ask for reports.
    pub(super) fn hear(
        &mut self,
        slot: &str,
        kind: &EventKind,
    ) -> (Option<Report>, io::Result<()>) {
        let Some(drafts) = self.drafts.get_mut(slot) else { return (None, Ok(())) };
        let report = drafts.hear(kind, Moment::now());
        // From here on a process may end of it.
        let under_way = match kind {
            EventKind::Planned(plan) => Some(plan.artifact),
            EventKind::Step { artifact, .. } => Some(*artifact),
            EventKind::Live(live) if report.is_none() => live.release.artifact,
            _ => None,
        };
        let so_far = under_way.and_then(|artifact| drafts.so_far(artifact));
        (report, so_far.map_or(Ok(()), |so_far| self.store.set_under_way(so_far)))
    }
}
