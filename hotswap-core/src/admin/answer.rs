//! A request, and what an [`Operator`] makes of it.

use std::{fmt::Write as _, fs, path::Path, sync::Arc};

use hotswap_abi::__private::text::in_full;
use hotswap_types::{ArtifactHash, Intent, Outcome, escape::shown};
use semver::Version;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    asker::Asker,
    await_end::{Awaited, End, await_end},
    protocol::{Done, Request},
    table::Table,
    words::{ago, reasons, serves, things},
};
use crate::{
    error::Error,
    event::Refusal,
    journal::Earlier,
    operator::{Operator, SlotStatus, Status},
    report::{Note, Report},
    supervisor::{Offered, Standing},
};

/// What was done; or why it was not.
pub(super) type Answer = Result<Done, String>;

/// Does what is asked.
pub(super) fn answer(operator: &Operator, request: Request, asker: &mut Asker<'_>) -> Answer {
    let asked = Asked(operator);
    match request {
        Request::Status { slot } => asked.status(slot.as_deref()),
        Request::Why { slot } => asked.why(slot.as_deref()),
        Request::Plan { slot } => asked.plan(slot.as_deref()),
        Request::Check { slot, file } => asked.check(slot, &file),
        Request::Apply { slot, file: Some(file), wait, intent } => {
            asked.apply(slot, &file, intent, wait.then_some(asker))
        }
        Request::Apply { slot: _, file: None, .. } => asked.apply_pending(),
        Request::Approve { artifact, by } => asked.approve(&artifact, &by),
        Request::Reject { artifact, by, why } => asked.reject(&artifact, &by, &why),
        Request::Pause { slot, by, why } => asked.pause(slot.as_deref(), &by, &why),
        Request::Resume { slot } => asked.resume(slot.as_deref()),
        Request::Commit { slot, why } => asked.commit(slot, &why),
        Request::Rollback { slot, why } => asked.roll_back(slot, &why),
        Request::Revert { slot, to, why } => asked.revert(slot, &to, &why),
        Request::Checkpoint { slot } => asked.checkpoint(slot),
        Request::Clear { artifact } => asked.clear(&artifact),
        Request::History { slot, most } => asked.history(slot.as_deref(), most),
        Request::Report { slot, artifact } => asked.report(slot, artifact.as_deref()),
        Request::Note { slot, artifact, by, problem, solution } => {
            asked.note(slot, artifact.as_deref(), &by, &problem, solution)
        }
    }
}

struct Asked<'a>(&'a Operator);

/// How an artifact stands, with its name. A refusal has that, and not the file.
fn answered(offered: &Offered) -> String {
    match &offered.standing {
        Standing::Refused(refusal) => with_file(refusal, &offered.path),
        _ => offered.to_string(),
    }
}

fn with_file(refusal: &Refusal, path: &Path) -> String {
    format!("{refusal}\n  file: {}", shown(path))
}

/// What has become of an upgrade of a slot that was ready.
fn applied_in(before: &SlotStatus, after: &SlotStatus) -> (String, Value) {
    let plan = before.plan.as_ref();
    let generation = |slot: &SlotStatus| slot.serving.as_ref().map(|it| it.generation);
    let has_taken_over = generation(before) != generation(after);
    let artifact = match &after.serving {
        Some(serving) if has_taken_over => serving.artifact,
        _ => plan.map(|plan| plan.artifact),
    };
    let plan = plan.filter(|plan| Some(plan.artifact) == artifact);
    let place = plan.map(|plan| format!(" at {}", shown(&plan.path))).unwrap_or_default();
    let hash =
        artifact.map_or_else(|| "the artifact".to_owned(), |it| format!("({}…)", it.short()));
    let refused = after.last_refusal.as_ref().filter(|it| it.artifact == artifact);
    let (outcome, text) = match refused {
        _ if has_taken_over => {
            ("taken_over", format!("{hash}{place} has taken over; {}", serves(after)))
        }
        Some(refusal) => ("refused", refusal.to_string()),
        None => ("pending", format!("{hash}{place} is still pending; {}", serves(after))),
    };
    let path = plan.map(|plan| plan.path.display().to_string());
    (text, json!({ "slot": after.name, "artifact": artifact, "path": path, "outcome": outcome }))
}

fn text(error: Error) -> String {
    in_full(&error)
}

fn done(text: impl Into<String>, value: impl Serialize) -> Answer {
    found(true, text, value)
}

fn found(yes: bool, text: impl Into<String>, value: impl Serialize) -> Answer {
    let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
    Ok(Done { yes, text: text.into(), value })
}

