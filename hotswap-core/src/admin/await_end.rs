//! Waits for the end of an upgrade, and tells what happens until then.

use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use hotswap_loader::fs::read_regular;
use hotswap_types::{ArtifactHash, Outcome, Phase};

use super::asker::Asker;
use crate::{
    event::{Event, EventKind, Refusal},
    operator::{Operator, SlotStatus, Status},
    report::Report,
};

/// How an upgrade has ended.
pub(super) enum End {
    /// What was asked for is the stable version.
    Committed(String),
    /// It is not: in a word, on a line, and as it was refused.
    Not { outcome: &'static str, why: String, refusal: Option<Arc<Refusal>> },
    /// Nobody waits for it any more, or the host ends.
    Unknown,
}

/// How often the host looks whether the client is still there, and whether the upgrade still goes
/// on; only while a client waits.
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

    /// How it has ended, where nothing is told of that: the host has nothing to do with it any more,
    /// and its file holds something else, or is gone.
    fn left(&self, slot: &SlotStatus) -> Option<End> {
        let refused = slot.last_refusal.as_ref().filter(|it| self.is_of_it(it));
        let serves = slot.serving.as_ref().and_then(|it| it.release.artifact);
        let goes_on = slot.deferred.iter().any(|it| it == self.file)
            || slot.phase.is_some()
            || slot.awaiting.is_some()
            || slot.pending.is_some()
            || (slot.trial.is_some() && self.artifact == serves)
            || slot.canary.as_ref().is_some_and(|it| it.release.artifact == self.artifact)
            || refused.is_some_and(|it| it.tried_again);
        let not =
            |outcome, why: &str| Some(End::Not { outcome, why: why.to_owned(), refusal: None });
        match self.artifact {
            _ if goes_on => None,
            Some(artifact) if serves == Some(artifact) => {
                Some(End::Committed("it serves".to_owned()))
            }
            _ if !self.file.exists() => {
                not("withdrawn", "its file was removed, and the host has nothing to do with it")
            }
            Some(artifact) => {
                let found = read_regular(self.file, u64::MAX).ok()?;
                if ArtifactHash::of(&found) == artifact {
                    return None;
                }
                not("superseded", "its file holds another artifact by now")
            }
            None => None,
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
    operator: &Operator,
    events: &Receiver<Event>,
    awaited: &mut Awaited<'_>,
    asker: &mut Asker<'_>,
) -> End {
    let mut refused: Option<Arc<Refusal>> = None;
    let mut left = 0;
    loop {
        let event = match events.recv_timeout(LOOKS) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) if (asker.is_gone)() => return End::Unknown,
            Err(RecvTimeoutError::Timeout) => {
                let Status { failed, mut slots, .. } = operator.status();
                if failed {
                    return End::Unknown;
                }
                slots.retain(|slot| slot.name == awaited.slot);
                match slots.first().and_then(|slot| awaited.left(slot)) {
                    // Not in the moment between two of the host's steps.
                    Some(end) if left > 0 => return end,
                    Some(_) => left += 1,
                    None => left = 0,
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return End::Unknown,
        };
        left = 0;
        if &*event.slot != awaited.slot {
            continue;
        }
        awaited.learn(&event.kind);
        let text = match &event.kind {
            EventKind::Reported(report) if awaited.is_it(report.artifact) => {
                if !report.tried_again {
                    return ended(report, refused);
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
        if text.is_some_and(|text| !(asker.progress)(&text)) {
            return End::Unknown;
        }
    }
}

fn ended(report: &Report, refusal: Option<Arc<Refusal>>) -> End {
    let why = summary(report);
    match report.outcome {
        Outcome::Committed => End::Committed(why),
        outcome => End::Not { outcome: outcome.word(), why, refusal },
    }
}

fn unread(refusal: &Arc<Refusal>) -> End {
    let (why, refusal) = (refusal.findings.join("; "), Some(Arc::clone(refusal)));
    End::Not { outcome: Outcome::Rejected.word(), why, refusal }
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
    match report.why().as_str() {
        "" => report.outcome.to_string(),
        why => format!("{}: {why}", report.outcome),
    }
}
