//! Plans and their approval: what an upgrade will do is told, and where somebody has to say yes the
//! artifact waits for it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_abi::{__private::contained, Manifest};
use hotswap_loader::StaticTls;
use hotswap_types::{ArtifactHash, Phase, Strategy};

use super::{
    candidate::{Answer, Candidate, Reply},
    context::Context,
    reverting::ON_TRIAL,
    slot::SlotSupervisor,
    slot_event::SlotEvent,
    state::{Awaiting, Progress},
    table::{Action, Input},
    trigger::Trigger,
};
use crate::{
    config::Decision,
    event::{EventKind, Exit, WayBack},
    instance::Condition,
    machine::free::{self, Memory},
    plan::{Plan, Risk, Step},
    reports::Times,
    slot::{SlotCore, in_callback},
    trust::Signed,
    upgrade::{
        Admitted, Fault, Handover, RehearsalOutcome,
        plan::{Side, Situation, changes, has_pause, lending, replay_risks, risks},
    },
};

impl SlotSupervisor {
    /// Goes on with an artifact that fits, or lets it wait for somebody's word.
    pub(super) fn planned(&mut self, cx: &mut Context, admitted: Admitted, candidate: Candidate) {
        let core = Arc::clone(&self.core);
        let plan = Arc::new(self.plan(cx, &admitted, &candidate));
        self.emit(cx, SlotEvent::Planned(Arc::clone(&plan)));
        self.warn(cx, &admitted, plan.artifact);
        let decision = match core.settings.approval.clone() {
            // Who has asked to go back has said yes.
            Some(approval) if core.gate().is_some() && candidate.trigger != Trigger::Revert => {
                let decide = || approval.decide(&plan);
                // Who does not know waits.
                let decision = in_callback(|| contained(decide)).unwrap_or(Decision::Wait);
                if decision == Decision::Approve {
                    self.emit(cx, SlotEvent::ApprovedByPolicy(Arc::clone(&plan)));
                }
                (decision, approval.expiry)
            }
            _ => (Decision::Approve, Duration::ZERO),
        };
        match decision {
            (Decision::Approve, _) => self.go_on(cx, admitted, candidate),
            (Decision::Reject { why }, _) => self.disapproved(cx, &candidate, None, &why),
            (Decision::Wait, expiry) => {
                let expires = Instant::now().checked_add(expiry);
                let expires =
                    expires.unwrap_or_else(|| candidate.begun + Duration::from_secs(1 << 32));
                self.candidates.retry.take_if(|path| *path == candidate.path);
                let event = SlotEvent::AwaitsApproval(Arc::clone(&plan));
                let awaiting = Awaiting { admitted, plan, expires, candidate };
                self.candidates.progress = Progress::AwaitingApproval(awaiting);
                self.emit(cx, event);
            }
        }
    }

    /// Somebody has said yes, and waits for the end of the upgrade, if there is one.
    pub(super) fn approve(&mut self, cx: &mut Context, by: &str, reply: Reply) {
        if self.on(Input::Approved) == Action::RefuseOnTrial {
            let _ = reply.send(Err(ON_TRIAL.to_owned()));
            return;
        }
        let Some(awaiting) = self.decided(cx) else {
            let _ = reply.send(Ok(false));
            return;
        };
        let (core, artifact) = (Arc::clone(&self.core), awaiting.plan.artifact);
        let why = format!("approved by {by}");
        let by = Some(by.to_owned());
        self.emit(cx, SlotEvent::Decided { artifact, approved: true, by, why });
        let Awaiting { admitted, mut candidate, .. } = awaiting;
        let answer = Answer::new(reply);
        // It has waited: its backup may be old.
        candidate.set_late();
        let _span = candidate.span().entered();
        // What serves may have changed meanwhile.
        let Admitted { assessed, outcome, baseline } = admitted;
        match cx.assess(assessed.inspected, &candidate) {
            Ok(assessed) if baseline.serves(&core) => {
                self.go_on(cx, Admitted { assessed, outcome, baseline }, candidate);
            }
            assessed => {
                candidate.approved = Some(answer);
                self.rehearse(cx, assessed, candidate);
            }
        }
    }

