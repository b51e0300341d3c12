//! What happens to a slot: one value for each transition, made where it happens. What it means for the
//! journal, the status, the report and the subscribers is read off it, here and in [`emit`], and
//! nowhere else.
//!
//! [`emit`]: super::emit

use std::{path::PathBuf, sync::Arc, time::Instant};

use hotswap_types::{ArtifactHash, ModuleVersion, Phase, PhaseSpan};

use crate::{
    event::{EventKind, Exit, Live, Recovered, Refusal, Until},
    instance::Code,
    journal::{Build, What, text},
    plan::Plan,
    report::{StepReport, TrialFigures, WayBackTaken},
    slot::{OnRollout, OnTrial},
};

/// A rejection from this phase on is kept for later runs: those before are judged from bytes, which
/// costs little, and for another host they may come out otherwise.
const QUARANTINED_FROM: Phase = Phase::Loaded;

/// What happens to a slot.
pub(super) enum SlotEvent {
    /// An artifact is looked at; whether it begins a run with what was committed before.
    Detected { artifact: ArtifactHash, is_recovered: bool, at: Instant },
    /// A private copy of it was made.
    Staged { artifact: ArtifactHash, path: String },
    /// Its manifest was read.
    Inspected(Build),
    /// An upgrade has reached a phase; the generation is 0 before there is one.
    Reached { artifact: ArtifactHash, generation: u64, phase: Phase },
    /// A child rehearses it.
    Rehearsing,
    /// It is not wanted any more, and the child was killed.
    Superseded { artifact: ArtifactHash, module: Option<ModuleVersion>, why: String },
    /// What is on its way is looked at later: another one is on trial.
    Deferred { artifact: ArtifactHash },
    /// A plan was made.
    Planned(Arc<Plan>),
    /// What is configured has said yes to it.
    ApprovedByPolicy(Arc<Plan>),
    /// It waits for somebody's word.
    AwaitsApproval(Arc<Plan>),
    /// It waits no longer.
    ApprovalOver,
    /// Somebody has said yes or no.
    Decided { artifact: ArtifactHash, approved: bool, by: Option<String>, why: String },
    /// A candidate is ready, and waits.
    Pending { release: Build, until: Until },
    /// It waits on, after a try.
    StillPending(Until),
    /// No candidate waits.
    NotPending,
    /// One that has waited goes on.
    GoesOn { artifact: ArtifactHash },
    /// What the phases of its pause have taken.
    Paused { artifact: ArtifactHash, spans: Vec<PhaseSpan> },
    /// It serves: on trial, or for good.
    Serves {
        code: Arc<Code>,
        live: Box<Live>,
        trial: Option<OnTrial>,
        recovered: Option<Box<Recovered>>,
        /// Why somebody has gone back to it, where somebody has.
        asked: Option<String>,
        /// It has served beside the stable version before.
        promoted: Option<Promoted>,
    },
    /// It serves beside the stable version, and gets a share of the calls.
    CanaryBegan { code: Arc<Code>, rollout: OnRollout },
    /// It gets more of them.
    Step { artifact: ArtifactHash, rollout: OnRollout, why: String },
    /// A step of it is over, and somebody has to say how it goes on.
    StepWaits { artifact: ArtifactHash, rollout: OnRollout, open: Vec<String> },
    /// A step of it is over: the next one begins, it gets all calls, or none.
    StepOver(Box<StepReport>),
    /// Nothing serves beside the stable version any more.
    CanaryOver,
    /// The trial of what serves is over, and nothing was wrong.
    Committed { code: Arc<Code>, figures: TrialFigures, why: String, asked: Option<String> },
    /// What is on trial is about to be rolled back.
    RollsBack { build: Option<Build>, figures: TrialFigures, why: String },
    /// The version before serves again.
    CameBack { code: Arc<Code>, back: WayBackTaken },
    /// It does not: the version that should not serve does.
    Degraded { why: String },
    /// Nothing is on trial any more, since the host ends.
    TrialOver,
    /// What was on trial when the host ended was undone.
    Undone { build: Build, why: String },
    /// An artifact was not taken, or not kept. `kept` is what is remembered of it, where that is new;
    /// `other` the phase of another one that is on its way.
    Refused { refusal: Arc<Refusal>, kept: Option<Arc<Refusal>>, other: Option<Phase> },
    /// It is not gone on with, and not to blame.
    CalledOff { artifact: ArtifactHash, why: String },
    /// What waited there for its next try, or was ready, is no candidate any more.
    Withdrawn { path: PathBuf, artifact: Option<ArtifactHash>, why: String },
    /// What was gone back from does not come by itself.
    LeftBehind { build: Build, refusal: Arc<Refusal> },
    /// A rejected artifact may be taken again.
    Cleared { artifact: ArtifactHash },
    /// A slot goes on where the last run has left it.
    Recovered { build: Option<Build>, backup: Option<u64> },
}

