//! What a host tells: phases, what is live, what was refused and why.

mod backup;
mod carried;
#[cfg(test)]
mod json;
mod pause;
mod recovered;
mod refusal;
mod until;

pub use backup::Backup;
pub use carried::CarriedFields;
pub use hotswap_types::{Caller, Holder, HoldingThread, Phase, StateNote};
pub use pause::Pause;
pub use recovered::Recovered;
pub use refusal::{Exit, Refusal};
pub use until::Until;

pub use crate::{
    plan::{Downgrade, RehearsalReport, RehearsalStep, RehearsedStep, WayBack},
    report::Serving,
};

use std::{
    fmt,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hotswap_abi::Failure;
use hotswap_types::{
    ArtifactHash,
    escape::{escaped, shown},
};
use hotswap_watch::WatchError;
#[cfg(feature = "cargo")]
use hotswap_watch::cargo;
use semver::Version;

use crate::{
    plan::{Plan, Risk},
    report::Report,
};

/// Something a host tells of one of its slots.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event {
    /// The slot; empty for what concerns the whole host.
    pub slot: Arc<str>,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum EventKind {
    /// An upgrade has reached a phase. Those of the pause are told when it is over.
    Phase {
        /// The artifact.
        artifact: ArtifactHash,
        /// The phase.
        phase: Phase,
    },
    /// What the upgrade to an artifact will do, and how risky it is.
    Planned(Arc<Plan>),
    /// A module is going to be lent values of the host's (`#[same_build]`), and something may go wrong
    /// with them that no comparison of builds finds. Told before it is loaded, each risk once.
    LendingRisks {
        /// The artifact.
        artifact: ArtifactHash,
        /// What may go wrong; the plan has it as well.
        risks: Vec<Risk>,
    },
    /// Somebody has said yes or no to a plan that has waited for it
    /// ([`Config::with_approval`](crate::Config::with_approval)).
    Decided {
        /// The artifact.
        artifact: ArtifactHash,
        /// Whether it goes on.
        approved: bool,
        /// Who has said so; `None` where the host called it off, or it is configured.
        by: Option<String>,
        /// Who has said so, and why.
        why: String,
    },
    /// A signature holds, of an artifact of which nothing else is known yet
    /// ([`Config::with_trust`](crate::Config::with_trust)).
    Signed {
        /// The artifact.
        artifact: ArtifactHash,
        /// The number of the key that has signed it.
        key: String,
        /// The trusted comment: what the signer has written there.
        comment: String,
    },
    /// An artifact was rehearsed in a child process, and nothing was wrong
    /// ([`Config::with_rehearsal`](crate::Config::with_rehearsal)).
    Rehearsed {
        /// The artifact.
        artifact: ArtifactHash,
        /// What was done, and what it took.
        report: Arc<RehearsalReport>,
    },
    /// An artifact should be rehearsed and cannot be here. It goes on without: only its own
    /// `self_test` stands between it and the callers.
    NotRehearsed {
        /// The artifact.
        artifact: ArtifactHash,
        /// Why.
        why: String,
    },
    /// The rehearsal of an artifact was called off: the artifact is not wanted any more.
    Superseded {
        /// The artifact.
        artifact: ArtifactHash,
        /// Why.
        why: String,
    },
    /// An artifact is prepared, and waits ([`Config::with_timing`](crate::Config::with_timing)).
    /// [`Host::apply_pending`](crate::Operator::apply_pending) lets it take over at once.
    Pending {
        /// The module.
        module: String,
        /// Its version.
        version: Version,
        /// The artifact.
        artifact: ArtifactHash,
        /// What it waits for.
        until: Until,
    },
    /// An artifact takes over soon
    /// ([`Timing::with_notice`](crate::config::Timing::with_notice)): users can be told.
    Announced {
        /// The artifact.
        artifact: ArtifactHash,
        /// When; `None` where it is as soon as the slot is quiet.
        at: Option<SystemTime>,
        /// How long callers were kept waiting in earlier upgrades of the slot: the median.
        pause: Option<Duration>,
    },
    /// Upgrades do not begin by themselves any more
    /// ([`Operator::pause`](crate::Operator::pause)).
    Paused(Pause),
    /// Upgrades may begin by themselves again.
    Resumed,
    /// A version serves.
    Live(Live),
    /// An artifact was not taken, and what served goes on; or it was rolled back in its trial, and
    /// what served before does again.
    Refused(Arc<Refusal>),
    /// The trial of a version is over, and nothing was wrong: it is the stable one.
    Committed {
        /// The generation.
        generation: u64,
        /// The module.
        module: String,
        /// Its version.
        version: Version,
        /// On what figures, or who has said so.
        why: String,
    },
    /// Calls have panicked: told for the first one at once, and then once a second. The error of
    /// each call has been returned to its caller.
    Panicked(Panicked),
    /// A new instance has taken the place of another one of the same code
    /// ([`Config::with_after_panic`](crate::Config::with_after_panic),
    /// [`Host::restart`](crate::Operator::restart)).
    Restarted(Restarted),
    /// An instance was to be replaced by another one of the same code, and was not.
    NotRestarted {
        /// The generation.
        generation: u64,
        /// What happened.
        why: String,
        /// Whether that is tried again by itself.
        again: bool,
    },
    /// Nothing serves yet, and no artifact has appeared.
    WaitingForFirst {
        /// Where artifacts are looked for.
        place: String,
        /// How long they are waited for in all.
        deadline: Duration,
    },
    /// A library that the serving version needs has changed. The process goes on with the one that it
    /// has loaded, until it is started again.
    LibraryChanged {
        /// The library, as the module names it.
        library: String,
        /// Its file.
        file: PathBuf,
    },
    /// A slot has nothing to serve, and its sources do not compile: it waits until they do, however
    /// long that takes.
    #[cfg(feature = "cargo")]
    WaitingForBuild {
        /// The package.
        package: String,
    },
    /// A file is still open for writing after some seconds; it is looked at when it is closed.
    BeingWritten {
        /// The file.
        path: PathBuf,
    },
    /// A version on trial is to be rolled back, and callers do not leave it: they are waited for, and
    /// in the end given up in it.
    RollbackWaits {
        /// The generation.
        generation: u64,
        /// Who is inside.
        why: Vec<String>,
    },
    /// A generation is no longer needed. Told again when one that was retained for a while is
    /// unloaded.
    Retired {
        /// Its number.
        generation: u64,
        /// What became of it.
        outcome: Retirement,
    },
    /// More generations are kept in memory than the configured number.
    ManyGenerations {
        /// How many libraries of this slot are mapped.
        retained: usize,
    },
    /// Fields of a state that was carried by name were dropped, or have got back what was dropped
    /// before.
    Carried(CarriedFields),
    /// The host has ended, and a slot's state was kept for the next start.
    Kept {
        /// The file.
        path: PathBuf,
        /// The encoded state's size in bytes.
        size: usize,
    },
    /// The host has ended, and a slot's state could not be kept for the next start.
    NotKept {
        /// What happened.
        why: String,
    },
    /// A version serves, and that nothing older may serve any more could not be written
    /// ([`Config::with_floors`](crate::Config::with_floors)).
    FloorNotRaised {
        /// What happened.
        why: String,
    },
    /// There is no state from the last run, because it did not end in order.
    NoCheckpoint {
        /// The state that it had begun with.
        used: PathBuf,
    },
    /// A slot goes on where the last run has left off
    /// ([`Config::with_journal`](crate::Config::with_journal)). It comes before
    /// [`Live`](Self::Live), and names an artifact only when that serves.
    Recovered(Recovered),
    /// An artifact that was committed does not serve again: its kept copy is gone, damaged or
    /// replaced, or it does not start. The text says what is tried instead.
    NotRecovered {
        /// What happened.
        why: String,
    },
    /// A state lies on disk: a restart goes on with it, or with a later one.
    BackedUp(Backup),
    /// A state was to be backed up, and was not.
    NotBackedUp {
        /// What happened.
        why: String,
    },
    /// What has been done could not be written into the journal: after a crash the host would not
    /// know of it.
    NotJournaled {
        /// What happened.
        why: String,
    },
    /// An upgrade is over, however it ended: what it was, how it went, and what it has cost. Told
    /// after the event that says how it ended.
    Reported(Arc<Report>),
    /// A report is not on disk, or one of an earlier run cannot be read.
    NotReported {
        /// Which, and what happened.
        why: String,
    },
    /// Cargo builds modules from their sources.
    #[cfg(feature = "cargo")]
    Build(cargo::Report),
    /// A part of what should be watched is not watched.
    WatchTrouble(Arc<WatchError>),
}

/// A version that serves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Live {
    /// The number of the generation.
    pub generation: u64,
    /// The module.
    pub module: String,
    /// Its version.
    pub version: Version,
    /// The artifact; `None` for a module that is built into the program.
    pub artifact: Option<ArtifactHash>,
    /// From the detected artifact to live.
    pub took: Duration,
    /// How long callers were kept waiting; `None` if they were not.
    pub pause: Option<Duration>,
    /// What became of the state.
    pub state: StateNote,
    /// When the state was taken, if it is not that of the version before: it is from an earlier run
    /// ([`Config::with_checkpoints`](crate::Config::with_checkpoints)), or from the last upgrade
    /// ([`Host::abandon`](crate::Operator::abandon)).
    pub restored: Option<SystemTime>,
}

