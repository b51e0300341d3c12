//! What people say of upgrades, and what is kept of them: every event goes by here on its way out.
//!
//! There is no other way to emit an event. So every upgrade that was announced has a report,
//! however it ended.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use hotswap_types::{ArtifactHash, Intent, PhaseSpan};

use super::{Operator, Shared, worker::Command};
use crate::{
    config::Config,
    error::{Error, Reason},
    event::{Event, EventKind, Serving},
    journal::PastUpgrade,
    report::{
        Drafts, Moment, Note, Report, Store, Times, Unnoted, WayBackTaken, history, unfinished,
    },
};

/// Upgrades on their way and the reports of those that are over.
pub(super) struct Reports {
    drafts: BTreeMap<String, Drafts>,
    store: Store,
}

impl Reports {
    pub(super) fn open(config: &Config) -> Self {
        let store = Store::open(config.journal.as_deref(), config.kept_reports);
        Self { drafts: BTreeMap::new(), store }
    }

    fn of(&mut self, slot: &str) -> &mut Drafts {
        self.drafts.entry(slot.to_owned()).or_default()
    }

    /// What is told of a slot; the report of an upgrade that is over with that.
    fn hear(&mut self, slot: &str, kind: &EventKind) -> Option<Report> {
        let drafts = self.drafts.get_mut(slot)?;
        let report = drafts.hear(kind, Moment::now());
        // From here on a process may end of it.
        let under_way = match kind {
            EventKind::Planned(plan) => Some(plan.artifact),
            EventKind::Live(live) if report.is_none() => live.artifact,
            _ => None,
        };
        if let Some(so_far) = under_way.and_then(|artifact| drafts.so_far(artifact)) {
            self.store.set_under_way(so_far);
        }
        report
    }
}

impl Shared {
    /// Tells of a slot, and where an upgrade is over with that, gives its report.
    pub(super) fn tell(&self, slot: &str, kind: EventKind) {
        let report = self.reports.lock().hear(slot, &kind);
        self.events.tell(&Event { slot: slot.into(), kind });
        if let Some(report) = report {
            self.reported(report);
        }
    }

    /// Keeps a report, and tells of it.
    pub(super) fn reported(&self, report: Report) {
        let slot = report.slot.clone();
        let (report, written) = self.reports.lock().store.put(report);
        let slot: Arc<str> = slot.into();
        let kind = EventKind::Reported(report);
        self.events.tell(&Event { slot: Arc::clone(&slot), kind });
        if let Err(why) = written {
            self.events.tell(&Event { slot, kind: EventKind::NotReported { why } });
        }
    }

    /// An artifact is looked at.
    pub(super) fn begins(&self, slot: &str, artifact: ArtifactHash, recovered: bool, at: Instant) {
        self.reports.lock().of(slot).begin(slot, artifact, recovered, Moment::at(at));
    }

    /// An artifact that has waited goes on.
    pub(super) fn goes_on(&self, slot: &str, artifact: Option<ArtifactHash>) {
        if let Some(artifact) = artifact {
            self.reports.lock().of(slot).goes_on(artifact, Moment::now());
        }
    }

    /// What the phases of a pause have taken.
    pub(super) fn paused(&self, slot: &str, artifact: Option<ArtifactHash>, spans: &[PhaseSpan]) {
        if let Some(artifact) = artifact {
            self.reports.lock().of(slot).paused(artifact, spans, Moment::now());
        }
    }

    /// What is known of the upgrades of a slot that go on.
    pub(super) fn drafts<T>(&self, slot: &str, look: impl FnOnce(&mut Drafts) -> T) -> T {
        look(self.reports.lock().of(slot))
    }

    /// The version before has come back from a trial.
    pub(super) fn came_back(&self, slot: &str, back: WayBackTaken) {
        self.reports.lock().of(slot).came_back(back);
    }