/// A version that has served beside the stable one, and now serves all calls.
pub(super) struct Promoted {
    /// What its calls had come to.
    pub(super) figures: TrialFigures,
    pub(super) why: String,
}

/// A line of the journal, and what waits for it.
pub(super) enum Line {
    /// Nothing does.
    Lazy(What),
    /// It is on disk before anybody hears of what it says.
    Durable(What),
}

impl SlotEvent {
    /// Its line in the journal. A recovery has the lines of the run before.
    pub(super) fn line(&self, is_recovery: bool) -> Option<Line> {
        let line = match self {
            Self::Staged { artifact, path } => {
                Line::Lazy(What::Staged { artifact: *artifact, path: text(path) })
            }
            Self::Inspected(build) => Line::Lazy(What::Inspected(build.clone())),
            Self::Reached { artifact, generation, phase } => {
                Line::Lazy(reached(*artifact, *generation, *phase)?)
            }
            Self::Superseded { artifact, module, why } => {
                let (artifact, build) = (*artifact, build(*artifact, module.as_ref()));
                let (phase, why) = (Phase::Rehearsed, text(why));
                Line::Lazy(What::Cancelled { artifact, build, phase, why })
            }
            Self::CanaryBegan { code, .. } => {
                let (artifact, phase) = (code.artifact?, Phase::Trial);
                Line::Lazy(What::Phase { artifact, phase })
            }
            Self::Serves { code, trial: Some(_), .. } => {
                let (artifact, phase) = (code.artifact?, Phase::Trial);
                Line::Lazy(What::Phase { artifact, phase })
            }
            Self::Serves { code, asked, trial: None, .. } => {
                Line::Durable(committed(code, asked.as_deref().unwrap_or_default())?)
            }
            Self::Committed { code, why, asked, .. } => {
                Line::Durable(committed(code, asked.as_ref().unwrap_or(why))?)
            }
            Self::RollsBack { build, why, .. } => {
                Line::Durable(What::RolledBack { build: build.clone()?, why: text(why) })
            }
            Self::Undone { build, why } => {
                let (artifact, phase) = (build.artifact, Phase::Trial);
                let build = Some(build.clone());
                Line::Durable(What::Cancelled { artifact, build, phase, why: text(why) })
            }
            Self::Refused { kept: Some(refusal), .. } => refused(refusal)?,
            Self::LeftBehind { build, refusal } => {
                let (artifact, phase) = (build.artifact, refusal.phase);
                let (build, why) = (Some(build.clone()), text(&refusal.findings.join("; ")));
                let quarantined = true;
                Line::Durable(What::Rejected { artifact, build, phase, why, quarantined })
            }
            Self::Cleared { artifact } => Line::Durable(What::Cleared { artifact: *artifact }),
            Self::Recovered { build, backup } => {
                let (build, backup) = (build.clone(), *backup);
                return Some(Line::Durable(What::Recovered { build, backup }));
            }
            _ => return None,
        };
        (!is_recovery).then_some(line)
    }

    /// The code that nothing older may take the place of from now on.
    pub(super) fn committed(&self) -> Option<&Code> {
        match self {
            Self::Serves { code, trial: None, .. } | Self::Committed { code, .. } => {
                code.artifact.map(|_| &**code)
            }
            _ => None,
        }
    }