/// Calls that have panicked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Panicked {
    /// The generation.
    pub generation: u64,
    /// How many calls of this instance have panicked, in all.
    pub count: u64,
    /// The last of them.
    pub failure: Arc<Failure>,
    /// Whether the instance is poisoned: its calls are refused from now on.
    pub poisoned: bool,
}

/// An instance that has taken the place of another one of the same code.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Restarted {
    /// The generation.
    pub generation: u64,
    /// How long callers were kept waiting.
    pub pause: Duration,
    /// What became of the state.
    pub state: StateNote,
    /// When the state was taken, if it is that of the last upgrade.
    pub restored: Option<SystemTime>,
}

/// What became of a generation that is no longer needed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retirement {
    /// Its code is gone from the process: it was looked for.
    Unloaded,
    /// It is still in memory.
    Retained {
        /// Who or what keeps it there.
        by: Vec<Holder>,
    },
    /// Module code of it hangs, or failed while it stopped; its code and its instance stay.
    Abandoned {
        /// What happened.
        why: String,
    },
}

impl Live {
    /// Whether something of the state that served before is gone.
    pub(crate) const fn has_lost(&self) -> bool {
        // A first generation goes on where the last run has ended.
        self.state.has_lost() || (self.restored.is_some() && self.generation > 1)
    }
}