    /// Somebody has said no; returns whether there was something to say it to.
    pub(super) fn reject(&mut self, cx: &mut Context, by: &str, why: &str) -> bool {
        let Some(awaiting) = self.decided(cx) else { return false };
        let (why, by) = (format!("{by}: {why}"), Some(by.to_owned()));
        self.disapproved(cx, &awaiting.candidate, by, &why);
        true
    }

    /// Nobody has said anything.
    pub(super) fn expire(&mut self, cx: &mut Context) {
        let Some(awaiting) = self.decided(cx) else { return };
        let (phase, exit) = (Phase::AwaitingApproval, Exit::Cancelled);
        let advice = "have it looked at again with Host::rescan, and approve it";
        let findings = vec!["nobody has approved it in time".to_owned()];
        let fault = Fault::as_advised(phase, exit, findings, advice);
        self.refuse(cx, awaiting.candidate.identity(), fault);
    }

    /// Ends the wait for somebody's word, where there is one.
    fn decided(&mut self, cx: &Context) -> Option<Awaiting> {
        if self.on(Input::Declined) != Action::Decide {
            return None;
        }
        self.emit(cx, SlotEvent::ApprovalOver);
        self.candidates.progress.take_awaiting()
    }

    fn disapproved(
        &mut self,
        cx: &mut Context,
        candidate: &Candidate,
        by: Option<String>,
        why: &str,
    ) {
        let (artifact, why) = (candidate.artifact, why.to_owned());
        self.emit(cx, SlotEvent::Decided { artifact, approved: false, by, why: why.clone() });
        let fault = Fault::rejected(
            Phase::AwaitingApproval,
            format!("rejected  {why}"),
            "mend it, or take the word back with Operator::clear",
        );
        self.refuse(cx, candidate.identity(), fault);
    }

    pub(super) fn plan(&self, cx: &Context, admitted: &Admitted, candidate: &Candidate) -> Plan {
        let Admitted { assessed, outcome, .. } = admitted;
        let (core, config) = (&self.core, &cx.shared.config);
        let serves = core.serves().map(|serves| serves.code);
        let from = serves.as_ref().map(|code| Side {
            manifest: &code.manifest,
            artifact: code.artifact,
            size: code.resident().map(|resident| resident.size),
            signer: code
                .artifact
                .and_then(|artifact| self.signers.of(artifact))
                .map(String::as_str),
        });
        let staged = &assessed.inspected.staged;
        let signed = candidate.signed.as_ref().map(Signed::told);
        let to = Side {
            manifest: &assessed.inspected.manifest,
            artifact: Some(staged.hash()),
            size: Some(staged.size()),
            signer: signed.as_ref().map(|(key, _)| key.as_str()),
        };
        let handover = &assessed.handover;
        let times = cx.shared.times(&core.name);
        let mut situation = self.situation(cx, handover, &times);
        situation.static_tls = assessed.inspected.facts.static_tls.map(StaticTls::of);
        let rehearsal = match outcome {
            RehearsalOutcome::Well(report) => Some(Arc::clone(report)),
            RehearsalOutcome::Not(why) => {
                situation.unrehearsed = Some((*why).to_owned());
                None
            }
            RehearsalOutcome::NotAsked => None,
        };
        situation.way_back_works =
            rehearsal.as_ref().is_some_and(|it| it.way_back == WayBack::Works);
        if let Some(WayBack::Impossible { why }) = rehearsal.as_ref().map(|it| &it.way_back) {
            situation.no_way_back.clone_from(why);
        }
        let replayed = rehearsal.as_ref().and_then(|it| it.replay.as_ref());
        situation.replay = replayed.map(replay_risks).unwrap_or_default();
        situation.lending = cx.lending(core, to.manifest);
        let has_state = to.manifest.state().is_some()
            || from.is_some_and(|from| from.manifest.state().is_some());
        // What has been said since it was looked at changes nothing for it.
        let mut intent = self.candidates.intent_of(staged.hash());
        intent.strategy.clone_from(&candidate.asked_strategy);
        let (strategy, at_once) = (candidate.strategy(), Strategy::smooth());
        let is_beside = strategy.is_side_by_side() && from.is_some();
        situation.is_smooth_for_state = is_beside && has_state;
        let would_be_beside =
            core.settings.strategy.is_side_by_side() && from.is_some() && !has_state;
        situation.is_smooth_as_asked =
            would_be_beside && candidate.asked_strategy.is_some() && !is_beside;
        let strategy = if is_beside && !has_state { strategy } else { &at_once };
        // Each step is a trial.
        let steps = u32::try_from(strategy.steps().len()).unwrap_or(u32::MAX).max(1);
        let work = Some(config.work_deadline);
        let longest = Some(situation.pause.0);
        let step = |phase, deadline| Step { phase, deadline, likely: times.likely(phase) };
        let mut phases = vec![step(Phase::Loaded, work), step(Phase::Prepared, work)];
        if from.is_some() && has_pause(handover) {
            phases.push(step(Phase::Quiescing, longest));
            if !handover.moves() {
                phases.extend([Phase::Snapshotted, Phase::Migrating].map(|it| step(it, longest)));
            }
            phases.push(step(Phase::Activated, longest));
        } else {
            phases.push(step(Phase::Activated, work));
        }
        if let Some(trial) = core.settings.trial.as_ref().filter(|_| from.is_some()) {
            let times_in_all = |time: Duration| time.saturating_mul(steps);
            let deadline = Some(times_in_all(trial.time.saturating_add(trial.patience)));
            let likely = times.likely(Phase::Trial).or(Some(times_in_all(trial.time)));
            phases.push(Step { phase: Phase::Trial, deadline, likely });
        }
        phases.push(Step { phase: Phase::Committed, deadline: None, likely: None });
        let timing = &core.settings.timing;
        let taking_over = phases.iter().filter(|step| step.phase >= Phase::Quiescing);
        let likely = taking_over.filter_map(|step| step.likely).sum();
        situation.window = timing.window().map(|window| (window.length(), likely));
        Plan {
            slot: core.name.to_string(),
            artifact: staged.hash(),
            intent,
            path: candidate.path.clone(),
            size: staged.size(),
            signed: candidate.signed.as_ref().map(Signed::told),
            from: from.map(|side| side.release()),
            to: to.release(),
            changes: changes(from, to, rehearsal.as_deref()),
            state: handover.plan(),
            rehearsal,
            timing: timing.to_string(),
            strategy: strategy.to_string(),
            phases,
            risks: risks(from, to, handover, &situation),
        }
    }