    /// What subscribers are told of it.
    pub(super) fn told(self) -> Vec<EventKind> {
        match self {
            Self::Reached { artifact, phase, .. } => vec![EventKind::Phase { artifact, phase }],
            Self::Superseded { artifact, why, .. } => vec![EventKind::Superseded { artifact, why }],
            Self::Planned(plan) => vec![EventKind::Planned(plan)],
            Self::AwaitsApproval(plan) => {
                let (artifact, phase) = (plan.artifact, Phase::AwaitingApproval);
                vec![EventKind::Phase { artifact, phase }]
            }
            Self::Decided { artifact, approved, by, why } => {
                vec![EventKind::Decided { artifact, approved, by, why }]
            }
            Self::Pending { release, until } => vec![EventKind::Pending { release, until }],
            Self::CanaryBegan { code, rollout } => {
                let Some(artifact) = code.artifact else { return Vec::new() };
                let phase = EventKind::Phase { artifact, phase: Phase::Trial };
                vec![phase, step(artifact, &rollout, "it serves beside the stable version")]
            }
            Self::Step { artifact, rollout, why } => vec![step(artifact, &rollout, &why)],
            Self::StepWaits { artifact, rollout, open } => {
                let OnRollout { weight, step, .. } = rollout;
                vec![EventKind::StepWaits { artifact, weight, step, open }]
            }
            Self::Serves { code, live, trial, recovered, promoted, .. } => {
                let committed = promoted.map(|promoted| EventKind::Committed {
                    generation: code.generation,
                    release: code.release(),
                    why: promoted.why,
                });
                let phase = if trial.is_some() { Phase::Trial } else { Phase::Committed };
                let phase = code.artifact.map(|artifact| EventKind::Phase { artifact, phase });
                let recovered = recovered.map(|it| EventKind::Recovered(*it));
                let told = phase.into_iter().chain(recovered).chain([EventKind::Live(*live)]);
                told.chain(committed).collect()
            }
            Self::Committed { code, why, .. } => {
                let phase = Phase::Committed;
                let phase = code.artifact.map(|artifact| EventKind::Phase { artifact, phase });
                let (generation, release) = (code.generation, code.release());
                let committed = EventKind::Committed { generation, release, why };
                phase.into_iter().chain([committed]).collect()
            }
            Self::Refused { refusal, .. } => vec![EventKind::Refused(refusal)],
            Self::Withdrawn { path, artifact, why } => {
                vec![EventKind::Withdrawn { path, artifact, why }]
            }
            _ => Vec::new(),
        }
    }
}

/// What is told of a step.
fn step(artifact: ArtifactHash, rollout: &OnRollout, why: &str) -> EventKind {
    let OnRollout { weight, step, .. } = *rollout;
    EventKind::Step { artifact, weight, step, why: why.to_owned() }
}

/// The line of a phase; some have lines of their own.
fn reached(artifact: ArtifactHash, generation: u64, phase: Phase) -> Option<What> {
    match phase {
        Phase::Activated => Some(What::Activated { artifact, generation }),
        Phase::Staged | Phase::Inspected | Phase::BackedUp | Phase::Committed => None,
        _ => Some(What::Phase { artifact, phase }),
    }
}

/// The line of a commit.
fn committed(code: &Code, why: &str) -> Option<What> {
    let (build, generation) = (build_of(code)?, code.generation);
    Some(What::Committed { build, generation, why: text(why) })
}

/// The line of a refusal.
fn refused(refusal: &Refusal) -> Option<Line> {
    let artifact = refusal.artifact?;
    let build = build(artifact, refusal.module.as_ref());
    let (phase, why) = (refusal.phase, text(&refusal.findings.join("; ")));
    match refusal.exit {
        Exit::Rejected => {
            let quarantined = phase >= QUARANTINED_FROM;
            let what = What::Rejected { artifact, build, phase, why, quarantined };
            Some(if quarantined { Line::Durable(what) } else { Line::Lazy(what) })
        }
        Exit::Cancelled => Some(Line::Lazy(What::Cancelled { artifact, build, phase, why })),
        Exit::Degraded => Some(Line::Durable(What::Degraded { build: build?, why })),
        // It was written down before the way back.
        Exit::RolledBack => None,
    }
}

