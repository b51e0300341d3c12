//! Events on their way out: to callbacks, channels, `tracing`, and where nobody listens to stderr.

mod stderr;

use std::sync::mpsc::{self, Receiver, Sender};

use hotswap_abi::__private::contained;
use hotswap_types::{Holder, Phase};
#[cfg(feature = "cargo")]
use hotswap_watch::cargo::{Level, Report};
use parking_lot::Mutex;

use crate::{
    config::{Callback, Reporter},
    event::{Event, EventKind, Retirement, WayBack},
    slot::in_callback,
};

use stderr::{Says, Stderr};

pub(crate) struct Events {
    callbacks: Vec<Callback>,
    /// None any more when the host has ended: who reads one is not to wait for ever.
    channels: Mutex<Option<Vec<Sender<Event>>>>,
    reporter: Reporter,
    stderr: Stderr,
}

/// How much an event matters to somebody who looks on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// One of many steps.
    Debug,
    /// Something is new, and well.
    Info,
    /// Something was refused or lost, or needs a hand.
    Warn,
}

impl Events {
    pub(crate) fn new(callbacks: Vec<Callback>, reporter: Reporter) -> Self {
        #[cfg(feature = "metrics")]
        super::metrics::describe();
        let channels = Mutex::new(Some(Vec::new()));
        Self { callbacks, channels, reporter, stderr: Stderr::new() }
    }

    pub(crate) fn subscribe(&self) -> Receiver<Event> {
        let (sender, receiver) = mpsc::channel();
        if let Some(channels) = &mut *self.channels.lock() {
            channels.push(sender);
        }
        receiver
    }

    /// The host has ended.
    pub(crate) fn end(&self) {
        *self.channels.lock() = None;
    }

    pub(crate) fn tell(&self, event: &Event) {
        #[cfg(feature = "metrics")]
        contain(event, || super::metrics::count(event));
        let weight = weight(&event.kind);
        // A subscriber that panics costs the line, and nobody else the event.
        let _ = contained(|| trace(event, weight));
        let mut channels = self.channels.lock();
        let channels_listen = channels.as_mut().is_some_and(|channels| {
            channels.retain(|channel| channel.send(event.clone()).is_ok());
            !channels.is_empty()
        });
        let nobody_listens = !channels_listen && self.callbacks.is_empty();
        drop(channels);
        self.report(event, weight, nobody_listens);
        for callback in &self.callbacks {
            contain(event, || callback(event));
        }
    }

    fn report(&self, event: &Event, weight: Weight, nobody_listens: bool) {
        let unheard = nobody_listens && !tracing::dispatcher::has_been_set();
        match &self.reporter {
            Reporter::Lines(lines) if weight >= Weight::Info => {
                contain(event, || lines(&event.to_string()));
            }
            Reporter::Stderr if unheard && weight >= Weight::Info => self.to_stderr(event),
            Reporter::Refusals if unheard && weight >= Weight::Warn => self.to_stderr(event),
            _ => {}
        }
    }

    fn to_stderr(&self, event: &Event) {
        let says = match &event.kind {
            EventKind::Live(_) => Says::Live,
            #[cfg(feature = "cargo")]
            EventKind::Build(Report::Progress(_)) => Says::Progress,
            _ => Says::Other,
        };
        self.stderr.show(&event.to_string(), says);
    }
}

/// Runs the program's own code; an upgrade is not to suffer from a panic in it.
fn contain(event: &Event, code: impl FnOnce()) {
    if in_callback(|| contained(code)).is_none() {
        // Its panic hook has reported it.
        tracing::error!(
            slot = &*event.slot,
            "a callback of the program, or its recorder, has panicked"
        );
    }
}

