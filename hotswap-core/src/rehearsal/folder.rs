//! What the child of a rehearsal needs, in a folder that goes away with the rehearsal: links to the
//! private copies, the copy of the state, and the request.

use std::io;
#[cfg(target_os = "linux")]
use std::{fs, io::PipeReader, path::Path, time::Duration};

#[cfg(target_os = "linux")]
use hotswap_abi::__private::text::in_full;
use hotswap_loader::fs::remove_within;
use hotswap_types::Phase;
#[cfg(target_os = "linux")]
use hotswap_types::escape;

#[cfg(target_os = "linux")]
use super::{
    message::{CANDIDATE, Drift, OLDER, REQUEST, Request, SCHEMA, SERVING, STATE, Stored, encoded},
    process, record, role, verdict,
};
#[cfg(target_os = "linux")]
use crate::config::StateDrift;
use crate::{
    config::{Config, Rehearsal},
    event::RehearsalReport,
    machine::cause,
    slot::SlotCore,
    upgrade::{BackedUp, Fault},
};

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
    /// The calls that are to be replayed, or why there are none.
    #[cfg(target_os = "linux")]
    replay: Option<Result<record::UnderWay, String>>,
}

/// What came of a child.
pub(super) struct Ran {
    /// `None` if it was called off.
    pub(super) report: Option<Result<RehearsalReport, Fault>>,
    /// What of it is still there.
    pub(super) left: Vec<String>,
}

/// How long a folder is removed that a child may have filled.
#[cfg(target_os = "linux")]
const REMOVED_WITHIN: Duration = Duration::from_secs(2);

pub(super) fn system(what: &str, error: &io::Error) -> Fault {
    let advice = cause::remedy(error);
    Fault::cancelled(Phase::Rehearsed, format!("{what}: {}", in_full(error)), advice)
}

/// Lays out what a child needs to try an artifact.
#[cfg(target_os = "linux")]
pub(super) fn lay_out(
    backed_up: &BackedUp,
    how: &Rehearsal,
    slot: &SlotCore,
    config: &Config,
) -> Result<LaidOut, Fault> {
    if role::is_misplaced() {
        return Err(verdict::misplaced("a child has not come to it before"));
    }
    // First of all: the calls follow the copy of the state.
    let begin = |replay| record::begin(replay, backed_up, slot);
    let replay = how.replay.as_ref().map(begin).transpose();
    let replay = replay.map_err(|error| system("a recording for the rehearsal", &error))?;
    let state = backed_up.handed().map(|copy| copy.own.size());
    let memory = how.memory(state.unwrap_or(0));
    let copies = backed_up.assessed.inspected.staged.path().parent();
    let mut folder = tempfile::Builder::new();
    // The child takes no other one.
    folder.prefix("rehearsal-").permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let folder = folder.tempdir_in(copies.unwrap_or("/".as_ref()));
    let folder = folder.map_err(|error| system("a folder for the rehearsal", &error))?;
    let replays = matches!(replay, Some(Ok(_)));
    fill(folder.path(), backed_up, how, replays, memory, slot, config)
        .map_err(|error| system("the files of the rehearsal", &error))?;
    Ok(LaidOut { folder, how: how.clone(), memory, state, replay })
}

#[cfg(target_os = "linux")]
impl LaidOut {
    /// Tries the artifact in a child process; `None` if that was called off.
    pub(super) fn run(self, called_off: &PipeReader) -> Ran {
        let Self { mut folder, how, memory, state, replay } = self;
        let recorded = match replay {
            None => None,
            Some(Err(why)) => Some(Err(why)),
            Some(Ok(under_way)) => match under_way.write(folder.path(), called_off) {
                Ok(Some(recorded)) => Some(Ok(recorded)),
                Ok(None) => return Ran { report: None, left: Vec::new() },
                Err(error) => {
                    let fault = system("the calls for the rehearsal", &error);
                    return Ran { report: Some(Err(fault)), left: Vec::new() };
                }
            },
        };
        // What a child has put there is not waited for without a bound.
        folder.disable_cleanup(true);
        let mut left = Vec::new();
        let outcome = process::run(folder.path(), how.deadline, called_off, &mut left);
        if let Err(error) = remove_within(folder.path(), None, REMOVED_WITHIN) {
            left.push(format!("{}: {error}", escape::path(folder.path())));
        }
        let given = verdict::Given { how: &how, memory, state, recorded: recorded.as_ref() };
        Ran { report: Self::judged(outcome, &given), left }
    }

    fn judged(
        outcome: io::Result<Option<verdict::Outcome>>,
        given: &verdict::Given<'_>,
    ) -> Option<Result<RehearsalReport, Fault>> {
        let outcome = match outcome {
            Ok(outcome) => outcome?,
            Err(error) => return Some(Err(system("a child process for the rehearsal", &error))),
        };
        Some(verdict::judge(&outcome, given).inspect_err(|_| {
            if verdict::is_misplaced(&outcome) {
                role::set_misplaced();
            }
        }))
    }
}

/// Elsewhere nothing comes so far: [`unserved`](super::role::unserved).
#[cfg(not(target_os = "linux"))]
pub(super) fn lay_out(
    _: &BackedUp,
    _: &Rehearsal,
    _: &SlotCore,
    _: &Config,
) -> Result<LaidOut, Fault> {
    Ok(LaidOut {})
}

#[cfg(not(target_os = "linux"))]
impl LaidOut {
    pub(super) fn run(self, _: &std::io::PipeReader) -> Ran {
        Ran { report: None, left: Vec::new() }
    }
}

/// Puts what the child needs into its folder.
#[cfg(target_os = "linux")]
fn fill(
    folder: &Path,
    backed_up: &BackedUp,
    how: &Rehearsal,
    replay: bool,
    memory: u64,
    slot: &SlotCore,
    config: &Config,
) -> io::Result<()> {
    let assessed = &backed_up.assessed;
    let state = match backed_up.handed() {
        None => Stored::Nothing,
        Some(copy) => match &copy.older {
            Some(kept) if !kept.has_writer_of(&copy.own) => {
                kept.write(folder.join(STATE)).map_err(io::Error::other)?;
                Stored::Live
            }
            older => {
                match &copy.file {
                    // What a restart would begin with is what is tried.
                    Some(backup) => link(backup, &folder.join(STATE))?,
                    None => copy.own.write(folder.join(STATE)).map_err(io::Error::other)?,
                }
                match older {
                    Some(older) => {
                        fs::write(folder.join(OLDER), &older.state)?;
                        Stored::Older(older.state().version)
                    }
                    None if copy.restored => Stored::Restored,
                    None => Stored::Live,
                }
            }
        },
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
        replay,
        values: how.has_values(),
    };
    fs::write(folder.join(REQUEST), encoded(&request))
}

/// The same file under another name; a copy where the file system has no such thing.
#[cfg(target_os = "linux")]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}
