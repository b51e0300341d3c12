//! Where every transition of a slot goes by: into the journal, the status, the report, and out to
//! subscribers, in this order. So nobody has been told what a crash undoes, whichever way it came.

use std::sync::Arc;

use hotswap_abi::__private::text::in_full;
use hotswap_types::{ArtifactHash, Phase};

use super::{
    shared::Shared,
    slot_event::{Line, Promoted, SlotEvent},
};
use crate::{
    event::{EventKind, Exit, Refusal},
    report::{Decision, Report},
    reports::{Drafts, Moment},
    slot::SlotCore,
};

impl Shared {
    /// Something happens to a slot.
    pub(super) fn emit(&self, slot: &SlotCore, is_recovery: bool, event: SlotEvent) {
        if let Some(line) = event.line(is_recovery) {
            self.write(slot, line);
        }
        let raised = event.committed().map(|code| {
            self.floors.lock().committed(&code.manifest.module, &code.manifest.version)
        });
        show(slot, &event);
        let report = hear(self.reports.lock().of(&slot.name), slot, &event, Moment::now());
        for kind in event.told() {
            self.tell(&slot.name, kind);
        }
        if let Some(report) = report {
            self.reported(report);
        }
        if let Some(Err(error)) = raised {
            self.tell(&slot.name, EventKind::FloorNotRaised { why: in_full(&error) });
        }
    }

    fn write(&self, slot: &SlotCore, line: Line) {
        let Some(journal) = &self.journal else { return };
        // Told without the lock: a subscriber may ask for the history.
        match line {
            Line::Lazy(what) => {
                let noted = journal.lock().append_lazy(&slot.name, what);
                if let Err(error) = noted {
                    let (slot, error) = (&*slot.name, in_full(&error));
                    tracing::warn!(slot, error, "a line of the journal waits");
                }
            }
            // It has been done, or is not to be stopped by a full disk.
            Line::Durable(what) => {
                let (written, growth) = {
                    let mut journal = journal.lock();
                    (journal.append(&slot.name, what), journal.take_growth())
                };
                if let Some(why) = growth {
                    tracing::warn!(why, "the journal grows past its size");
                }
                if let Err(error) = written {
                    self.tell(&slot.name, EventKind::NotJournaled { why: in_full(&error) });
                }
            }
        }
    }
}

/// What the status says from now on.
fn show(slot: &SlotCore, event: &SlotEvent) {
    match event {
        SlotEvent::Reached { phase, .. } => slot.set_phase(Some(*phase)),
        SlotEvent::Rehearsing => slot.set_phase(Some(Phase::Rehearsed)),
        SlotEvent::Superseded { .. } | SlotEvent::Deferred { .. } => slot.set_phase(None),
        SlotEvent::Planned(plan) => slot.set_plan(plan.clone()),
        SlotEvent::AwaitsApproval(plan) => {
            slot.set_awaiting(Some(plan.clone()));
            slot.set_phase(Some(Phase::AwaitingApproval));
        }
        SlotEvent::ApprovalOver => slot.set_awaiting(None),
        SlotEvent::Pending { until, .. } => {
            slot.set_phase(None);
            slot.set_pending(Some(*until));
        }
        SlotEvent::StillPending(until) => slot.set_pending(Some(*until)),
        SlotEvent::NotPending => slot.set_pending(None),
        SlotEvent::CanaryBegan { rollout, .. }
        | SlotEvent::Step { rollout, .. }
        | SlotEvent::StepWaits { rollout, .. } => slot.set_canary(Some(rollout.clone())),
        SlotEvent::CanaryOver => slot.set_canary(None),
        SlotEvent::Serves { code, trial, .. } => {
            slot.set_canary(None);
            slot.set_live(code);
            slot.set_on_trial(trial.clone());
        }
        SlotEvent::CameBack { code, .. } => {
            slot.set_live(code);
            slot.set_on_trial(None);
        }
        SlotEvent::Degraded { why } => {
            slot.set_degraded(why.clone());
            slot.set_on_trial(None);
        }
        SlotEvent::Committed { .. } | SlotEvent::TrialOver => slot.set_on_trial(None),
        SlotEvent::Refused { refusal, kept, other } => {
            if let Some((artifact, kept)) = quarantined(kept.as_ref()) {
                slot.rejected.insert(artifact, Arc::clone(kept));
            }
            slot.set_refused(refusal);
            slot.set_phase(*other);
        }
        SlotEvent::Withdrawn { path, .. } => slot.set_withdrawn(path),
        SlotEvent::LeftBehind { build, refusal } => {
            slot.rejected.insert(build.artifact, refusal.clone());
        }
        _ => {}
    }
}

/// What is not tried again by itself. What was not staged may be: that is not in the artifact's bytes.
fn quarantined(refusal: Option<&Arc<Refusal>>) -> Option<(ArtifactHash, &Arc<Refusal>)> {
    let is_to_blame = |it: &&Arc<Refusal>| matches!(it.exit, Exit::Rejected | Exit::RolledBack);
    let refusal = refusal.filter(is_to_blame).filter(|it| it.phase != Phase::Staged)?;
    Some((refusal.artifact?, refusal))
}

/// What the report of the upgrade has of it, beside what subscribers are told; the report, if the
/// upgrade is over with that.
fn hear(drafts: &mut Drafts, slot: &SlotCore, event: &SlotEvent, now: Moment) -> Option<Report> {
    match event {
        SlotEvent::Detected { artifact, is_recovered, at } => {
            drafts.begin(&slot.name, *artifact, *is_recovered, Moment::at(*at));
        }
        SlotEvent::GoesOn { artifact } => drafts.goes_on(*artifact, now),
        SlotEvent::Paused { artifact, spans } => drafts.paused(*artifact, spans, now),
        SlotEvent::ApprovedByPolicy(plan) => {
            let why = format!("as configured, for risk {}", plan.level());
            let word = Decision { approved: true, by: None, why, at: now.time };
            drafts.said(plan.artifact, word, now);
        }
        SlotEvent::Committed { figures, .. }
        | SlotEvent::RollsBack { figures, .. }
        | SlotEvent::Serves { promoted: Some(Promoted { figures, .. }), .. } => {
            drafts.judged(figures.clone());
        }
        SlotEvent::StepOver(step) => drafts.stepped((**step).clone()),
        SlotEvent::CameBack { back, .. } => drafts.came_back(back.clone()),
        SlotEvent::Deferred { artifact } => return drafts.deferred(*artifact, now),
        SlotEvent::CalledOff { artifact, why } => {
            let serving = slot.serves().map(|serves| serves.serving());
            return drafts.called_off(*artifact, why, serving, now);
        }
        _ => {}
    }
    None
}
