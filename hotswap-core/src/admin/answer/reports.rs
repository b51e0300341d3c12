//! Upgrades that are over: their history, their reports, and notes on these.

use std::sync::Arc;

use serde_json::Value;

use super::asked::{Answer, Asked, done, found, text};
use crate::{
    admin::{table::Table, words::ago},
    report::{Note, Report},
};

impl Asked<'_> {
    pub(super) fn history(&self, slot: Option<&str>, most: usize) -> Answer {
        let mut past = self.0.history().map_err(text)?;
        past.retain(|it| slot.is_none_or(|slot| it.slot == slot));
        past.truncate(most);
        let mut table = Table::new(["ENDED", "SLOT", "VERSION", "ARTIFACT", "OUTCOME", "WHY"]);
        for it in &past {
            let version = it.module.as_ref().map_or("?".to_owned(), |it| it.version.to_string());
            let ended = it.ended.elapsed().unwrap_or_default().as_secs();
            let (hash, outcome) = (it.artifact.short().to_string(), it.outcome.to_string());
            let why = it.why.lines().next().unwrap_or_default().to_owned();
            table.row([
                format!("{} ago", ago(ended)),
                it.slot.clone(),
                version,
                hash,
                outcome,
                why,
            ]);
        }
        let text =
            if table.is_empty() { "no upgrade is over yet".to_owned() } else { table.text() };
        done(text, past)
    }

    pub(super) fn report(&self, slot: Option<String>, artifact: Option<&str>) -> Answer {
        match self.reported(slot, artifact)? {
            Some(report) => done(report.to_string(), &report),
            None => found(false, "no upgrade is over yet", Value::Null),
        }
    }

    pub(super) fn note(
        &self,
        slot: Option<String>,
        artifact: Option<&str>,
        by: &str,
        problem: &str,
        solution: Option<String>,
    ) -> Answer {
        let Some(report) = self.reported(slot, artifact)? else {
            return Err("no upgrade is over yet, and there is no report to add to".to_owned());
        };
        let note = Note::new(by, problem);
        let note = match solution {
            Some(solution) => note.with_solution(solution),
            None => note,
        };
        let report = self.0.add_note(&report.slot, report.number, note).map_err(text)?;
        done(format!("noted in report {} of slot {}", report.number, report.slot), &report)
    }

    /// The report that is meant: the last one, or that of an artifact.
    fn reported(
        &self,
        slot: Option<String>,
        artifact: Option<&str>,
    ) -> Result<Option<Arc<Report>>, String> {
        let slot = self.slot(slot)?;
        let reports = self.0.reports(&slot);
        let Some(artifact) = artifact else { return Ok(reports.into_iter().next()) };
        let artifact = self.artifact(artifact, reports.iter().map(|it| it.artifact))?;
        let report = reports.into_iter().find(|it| it.artifact == artifact);
        report.map(Some).ok_or_else(|| format!("slot {slot} has no report of {artifact}"))
    }
}