fn weight(kind: &EventKind) -> Weight {
    match kind {
        EventKind::BackedUp(_) | EventKind::Reported(_) => Weight::Debug,
        EventKind::Recovered(recovered) if !recovered.is_older => Weight::Info,
        EventKind::Rehearsed { report, .. } if report.way_back == WayBack::Works => Weight::Debug,
        EventKind::Rehearsed { .. } => Weight::Info,
        EventKind::Retired { outcome: Retirement::Unloaded, .. } => Weight::Debug,
        EventKind::Retired { outcome: Retirement::Retained { by }, .. } if is_expected(by) => {
            Weight::Debug
        }
        EventKind::Live(live) if !live.has_lost() => Weight::Info,
        EventKind::Planned(_) => Weight::Debug,
        EventKind::Paused(_) | EventKind::Resumed | EventKind::Announced { .. } => Weight::Info,
        EventKind::Committed { .. }
        | EventKind::Step { .. }
        | EventKind::StepWaits { .. }
        | EventKind::Decided { .. }
        | EventKind::Draining { .. }
        | EventKind::Superseded { .. }
        | EventKind::Withdrawn { .. } => Weight::Info,
        EventKind::Phase { phase: Phase::AwaitingApproval, .. } => Weight::Info,
        EventKind::Phase { .. } | EventKind::Signed { .. } => Weight::Debug,
        EventKind::Carried(fields) if !fields.has_lost() => Weight::Info,
        EventKind::Pending { .. } | EventKind::Kept { .. } => Weight::Info,
        EventKind::Live(_)
        | EventKind::Refused(_)
        | EventKind::LendingRisks { .. }
        | EventKind::NotRehearsed { .. }
        | EventKind::Panicked(_)
        | EventKind::Restarted(_)
        | EventKind::NotRestarted { .. }
        | EventKind::RollbackWaits { .. }
        | EventKind::Retired { .. }
        | EventKind::ManyGenerations { .. }
        | EventKind::BeingWritten { .. }
        | EventKind::WaitingForFirst { .. }
        | EventKind::LibraryChanged { .. }
        | EventKind::Carried(_)
        | EventKind::NotKept { .. }
        | EventKind::NoCheckpoint { .. }
        | EventKind::Recovered(_)
        | EventKind::NotRecovered { .. }
        | EventKind::NotBackedUp { .. }
        | EventKind::NotJournaled { .. }
        | EventKind::NotReported { .. }
        | EventKind::FloorNotRaised { .. }
        | EventKind::NotCleanedUp { .. }
        | EventKind::AdminTrouble { .. }
        | EventKind::WorkerDied
        | EventKind::WatchTrouble(_) => Weight::Warn,
        #[cfg(feature = "cargo")]
        EventKind::WaitingForBuild { .. } => Weight::Warn,
        #[cfg(feature = "cargo")]
        EventKind::Build(report) => match report {
            Report::Compiling { .. } | Report::Built { .. } => Weight::Debug,
            Report::Finished(finished) if finished.stale => Weight::Debug,
            Report::Finished(finished) if finished.success => Weight::Info,
            Report::Started { .. }
            | Report::WaitingForLock { .. }
            | Report::Fetching { .. }
            | Report::Progress(_) => Weight::Info,
            Report::Diagnostic(diagnostic) if diagnostic.level == Level::Note => Weight::Debug,
            Report::Diagnostic(diagnostic) if diagnostic.level == Level::Warning => Weight::Info,
            _ => Weight::Warn,
        },
    }
}

/// Whether nobody is surprised that a generation is retained.
fn is_expected(by: &[Holder]) -> bool {
    by.iter().all(|holder| matches!(holder, Holder::Policy | Holder::Program | Holder::Handles))
}

fn trace(event: &Event, weight: Weight) {
    let slot = &*event.slot;
    match (&event.kind, weight) {
        (EventKind::Phase { artifact, phase }, _) => {
            tracing::debug!(slot, artifact = artifact.short(), %phase, "phase");
        }
        (_, Weight::Debug) => tracing::debug!(slot, "{event}"),
        (_, Weight::Info) => tracing::info!(slot, "{event}"),
        (_, Weight::Warn) => tracing::warn!(slot, "{event}"),
    }
}
