//! An upgrade that is played in a rehearsal's child: the phases that run module code, on a copy of
//! the state, one step after another, each announced; and then the way back.
//!
//! There are no callers. What hangs is the parent's business.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_abi::state::MigrateError;

use super::{
    Assessed, Fault, Handover, Predecessor, Rehearsed, StageError, StageRequest, Unvouched,
    Upgrade, assess, inspect, load, migrate, prepare, snapshot, stage, vouch,
};
use crate::{
    event::{Exit, Phase, RehearsalStep, WayBack},
    fs::PrivateFolder,
    gate::Gate,
    instance::{Begin, Context, Generation, StepError},
    slot::SlotCore,
    snapshot::Snapshot,
    steps::Steps,
    trust::Trust,
};

/// What is played.
pub(crate) struct Script<'a> {
    pub(crate) candidate: &'a Path,
    /// The artifact of the version that serves, or why there is none.
    pub(crate) serving: Result<&'a Path, String>,
    /// What the candidate starts with.
    pub(crate) state: Option<Snapshot>,
    /// It was stored before, and is not that of the version that serves.
    pub(crate) restored: bool,
    /// Where copies are made.
    pub(crate) folder: &'a PrivateFolder,
}

/// Who watches.
pub(crate) trait Audience {
    /// A step begins.
    fn begins(&mut self, step: RehearsalStep);
    /// It has ended well.
    fn ends(&mut self, took: Duration);
    /// Whether the host has checks of its own.
    fn has_checks(&self) -> bool;
    /// Runs them.
    fn check(&mut self, core: &Arc<SlotCore>, gate: &Arc<Gate<Generation>>) -> Result<(), String>;
}

fn step<T>(
    audience: &mut dyn Audience,
    step: RehearsalStep,
    work: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, Fault> {
    audience.begins(step);
    let begun = Instant::now();
    let value = work()?;
    audience.ends(begun.elapsed());
    Ok(value)
}

fn of_candidate(step: RehearsalStep, error: &StepError) -> Fault {
    Fault::of_candidate(Phase::Rehearsed, &step.to_string(), error)
}

/// Runs a step of module code on the thread for it.
fn run<T: Send + 'static>(
    steps: &mut Steps,
    deadline: Instant,
    step: RehearsalStep,
    code: impl FnOnce() -> Result<T, StepError> + Send + 'static,
) -> Result<T, Fault> {
    let result = steps.run(deadline, code).map_err(StepError::from).flatten();
    result.map_err(|error| of_candidate(step, &error))
}

