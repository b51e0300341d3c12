//! What a host tells when it is asked.

use std::{fmt, path::PathBuf, sync::Arc, time::Instant};

use hotswap_gate::Gate;
use hotswap_types::{ArtifactHash, Holder, Phase, Release, Strategy, json, share_of_calls};
use serde::Serialize;

use crate::{
    error::Reason,
    event::{Pause, Refusal, Serving, Until},
    instance::{Condition, Generation, Resident},
    plan::Plan,
    report::TrialFigures,
    slot::{OnRollout, OnTrial, SlotCore, holders},
    supervisor::Pauses,
};

/// What each slot of a host serves.
///
/// As JSON its durations are milliseconds, in fields that end in `_ms`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The number of the process that the host belongs to, where that is another one: this one was
    /// forked from it, and has none of the host's threads. Calls go on here, and nothing else.
    pub forked_from: Option<u32>,
    /// Whether the host's own thread has panicked: what serves goes on, and nothing else, until the
    /// program is restarted.
    pub failed: bool,
    /// Why no upgrade of any slot begins by itself.
    pub paused: Option<Pause>,
    /// The slots that were asked for, by name.
    pub slots: Vec<SlotStatus>,
}

/// What a slot serves, what waits, and what was refused last.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SlotStatus {
    /// The slot.
    pub name: String,
    /// What serves; `None` before the first load.
    pub serving: Option<ServingStatus>,
    /// How callers come to its new versions, unless an upgrade has a strategy of its own.
    pub strategy: Strategy,
    /// The phase of the upgrade that is under way.
    pub phase: Option<Phase>,
    /// What a prepared artifact waits for, if there is one.
    pub pending: Option<Until>,
    /// How many generations are mapped that were loaded from artifacts.
    pub mapped: usize,
    /// These generations, in the order in which they were loaded.
    pub generations: Vec<GenerationStatus>,
    /// What was refused last.
    pub last_refusal: Option<Arc<Refusal>>,
    /// The artifacts that are not tried again until they change or are
    /// [cleared](crate::Operator::clear), the newest first.
    pub quarantined: Vec<Arc<Refusal>>,
    /// Artifacts that have appeared, and are looked at when a trial or a pause is over.
    #[serde(serialize_with = "json::paths")]
    pub deferred: Vec<PathBuf>,
    /// Why upgrades do not begin by themselves.
    pub paused: Option<Pause>,
    /// The plan that waits for somebody's word.
    pub awaiting: Option<Arc<Plan>>,
    /// The plan that was made last.
    pub plan: Option<Arc<Plan>>,
    /// The trial of the version that serves.
    pub trial: Option<TrialStatus>,
    /// The canary: a new version that gets a share of the calls, beside the stable one, which is the one
    /// that [`serving`](Self::serving) names.
    pub canary: Option<CanaryStatus>,
    /// Why what serves is not what should: its trial went wrong, and so did the way back. Until the
    /// next version serves.
    pub degraded: Option<String>,
}

/// A version on trial, so far.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct TrialStatus {
    /// What would serve again.
    pub previous: Serving,
    /// What its calls have come to.
    #[serde(flatten)]
    pub figures: TrialFigures,
}

/// A canary: a new version that gets a share of the calls beside the stable one ([`Config::with_strategy`](crate::Config::with_strategy)).
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CanaryStatus {
    /// The number of its generation.
    pub generation: u64,
    /// What it is of.
    #[serde(flatten)]
    pub release: Release,
    /// The share of the calls that it gets: from 0 up to, but not including, 1.
    pub weight: f64,
    /// The step that it is in, from 1.
    pub step: usize,
    /// How many steps there are.
    pub steps: usize,
    /// What its calls have come to, in all steps so far.
    pub figures: TrialFigures,
    /// What those of the stable version have come to in the same time.
    pub stable: TrialFigures,
    /// What is open, where a step is over and somebody has to say how it goes on.
    pub waits: Option<Vec<String>>,
    /// The strategy whose steps they are: the slot's own, or one for this upgrade.
    pub strategy: Strategy,
}

/// What serves.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ServingStatus {
    /// The number of the generation.
    pub generation: u64,
    /// What it is of.
    #[serde(flatten)]
    pub release: Release,
    /// Since when.
    #[serde(rename = "for_ms", with = "json::since")]
    pub since: Instant,
    /// How many calls of its instance have panicked.
    pub panics: u64,
    /// Whether its calls are refused because one has panicked
    /// ([`Config::with_after_panic`](crate::Config::with_after_panic)).
    pub poisoned: bool,
}

/// A generation that is in memory.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct GenerationStatus {
    /// Its number; of a candidate, the one that it gets if it is taken.
    pub generation: u64,
    /// What it is of.
    #[serde(flatten)]
    pub release: Release<ArtifactHash>,
    /// Since when it is mapped.
    #[serde(rename = "for_ms", with = "json::since")]
    pub since: Instant,
    /// Who or what keeps it.
    pub held_by: Vec<Holder>,
}

impl GenerationStatus {
    fn new(resident: &Resident, gate: Option<&Gate<Generation>>) -> Self {
        Self {
            generation: resident.number,
            release: resident.release.clone(),
            since: resident.since,
            held_by: holders(resident, gate),
        }
    }
}

impl fmt::Display for CanaryStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, release, weight, step, steps, figures, stable, waits, .. } = self;
        let calls = share_of_calls(*weight);
        write!(f, "canary {release}, generation {generation}, {calls}, ")?;
        write!(f, "step {step} of {steps} (so far {figures}; the stable version: {stable})")?;
        match waits {
            Some(open) => write!(f, ", WAITS for promote, commit or rollback: {}", open.join("; ")),
            None => Ok(()),
        }
    }
}

