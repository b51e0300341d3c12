//! What an event reads like, on a line of its own.

use std::{fmt, time::SystemTime};

use hotswap_types::{escape, share_of_calls};

use super::{Event, EventKind, Panicked};
use crate::report::Report;

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
            EventKind::NotCleanedUp { why } => {
                write!(f, "{slot}: a rehearsal has left something behind: {why}")
            }
            EventKind::Superseded { artifact, why } => {
                write!(f, "{slot}: {} is not rehearsed to its end: {why}", artifact.short())
            }
            EventKind::Pending { release, until } => {
                write!(f, "{slot}: {release} is pending: {until}")
            }
            EventKind::Withdrawn { path, artifact, why } => {
                let artifact = artifact.map(|it| format!("{} at ", it.short())).unwrap_or_default();
                write!(f, "{slot}: {artifact}{} is withdrawn: {why}", escape::path(path))
            }
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
            EventKind::Committed { generation, release, why } => {
                write!(f, "{slot}: {release}, generation {generation}, is committed: {why}")
            }
            EventKind::Draining { artifact, inside } => {
                let inside = inside.join("; ");
                write!(
                    f,
                    "{slot}: the upgrade to {} waits for callers to leave, and the slot is open \
                     meanwhile; inside: {inside}",
                    artifact.short()
                )
            }
            EventKind::Step { artifact, weight, step: (step, of), why } => {
                let (artifact, calls) = (artifact.short(), share_of_calls(*weight));
                write!(f, "{slot}: canary {artifact} gets {calls}, step {step} of {of}: {why}")
            }
            EventKind::StepWaits { artifact, weight, step: (step, of), open } => {
                let (artifact, calls, open) =
                    (artifact.short(), share_of_calls(*weight), open.join("; "));
                write!(
                    f,
                    "{slot}: canary {artifact} waits in step {step} of {of}, with {calls}: {open}; \
                     do: promote, commit or rollback"
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
                    "put a build there that works, or call Operator::restart"
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
                escape::text(library),
                escape::path(file)
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
                escape::path(path)
            ),
            EventKind::ManyGenerations { retained } => write!(
                f,
                "{slot}: {retained} generations are mapped; restart when it suits to give their \
                 memory back"
            ),
            EventKind::Carried(fields) => write!(f, "{slot}: {fields}"),
            EventKind::Kept { path, size } => {
                write!(
                    f,
                    "{slot}: state kept for the next start, {size} bytes in {}",
                    escape::path(path)
                )
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
                escape::path(used)
            ),
            EventKind::Recovered(recovered) => write!(f, "{slot}: {recovered}"),
            EventKind::NotRecovered { why } => write!(f, "{slot}: not recovered: {why}"),
            EventKind::BackedUp(backup) => {
                write!(f, "{slot}: {backup}, in {}", escape::path(&backup.path))
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
            EventKind::AdminTrouble { why } => write!(f, "operators are not answered: {why}"),
            EventKind::WorkerDied => f.write_str(
                "the host's own thread has panicked: what serves goes on, and nothing is upgraded, \
                 committed or rolled back any more; restart the program",
            ),
            EventKind::WatchTrouble(error) => write!(f, "artifacts are not watched: {error}"),
        }
    }
}
