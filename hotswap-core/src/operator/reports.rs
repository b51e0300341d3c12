//! What is kept of upgrades, and what people say of them.

use std::sync::Arc;

use hotswap_types::{ArtifactHash, Intent};

use super::Operator;
use crate::{
    error::{Error, Reason},
    journal::HistoryEntry,
    report::{Note, Report},
    reports::Unnoted,
    supervisor::Command,
};

impl Operator {
    /// The upgrades that are over, of all slots, the newest first, each with its
    /// [report](Self::report); with a journal ([`Config::with_journal`](crate::Config::with_journal))
    /// of all runs that it remembers, else of this one.
    ///
    /// # Errors
    /// None so far: what cannot be read was told with
    /// [`NotReported`](crate::event::EventKind::NotReported), and is left out.
    pub fn history(&self) -> Result<Vec<HistoryEntry>, Error> {
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
    /// When the slot was not opened, or cannot follow the intent's strategy; when the host has ended.
    pub fn intend(&self, slot: &str, artifact: ArtifactHash, intent: Intent) -> Result<(), Error> {
        self.refuse_strategy(slot, &intent)?;
        self.send(Command::Intend { slot: slot.to_owned(), artifact, intent })
    }
}