fn build(artifact: ArtifactHash, module: Option<&ModuleVersion>) -> Option<Build> {
    let ModuleVersion { name, version, .. } = module?;
    Some(Build::new(name, version.clone(), artifact))
}

/// An artifact as the journal names it; `None` for a module that is linked into the program.
pub(super) fn build_of(code: &Code) -> Option<Build> {
    code.artifact.map(|artifact| Build::of(&code.manifest, artifact))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(exit: Exit, phase: Phase) -> Arc<Refusal> {
        let module = Some(ModuleVersion::new("shop", "1.2.0".parse().unwrap()));
        Arc::new(Refusal {
            slot: "shop".to_owned(),
            module,
            artifact: Some(ArtifactHash::of(b"shop")),
            path: String::new(),
            phase,
            exit,
            serving: None,
            state: String::new(),
            findings: vec!["start  it failed".to_owned()],
            advice: String::new(),
            tried_again: false,
            again: false,
        })
    }

    fn refused(exit: Exit, phase: Phase) -> SlotEvent {
        let refusal = refusal(exit, phase);
        SlotEvent::Refused { kept: Some(Arc::clone(&refusal)), refusal, other: None }
    }

    fn is_durable(event: &SlotEvent) -> Option<bool> {
        event.line(false).map(|line| matches!(line, Line::Durable(_)))
    }

    #[test]
    fn what_a_later_run_goes_by_is_on_disk_before_it_is_told() {
        let artifact = ArtifactHash::of(b"shop");
        let version = "1.2.0".parse().unwrap();
        let build = Build::new("shop", version, artifact);
        let why = || "median 3 ms, was 1 ms".to_owned();
        let figures = || TrialFigures {
            calls: 1,
            panics: 0,
            failures: 0,
            median: std::time::Duration::ZERO,
            percentile_99: std::time::Duration::ZERO,
        };
        let rolls_back = |build| SlotEvent::RollsBack { build, figures: figures(), why: why() };
        assert_eq!(is_durable(&rolls_back(Some(build.clone()))), Some(true));
        // Its line was written at the first try.
        assert_eq!(is_durable(&rolls_back(None)), None);
        assert_eq!(is_durable(&SlotEvent::Undone { build: build.clone(), why: why() }), Some(true));
        let refusal = refusal(Exit::Rejected, Phase::Committed);
        assert_eq!(is_durable(&SlotEvent::LeftBehind { build, refusal }), Some(true));
        assert_eq!(is_durable(&SlotEvent::Cleared { artifact }), Some(true));
        for (exit, phase, expected) in [
            (Exit::Rejected, Phase::Inspected, Some(false)),
            (Exit::Rejected, Phase::Loaded, Some(true)),
            (Exit::Rejected, Phase::Activated, Some(true)),
            (Exit::Cancelled, Phase::Activated, Some(false)),
            (Exit::Degraded, Phase::Trial, Some(true)),
            // Written when the way back began.
            (Exit::RolledBack, Phase::Trial, None),
        ] {
            assert_eq!(is_durable(&refused(exit, phase)), expected, "{exit:?} at {phase}");
        }
    }

    #[test]
    fn a_phase_is_noted_and_waited_for_by_nobody() {
        let artifact = ArtifactHash::of(b"shop");
        for (phase, expected) in [
            (Phase::BackedUp, None),
            (Phase::Assessed, Some(false)),
            (Phase::Rehearsed, Some(false)),
            (Phase::Activated, Some(false)),
            (Phase::Committed, None),
        ] {
            let reached = SlotEvent::Reached { artifact, generation: 2, phase };
            assert_eq!(is_durable(&reached), expected, "{phase}");
            assert!(reached.line(true).is_none(), "a recovery has the lines of the run before");
            let told = reached.told();
            assert!(matches!(&*told, [EventKind::Phase { phase: it, .. }] if *it == phase));
        }
    }

    #[test]
    fn what_is_told_again_is_not_written_again() {
        let refusal = refusal(Exit::Rejected, Phase::Loaded);
        let again = SlotEvent::Refused { refusal, kept: None, other: None };
        assert!(again.line(false).is_none());
        assert!(matches!(&*again.told(), [EventKind::Refused(_)]));
    }
}
