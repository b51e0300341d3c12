//! How an upgrade ended: what is told, what is remembered, what is left to do.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use super::Worker;
use crate::{
    event::{EventKind, Exit, Live, Phase, Refusal},
    slot::Serves,
    upgrade::{Applied, ArtifactHash, Fault, StageError},
};

/// How many rejected artifacts a slot remembers.
const MOST_REJECTED: usize = 1024;

/// Who an artifact is, as far as that is known when it is refused.
pub(super) struct Identity<'a> {
    pub(super) path: &'a Path,
    pub(super) artifact: Option<ArtifactHash>,
    pub(super) module: Option<(String, semver::Version)>,
}

impl Worker {
    pub(super) fn live(&mut self, index: usize, applied: Applied, begun: Instant) {
        let Applied { code, state, pause, restored, old } = applied;
        let slot = Arc::clone(&self.slots[index].core);
        slot.set_live(&code);
        slot.set_abandoned(false);
        let live = Live {
            generation: code.generation,
            module: code.manifest.module.clone(),
            version: code.manifest.version.clone(),
            artifact: code.artifact,
            took: begun.elapsed(),
            pause,
            state,
            restored,
        };
        if let Some(checkpoint) = slot.take_checkpoint()
            && let Err(error) = checkpoint.use_up()
        {
            tracing::warn!(slot = &*slot.name, %error, "a checkpoint stays that was restored");
        }
        self.tell(&slot.name, EventKind::Live(live));
        slot.set_told();
        let (retained, most) = (slot.retained(), self.shared.config.retained_warning);
        if most > 0 && retained > 0 && retained.is_multiple_of(most) {
            self.tell(&slot.name, EventKind::ManyGenerations { retained });
        }
        if let Some(old) = old {
            let number = old.number;
            self.slots[index].retiring.push(old);
            self.retire(index, number);
        }
    }

    pub(super) fn retire(&mut self, index: usize, number: u64) {
        let slot = &mut self.slots[index];
        let place = slot.retiring.iter().position(|retiring| retiring.number == number);
        let (Some(place), Some(gate)) = (place, slot.core.gate().cloned()) else { return };
        let retiring = slot.retiring.swap_remove(place);
        let deadline = Instant::now() + self.shared.config.work_deadline;
        match retiring.retire(&gate, &mut self.steps, deadline) {
            Ok(outcome) => {
                self.leaving.cancel(&(index, number));
                let name = Arc::clone(&self.slots[index].core.name);
                self.tell(&name, EventKind::Retired { generation: number, outcome });
            }
            Err(retiring) => {
                self.slots[index].retiring.push(retiring);
                self.leaving.again((index, number), Instant::now());
            }
        }
    }

    /// Refuses an artifact; one that is not to blame is tried again.
    pub(super) fn refuse_and_retry(
        &mut self,
        index: usize,
        identity: Identity<'_>,
        fault: Fault,
        key: (usize, PathBuf),
    ) {
        self.retry(index, fault.exit, key);
        self.refuse(index, identity, fault);
    }

    /// What is not to blame is tried again.
    pub(super) fn retry(&mut self, index: usize, exit: Exit, key: (usize, PathBuf)) {
        self.slots[index].retry = None;
        if exit == Exit::Cancelled {
            self.slots[index].retry = Some(key.1.clone());
            self.cancelled.again(key, Instant::now());
        } else {
            // What was cancelled there before is gone.
            self.cancelled.cancel(&key);
        }
    }

    pub(super) fn refuse(&mut self, index: usize, identity: Identity<'_>, fault: Fault) {
        let slot = &mut self.slots[index];
        let refusal = Arc::new(Refusal {
            slot: slot.core.name.to_string(),
            module: identity.module,
            artifact: identity.artifact,
            path: identity.path.display().to_string(),
            phase: fault.phase,
            exit: fault.exit,
            serving: slot.core.serves().map(|serves: Serves| serves.serving()),
            state: "state untouched".to_owned(),
            findings: fault.findings,
            advice: fault.advice,
        });
        if let (Exit::Rejected, Some(artifact)) = (refusal.exit, refusal.artifact) {
            if slot.rejected.len() >= MOST_REJECTED {
                slot.rejected.clear();
            }
            slot.rejected.insert(artifact, Arc::clone(&refusal));
        }
        self.told_refused(index, refusal);
    }

    pub(super) fn told_refused(&self, index: usize, refusal: Arc<Refusal>) {
        let core = &self.slots[index].core;
        core.set_refused(&refusal);
        self.tell(&core.name, EventKind::Refused(refusal));
        self.give_up(index);
    }

    /// Where one try is all there is, a slot that has nothing to serve is given up.
    pub(super) fn give_up(&self, index: usize) {
        let core = &self.slots[index].core;
        if self.shared.config.one_try && core.gate().is_none() {
            core.set_over();
        }
    }

    pub(super) fn tell(&self, slot: &str, kind: EventKind) {
        self.shared.tell(slot, kind);
    }
}

pub(super) fn unstaged(error: &StageError) -> Fault {
    let mut text = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        text = format!("{text}: {source}");
    }
    if error.is_hosts_fault() {
        let advice = match error {
            StageError::Read { .. } => "raise the limit of open files (`ulimit -n`), or close some",
            _ => "make room, or mend the private folder",
        };
        return Fault::cancelled(Phase::Staged, text, advice);
    }
    let advice = match error {
        StageError::TooLarge { .. } => "allow more with Config::with_max_artifact_bytes",
        StageError::NotARegularFile { .. } => "put a regular file there",
        StageError::Empty { .. } => "build it again",
        _ => "make it readable for the host",
    };
    Fault::rejected(Phase::Staged, text, advice)
}
