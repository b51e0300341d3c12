//! Waits for the end of an upgrade, and tells what happens until then.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::Duration,
};

use super::{answer::Progress, server::Peer};
use crate::{
    event::{Event, EventKind},
    journal::Outcome,
    report::Report,
    upgrade::ArtifactHash,
};

/// How an upgrade has ended.
pub(super) enum End {
    /// What was asked for is the stable version.
    Committed(String),
    /// It is not.
    Not { outcome: &'static str, why: String },
    /// Nobody waits for it any more, or the host ends.
    Unknown,
}

/// So often it is looked whether anybody still waits. Only as long as somebody does.
const LOOKS: Duration = Duration::from_millis(500);

/// Waits until the upgrade of a slot to an artifact is over. One that is cancelled and tried again is
/// not; where the artifact is not known yet, the next upgrade of the slot is meant.
pub(super) fn await_end(
    events: &Receiver<Event>,
    slot: &str,
    mut artifact: Option<ArtifactHash>,
    progress: &mut Progress<'_>,
    peer: &Peer<'_>,
) -> End {
    loop {
        let event = match events.recv_timeout(LOOKS) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) if peer.is_gone() => return End::Unknown,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return End::Unknown,
        };
        if &*event.slot != slot {
            continue;
        }
        if let EventKind::Phase { artifact: of, .. } = event.kind {
            artifact.get_or_insert(of);
        }
        let is_it = |of: ArtifactHash| artifact.is_none_or(|artifact| artifact == of);
        match &event.kind {
            EventKind::Reported(report) if is_it(report.artifact) && !report.tried_again => {
                return match report.outcome {
                    Outcome::Committed => End::Committed(summary(report)),
                    outcome => End::Not { outcome: word(outcome), why: summary(report) },
                };
            }
            _ => {}
        }
        if !progress(&event.to_string()) {
            return End::Unknown;
        }
    }
}

fn summary(report: &Report) -> String {
    let version = report.module.as_ref().map(|(module, version)| format!("{module} {version} "));
    let (version, hash) = (version.unwrap_or_default(), report.artifact.short());
    match report.why().as_str() {
        "" => format!("{version}({hash}…) is {}", report.outcome),
        why => format!("{version}({hash}…) is {}: {why}", report.outcome),
    }
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Committed => "committed",
        Outcome::RolledBack => "rolled_back",
        Outcome::Degraded => "degraded",
        Outcome::Rejected => "refused",
        Outcome::Cancelled => "cancelled",
        Outcome::Interrupted => "interrupted",
    }
}
