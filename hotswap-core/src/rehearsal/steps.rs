//! The upgrade that the child of a rehearsal goes through: the phases that run module code, on a copy
//! of the state, one step after another, each announced; and then the way back.
//!
//! There are no callers. What hangs is the parent's business.

mod moving;
#[expect(unsafe_code, reason = "asks an instance that nobody else has")]
mod replaying;

pub(super) use self::replaying::Replay;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_abi::{__private::state::DroppedValues, MigrateError};
use hotswap_gate::Gate;
use hotswap_loader::{fs::PrivateFolder, steps::Steps};
use hotswap_types::Phase;

use crate::{
    event::{Downgrade, Exit, RehearsalStep, WayBack},
    instance::{Begin, Context, Generation, StepError},
    slot::SlotCore,
    snapshot::Snapshot,
    trust::Trust,
    upgrade::{
        Admitted, Assessed, Fault, Handover, Incumbent, StageError, StageRequest, Unverified,
        Upgrade, assess, inspect, load, migrate, prepare, snapshot, stage, verify_signature,
    },
};

/// What is played.
pub(super) struct Rehearsal<'a> {
    pub(super) candidate: &'a Path,
    /// The artifact of the version that serves, or why there is none.
    pub(super) serving: Result<&'a Path, String>,
    /// What the candidate starts with.
    pub(super) state: Option<Snapshot>,
    /// It was stored before, and is not that of the version that serves.
    pub(super) restored: bool,
    /// Where copies are made.
    pub(super) folder: &'a PrivateFolder,
    /// The host's own checks, where it has some.
    pub(super) checks: Option<Checks<'a>>,
}

/// The host's own checks of a slot that is open.
pub(super) type Checks<'a> =
    &'a dyn Fn(&Arc<SlotCore>, &Arc<Gate<Generation>>) -> Result<(), String>;

/// Who watches: told on the thread that does a step.
pub(super) trait Observer: Send + Sync {
    /// Whether values of callers may be told.
    fn has_values(&self) -> bool;
    /// A step begins.
    fn begins(&self, step: RehearsalStep);
    /// It has ended well.
    fn ends(&self, took: Duration);
    /// A step of the state was tried backwards.
    fn went_back(&self, downgrade: Downgrade);
    /// The new version is asked the recorded call of this number.
    fn asks(&self, number: u32);
}

/// A step of module code that went wrong, and how.
type Failed = (RehearsalStep, StepError);

/// Announces a step, and does it.
fn step<T, E>(
    observer: &Arc<dyn Observer>,
    step: RehearsalStep,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    observer.begins(step);
    let begun = Instant::now();
    let value = work()?;
    observer.ends(begun.elapsed());
    Ok(value)
}

/// Does a step of module code.
fn code<T>(
    observer: &Arc<dyn Observer>,
    which: RehearsalStep,
    work: impl FnOnce() -> Result<T, StepError>,
) -> Result<T, Failed> {
    step(observer, which, || work().map_err(|error| (which, error)))
}

/// Runs steps of module code on the thread for it.
fn run<T: Send + 'static>(
    observer: &Arc<dyn Observer>,
    steps: &mut Steps,
    deadline: Instant,
    first: RehearsalStep,
    code: impl FnOnce() -> Result<T, Failed> + Send + 'static,
) -> Result<T, Fault> {
    let result = steps.run(deadline, code).map_err(|undone| (first, undone.into())).flatten();
    result.map_err(|(step, error)| {
        let error = quoted(&**observer, error);
        Fault::of_candidate(Phase::Rehearsed, &step.to_string(), &error)
    })
}

/// An error as it may be told: what module code says of a state has values of callers.
fn quoted(observer: &dyn Observer, error: StepError) -> StepError {
    const LEFT_OUT: &str = "(text left out)";
    match error {
        _ if observer.has_values() => error,
        StepError::Panicked { place, .. } => {
            StepError::Panicked { message: LEFT_OUT.to_owned(), place, backtrace: String::new() }
        }
        StepError::Failed(text) => {
            let irreversible = MigrateError::irreversible().to_string();
            let is_irreversible = text.contains(&irreversible);
            StepError::Failed(if is_irreversible { irreversible } else { LEFT_OUT.to_owned() })
        }
        error => error,
    }
}

