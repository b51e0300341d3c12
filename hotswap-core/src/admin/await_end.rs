//! Waits for the end of an upgrade, and tells what happens until then.

use std::{
    path::Path,
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

/// An upgrade that somebody waits for.
pub(super) struct Awaited<'a> {
    pub(super) slot: &'a str,
    /// The file that was offered.
    pub(super) file: &'a Path,
    /// What it holds; `None` as long as the host has not looked at it.
    pub(super) artifact: Option<ArtifactHash>,
}

impl Awaited<'_> {
    /// Learns which artifact is meant from what is told of the file.
    fn learn(&mut self, kind: &EventKind) {
        let (path, artifact) = match kind {
            EventKind::Planned(plan) => (plan.path.as_path(), Some(plan.artifact)),
            EventKind::Refused(refusal) => (Path::new(&refusal.path), refusal.artifact),
            _ => return,
        };
        if path == self.file {
            self.artifact = self.artifact.or(artifact);
        }
    }

    fn is_it(&self, artifact: ArtifactHash) -> bool {
        self.artifact == Some(artifact)
    }

    /// Whether a refusal is of what is waited for, also where that could not be read.
    fn is_of_it(&self, refusal: &Refusal) -> bool {
        match refusal.artifact {
            Some(artifact) => self.is_it(artifact),
            None => Path::new(&refusal.path) == self.file,
        }
    }
}

/// Waits until an upgrade is over. One that is cancelled and tried again is not.
pub(super) fn await_end(
    events: &Receiver<Event>,
    mut awaited: Awaited<'_>,
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
        if &*event.slot != awaited.slot {
            continue;
        }
        awaited.learn(&event.kind);
        let text = match &event.kind {
            EventKind::Reported(report) if awaited.is_it(report.artifact) => {
                if !report.tried_again {
                    return ended(report, refused.as_deref());
                }
                refused.take().map(|it| it.to_string())
            }
            EventKind::Refused(refusal) if awaited.is_of_it(refusal) => {
                // Nothing is reported of what could not be read.
                match refusal.artifact {
                    None if refusal.tried_again => Some(refusal.to_string()),
                    None => return unread(refusal),
                    // Told when it is known whether it is the end.
                    Some(_) => {
                        refused = Some(Arc::clone(refusal));
                        None
                    }
                }
            }
            _ => worth_telling(&event),
        };
        if text.is_some_and(|text| !progress(&text)) {
            return End::Unknown;
        }
    }
}

fn ended(report: &Report, refused: Option<&Refusal>) -> End {
    let why = summary(report);
    match report.outcome {
        Outcome::Committed => End::Committed(why),
        outcome => {
            let text = refused.map_or_else(|| why.clone(), ToString::to_string);
            End::Not { outcome: word(outcome), why, text }
        }
    }
}

fn unread(refusal: &Refusal) -> End {
    let why = refusal.findings.join("; ");
    End::Not { outcome: word(Outcome::Rejected), why, text: refusal.to_string() }
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
