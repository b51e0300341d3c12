//! Rehearsed: the artifact was tried in a child process, on a copy of the state.
//!
//! The child is this program, started again in the probe role ([`crate::probe`]). It is given a
//! folder with links to the private copies, the copy of the state and a request; it says how each
//! step goes, and is killed with all it has started when its time is over. What it says is judged by
//! a pure function ([`verdict`]).

#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod verdict;

#[cfg(fuzzing)]
pub(crate) use verdict::of_any;

use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::{fs, io, path::Path};

use super::{Assessed, BackedUp, Fault};
use crate::{config::Rehearsal, event::RehearsalReport, slot::SlotCore};
#[cfg(target_os = "linux")]
use crate::{
    config::{Config, StateDrift},
    event::Phase,
    probe::{
        self,
        message::{
            CANDIDATE, Drift, OLDER, REQUEST, Request, SCHEMA, SERVING, STATE, Stored, encoded,
        },
    },
};

/// What fits, and went well in a rehearsal where there is one.
#[derive(Debug)]
pub(crate) struct Rehearsed {
    pub(crate) assessed: Assessed,
    pub(crate) outcome: Outcome,
    /// The number of the generation that served then; 0 for none.
    pub(crate) against: u64,
}

/// What is to be told of it.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// Nobody has asked for a rehearsal.
    NotAsked,
    /// It cannot be done here.
    Not(&'static str),
    /// It went well.
    Well(Arc<RehearsalReport>),
}

impl Rehearsed {
    /// What is not to be rehearsed.
    pub(crate) fn unrehearsed(assessed: Assessed, slot: &SlotCore) -> Self {
        Self { assessed, outcome: Outcome::NotAsked, against: slot.serving_number() }
    }

    /// What cannot be rehearsed.
    pub(crate) fn not(assessed: Assessed, slot: &SlotCore, why: &'static str) -> Self {
        Self { outcome: Outcome::Not(why), ..Self::unrehearsed(assessed, slot) }
    }
}

/// Tries an artifact in a child process.
#[cfg(target_os = "linux")]
pub(super) fn rehearse(
    backed_up: BackedUp,
    how: &Rehearsal,
    slot: &SlotCore,
    config: &Config,
) -> Result<Rehearsed, Fault> {
    if probe::is_misplaced() {
        return Err(verdict::misplaced("a child has not come to it before"));
    }
    let system = |what: &str, error: io::Error| {
        let advice = "end some processes, make room, or look after the private folder";
        Fault::cancelled(Phase::Rehearsed, format!("{what}: {error}"), advice)
    };
    let size = backed_up.handed().map(|copy| copy.own.size());
    let memory = how.memory(size.unwrap_or(0));
    let copies = backed_up.assessed.inspected.staged.path().parent();
    let scratch =
        tempfile::Builder::new().prefix("rehearsal-").tempdir_in(copies.unwrap_or("/".as_ref()));
    let scratch = scratch.map_err(|error| system("a folder for the rehearsal", error))?;
    lay_out(scratch.path(), &backed_up, how, memory, slot, config)
        .map_err(|error| system("the files of the rehearsal", error))?;
    let outcome = process::run(scratch.path(), how.deadline)
        .map_err(|error| system("a child process for the rehearsal", error))?;
    let report = verdict::judge(&outcome, how, memory, size).inspect_err(|_| {
        if verdict::is_misplaced(&outcome) {
            probe::set_misplaced();
        }
    })?;
    let outcome = Outcome::Well(Arc::new(report));
    Ok(Rehearsed { outcome, ..Rehearsed::unrehearsed(backed_up.assessed, slot) })
}

/// Elsewhere nothing comes so far: [`probe::unserved`](crate::probe::unserved).
#[cfg(not(target_os = "linux"))]
pub(super) fn rehearse(
    backed_up: BackedUp,
    _: &Rehearsal,
    slot: &SlotCore,
    _: &crate::config::Config,
) -> Result<Rehearsed, Fault> {
    Ok(Rehearsed::not(backed_up.assessed, slot, "rehearsals run on Linux only"))
}

/// Puts what the child needs into its folder.
#[cfg(target_os = "linux")]
fn lay_out(
    folder: &Path,
    backed_up: &BackedUp,
    how: &Rehearsal,
    memory: u64,
    slot: &SlotCore,
    config: &Config,
) -> io::Result<()> {
    let assessed = &backed_up.assessed;
    let state = match backed_up.handed() {
        None => Stored::Nothing,
        Some(copy) => {
            match &copy.file {
                // What a restart would begin with is what is tried.
                Some(backup) => link(backup, &folder.join(STATE))?,
                None => copy.own.write(folder.join(STATE)).map_err(io::Error::other)?,
            }
            match &copy.older {
                Some(older) => {
                    fs::write(folder.join(OLDER), &older.state)?;
                    Stored::Older(older.state().version)
                }
                None if copy.restored => Stored::Restored,
                None => Stored::Live,
            }
        }
    };
    link(assessed.inspected.staged.path(), &folder.join(CANDIDATE))?;
    let serving = match slot.serves() {
        None => Some("nothing serves yet".to_owned()),
        Some(serves) => match serves.code.copy() {
            None => Some("the version that serves is linked into the program".to_owned()),
            Some(path) => link(path, &folder.join(SERVING)).err().map(|error| {
                format!("the private copy of the version that serves is not to be had: {error}")
            }),
        },
    };
    fs::write(folder.join(SCHEMA), slot.interface.schema)?;
    let request = Request {
        parent: std::process::id(),
        slot: slot.name.to_string(),
        module: slot.requirement.module.clone(),
        services: config.services.clone(),
        drift: match config.state_drift {
            StateDrift::Refuse => Drift::Refuse,
            StateDrift::CarryByName => Drift::CarryByName,
            StateDrift::StartAfresh => Drift::StartAfresh,
        },
        lends: config.lends_rust_types,
        state,
        serving,
        milliseconds: u64::try_from(how.deadline.as_millis()).unwrap_or(u64::MAX),
        memory,
    };
    fs::write(folder.join(REQUEST), encoded(&request))
}

/// The same file under another name; a copy where the file system has no such thing.
#[cfg(target_os = "linux")]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}