impl Upgrade<'_> {
    /// Plays it.
    pub(super) fn play(
        &mut self,
        core: &Arc<SlotCore>,
        rehearsal: &Rehearsal<'_>,
        observer: &Arc<dyn Observer>,
    ) -> Result<WayBack, Fault> {
        let deadline = self.at_work();
        let before = rehearsal.state.as_ref().map(Incumbent::stored);
        let loaded = step(observer, RehearsalStep::Load, || {
            let assessed = self.read(rehearsal.candidate, before.as_ref(), rehearsal.folder)?;
            let candidate = Admitted::unrehearsed(assessed, self.slot);
            load::load(candidate, self.slot, self.config, self.steps, deadline)
        })?;
        let prepared = step(observer, RehearsalStep::Prepare, || {
            prepare::prepare(loaded, self.slot, self.steps, deadline)
        })?;
        let (context, handover) = (Arc::clone(&prepared.context), prepared.handover.clone());
        let (state, restored) = (rehearsal.state.clone(), rehearsal.restored);
        let (starts, told) = (Arc::clone(&context), Arc::clone(observer));
        let generation = run(observer, self.steps, deadline, RehearsalStep::Start, move || {
            let begin = match (&handover, state) {
                (Handover::State { .. }, Some(state)) => {
                    let state = code(&told, RehearsalStep::Migrate, || {
                        let dropped = DroppedValues::default();
                        let migrated = migrate::migrate(&starts, &state, &handover, &dropped);
                        migrated.map(|migrated| migrated.state)
                    })?;
                    if restored { Begin::Restored(state) } else { Begin::Upgraded(state) }
                }
                _ => Begin::Fresh,
            };
            let start = || starts.start_untested(begin);
            let generation = Arc::new(code(&told, RehearsalStep::Start, start)?);
            code(&told, RehearsalStep::SelfTest, || starts.self_test(&generation))?;
            Ok(generation)
        })?;
        self.slot.open(Arc::clone(&generation));
        self.slot.set_live(generation.code());
        let gate = self.slot.gate().cloned().expect("it was just opened");
        if let Some(checks) = rehearsal.checks {
            step(observer, RehearsalStep::Checks, || {
                checks(core, &gate).map_err(|why| {
                    let finding = format!("{}  {why}", RehearsalStep::Checks);
                    let advice = "mend the module, or the check (probe::Probe::check)";
                    Fault::rejected(Phase::Rehearsed, finding, advice)
                })
            })?;
        }
        // Nobody is inside but who has forgotten a pin in a check.
        let closed = gate.close(Instant::now()).map_err(|stuck| Fault::not_quiet(&stuck))?;
        let state = match generation.code().manifest.state() {
            None => None,
            Some(_) => Some(self.state_of(&context, &generation, observer)?),
        };
        let way_back = self.way_back_of(rehearsal, &generation, state, observer);
        drop(closed);
        way_back
    }

    /// From a file to what fits.
    fn read(
        &self,
        path: &Path,
        before: Option<&Incumbent>,
        folder: &PrivateFolder,
    ) -> Result<Assessed, Fault> {
        let staged = stage(StageRequest::new(path, folder)).map_err(unstaged)?;
        let verified =
            verify_signature(staged, &Trust::Any).map_err(|unvouched| match unvouched {
                Unverified::Refused(fault) => fault,
                Unverified::BeingWritten(path) => unreadable(&path.display()),
            })?;
        let inspected = inspect::inspect(verified, &Trust::Any)?;
        assess::assess(inspected, &self.slot.requirement, before, self.config.state_drift)
    }

    /// The candidate's state, which comes back from its encoding as it was. The gate is closed.
    fn state_of(
        &mut self,
        context: &Arc<Context>,
        generation: &Arc<Generation>,
        observer: &Arc<dyn Observer>,
    ) -> Result<Snapshot, Fault> {
        let (deadline, told) = (self.at_work(), Arc::clone(observer));
        let (context, asked) = (Arc::clone(context), Arc::clone(generation));
        run(observer, self.steps, deadline, RehearsalStep::Snapshot, move || {
            let state = code(&told, RehearsalStep::Snapshot, || {
                snapshot::suspend(&asked)?;
                snapshot::take(&asked)
            })?;
            code(&told, RehearsalStep::Encode, || {
                context.migrate(state.state().version, &state.state, true).map(drop)
            })?;
            Ok(state)
        })
    }

    /// Whether the version that serves could serve again with the candidate's state. Only a
    /// `downgrade` that is there and fails is the candidate's fault.
    fn way_back_of(
        &mut self,
        rehearsal: &Rehearsal<'_>,
        candidate: &Arc<Generation>,
        state: Option<Snapshot>,
        observer: &Arc<dyn Observer>,
    ) -> Result<WayBack, Fault> {
        let path = match &rehearsal.serving {
            Ok(path) => *path,
            Err(why) => return Ok(WayBack::Unknown { why: why.clone() }),
        };
        let impossible = |why| Ok(WayBack::Impossible { why });
        let before = Incumbent::serving(&candidate.code().manifest, true);
        let assessed = match self.read(path, Some(&before), rehearsal.folder) {
            Ok(assessed) => assessed,
            Err(fault) => return impossible(fault.findings),
        };
        let handover = assessed.handover.clone();
        let state = match (&handover, state) {
            (&Handover::State { from, downgraded: Some(own), .. }, _) => {
                match self.downgraded(candidate, own, from, observer) {
                    Ok(state) => state,
                    Err(fault) if is_irreversible(&fault) => return impossible(fault.findings),
                    Err(fault) => return Err(fault),
                }
            }
            (Handover::State { .. }, Some(state)) => state,
            (Handover::None, _) => return Ok(WayBack::Works),
            (Handover::Drop { why }, _) => return impossible(why.clone()),
            _ => return impossible(vec!["the new version has no state".to_owned()]),
        };
        let serving = step(observer, RehearsalStep::Return, || {
            self.returned(assessed, state, handover, observer)
        });
        match serving {
            Ok(serving) => self.move_there_and_back(serving, candidate.code(), observer),
            Err(fault) => impossible(fault.findings),
        }
    }

    /// The candidate's state in an older version, tried step by step.
    fn downgraded(
        &mut self,
        candidate: &Arc<Generation>,
        own: u32,
        wanted: u32,
        observer: &Arc<dyn Observer>,
    ) -> Result<Snapshot, Fault> {
        let (candidate, told) = (Arc::clone(candidate), Arc::clone(observer));
        let deadline = self.at_work();
        run(observer, self.steps, deadline, RehearsalStep::Downgrade, move || {
            code(&told, RehearsalStep::Downgrade, || {
                let step = |from, to| {
                    let state = snapshot::take_older(&candidate, to);
                    told.went_back(Downgrade { from, to, works: state.is_ok() });
                    state
                };
                let versions = candidate.code().manifest.states.iter().map(|it| it.version);
                let mut newer = own;
                for between in versions.filter(|it| (wanted + 1..own).contains(it)) {
                    step(newer, between)?;
                    newer = between;
                }
                step(newer, wanted)
            })
        })
    }

    /// The version that serves, started with what the candidate has written.
    fn returned(
        &mut self,
        assessed: Assessed,
        state: Snapshot,
        handover: Handover,
        observer: &Arc<dyn Observer>,
    ) -> Result<Arc<Generation>, Fault> {
        let deadline = self.at_work();
        let older = Admitted::unrehearsed(assessed, self.slot);
        let loaded = load::load(older, self.slot, self.config, self.steps, deadline)?;
        let prepared = prepare::prepare(loaded, self.slot, self.steps, deadline)?;
        let context = Arc::clone(&prepared.context);
        run(observer, self.steps, deadline, RehearsalStep::Return, move || {
            let started = migrate::migrate(&context, &state, &handover, &DroppedValues::default())
                .and_then(|migrated| context.start(Begin::Upgraded(migrated.state)));
            started.map(Arc::new).map_err(|error| (RehearsalStep::Return, error))
        })
    }
}

fn is_irreversible(fault: &Fault) -> bool {
    let text = MigrateError::irreversible().to_string();
    fault.exit == Exit::Rejected && fault.findings.iter().any(|finding| finding.contains(&text))
}

fn unstaged(error: StageError) -> Fault {
    unreadable(&hotswap_abi::__private::text::in_full(&error))
}

fn unreadable(why: &dyn std::fmt::Display) -> Fault {
    let finding = format!("the child cannot read what it is to rehearse: {why}");
    Fault::cancelled(Phase::Rehearsed, finding, "look after the private folder")
}
