//! What is known of a slot's upgrades while they go on, and the report of each once it is over.
//! Pure: fed with what the host tells, and when.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use hotswap_types::{ArtifactHash, Outcome, Phase, PhaseSpan, json};

use crate::{
    event::{EventKind, Live, Refusal},
    report::{Decision, PhaseTime, Report, Serving, StepReport, TrialFigures, WayBackTaken, lost},
};

/// So many artifacts of a slot are on their way, or may be tried again.
const MOST: usize = 16;

/// A moment, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) time: SystemTime,
    pub(crate) instant: Instant,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self::at(Instant::now())
    }

    /// A moment that has been.
    pub(crate) fn at(instant: Instant) -> Self {
        let ago = instant.elapsed();
        let now = SystemTime::now();
        // As a report is written.
        let time = json::time::of(now.checked_sub(ago).unwrap_or(now));
        Self { time: json::time::after(time), instant }
    }
}

/// The upgrades of a slot that go on, the newest last.
#[derive(Debug, Default)]
pub(crate) struct Drafts(Vec<Draft>);

#[derive(Debug)]
struct Draft {
    /// As far as it is known.
    report: Report,
    begun: Instant,
    /// Since when the work of the next phase goes on.
    since: Instant,
    /// The last phase goes on until the next event.
    lasts: bool,
    /// It begins a run with what was committed before: that is no upgrade.
    is_recovered: bool,
    /// It serves, and is not committed.
    on_trial: bool,
    /// It was cancelled, and may be tried again.
    is_over: bool,
}

impl Drafts {
    /// An artifact is looked at.
    pub(crate) fn begin(
        &mut self,
        slot: &str,
        artifact: ArtifactHash,
        is_recovered: bool,
        now: Moment,
    ) {
        let before = self.0.iter().position(|draft| draft.report.artifact == artifact);
        let before = before.map(|place| self.0.remove(place)).filter(|draft| draft.is_over);
        let attempt = before.map_or(1, |draft| draft.report.attempt.saturating_add(1));
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push(Draft {
            report: Report { attempt, ..Report::blank(slot, artifact, now.time) },
            begun: now.instant,
            since: now.instant,
            lasts: false,
            is_recovered,
            on_trial: false,
            is_over: false,
        });
    }

    /// What waited goes on: its work begins now.
    pub(crate) fn goes_on(&mut self, artifact: ArtifactHash, now: Moment) {
        if let Some(draft) = self.of(artifact, now) {
            draft.since = now.instant;
        }
    }

    /// What the host tells of the slot; the report of an upgrade that is over with that.
    pub(crate) fn hear(&mut self, kind: &EventKind, now: Moment) -> Option<Report> {
        match kind {
            EventKind::Phase { artifact, phase } => {
                self.of(*artifact, now)?.reached(*phase, now);
                None
            }
            EventKind::Planned(plan) => {
                let draft = self.of(plan.artifact, now)?;
                draft.report.module = Some(plan.to.module_version());
                draft.report.plan = Some(Arc::clone(plan));
                None
            }
            EventKind::Decided { artifact, approved, by, why } => {
                let (approved, by) = (*approved, by.clone());
                self.said(
                    *artifact,
                    Decision { approved, by, why: why.clone(), at: now.time },
                    now,
                );
                None
            }
            EventKind::Live(live) => {
                let artifact = live.release.artifact?;
                let draft = self.of(artifact, now)?;
                draft.live(live);
                if draft.on_trial {
                    return None;
                }
                self.over(artifact, Outcome::Committed, now)
            }
            EventKind::Committed { why, .. } => {
                let draft = self.on_trial()?;
                draft.report.findings = vec![why.clone()];
                let artifact = draft.report.artifact;
                draft.reached(Phase::Committed, now);
                self.over(artifact, Outcome::Committed, now)
            }
            EventKind::Refused(refusal) => {
                let artifact = refusal.artifact?;
                self.of(artifact, now)?.refused(refusal);
                self.over(artifact, refusal.exit.into(), now)
            }
            _ => None,
        }
    }

    /// Somebody has said something to a plan, or what is configured has.
    pub(crate) fn said(&mut self, artifact: ArtifactHash, word: Decision, now: Moment) {
        if let Some(draft) = self.of(artifact, now) {
            draft.closes(now);
            draft.report.word = Some(word);
        }
    }

