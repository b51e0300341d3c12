//! What a host's threads share: the program's, the worker, and whoever answers operators.
//!
//! Every event goes by [`Shared::tell`] on its way out; there is no other way to emit one. So every
//! upgrade that was announced has a report, however it ended.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use hotswap_types::ArtifactHash;
use parking_lot::Mutex;

use super::{events::Events, pauses::Pauses, reports::Reports};
use crate::{
    config::{AllSettings, Config},
    error::Reason,
    event::{Event, EventKind},
    floors::Floors,
    journal::{HistoryEntry, Journal},
    machine::owner::Owner,
    report::Report,
    reports::{Times, history, unfinished},
    slot::{Over, SlotCore},
};

pub(crate) struct Shared {
    pub(crate) owner: Owner,
    pub(crate) config: Config,
    /// What holds for each slot.
    pub(crate) settings: AllSettings,
    pub(crate) slots: Mutex<BTreeMap<String, Arc<SlotCore>>>,
    /// Set with the slots locked, so that each slot there is, and each that is to be, is told.
    pub(crate) over: OnceLock<Over>,
    pub(crate) events: Events,
    pub(crate) pauses: Pauses,
    /// `None` where no folder was given.
    pub(crate) journal: Option<Mutex<Journal>>,
    pub(crate) reports: Mutex<Reports>,
    pub(crate) floors: Mutex<Floors>,
}

impl Shared {
    /// The worker has ended: nothing more comes to any slot.
    pub(crate) fn set_over(&self, over: Over) {
        let slots = self.slots.lock();
        let _ = self.over.set(over);
        for slot in slots.values() {
            slot.set_over(over);
        }
        drop(slots);
        if over == Over::Died {
            self.tell("", EventKind::WorkerDied);
        }
    }

    /// Lets nobody into any slot any more. That wakes tasks, whose wakers may ask the host: so no lock is
    /// held.
    pub(crate) fn end_slots(&self) {
        let slots: Vec<_> = self.slots.lock().values().cloned().collect();
        slots.iter().for_each(|slot| slot.end());
    }

    /// Why the worker has not answered. It answers all that it is asked, and says how it has ended
    /// before it drops what it is asked afterwards: so it panics just now, if it has not said.
    pub(crate) fn why_over(&self) -> Reason {
        self.over.get().copied().unwrap_or(Over::Died).reason()
    }

    /// Tells of a slot, and where an upgrade is over with that, gives its report.
    pub(crate) fn tell(&self, slot: &str, kind: EventKind) {
        let (report, under_way) = self.reports.lock().hear(slot, &kind);
        if let Err(error) = under_way {
            tracing::debug!(slot, %error, "an upgrade under way is not on disk");
        }
        self.events.tell(&Event { slot: slot.into(), kind });
        if let Some(report) = report {
            self.reported(report);
        }
    }

    /// Keeps a report, and tells of it.
    pub(crate) fn reported(&self, report: Report) {
        let slot = report.slot.clone();
        let (report, written) = self.reports.lock().store.put(report);
        let slot: Arc<str> = slot.into();
        let kind = EventKind::Reported(report);
        self.events.tell(&Event { slot: Arc::clone(&slot), kind });
        if let Err(why) = written {
            self.events.tell(&Event { slot, kind: EventKind::NotReported { why } });
        }
    }

    /// The upgrades of a slot that go on; whether each is on trial.
    pub(crate) fn under_way(&self, slot: &str) -> Vec<(ArtifactHash, bool)> {
        self.reports.lock().of(slot).under_way()
    }

    /// How long the upgrades of a slot have taken.
    pub(crate) fn times(&self, slot: &str) -> Times {
        Times::of(self.reports.lock().store.of(slot).map(|report| &**report))
    }

    /// Names the files of a slot that cannot be read.
    pub(crate) fn tell_damaged(&self, slot: &str) {
        let damaged = self.reports.lock().store.take_damaged(slot);
        for why in damaged {
            self.events.tell(&Event { slot: slot.into(), kind: EventKind::NotReported { why } });
        }
    }

    /// Reports the upgrade that the last run has left unfinished, if there is one.
    pub(crate) fn report_unfinished(&self, slot: &str) {
        let Some(journal) = &self.journal else { return };
        let mut lines = journal.lock().history();
        lines.retain(|line| line.slot == slot);
        let report = {
            let store = &mut self.reports.lock().store;
            let under_way = store.take_under_way(slot);
            let reports: Vec<_> = store.of(slot).cloned().collect();
            unfinished(under_way, &lines, &reports)
        };
        if let Some(report) = report {
            self.reported(report);
        }
    }

    /// The upgrades of all slots that are over, the newest first.
    pub(crate) fn history(&self) -> Vec<HistoryEntry> {
        let lines = self.journal.as_ref().map(|journal| journal.lock().history());
        let reports = self.reports.lock().store.all();
        history(lines.unwrap_or_default(), &reports)
    }
}