impl Asked<'_> {
    /// The slots that are meant: one, or all.
    fn slots(&self, slot: Option<&str>) -> Result<Status, String> {
        let mut status = self.0.status();
        if let Some(slot) = slot {
            self.known(&status, slot)?;
            status.slots.retain(|it| it.name == slot);
        }
        Ok(status)
    }

    fn known(&self, status: &Status, slot: &str) -> Result<(), String> {
        if status.slots.iter().any(|it| it.name == slot) {
            return Ok(());
        }
        let known: Vec<_> = status.slots.iter().map(|it| it.name.as_str()).collect();
        Err(format!("no slot {slot} is open; there are: {}", known.join(", ")))
    }

    /// The slot that is meant: by its name, or because it is the only one.
    fn slot(&self, slot: Option<String>) -> Result<String, String> {
        let status = self.0.status();
        match (slot, status.slots.as_slice()) {
            (Some(slot), _) => self.known(&status, &slot).map(|()| slot),
            (None, [only]) => Ok(only.name.clone()),
            (None, []) => Err("the host has opened no slot yet".to_owned()),
            (None, all) => {
                let known: Vec<_> = all.iter().map(|it| it.name.as_str()).collect();
                Err(format!("say which slot is meant; there are: {}", known.join(", ")))
            }
        }
    }

    /// The one among some artifacts whose hash begins so.
    fn artifact(
        &self,
        named: &str,
        among: impl IntoIterator<Item = ArtifactHash>,
    ) -> Result<ArtifactHash, String> {
        if let Ok(whole) = named.parse() {
            return Ok(whole);
        }
        let named = named.trim_end_matches('…').to_ascii_lowercase();
        let mut meant: Vec<_> =
            among.into_iter().filter(|it| it.to_string().starts_with(&named)).collect();
        meant.sort();
        meant.dedup();
        match meant[..] {
            _ if named.is_empty() => Err("say which artifact is meant".to_owned()),
            [only] => Ok(only),
            [] => Err(format!("no artifact that this could mean begins with {named}")),
            _ => {
                let meant: Vec<_> = meant.iter().map(ToString::to_string).collect();
                Err(format!("{named} may mean {}", meant.join(" or ")))
            }
        }
    }

    fn status(&self, slot: Option<&str>) -> Answer {
        let status = self.slots(slot)?;
        let mut table =
            Table::new(["SLOT", "SERVES", "ARTIFACT", "GENERATION", "SINCE", "STATE OF THINGS"]);
        for slot in &status.slots {
            let (serves, hash, generation, since) = match &slot.serving {
                None => ("nothing".to_owned(), String::new(), String::new(), String::new()),
                Some(it) => (
                    format!("{} {}", it.module, it.version),
                    it.artifact.map_or("built in".to_owned(), |hash| hash.short().to_string()),
                    it.generation.to_string(),
                    ago(it.since.elapsed().as_secs()),
                ),
            };
            table.row([slot.name.clone(), serves, hash, generation, since, things(slot)]);
        }
        let mut text = String::new();
        if let Some(pause) = &status.paused {
            let _ = writeln!(text, "Upgrades are {pause}.\n");
        }
        text.push_str(&table.text());
        done(text, &status)
    }

    fn why(&self, slot: Option<&str>) -> Answer {
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

    fn plan(&self, slot: Option<&str>) -> Answer {
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

    fn check(&self, slot: Option<String>, file: &Path) -> Answer {
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

    fn apply(
        &self,
        slot: Option<String>,
        file: &Path,
        intent: Intent,
        wait: Option<&mut Asker<'_>>,
    ) -> Answer {
        let slot = self.slot(slot)?;
        let file = &std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        if let Err(error) = fs::metadata(file) {
            return Err(format!("the host cannot have {}: {error}", shown(file)));
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
            Standing::OnTrial { .. } => (false, true, "on_trial"),
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
            End::Unknown => Err(format!("{name}: the host ends, and the upgrade is not over")),
        }
    }

    fn apply_pending(&self) -> Answer {
        let before = self.0.status().slots;
        let applied = self.0.apply_pending().map_err(text)?;
        let after = self.0.status().slots;
        let pending = before.iter().filter(|it| it.pending.is_some());
        let came_out: Vec<_> = pending
            .filter_map(|before| Some((before, after.iter().find(|it| it.name == before.name)?)))
            .map(|(before, after)| applied_in(before, after))
            .collect();
        if came_out.is_empty() {
            let text = "no upgrade is ready, and none has taken over";
            return found(false, text, json!({ "applied": 0, "slots": [] }));
        }
        let (texts, values): (Vec<_>, Vec<_>) = came_out.into_iter().unzip();
        found(applied > 0, texts.join("\n"), json!({ "applied": applied, "slots": values }))
    }

    fn waiting(&self) -> Vec<ArtifactHash> {
        let slots = self.0.status().slots;
        slots.iter().filter_map(|slot| Some(slot.awaiting.as_ref()?.artifact)).collect()
    }

    fn approve(&self, artifact: &str, by: &str) -> Answer {
        let artifact = self.artifact(artifact, self.waiting())?;
        self.0.approve(artifact, by).map_err(text)?;
        let status = self.0.status();
        let serves = |slot: &&SlotStatus| {
            slot.serving.as_ref().is_some_and(|it| it.artifact == Some(artifact))
        };
        let came_out = match status.slots.iter().find(serves) {
            Some(slot) => format!("approved; {}", things(slot)),
            None => {
                let mut refused = status.slots.iter().filter_map(|slot| slot.last_refusal.as_ref());
                let refused = refused.rfind(|it| it.artifact == Some(artifact));
                refused.map_or("approved; it is on its way".to_owned(), |it| {
                    format!("approved, and then {it}")
                })
            }
        };
        done(came_out, json!({ "artifact": artifact.to_string(), "approved": true }))
    }

    fn reject(&self, artifact: &str, by: &str, why: &str) -> Answer {
        let artifact = self.artifact(artifact, self.waiting())?;
        self.0.reject(artifact, by, why).map_err(text)?;
        let text = format!("rejected; `hotswap clear {}` takes that back", artifact.short());
        done(text, json!({ "artifact": artifact.to_string(), "approved": false }))
    }

    fn pause(&self, slot: Option<&str>, by: &str, why: &str) -> Answer {
        self.0.pause(slot, by, why).map_err(text)?;
        let which = slot.map_or("all slots".to_owned(), |slot| format!("slot {slot}"));
        let text = format!("upgrades of {which} do not begin by themselves until `hotswap resume`");
        done(text, json!({ "slot": slot, "paused": true }))
    }

    fn resume(&self, slot: Option<&str>) -> Answer {
        let was_paused = self.0.resume(slot).map_err(text)?;
        let text = match was_paused {
            true => "upgrades may begin again",
            false => "there was no pause",
        };
        found(was_paused, text, json!({ "slot": slot, "paused": false, "was_paused": was_paused }))
    }

    fn commit(&self, slot: Option<String>, why: &str) -> Answer {
        let slot = self.slot(slot)?;
        self.0.commit(&slot, why).map_err(text)?;
        self.serving(&slot, "committed")
    }

    fn roll_back(&self, slot: Option<String>, why: &str) -> Answer {
        let slot = self.slot(slot)?;
        self.0.roll_back(&slot, why).map_err(text)?;
        self.serving(&slot, "rolled back")
    }

    fn revert(&self, slot: Option<String>, to: &str, why: &str) -> Answer {
        let slot = self.slot(slot)?;
        let to = match Version::parse(to) {
            Ok(version) => Earlier::Version(version),
            Err(_) => {
                let past = self.0.history().map_err(text)?;
                let past = past.iter().filter(|it| it.slot == slot).map(|it| it.artifact);
                Earlier::Artifact(self.artifact(to, past)?)
            }
        };
        self.0.revert_to(&slot, to, why).map_err(text)?;
        self.serving(&slot, "reverted")
    }

    /// What serves after it was done.
    fn serving(&self, slot: &str, what: &str) -> Answer {
        let status = self.slots(Some(slot))?;
        let lines: Vec<_> =
            status.slots.iter().map(|it| format!("{what}; {}", serves(it))).collect();
        done(lines.join("\n"), status.slots)
    }

    fn checkpoint(&self, slot: Option<String>) -> Answer {
        let slot = self.slot(slot)?;
        let backup = self.0.checkpoint(&slot).map_err(text)?;
        done(format!("{backup}: {}", backup.path.display()), &backup)
    }

    fn clear(&self, artifact: &str) -> Answer {
        let slots = self.0.status().slots;
        let rejected = slots.iter().flat_map(|slot| &slot.quarantined);
        let artifact = self.artifact(artifact, rejected.filter_map(|it| it.artifact))?;
        let known = self.0.clear(artifact).map_err(text)?;
        let text = match known {
            true => "cleared; all artifacts are looked at again",
            false => "it was not rejected",
        };
        found(known, text, json!({ "artifact": artifact.to_string(), "cleared": known }))
    }

    fn history(&self, slot: Option<&str>, most: usize) -> Answer {
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

    fn report(&self, slot: Option<String>, artifact: Option<&str>) -> Answer {
        match self.reported(slot, artifact)? {
            Some(report) => done(report.to_string(), &report),
            None => found(false, "no upgrade is over yet", Value::Null),
        }
    }

    fn note(
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