    /// Tells of the risks that were not told yet.
    fn warn(&mut self, cx: &mut Context, admitted: &Admitted, artifact: ArtifactHash) {
        let core = Arc::clone(&self.core);
        let mut risks = cx.lending(&core, &admitted.assessed.inspected.manifest);
        risks.retain(|risk| self.told.risks.insert(risk.reason.clone()));
        if !risks.is_empty() {
            cx.tell(&core.name, EventKind::LendingRisks { artifact, risks });
        }
    }

    /// What there is to know of a slot and of the machine.
    fn situation(&self, cx: &Context, handover: &Handover, times: &Times) -> Situation {
        let config = &cx.shared.config;
        let instance = self.instance();
        let condition = instance.as_ref().map(|instance| instance.condition());
        let folder = cx.artifacts.as_ref().map(|artifacts| artifacts.folder.path());
        Situation {
            degraded: self.core.status().degraded,
            poisoned: condition.is_some_and(Condition::is_poisoned),
            panics: condition.map_or(0, Condition::count),
            rolled_back: self.rolled_back.map(|at| at.elapsed()),
            generations: (self.core.residents.count(), config.generation_cap),
            disk: folder.and_then(free::on_disk),
            static_tls: None,
            memory: Memory::now().least(),
            state: (self.state_size(cx).unwrap_or_default(), self.copies(cx, handover)),
            has_trial: self.core.settings.trial.is_some(),
            is_smooth_for_state: false,
            is_smooth_as_asked: false,
            pause: (config.pause_deadline, times.pause()),
            window: None,
            unrehearsed: None,
            way_back_works: false,
            no_way_back: Vec::new(),
            replay: Vec::new(),
            lending: Vec::new(),
        }
    }
}

impl Context {
    /// What may go wrong with the host's values that a module is lent.
    fn lending(&self, core: &SlotCore, module: &Manifest) -> Vec<Risk> {
        let packages = core.requirement.packages.as_ref().zip(module.packages.as_ref());
        packages.map(|(host, module)| lending(host, module, &self.lent)).unwrap_or_default()
    }
}
