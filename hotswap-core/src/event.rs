//! What a host tells: phases, what is live, what was refused and why.

mod backup;
mod carried;
#[cfg(test)]
mod json;
mod pause;
mod recovered;
mod refusal;
mod serving;
mod text;
mod until;

pub use backup::Backup;
pub use carried::CarriedFields;
pub use hotswap_types::{Caller, Holder, HoldingThread, Phase, Release, StateNote};
pub use pause::Pause;
pub use recovered::Recovered;
pub use refusal::{Exit, Refusal};
pub use serving::{Live, Panicked, Restarted, Retirement};
pub use until::Until;

pub use crate::{
    plan::{Downgrade, RehearsalReport, RehearsalStep, RehearsedStep, WayBack},
    report::Serving,
};

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hotswap_types::ArtifactHash;
use hotswap_watch::WatchError;
#[cfg(feature = "cargo")]
use hotswap_watch::cargo;

use crate::{
    plan::{Plan, Risk},
    report::Report,
};

/// Something a host tells of one of its slots. It prints as the line of a log; see
/// [`Host::events`](crate::Host::events).
///
/// ```
/// use hotswap_core::{Config, event::EventKind};
///
/// let config = Config::production().on_event(|event| {
///     if let EventKind::Refused(_) = event.kind {
///         eprintln!("{event}");
///     }
/// });
/// ```
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
    /// Something that a rehearsal's child has left could not be removed in time: files in its folder, or
    /// processes that have left its process group.
    NotCleanedUp {
        /// What, and why.
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
    /// [`Host::apply_pending`](crate::Host::apply_pending) lets it take over at once.
    Pending {
        /// What waits.
        release: Release<ArtifactHash>,
        /// What it waits for.
        until: Until,
    },
    /// An artifact that was pending, or was to be tried again, is no candidate any more: its file was
    /// removed. A rehearsal ends with [`Superseded`](Self::Superseded) then, and a plan that waits for
    /// approval with [`Decided`](Self::Decided).
    Withdrawn {
        /// Where it was.
        path: PathBuf,
        /// The artifact; `None` where it was not prepared yet.
        artifact: Option<ArtifactHash>,
        /// What happened.
        why: String,
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
        /// What is committed.
        release: Release,
        /// On what figures, or who has said so.
        why: String,
    },
    /// Calls have panicked: told for the first one at once, and then once a second. The error of
    /// each call has been returned to its caller.
    Panicked(Panicked),
    /// A new instance has taken the place of another one of the same code
    /// ([`Config::with_after_panic`](crate::Config::with_after_panic),
    /// [`Operator::restart`](crate::Operator::restart)).
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
    /// An upgrade waits for callers to leave, and keeps nobody out meanwhile: the slot is closed for no
    /// longer than [`Config::with_longest_wait`](crate::Config::with_longest_wait) at a time. Emitted
    /// for each try, until the deadline of a pause.
    Draining {
        /// The candidate.
        artifact: ArtifactHash,
        /// Who is inside, one line for each thread.
        inside: Vec<String>,
    },
    /// A canary ([`Config::with_strategy`](crate::Config::with_strategy)) gets this share of the calls from
    /// now on, beside the stable version.
    Step {
        /// Its artifact.
        artifact: ArtifactHash,
        /// From 0 up to, but not including, 1.
        weight: f64,
        /// The step, from 1, and how many there are.
        step: (usize, usize),
        /// Why it does.
        why: String,
    },
    /// A step is over, and it cannot be said whether the version is well, or somebody is to say so. It
    /// goes on when it can be said by more calls, or by [`Operator::promote`](crate::Operator::promote),
    /// [`commit`](crate::Operator::commit) or [`roll_back`](crate::Operator::roll_back), or is rolled back
    /// at its deadline.
    StepWaits {
        /// Its artifact.
        artifact: ArtifactHash,
        /// The share of the calls that it gets meanwhile.
        weight: f64,
        /// The step, from 1, and how many there are.
        step: (usize, usize),
        /// What is open.
        open: Vec<String>,
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
    /// Operators are not answered just now ([`Config::admin`](crate::Config::admin)); told
    /// once, until they are again.
    AdminTrouble {
        /// What happened, and whether that is tried again.
        why: String,
    },
    /// The host's own thread has panicked, by a bug of hotswap's or a panic in the program's `tracing`
    /// subscriber. What serves goes on. The host upgrades, commits and rolls back nothing any more, and
    /// every order is an error, until the program is restarted.
    WorkerDied,
    /// A part of what should be watched is not watched.
    WatchTrouble(Arc<WatchError>),
}