impl fmt::Display for Retirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unloaded => f.write_str("unloaded"),
            Self::Retained { by } => {
                f.write_str("retired, its code stays mapped: ")?;
                for (i, holder) in by.iter().enumerate() {
                    write!(f, "{}{holder}", if i == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
            Self::Abandoned { why } => write!(f, "abandoned: {why}"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = &self.slot;
        match &self.kind {
            EventKind::Phase { artifact, phase } => {
                write!(f, "{slot}: {} is {phase}", artifact.short())
            }
            EventKind::Planned(plan) => {
                write!(f, "{slot}: {} is planned, risk {}", plan.to, plan.level())
            }
            EventKind::LendingRisks { artifact, risks } => {
                write!(f, "{slot}: {} is lent the host's values, with risks", artifact.short())?;
                risks.iter().try_for_each(|risk| write!(f, "\n  {risk}"))
            }
            EventKind::Decided { artifact, approved, why, .. } => {
                let word = if *approved { "goes on" } else { "does not go on" };
                write!(f, "{slot}: {} {word}: {why}", artifact.short())
            }
            EventKind::Signed { artifact, key, comment } => {
                write!(f, "{slot}: {} is signed with key {key}: {comment}", artifact.short())
            }
            EventKind::Rehearsed { artifact, report } => {
                write!(f, "{slot}: {} is {report}", artifact.short())
            }
            EventKind::NotRehearsed { artifact, why } => {
                write!(f, "{slot}: {} goes on without a rehearsal: {why}", artifact.short())
            }
            EventKind::Superseded { artifact, why } => {
                write!(f, "{slot}: {} is not rehearsed to its end: {why}", artifact.short())
            }
            EventKind::Pending { module, version, artifact, until } => write!(
                f,
                "{slot}: {module} {version} ({}…) is prepared and waits {until}",
                artifact.short()
            ),
            EventKind::Announced { artifact, at, pause } => {
                write!(f, "{slot}: {} takes over ", artifact.short())?;
                match at.map(|at| at.duration_since(SystemTime::now()).unwrap_or_default()) {
                    Some(left) => write!(f, "in {left:.0?}")?,
                    None => f.write_str("as soon as the slot is quiet")?,
                }
                match pause {
                    Some(pause) => write!(f, "; callers will wait about {pause:.1?}"),
                    None => Ok(()),
                }
            }
            EventKind::Paused(pause) if slot.is_empty() => write!(f, "upgrades are {pause}"),
            EventKind::Paused(pause) => write!(f, "{slot}: upgrades are {pause}"),
            EventKind::Resumed if slot.is_empty() => f.write_str("upgrades may begin again"),
            EventKind::Resumed => write!(f, "{slot}: upgrades may begin again"),
            EventKind::Live(live) => write!(f, "{slot}: {live}"),
            EventKind::Refused(refusal) => refusal.fmt(f),
            EventKind::Committed { generation, module, version, why } => {
                write!(
                    f,
                    "{slot}: {module} {version} (generation {generation}) is committed: {why}"
                )
            }
            EventKind::RollbackWaits { generation, why } => {
                let why = why.join("; ");
                write!(f, "{slot}: generation {generation} is to be rolled back, and waits: {why}")
            }
            EventKind::Retired { generation, outcome } => {
                write!(f, "{slot}: generation {generation} is {outcome}")
            }
            EventKind::Panicked(Panicked { count, failure, poisoned, .. }) => {
                write!(f, "{slot}: {failure}")?;
                if *count > 1 {
                    write!(f, "; {count} calls have panicked")?;
                }
                if *poisoned {
                    f.write_str("; calls are refused until another instance serves")?;
                }
                write!(f, "{}", failure.frames())
            }
            EventKind::Restarted(restarted) => write!(f, "{slot}: {restarted}"),
            EventKind::NotRestarted { generation, why, again } => {
                let then = if *again {
                    "tried again by itself"
                } else {
                    "put a build there that works, or call Host::restart"
                };
                write!(f, "{slot}: generation {generation} is not restarted: {why}; {then}")
            }
            EventKind::WaitingForFirst { place, deadline } => write!(
                f,
                "{slot}: nothing to serve yet; waiting up to {deadline:.0?} for an artifact at {place}"
            ),
            EventKind::LibraryChanged { library, file } => write!(
                f,
                "{slot}: {}, which it needs, has changed ({}), and this process goes on with the one \
                 that it has loaded; restart the host to take the new one",
                escaped(library),
                shown(file)
            ),
            #[cfg(feature = "cargo")]
            EventKind::WaitingForBuild { package } => {
                write!(
                    f,
                    "{slot}: nothing to serve yet; waiting for a build of {package} that compiles"
                )
            }
            EventKind::BeingWritten { path } => write!(
                f,
                "{slot}: {} is still open for writing; it is looked at when it is closed",
                shown(path)
            ),
            EventKind::ManyGenerations { retained } => write!(
                f,
                "{slot}: {retained} generations are mapped; restart when it suits to give their \
                 memory back"
            ),
            EventKind::Carried(fields) => write!(f, "{slot}: {fields}"),
            EventKind::Kept { path, size } => {
                write!(f, "{slot}: state kept for the next start, {size} bytes in {}", shown(path))
            }
            EventKind::NotKept { why } => {
                write!(f, "{slot}: state not kept for the next start: {why}")
            }
            EventKind::FloorNotRaised { why } => {
                write!(f, "{slot}: after a restart an older version could serve again: {why}")
            }
            EventKind::NoCheckpoint { used } => write!(
                f,
                "{slot}: the last run did not end in order and has left no state; what it began \
                 with is in {}",
                shown(used)
            ),
            EventKind::Recovered(recovered) => write!(f, "{slot}: {recovered}"),
            EventKind::NotRecovered { why } => write!(f, "{slot}: not recovered: {why}"),
            EventKind::BackedUp(backup) => {
                write!(f, "{slot}: {backup}, in {}", shown(&backup.path))
            }
            EventKind::NotBackedUp { why } => write!(f, "{slot}: state not backed up: {why}"),
            EventKind::NotJournaled { why } => {
                write!(f, "{slot}: a crash would undo what has been done: {why}")
            }
            EventKind::Reported(report) => {
                let Report { number, artifact, outcome, .. } = &**report;
                write!(f, "{slot}: report {number}: {} {outcome}", artifact.short())
            }
            EventKind::NotReported { why } => write!(f, "{slot}: {why}"),
            #[cfg(feature = "cargo")]
            EventKind::Build(report) => report.fmt(f),
            EventKind::WatchTrouble(error) => write!(f, "artifacts are not watched: {error}"),
        }
    }
}

impl fmt::Display for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.module, self.version)?;
        match &self.artifact {
            Some(hash) => write!(f, "({}…) ", hash.short())?,
            None => f.write_str("(built in) ")?,
        }
        write!(f, "is live as generation {} after {:.1?}", self.generation, self.took)?;
        if let Some(pause) = self.pause {
            write!(f, ", pause {pause:.1?}")?;
        }
        write!(f, "; {}", self.state)?;
        as_it_was(f, self.restored)
    }
}

impl fmt::Display for Restarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, pause, state, restored } = self;
        write!(
            f,
            "generation {generation} goes on with a new instance, pause {pause:.1?}; {state}"
        )?;
        as_it_was(f, *restored)
    }
}

fn as_it_was(f: &mut fmt::Formatter<'_>, taken: Option<SystemTime>) -> fmt::Result {
    let Some(taken) = taken else { return Ok(()) };
    // A clock that was set back makes it no older than now.
    let age = taken.elapsed().unwrap_or_default();
    write!(f, ", as it was {age:.0?} ago")
}