impl fmt::Display for GenerationStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, release, since, held_by } = self;
        write!(f, "generation {generation}, {release}, for {} s: ", since.elapsed().as_secs())?;
        for (i, holder) in held_by.iter().enumerate() {
            write!(f, "{}{holder}", if i == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl TrialStatus {
    fn new(on_trial: OnTrial) -> Self {
        let OnTrial { watch, previous } = on_trial;
        Self { previous, figures: TrialFigures::of(&watch.figures()) }
    }
}

impl CanaryStatus {
    fn new(canary: OnRollout) -> Self {
        let OnRollout { generation, release, weight, step, watch, stable, waits, strategy } =
            canary;
        let (step, steps) = step;
        let figures = TrialFigures::of(&watch.figures());
        let stable = TrialFigures::of(&stable.figures());
        Self { generation, release, weight, step, steps, figures, stable, waits, strategy }
    }
}

impl SlotStatus {
    pub(super) fn new(slot: &SlotCore, pauses: &Pauses) -> Self {
        let snapshot = slot.status();
        let gate = slot.gate().map(|gate| &**gate);
        let generation = |it: Arc<Resident>| GenerationStatus::new(&it, gate);
        let instance = gate.map(|gate| gate.current().1);
        let condition = instance.as_ref().map(|instance| instance.condition());
        let generations: Vec<_> = slot.residents.all().into_iter().map(generation).collect();
        Self {
            name: slot.name.to_string(),
            serving: snapshot.serves.map(|serves| ServingStatus {
                generation: serves.code.generation,
                release: serves.code.release(),
                since: serves.since,
                panics: condition.map_or(0, Condition::count),
                poisoned: condition.is_some_and(Condition::is_poisoned),
            }),
            strategy: slot.settings.strategy.clone(),
            phase: snapshot.phase,
            pending: snapshot.pending,
            mapped: generations.len(),
            generations,
            last_refusal: snapshot.last_refusal,
            quarantined: slot.rejected.all(),
            deferred: slot.deferred.all(),
            paused: pauses.of(&slot.name),
            awaiting: snapshot.awaiting,
            plan: snapshot.plan,
            trial: snapshot.on_trial.map(TrialStatus::new),
            canary: snapshot.canary.map(CanaryStatus::new),
            degraded: snapshot.degraded,
        }
    }
}

impl SlotStatus {
    /// Whether somebody has wanted all calls at once for what serves, whatever the slot's strategy is.
    pub(crate) fn is_smooth_as_asked(&self) -> bool {
        let serves = self.serving.as_ref().and_then(|it| it.release.artifact);
        self.strategy_asked_for(serves).is_some_and(|strategy| !strategy.is_side_by_side())
    }

    /// The strategy that somebody has wanted for the canary, whatever the slot's own is.
    pub(crate) fn asked_strategy(&self) -> Option<&Strategy> {
        self.strategy_asked_for(self.canary.as_ref()?.release.artifact)
    }

    fn strategy_asked_for(&self, artifact: Option<ArtifactHash>) -> Option<&Strategy> {
        let plan = self.plan.as_ref().filter(|plan| Some(plan.artifact) == artifact)?;
        plan.intent.strategy.as_ref()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(owner) = self.forked_from {
            writeln!(
                f,
                "forked from process {owner}, to which the host belongs: no upgrades here"
            )?;
        }
        if self.failed {
            writeln!(f, "{}", Reason::Died)?;
        }
        if let Some(pause) = &self.paused {
            writeln!(f, "upgrades are {pause}")?;
        }
        for (i, slot) in self.slots.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{slot}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SlotStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match &self.serving {
            None => f.write_str("nothing serves yet")?,
            Some(serving) => {
                let ServingStatus { generation, release, since, .. } = serving;
                write!(f, "{release}, generation {generation}")?;
                write!(f, ", for {} s", since.elapsed().as_secs())?;
                if serving.panics > 0 {
                    write!(f, ", {} calls have panicked", serving.panics)?;
                }
                if serving.poisoned {
                    f.write_str(", calls are refused since")?;
                }
            }
        }
        if let Some(phase) = self.phase {
            write!(f, ", upgrading: {phase}")?;
        }
        if let Some(TrialStatus { previous, figures }) = &self.trial {
            let TrialFigures { calls, panics, .. } = figures;
            let Serving { version, generation } = previous;
            let how =
                if self.is_smooth_as_asked() { " with all calls at once, as asked" } else { "" };
            write!(f, ", on trial{how} ({calls} calls, {panics} panics; ")?;
            write!(f, "{version}, generation {generation} is kept ready)")?;
        }
        if let Some(canary) = &self.canary {
            write!(f, ", {canary}")?;
        }
        if let Some(strategy) = self.asked_strategy() {
            write!(f, ", with the strategy asked for, {strategy}")?;
        }
        if let Some(plan) = &self.awaiting {
            write!(f, ", {} waits for approval, risk {}", plan.to, plan.level())?;
        }
        if let Some(why) = &self.degraded {
            write!(f, ", DEGRADED: {why}")?;
        }
        if let Some(pause) = &self.paused {
            write!(f, ", {pause}")?;
        }
        if !self.deferred.is_empty() {
            write!(f, ", {} artifacts are looked at later", self.deferred.len())?;
        }
        if let Some(until) = &self.pending {
            write!(f, ", pending: {until}")?;
        }
        write!(f, ", {} mapped", self.mapped)?;
        // The one that serves was told of.
        for generation in self.generations.iter().filter(|it| it.held_by != [Holder::Serves]) {
            write!(f, "\n  {generation}")?;
        }
        match &self.last_refusal {
            Some(refusal) => write!(f, "\n  last {refusal}"),
            None => Ok(()),
        }
    }
}
