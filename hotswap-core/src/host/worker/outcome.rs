//! How an upgrade ended: what is told, what is remembered, what is left to do.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_abi::__private::text::in_full;
use hotswap_loader::UnloadEvent;
use hotswap_types::{ArtifactHash, ModuleVersion, Phase};
use hotswap_watch::Retry;

use super::{Open, Way, Worker, course::Course};
use crate::{
    event::{EventKind, Exit, Live, Refusal, Retirement},
    floors::FloorsError,
    instance::{Code, Resident, Stage},
    slot::{Serves, SlotCore, holders},
    system::cause,
    upgrade::{Applied, Fault, Retiring, StageError},
};

/// How long callers may keep a generation before that is told.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who an artifact is, as far as that is known when it is refused.
pub(super) struct Identity<'a> {
    pub(super) path: &'a Path,
    pub(super) artifact: Option<ArtifactHash>,
    pub(super) module: Option<ModuleVersion>,
}

impl Worker {
    /// What became of the fields of a state that was carried by name.
    pub(super) fn tell_carried(&self, slot: &SlotCore) {
        let news = slot.undo.lock().take_news();
        if let Some(fields) = news {
            self.tell(&slot.name, EventKind::Carried(fields));
        }
    }

    /// A version has begun to serve: on trial, or for good.
    ///
    /// A crash must not undo what subscribers were told: the journal has the commit, and the floor of
    /// the module is raised, before [`Phase::Committed`] is emitted. [`commit`](Self::commit) does the
    /// same after a trial.
    pub(super) fn live(&mut self, index: usize, applied: Applied, begun: Instant, way: Way) {
        let has_way_back = applied.has_way_back();
        let Applied { code, state, pause, restored, old } = applied;
        let slot = Arc::clone(&self.slots[index].core);
        slot.set_live(&code);
        // From now on values of its types may be in what is lent.
        let packages = code.manifest.packages.iter().filter(|it| !self.lent.contains(it));
        let packages: Vec<_> = packages.cloned().collect();
        self.lent.extend(packages);
        if let Some(resident) = code.resident() {
            resident.set_stage(Stage::Serves);
        }
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
        let is_tried = has_way_back && self.shared.config.trial_of(&slot.name).is_some();
        self.slots[index].next_backup = self.next_backup();
        if !is_tried {
            self.committed(index, &code, way, "");
        }
        let raised = if is_tried { Ok(()) } else { self.floor_raised(&code) };
        if let Some(artifact) = code.artifact {
            let phase = if is_tried { Phase::Trial } else { Phase::Committed };
            self.shared.note_phase(&slot.name, way, artifact, phase);
            self.tell(&slot.name, EventKind::Phase { artifact, phase });
        }
        let (previous, old) = if is_tried { (old, None) } else { (None, old) };
        self.begin_trial(index, previous);
        if let Some(recovered) = self.slots[index].recovered.take_if(|_| way == Way::Recovered) {
            self.tell(&slot.name, EventKind::Recovered(recovered));
        }
        self.tell(&slot.name, EventKind::Live(live));
        self.tell_carried(&slot);
        self.tell_floor(&slot, raised);
        slot.set_told();
        let (retained, most) = (slot.residents.count(), self.shared.config.retained_warning);
        if most > 0 && retained > 0 && retained.is_multiple_of(most) {
            self.tell(&slot.name, EventKind::ManyGenerations { retained });
        }
        if let Some(old) = old {
            self.retire_now(index, old);
        }
        if !is_tried {
            self.reverted(index, &code);
        }
    }

    /// Nothing older than what is committed serves any more.
    pub(super) fn floor_raised(&mut self, code: &Code) -> Result<(), FloorsError> {
        match code.artifact {
            Some(_) => self.floors.committed(&code.manifest.module, &code.manifest.version),
            None => Ok(()),
        }
    }

    pub(super) fn tell_floor(&self, slot: &SlotCore, raised: Result<(), FloorsError>) {
        if let Err(error) = raised {
            self.tell(&slot.name, EventKind::FloorNotRaised { why: in_full(&error) });
        }
    }

