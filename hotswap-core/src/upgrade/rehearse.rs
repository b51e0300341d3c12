//! Rehearsed: the artifact was tried in a child process, on a copy of the state.
//!
//! The child is this program, started again in the probe role ([`crate::probe`]). It is given a
//! folder with links to the private copies, the copy of the state and a request ([`LaidOut`]); it says
//! how each step goes, and is killed with all it has started when its time is over. What it says is
//! judged by a pure function ([`verdict`]).
//!
//! Who lays out the files is not who waits for the child ([`running`]): that may take its whole
//! deadline, and what serves may be another version then. So the outcome says [against](Against)
//! what it was.

#[cfg(target_os = "linux")]
mod process;
mod running;
#[cfg(target_os = "linux")]
mod verdict;

pub(crate) use self::running::Running;
#[cfg(fuzzing)]
pub(crate) use verdict::of_any;

#[cfg(target_os = "linux")]
use std::{fs, io::PipeReader, path::Path};
use std::{
    io,
    sync::{Arc, Weak},
};

use hotswap_types::Phase;

use super::{Assessed, BackedUp, Fault};
#[cfg(target_os = "linux")]
use crate::{
    config::StateDrift,
    probe::{
        self,
        message::{
            CANDIDATE, Drift, OLDER, REQUEST, Request, SCHEMA, SERVING, STATE, Stored, encoded,
        },
    },
};
use crate::{
    config::{Config, Rehearsal},
    event::RehearsalReport,
    instance::Generation,
    slot::SlotCore,
    system::cause,
};

/// What fits, and went well in a rehearsal where there is one.
#[derive(Debug)]
pub(crate) struct Rehearsed {
    pub(crate) assessed: Assessed,
    pub(crate) outcome: Outcome,
    pub(crate) against: Against,
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

/// The instance that served when an artifact was judged, if one did. Another one may have another
/// state, also where its code is the same.
#[derive(Debug, Clone)]
pub(crate) struct Against(Option<Weak<Generation>>);

impl Against {
    /// What serves now.
    pub(crate) fn now(slot: &SlotCore) -> Self {
        Self(slot.gate().map(|gate| Arc::downgrade(&gate.current().1)))
    }

    /// Whether it still does.
    pub(crate) fn serves(&self, slot: &SlotCore) -> bool {
        match (&self.0, Self::now(slot).0) {
            (None, None) => true,
            (Some(then), Some(now)) => then.ptr_eq(&now),
            _ => false,
        }
    }
}

impl Rehearsed {
    /// What is not to be rehearsed.
    pub(crate) fn unrehearsed(assessed: Assessed, slot: &SlotCore) -> Self {
        Self { assessed, outcome: Outcome::NotAsked, against: Against::now(slot) }
    }

    /// What cannot be rehearsed.
    pub(crate) fn not(assessed: Assessed, slot: &SlotCore, why: &'static str) -> Self {
        Self { outcome: Outcome::Not(why), ..Self::unrehearsed(assessed, slot) }
    }
}

/// What becomes of an artifact that is backed up.
#[derive(Debug)]
pub(crate) enum Rehearse {
    /// Nobody waits for a child.
    Over(Rehearsed),
    /// It is to be tried.
    InChild(Assessed, Against, LaidOut),
}

/// What a child needs, in a folder that goes away with this.
#[derive(Debug)]
pub(crate) struct LaidOut {
    #[cfg(target_os = "linux")]
    folder: tempfile::TempDir,
    #[cfg(target_os = "linux")]
    how: Rehearsal,
    #[cfg(target_os = "linux")]
    memory: u64,
    /// The size of the encoded state.
    #[cfg(target_os = "linux")]
    state: Option<usize>,
}

fn system(what: &str, error: &io::Error) -> Fault {
    let advice = cause::remedy(error);
    Fault::cancelled(Phase::Rehearsed, format!("{what}: {error}"), advice)
}

/// Lays out what a child needs to try an artifact.
#[cfg(target_os = "linux")]
pub(super) fn prepare(
    backed_up: BackedUp,
    how: &Rehearsal,
    slot: &SlotCore,
    config: &Config,
) -> Result<Rehearse, Fault> {
    if probe::is_misplaced() {
        return Err(verdict::misplaced("a child has not come to it before"));
    }
    let state = backed_up.handed().map(|copy| copy.own.size());
    let memory = how.memory(state.unwrap_or(0));
    let copies = backed_up.assessed.inspected.staged.path().parent();
    let mut folder = tempfile::Builder::new();
    // The child takes no other one.
    folder.prefix("rehearsal-").permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let folder = folder.tempdir_in(copies.unwrap_or("/".as_ref()));
    let folder = folder.map_err(|error| system("a folder for the rehearsal", &error))?;
    lay_out(folder.path(), &backed_up, how, memory, slot, config)
        .map_err(|error| system("the files of the rehearsal", &error))?;
    let laid_out = LaidOut { folder, how: *how, memory, state };
    Ok(Rehearse::InChild(backed_up.assessed, Against::now(slot), laid_out))
}

#[cfg(target_os = "linux")]
impl LaidOut {
    /// Tries the artifact in a child process; `None` if that was called off.
    fn run(self, called_off: &PipeReader) -> Option<Result<RehearsalReport, Fault>> {
        let Self { folder, how, memory, state } = self;
        let outcome = match process::run(folder.path(), how.deadline, called_off) {
            Ok(outcome) => outcome?,
            Err(error) => return Some(Err(system("a child process for the rehearsal", &error))),
        };
        Some(verdict::judge(&outcome, &how, memory, state).inspect_err(|_| {
            if verdict::is_misplaced(&outcome) {
                probe::set_misplaced();
            }
        }))
    }
}

/// Elsewhere nothing comes so far: [`probe::unserved`](crate::probe::unserved).
#[cfg(not(target_os = "linux"))]
pub(super) fn prepare(
    backed_up: BackedUp,
    _: &Rehearsal,
    slot: &SlotCore,
    _: &Config,
) -> Result<Rehearse, Fault> {
    let why = "rehearsals run on Linux only";
    Ok(Rehearse::Over(Rehearsed::not(backed_up.assessed, slot, why)))
}

#[cfg(not(target_os = "linux"))]
impl LaidOut {
    fn run(self, _: &std::io::PipeReader) -> Option<Result<RehearsalReport, Fault>> {
        None
    }
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
        packages: config.packages.as_ref().map(|it| it.as_str().to_owned()),
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
