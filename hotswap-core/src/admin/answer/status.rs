//! How slots stand: what serves, why, and what is planned.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::asked::{Answer, Asked, done, found};
use crate::{
    admin::{
        table::Table,
        words::{ago, reasons, things},
    },
    error::Reason,
};

impl Asked<'_> {
    pub(super) fn status(&self, slot: Option<&str>) -> Answer {
        let status = self.slots(slot)?;
        let mut table =
            Table::new(["SLOT", "SERVING", "ARTIFACT", "GENERATION", "SINCE", "STATUS"]);
        for slot in &status.slots {
            let (serves, hash, generation, since) = match &slot.serving {
                None => ("nothing".to_owned(), String::new(), String::new(), String::new()),
                Some(it) => (
                    it.release.module_version().to_string(),
                    it.release
                        .artifact
                        .map_or("built in".to_owned(), |hash| hash.short().to_string()),
                    it.generation.to_string(),
                    ago(it.since.elapsed().as_secs()),
                ),
            };
            table.row([slot.name.clone(), serves, hash, generation, since, things(slot)]);
        }
        let mut text = String::new();
        if status.failed {
            let _ = writeln!(text, "{}.\n", Reason::Died);
        }
        if let Some(pause) = &status.paused {
            let _ = writeln!(text, "Upgrades are {pause}.\n");
        }
        text.push_str(&table.text());
        done(text, &status)
    }

    pub(super) fn why(&self, slot: Option<&str>) -> Answer {
        let status = self.slots(slot)?;
        let text: Vec<_> = status.slots.iter().map(reasons).collect();
        let value: Vec<_> = status
            .slots
            .iter()
            .map(|slot| {
                json!({
                    "slot": slot.name,
                    "serving": slot.serving,
                    "degraded": slot.degraded,
                    "paused": slot.paused,
                    "awaiting": slot.awaiting,
                    "last_refusal": slot.last_refusal,
                    "quarantined": slot.quarantined,
                })
            })
            .collect();
        done(text.join("\n"), value)
    }

    pub(super) fn plan(&self, slot: Option<&str>) -> Answer {
        let status = self.slots(slot)?;
        let plans: Vec<_> = status
            .slots
            .iter()
            .filter_map(|it| it.awaiting.as_ref().or(it.plan.as_ref()))
            .collect();
        if plans.is_empty() {
            return found(false, "no upgrade was planned yet", Value::Array(Vec::new()));
        }
        let text: Vec<_> = plans.iter().map(ToString::to_string).collect();
        done(text.join("\n"), plans)
    }
}