    /// An artifact is not gone on with, and is not to blame.
    pub(super) fn called_off(
        &self,
        slot: &str,
        artifact: ArtifactHash,
        why: &str,
        serving: Option<Serving>,
    ) {
        let report =
            self.drafts(slot, |drafts| drafts.called_off(artifact, why, serving, Moment::now()));
        if let Some(report) = report {
            self.reported(report);
        }
    }

    /// How long the upgrades of a slot have taken.
    pub(super) fn times(&self, slot: &str) -> Times {
        Times::of(self.reports.lock().store.of(slot).map(|report| &**report))
    }

    /// Names the files of a slot that cannot be read.
    pub(super) fn tell_damaged(&self, slot: &str) {
        let damaged = self.reports.lock().store.take_damaged(slot);
        for why in damaged {
            self.events.tell(&Event { slot: slot.into(), kind: EventKind::NotReported { why } });
        }
    }

    /// Reports the upgrade that the last run has left unfinished, if there is one.
    pub(super) fn report_unfinished(&self, slot: &str) {
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
    pub(super) fn history(&self) -> Vec<PastUpgrade> {
        let lines = self.journal.as_ref().map(|journal| journal.lock().history());
        let reports = self.reports.lock().store.all();
        history(lines.unwrap_or_default(), &reports)
    }
}

impl Operator {
    /// The upgrades that are over, of all slots, the newest first, each with its
    /// [report](Self::report); with a journal ([`Config::with_journal`](crate::Config::with_journal))
    /// of all runs that it remembers, else of this one.
    ///
    /// # Errors
    /// None so far: what cannot be read was told with
    /// [`NotReported`](crate::event::EventKind::NotReported), and is left out.
    pub fn history(&self) -> Result<Vec<PastUpgrade>, Error> {
        Ok(self.shared.history())
    }

    /// The report of the last upgrade of a slot; `None` before the first. It prints as Markdown.
    ///
    /// ```no_run
    /// # fn look(host: &hotswap_core::Host) {
    /// if let Some(report) = host.report("shop") {
    ///     println!("{report}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn report(&self, slot: &str) -> Option<Arc<Report>> {
        self.shared.reports.lock().store.of(slot).next().cloned()
    }

    /// The reports of a slot, the newest first.
    #[must_use]
    pub fn reports(&self, slot: &str) -> Vec<Arc<Report>> {
        self.shared.reports.lock().store.of(slot).cloned().collect()
    }

    /// The report of the last upgrade to an artifact, of whatever slot.
    #[must_use]
    pub fn report_of(&self, artifact: ArtifactHash) -> Option<Arc<Report>> {
        self.shared.reports.lock().store.of_artifact(artifact)
    }

    /// Adds a note to a report, by its number, and returns the report with it. Where there is a
    /// journal it is on disk then.
    ///
    /// # Errors
    /// When the slot has no such report, or it has 64 notes; when it cannot be written. Then it is as
    /// it was.
    pub fn add_note(&self, slot: &str, number: u64, note: Note) -> Result<Arc<Report>, Error> {
        let noted = self.shared.reports.lock().store.note(slot, number, note);
        let slot = slot.to_owned();
        noted.map_err(|unnoted| match unnoted {
            Unnoted::Unknown => Reason::NoReport { slot, number }.into(),
            Unnoted::Because(why) => Reason::NotNoted { slot, number, why }.into(),
        })
    }

    /// Says why an artifact is wanted, before it is put where the host finds it: its plan and its
    /// report name that in place of [`Config::with_intent`](crate::Config::with_intent). The last 64
    /// artifacts of a slot are remembered, as long as the host lives.
    ///
    /// # Errors
    /// When the slot was not opened; when the host has ended.
    pub fn intend(&self, slot: &str, artifact: ArtifactHash, intent: Intent) -> Result<(), Error> {
        self.refuse_unopened(slot)?;
        self.send(Command::Intend { slot: slot.to_owned(), artifact, intent })
    }
}
