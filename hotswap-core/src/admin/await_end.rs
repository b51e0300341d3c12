//! Waits for the end of an upgrade, and tells what happens until then.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use super::{answer::Progress, server::Peer};
use crate::{
    event::{Event, EventKind, Phase, Refusal},
    journal::Outcome,
    report::Report,
    upgrade::ArtifactHash,
};

/// How an upgrade has ended.
pub(super) enum End {
    /// What was asked for is the stable version.
    Committed(String),
    /// It is not: in a word, on a line, and in full.
    Not { outcome: &'static str, why: String, text: String },
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
    let mut refused: Option<Arc<Refusal>> = None;
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
        let text = match &event.kind {
            EventKind::Reported(report) if is_it(report.artifact) && !report.tried_again => {
                let why = summary(report);
                return match report.outcome {
                    Outcome::Committed => End::Committed(why),
                    outcome => {
                        let text = refused.map_or_else(|| why.clone(), |it| it.to_string());
                        End::Not { outcome: word(outcome), why, text }
                    }
                };
            }
            // Told when it is known whether it is the end.
            EventKind::Refused(refusal) if refusal.artifact.is_none_or(is_it) => {
                refused = Some(Arc::clone(refusal));
                None
            }
            EventKind::Reported(report) if is_it(report.artifact) => {
                refused.take().map(|it| it.to_string())
            }
            _ => worth_telling(&event),
        };
        if text.is_some_and(|text| !progress(&text)) {
            return End::Unknown;
        }
    }
}

/// What somebody who waits wants to know meanwhile: where it stands, not each step of the way. How it
/// ends is the answer.
fn worth_telling(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::Phase { artifact, phase: Phase::AwaitingApproval } => {
            let hash = artifact.short();
            Some(format!(
                "it waits for approval: `hotswap plan`, then `hotswap approve {hash}` or `hotswap \
                 reject {hash} --why TEXT`"
            ))
        }
        EventKind::Rehearsed { report, .. } => {
            Some(format!("rehearsed in {:.1?}, and nothing was wrong", report.took))
        }
        EventKind::Phase { .. }
        | EventKind::BackedUp(_)
        | EventKind::Committed { .. }
        | EventKind::Reported(_)
        | EventKind::Retired { .. } => None,
        _ => {
            let text = event.to_string();
            let own = text.strip_prefix(&*event.slot).and_then(|text| text.strip_prefix(": "));
            Some(own.unwrap_or(&text).to_owned())
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