    pub(super) fn retire_now(&mut self, index: usize, retiring: Retiring) {
        let number = retiring.number;
        self.slots[index].retiring.push(retiring);
        self.retire(index, number);
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
                if let Some(outcome) = outcome {
                    self.tell(&name, EventKind::Retired { generation: number, outcome });
                }
            }
            Err(retiring) => {
                self.tell_held(index, &retiring);
                self.slots[index].retiring.push(retiring);
                self.leaving.again((index, number), Instant::now());
            }
        }
    }

    /// Says once who keeps a generation from being unloaded, when that takes a while.
    fn tell_held(&mut self, index: usize, retiring: &Retiring) {
        let core = Arc::clone(&self.slots[index].core);
        let (Some(gate), Some(resident)) = (core.gate(), retiring.resident()) else { return };
        let waits = resident.replaced().is_some_and(|at| at.elapsed() >= PATIENCE);
        if waits && retiring.is_unloaded() && resident.tell_once() {
            let outcome = Retirement::Retained { by: holders(resident, Some(gate)) };
            self.tell(&core.name, EventKind::Retired { generation: retiring.number, outcome });
        }
    }

    /// What becomes of a generation that nobody owns any more.
    pub(super) fn heard(&mut self, name: &str, resident: &Arc<Resident>, news: UnloadEvent) {
        let Some(index) = self.slots.iter().position(|slot| &*slot.core.name == name) else {
            return;
        };
        let core = Arc::clone(&self.slots[index].core);
        let (outcome, is_gone) = match news {
            UnloadEvent::Draining => {
                self.steps.renew();
                return;
            }
            // Told before, or never in use.
            UnloadEvent::Retained(_) => return,
            UnloadEvent::Held(by) if resident.tell_once() => (Retirement::Retained { by }, false),
            UnloadEvent::Held(_) => return,
            UnloadEvent::Slow(by) => {
                let (slot, generation) = (name, resident.number);
                let holders: Vec<_> = by.iter().map(ToString::to_string).collect();
                tracing::warn!(
                    slot,
                    generation,
                    module = %resident.module.name,
                    version = %resident.module.version,
                    "destructors of thread-locals take long: {}",
                    holders.join("; ")
                );
                (Retirement::Retained { by }, false)
            }
            UnloadEvent::Stuck(holder) => (Retirement::Retained { by: vec![holder] }, false),
            UnloadEvent::Unloaded => (Retirement::Unloaded, true),
        };
        if resident.has_served() {
            let generation = resident.number;
            self.tell(&core.name, EventKind::Retired { generation, outcome });
        }
        let slot = &mut self.slots[index];
        if is_gone
            && core.residents.count() + 1 == self.shared.config.generation_cap
            && let Some(path) = slot.retry.clone()
        {
            // There was no room for it.
            self.try_again(index, path);
        }
    }

    /// Refuses an artifact; one that is not to blame is tried again.
    pub(super) fn refuse_and_retry(&mut self, index: usize, course: &Course, fault: Fault) {
        let fault = self.retry(index, (index, course.path.clone()), fault);
        self.refuse(index, course.identity(), fault);
    }

    /// What is not to blame is tried again where that may help, but not for ever.
    fn retry(&mut self, index: usize, key: (usize, PathBuf), fault: Fault) -> Fault {
        self.slots[index].retry = None;
        if fault.is_tried_again() {
            self.slots[index].retry = Some(key.1.clone());
            if self.cancelled.again(key, Instant::now()) == Retry::OnNextEvent {
                return fault.given_up();
            }
        } else {
            // What was cancelled there before is gone.
            self.cancelled.cancel(&key);
        }
        fault
    }

    pub(super) fn refuse(&mut self, index: usize, identity: Identity<'_>, fault: Fault) {
        let refusal = refusal(&self.slots[index].core, identity, fault);
        self.quarantine(index, refusal);
    }

    /// Tells of an artifact that was not taken or not kept; one that is to blame is not tried again.
    pub(super) fn quarantine(&mut self, index: usize, refusal: Refusal) {
        self.journal_refusal(index, &refusal);
        let (slot, refusal) = (&mut self.slots[index], Arc::new(refusal));
        // What was not staged may be: that is not in the artifact's bytes.
        if let (Exit::Rejected | Exit::RolledBack, Some(artifact)) =
            (refusal.exit, refusal.artifact)
            && refusal.phase != Phase::Staged
        {
            slot.core.rejected.insert(artifact, Arc::clone(&refusal));
        }
        self.told_refused(index, refusal);
    }

    pub(super) fn told_refused(&mut self, index: usize, refusal: Arc<Refusal>) {
        let again = refusal.again && self.build_again(index);
        let refusal = if again {
            let advice = "nothing; it is built again by itself".to_owned();
            Arc::new(Refusal { advice, ..(*refusal).clone() })
        } else {
            refusal
        };
        let core = &self.slots[index].core;
        core.set_refused(&refusal);
        let slot = &self.slots[index];
        // It may have been another one that was refused.
        match (&slot.rehearsing, &slot.awaiting) {
            (Some(_), _) => core.set_phase(Some(Phase::Rehearsed)),
            (_, Some(_)) => core.set_phase(Some(Phase::AwaitingApproval)),
            (None, None) => {}
        }
        self.tell(&core.name, EventKind::Refused(refusal));
        if !again {
            self.give_up(index);
        }
    }

    #[cfg(not(feature = "cargo"))]
    #[expect(clippy::unused_self, reason = "the other one uses it")]
    fn build_again(&self, _: usize) -> bool {
        false
    }

    /// Where one try is all there is, a slot that has nothing to serve is given up.
    pub(super) fn give_up(&self, index: usize) {
        let Open { core, rehearsing, .. } = &self.slots[index];
        if self.shared.config.one_try && core.gate().is_none() && rehearsing.is_none() {
            core.set_over();
        }
    }

    /// An artifact is not gone on with, and is not to blame.
    pub(super) fn called_off(&self, index: usize, artifact: ArtifactHash, why: &str) {
        let core = &self.slots[index].core;
        let serving = core.serves().map(|serves| serves.serving());
        self.shared.called_off(&core.name, artifact, why, serving);
    }

    pub(super) fn tell(&self, slot: &str, kind: EventKind) {
        self.shared.tell(slot, kind);
    }
}

