//! Artifacts: whether one would be taken, and having one taken.

use std::{fs, path::Path};

use hotswap_types::{ArtifactHash, Intent, Outcome, escape};
use serde_json::{Value, json};

use super::asked::{Answer, Asked, done, found, text};
use crate::{
    admin::{
        asker::Asker,
        await_end::{Awaited, End, await_end},
        words::serves,
    },
    error::Reason,
    event::Refusal,
    operator::SlotStatus,
    supervisor::{Offered, Standing},
};

impl Asked<'_> {
    pub(super) fn check(&self, slot: Option<String>, file: &Path) -> Answer {
        let slot = self.slot(slot)?;
        match self.0.judge(&slot, file).map_err(text)? {
            Ok(plan) => {
                let text = format!("slot {slot} would take it\n\n{plan}");
                done(text, json!({ "verdict": "fits", "plan": plan, "refusal": null }))
            }
            Err(refusal) => {
                let text = refusal.to_string();
                found(
                    false,
                    text,
                    json!({ "verdict": "refused", "plan": null, "refusal": refusal }),
                )
            }
        }
    }

    pub(super) fn apply(
        &self,
        slot: Option<String>,
        file: &Path,
        intent: Intent,
        wait: Option<&mut Asker<'_>>,
    ) -> Answer {
        let slot = self.slot(slot)?;
        let file = &std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        if let Err(error) = fs::metadata(file) {
            return Err(format!("the host cannot have {}: {error}", escape::path(file)));
        }
        let events = self.0.events();
        let offered = self.0.offer(&slot, file, intent).map_err(text)?;
        let named = |artifact: Option<ArtifactHash>| Offered { artifact, ..offered.clone() }.name();
        let value = |artifact: Option<ArtifactHash>, outcome: &str, why: &str| {
            let module = offered.module.as_ref().map(|it| &it.name);
            let version = offered.module.as_ref().map(|it| &it.version);
            json!({
                "slot": slot, "artifact": artifact, "module": module, "version": version,
                "path": offered.path.display().to_string(), "outcome": outcome, "why": why,
            })
        };
        let standing = &offered.standing;
        let (is_settled, yes, outcome) = match standing {
            Standing::Serves { .. } => (true, true, Outcome::Committed.word()),
            // It is tried again by itself.
            Standing::Refused(it) if it.tried_again => (false, false, Outcome::Cancelled.word()),
            Standing::Refused(_) => (true, false, Outcome::Rejected.word()),
            Standing::OnTrial { .. } | Standing::Canary { .. } => (false, true, "on_trial"),
            Standing::AwaitsApproval(_) => (false, true, "awaits_approval"),
            Standing::Pending => (false, true, "pending"),
            Standing::UnderWay(_) => (false, true, "under_way"),
            Standing::Later { .. } => (false, true, "later"),
        };
        let Some(asker) = wait.filter(|_| !is_settled) else {
            let value = value(offered.artifact, outcome, &standing.to_string());
            return found(yes, answered(&offered), value);
        };
        (asker.progress)(&answered(&offered));
        let mut awaited = Awaited { slot: &slot, file, artifact: offered.artifact };
        let end = await_end(self.0, &events, &mut awaited, asker);
        let (artifact, name) = (awaited.artifact, named(awaited.artifact));
        match end {
            End::Committed(why) => {
                done(format!("{name}: {why}"), value(artifact, Outcome::Committed.word(), &why))
            }
            End::Not { outcome, why, refusal: None } => {
                found(false, format!("{name}: {why}"), value(artifact, outcome, &why))
            }
            End::Not { outcome, why, refusal: Some(refusal) } => {
                let text = with_file(&refusal, &offered.path);
                found(false, text, value(artifact, outcome, &why))
            }
            End::Unknown if self.0.status().failed => Err(format!("{name}: {}", Reason::Died)),
            End::Unknown => Err(format!("{name}: the host ends, and the upgrade is not over")),
        }
    }

    pub(super) fn apply_pending(&self, slot: Option<&str>) -> Answer {
        let before = self.slots(slot)?.slots;
        let applied = match slot {
            Some(slot) => self.0.apply_pending_in(slot).map(usize::from),
            None => self.0.apply_pending(),
        };
        let applied = applied.map_err(text)?;
        let after = self.0.status().slots;
        let pending = before.iter().filter(|it| it.pending.is_some());
        let came_out: Vec<_> = pending
            .filter_map(|before| Some((before, after.iter().find(|it| it.name == before.name)?)))
            .map(|(before, after)| applied_in(before, after))
            .collect();
        if came_out.is_empty() {
            let text = "no upgrade is pending";
            return found(false, text, json!({ "applied": 0, "slots": [] }));
        }
        let (texts, values): (Vec<_>, Vec<_>) = came_out.into_iter().unzip();
        found(applied > 0, texts.join("\n"), json!({ "applied": applied, "slots": values }))
    }
}

/// How an artifact stands, with its name. A refusal has that, and not the file.
fn answered(offered: &Offered) -> String {
    match &offered.standing {
        Standing::Refused(refusal) => with_file(refusal, &offered.path),
        _ => offered.to_string(),
    }
}

fn with_file(refusal: &Refusal, path: &Path) -> String {
    format!("{refusal}\n  file: {}", escape::path(path))
}

/// What has become of a pending upgrade of a slot.
fn applied_in(before: &SlotStatus, after: &SlotStatus) -> (String, Value) {
    let plan = before.plan.as_ref();
    let generation = |slot: &SlotStatus| slot.serving.as_ref().map(|it| it.generation);
    let has_taken_over = generation(before) != generation(after);
    let artifact = match &after.serving {
        Some(serving) if has_taken_over => serving.release.artifact,
        _ => plan.map(|plan| plan.artifact),
    };
    let plan = plan.filter(|plan| Some(plan.artifact) == artifact);
    let place = plan.map(|plan| format!(" at {}", escape::path(&plan.path))).unwrap_or_default();
    let hash =
        artifact.map_or_else(|| "the artifact".to_owned(), |it| format!("({}…)", it.short()));
    let is_canary = after.canary.as_ref().is_some_and(|it| it.release.artifact == artifact);
    let refused = after.last_refusal.as_ref().filter(|it| it.artifact == artifact);
    let (outcome, text) = match refused {
        _ if has_taken_over => {
            ("taken_over", format!("{hash}{place} has taken over; {}", serves(after)))
        }
        _ if is_canary => {
            let text = format!("{hash}{place} serves beside the stable version; {}", serves(after));
            ("on_trial", text)
        }
        Some(refusal) => ("refused", refusal.to_string()),
        None => ("pending", format!("{hash}{place} is still pending; {}", serves(after))),
    };
    let path = plan.map(|plan| plan.path.display().to_string());
    (text, json!({ "slot": after.name, "artifact": artifact, "path": path, "outcome": outcome }))
}