    /// What the phases of a pause have taken: they are told when it is over.
    pub(crate) fn paused(&mut self, artifact: ArtifactHash, spans: &[PhaseSpan], now: Moment) {
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return };
        let Some(draft) = self.of(artifact, now) else { return };
        let begun = draft.begun;
        let phases = &mut draft.report.phases;
        phases.retain(|it| spans.iter().all(|span| span.phase != it.phase));
        phases.extend(spans.iter().map(|span| PhaseTime {
            phase: span.phase,
            at: span.from.saturating_duration_since(begun),
            took: span.to.saturating_duration_since(span.from),
        }));
        phases.sort_by_key(|it| (it.at, it.phase));
        draft.report.pause = Some(last.to.saturating_duration_since(first.from));
    }

    /// What the calls of the version on trial have come to.
    pub(crate) fn judged(&mut self, figures: TrialFigures) {
        if let Some(draft) = self.on_trial() {
            draft.report.trial = Some(figures);
        }
    }

    /// A step of its rollout is over.
    pub(crate) fn stepped(&mut self, step: StepReport) {
        if let Some(draft) = self.on_trial() {
            draft.report.steps.push(step);
        }
    }

    /// The version before has come back from a trial.
    pub(crate) fn came_back(&mut self, back: WayBackTaken) {
        if let Some(draft) = self.on_trial() {
            draft.report.back = Some(back);
        }
    }

    /// An artifact is not gone on with, and is not to blame.
    pub(crate) fn called_off(
        &mut self,
        artifact: ArtifactHash,
        why: &str,
        serving: Option<Serving>,
        now: Moment,
    ) -> Option<Report> {
        let draft = self.0.iter_mut().find(|it| it.report.artifact == artifact && it.is_told())?;
        draft.report.findings = vec![why.to_owned()];
        draft.report.serving = serving;
        self.over(artifact, Outcome::Cancelled, now)
    }

    /// An artifact is looked at again when the trial of another one is over.
    pub(crate) fn deferred(&mut self, artifact: ArtifactHash, now: Moment) -> Option<Report> {
        let draft = self.0.iter_mut().find(|it| it.report.artifact == artifact && it.is_told())?;
        draft.report.findings = vec!["another version is on trial".to_owned()];
        draft.report.tried_again = true;
        self.over(artifact, Outcome::Cancelled, now)
    }

    /// What has been told of, and is not over; whether it is on trial.
    pub(crate) fn under_way(&self) -> Vec<(ArtifactHash, bool)> {
        let told = self.0.iter().filter(|draft| draft.is_told());
        told.map(|draft| (draft.report.artifact, draft.on_trial)).collect()
    }

    /// What there would be to report if the process ended now.
    pub(crate) fn so_far(&self, artifact: ArtifactHash) -> Option<Report> {
        let draft = self.0.iter().find(|it| it.report.artifact == artifact && it.is_told())?;
        (!draft.is_recovered).then(|| draft.report.clone())
    }

    /// The draft of an artifact; a new one of what was cancelled and is tried again.
    fn of(&mut self, artifact: ArtifactHash, now: Moment) -> Option<&mut Draft> {
        let draft = self.0.iter_mut().find(|draft| draft.report.artifact == artifact)?;
        if draft.is_over {
            draft.again(now);
        }
        Some(draft)
    }

    fn on_trial(&mut self) -> Option<&mut Draft> {
        self.0.iter_mut().rfind(|draft| draft.on_trial && !draft.is_over)
    }

    fn over(&mut self, artifact: ArtifactHash, outcome: Outcome, now: Moment) -> Option<Report> {
        let place = self.0.iter().position(|draft| draft.report.artifact == artifact)?;
        let draft = &mut self.0[place];
        draft.closes(now);
        draft.report.outcome = outcome;
        draft.report.ended = now.time.max(draft.report.began);
        draft.report.lost = lost(&draft.report);
        draft.is_over = true;
        let report = draft.report.clone();
        let is_silent = draft.is_recovered && outcome == Outcome::Committed;
        if outcome != Outcome::Cancelled {
            self.0.remove(place);
        }
        (!is_silent).then_some(report)
    }
}

impl Draft {
    fn reached(&mut self, phase: Phase, now: Moment) {
        self.closes(now);
        self.report.phase = phase;
        let since = if lasts(phase) { now.instant } else { self.since };
        if phase != Phase::Committed {
            self.report.phases.push(PhaseTime {
                phase,
                at: since.saturating_duration_since(self.begun),
                took: now.instant.saturating_duration_since(since),
            });
        }
        self.since = now.instant;
        self.lasts = lasts(phase);
        self.on_trial |= phase == Phase::Trial;
    }

    /// A phase that goes on ends.
    fn closes(&mut self, now: Moment) {
        let last = self.report.phases.last_mut().filter(|_| self.lasts);
        if let Some(last) = last {
            let so_far = now.instant.saturating_duration_since(self.begun);
            last.took = so_far.saturating_sub(last.at);
            self.since = now.instant;
        }
        self.lasts = false;
    }

    fn live(&mut self, live: &Live) {
        let report = &mut self.report;
        report.module = Some(live.release.module_version());
        report.generation = Some(live.generation);
        report.state = Some(live.state.clone());
        report.restored = live.restored;
        report.pause = live.pause;
        let (version, generation) = (live.release.version.clone(), live.generation);
        report.serving = Some(Serving { version, generation });
    }

    fn refused(&mut self, refusal: &Refusal) {
        let report = &mut self.report;
        report.module = refusal.module.clone().or(report.module.take());
        report.phase = refusal.phase;
        report.findings.clone_from(&refusal.findings);
        report.advice = Some(refusal.advice.clone());
        report.tried_again = refusal.tried_again;
        report.serving.clone_from(&refusal.serving);
    }

    /// What was planned and said holds; what was done is done again.
    fn again(&mut self, now: Moment) {
        let Report { number, slot, artifact, module, attempt, plan, word, .. } =
            self.report.clone();
        let attempt = attempt.saturating_add(1);
        let blank = Report::blank(&slot, artifact, now.time);
        self.report = Report { number, module, attempt, plan, word, ..blank };
        (self.begun, self.since) = (now.instant, now.instant);
        (self.lasts, self.on_trial, self.is_over) = (false, false, false);
    }

    /// Whether it goes on, and somebody has heard of it.
    fn is_told(&self) -> bool {
        !self.is_over && (!self.report.phases.is_empty() || self.report.attempt > 1)
    }
}

/// Whether a phase is told when it begins, and not when its work is done.
fn lasts(phase: Phase) -> bool {
    matches!(phase, Phase::AwaitingApproval | Phase::Trial)
}

#[cfg(test)]
mod tests;