impl Upgrade<'_> {
    /// Plays it.
    pub(crate) fn play(
        &mut self,
        core: &Arc<SlotCore>,
        script: &Script<'_>,
        audience: &mut dyn Audience,
    ) -> Result<WayBack, Fault> {
        let deadline = self.at_work();
        let before = script.state.as_ref().map(Predecessor::stored);
        let loaded = step(audience, RehearsalStep::Load, || {
            let assessed = self.read(script.candidate, before.as_ref(), script.folder)?;
            let candidate = Rehearsed::unrehearsed(assessed);
            load::load(candidate, self.slot, self.config, self.steps, deadline)
        })?;
        let prepared = step(audience, RehearsalStep::Prepare, || {
            prepare::prepare(loaded, self.slot, self.steps, deadline)
        })?;
        let (context, handover) = (Arc::clone(&prepared.context), prepared.handover.clone());
        let begin = match (&handover, &script.state) {
            (Handover::State { .. }, Some(state)) => {
                let state = step(audience, RehearsalStep::Migrate, || {
                    self.migrated(&context, state.clone(), &handover)
                })?;
                if script.restored { Begin::Restored(state) } else { Begin::Upgraded(state) }
            }
            _ => Begin::Fresh,
        };
        let starts = Arc::clone(&context);
        let generation = step(audience, RehearsalStep::Start, || {
            let start = move || starts.start_untested(begin);
            run(self.steps, deadline, RehearsalStep::Start, start)
        })?;
        let generation = Arc::new(generation);
        let (tests, tested) = (Arc::clone(&context), Arc::clone(&generation));
        step(audience, RehearsalStep::SelfTest, || {
            let test = move || tests.self_test(&tested);
            run(self.steps, deadline, RehearsalStep::SelfTest, test)
        })?;
        self.slot.open(Arc::clone(&generation));
        self.slot.set_live(generation.code());
        let gate = self.slot.gate().cloned().expect("it was just opened");
        if audience.has_checks() {
            audience.begins(RehearsalStep::Checks);
            let begun = Instant::now();
            audience.check(core, &gate).map_err(|why| {
                let finding = format!("{}  {why}", RehearsalStep::Checks);
                let advice = "mend the module, or the check (probe::Probe::check)";
                Fault::rejected(Phase::Rehearsed, finding, advice)
            })?;
            audience.ends(begun.elapsed());
        }
        // Nobody is inside but who has forgotten a pin in a check.
        let closed = gate.close(Instant::now()).map_err(|stuck| Fault::not_quiet(&stuck))?;
        let state = match generation.code().manifest.state() {
            None => None,
            Some(_) => Some(self.state_of(&context, &generation, audience)?),
        };
        let way_back = self.way_back_of(script, &generation, state, audience);
        drop(closed);
        way_back
    }

    /// From a file to what fits.
    fn read(
        &self,
        path: &Path,
        before: Option<&Predecessor>,
        folder: &PrivateFolder,
    ) -> Result<Assessed, Fault> {
        let staged = stage(StageRequest::new(path, folder)).map_err(unstaged)?;
        let vouched = vouch(staged, &Trust::Any).map_err(|unvouched| match unvouched {
            Unvouched::Refused(fault) => fault,
            Unvouched::BeingWritten(path) => unreadable(&path.display()),
        })?;
        let inspected = inspect::inspect(vouched)?;
        assess::assess(inspected, &self.slot.requirement, before, self.config.state_drift)
    }

    fn migrated(
        &mut self,
        context: &Arc<Context>,
        state: Snapshot,
        handover: &Handover,
    ) -> Result<crate::instance::State, Fault> {
        let (context, handover) = (Arc::clone(context), handover.clone());
        let deadline = self.at_work();
        let migrate = move || migrate::migrate(&context, &state, &handover).map(|it| it.0);
        run(self.steps, deadline, RehearsalStep::Migrate, migrate)
    }

    /// The candidate's state, which comes back from its encoding as it was. The gate is closed.
    fn state_of(
        &mut self,
        context: &Arc<Context>,
        generation: &Arc<Generation>,
        audience: &mut dyn Audience,
    ) -> Result<Snapshot, Fault> {
        let deadline = self.at_work();
        let asked = Arc::clone(generation);
        let state = step(audience, RehearsalStep::Snapshot, || {
            run(self.steps, deadline, RehearsalStep::Snapshot, move || {
                snapshot::suspend(&asked)?;
                snapshot::take(&asked)
            })
        })?;
        let (context, again) = (Arc::clone(context), state.clone());
        step(audience, RehearsalStep::Encode, || {
            run(self.steps, deadline, RehearsalStep::Encode, move || {
                context.migrate(again.state().version, &again.state, true).map(drop)
            })
        })?;
        Ok(state)
    }

    /// Whether the version that serves could serve again with the candidate's state. Only a
    /// `downgrade` that is there and fails is the candidate's fault.
    fn way_back_of(
        &mut self,
        script: &Script<'_>,
        candidate: &Arc<Generation>,
        state: Option<Snapshot>,
        audience: &mut dyn Audience,
    ) -> Result<WayBack, Fault> {
        let path = match &script.serving {
            Ok(path) => *path,
            Err(why) => return Ok(WayBack::Unknown { why: why.clone() }),
        };
        let impossible = |why| Ok(WayBack::Impossible { why });
        let before = Predecessor::serving(&candidate.code().manifest, true);
        let assessed = match self.read(path, Some(&before), script.folder) {
            Ok(assessed) => assessed,
            Err(fault) => return impossible(fault.findings),
        };
        let handover = assessed.handover.clone();
        let state = match (&handover, state) {
            (Handover::State { downgraded: Some(_), .. }, _) => {
                let (deadline, handover) = (self.at_work(), handover.clone());
                let candidate = Arc::clone(candidate);
                let downgraded = step(audience, RehearsalStep::Downgrade, || {
                    let downgrade = move || snapshot::take_as(&candidate, &handover);
                    run(self.steps, deadline, RehearsalStep::Downgrade, downgrade)
                });
                match downgraded {
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
        match step(audience, RehearsalStep::Return, || self.returned(assessed, state, handover)) {
            Ok(()) => Ok(WayBack::Works),
            Err(fault) => impossible(fault.findings),
        }
    }

    /// The version that serves, started with what the candidate has written.
    fn returned(
        &mut self,
        assessed: Assessed,
        state: Snapshot,
        handover: Handover,
    ) -> Result<(), Fault> {
        let deadline = self.at_work();
        let older = Rehearsed::unrehearsed(assessed);
        let loaded = load::load(older, self.slot, self.config, self.steps, deadline)?;
        let prepared = prepare::prepare(loaded, self.slot, self.steps, deadline)?;
        let context = Arc::clone(&prepared.context);
        let state = self.migrated(&context, state, &handover)?;
        run(self.steps, deadline, RehearsalStep::Return, move || {
            context.start(Begin::Upgraded(state)).map(drop)
        })
    }
}

fn is_irreversible(fault: &Fault) -> bool {
    let text = MigrateError::irreversible().to_string();
    fault.exit == Exit::Rejected && fault.findings.iter().any(|finding| finding.contains(&text))
}

fn unstaged(error: StageError) -> Fault {
    unreadable(&crate::error::in_full(&error))
}

fn unreadable(why: &dyn std::fmt::Display) -> Fault {
    let finding = format!("the child cannot read what it is to rehearse: {why}");
    Fault::cancelled(Phase::Rehearsed, finding, "look after the private folder")
}