impl Worker {
    /// Refuses an artifact that cannot be taken from its place, once for each reason: one change of
    /// a file is often several events.
    pub(super) fn refuse_unstaged(
        &mut self,
        index: usize,
        path: &Path,
        artifact: Option<ArtifactHash>,
        fault: Fault,
    ) {
        let (slot, found) = (&mut self.slots[index], (artifact, fault.findings.clone()));
        slot.seen.remove(path);
        let is_told = slot.unstaged.insert(path.to_owned(), found.clone()) == Some(found);
        // The next try begins with the file, not with what it held before.
        if slot.waiting.as_ref().is_some_and(|waiting| waiting.waits.is_next_try()) {
            self.set_waiting(index, None);
        }
        let fault = self.retry(index, (index, path.to_owned()), fault);
        if !is_told {
            self.refuse(index, Identity { path, artifact, module: None }, fault);
        }
    }
}

/// A fault as it is told: what it is of, and what serves meanwhile.
pub(super) fn refusal(core: &SlotCore, of: Identity<'_>, fault: Fault) -> Refusal {
    let tried_again = fault.is_tried_again();
    let Identity { path, artifact, module } = of;
    let Fault { phase, exit, findings, advice, again } = fault;
    Refusal {
        slot: core.name.to_string(),
        module,
        artifact,
        path: path.display().to_string(),
        phase,
        exit,
        serving: core.serves().map(|serves: Serves| serves.serving()),
        state: "state untouched".to_owned(),
        findings,
        advice,
        tried_again,
        again,
    }
}

pub(super) fn unstaged(error: &StageError) -> Fault {
    let mut text = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        text = format!("{text}: {source}");
    }
    if error.is_hosts_fault() {
        let advice = match error {
            StageError::Read { source, .. } | StageError::Write { source, .. } => {
                cause::remedy(source)
            }
            _ => "make room, or choose another private folder",
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
