//! What the worker writes into the journal, and what it keeps beside it.
//!
//! A line that a later run decides by is written before its deed, and durably: where that cannot be
//! done the upgrade is cancelled. What cannot be taken back any more is written afterwards, and told
//! where it could not be.

use std::{fs, io, sync::Arc, time::Instant};

use hotswap_abi::__private::text::in_full;
use hotswap_gate::Gate;
use hotswap_loader::fs::read_regular;
use hotswap_types::{ArtifactHash, BackupReason, Phase};

use super::{
    candidate::Candidate, context::Context, shared::Shared, slot::SlotSupervisor,
    slot_event::build_of, trigger::Trigger,
};
use crate::{
    event::EventKind,
    instance::{Code, Generation},
    journal::{Backup, JournalError, What},
    slot::SlotCore,
    snapshot::Snapshot,
    trust::{LARGEST, Trust, signature_of},
    upgrade::{Assessed, Fault, Handover, Prepared, copy_of_state},
};

impl Shared {
    /// Writes the state of what serves into the journal, which there is.
    pub(super) fn back_up(
        &self,
        slot: &SlotCore,
        state: &Snapshot,
        reason: BackupReason,
    ) -> Result<Backup, Fault> {
        let artifact = slot.gate().and_then(|gate| gate.current().1.code().artifact);
        let journal = self.journal.as_ref().expect("asked for where there is one");
        let backup = journal.lock().back_up(&slot.name, artifact, state, reason);
        let backup = backup.map_err(|error| unwritten(Phase::BackedUp, &error))?;
        self.tell(&slot.name, EventKind::BackedUp(backup.clone()));
        Ok(backup)
    }
}

impl SlotSupervisor {
    /// Backs up the state that is about to be replaced, where there is a whole one.
    pub(super) fn back_up_before(&mut self, cx: &mut Context) -> Result<bool, Fault> {
        let core = Arc::clone(&self.core);
        match whole_state(&core) {
            Ok(gate) => self.back_up(cx, &gate, BackupReason::Upgrade).map(|_| true),
            Err(_) => Ok(false),
        }
    }

    /// Says that a candidate is about to take over.
    pub(super) fn activating(
        &mut self,
        cx: &mut Context,
        candidate: &Candidate,
        prepared: &Prepared,
        is_late: bool,
    ) -> Result<(), Fault> {
        let shared = Arc::clone(&cx.shared);
        let (Some(journal), false) = (&shared.journal, candidate.trigger == Trigger::Recovery)
        else {
            return Ok(());
        };
        if is_late && matches!(prepared.handover, Handover::State { .. } | Handover::Drop { .. }) {
            self.back_up_before(cx)?;
        }
        let Some(build) = build_of(prepared.code()) else { return Ok(()) };
        if !journal.lock().artifact(build.artifact).exists()
            && let Some(copy) = prepared.code().copy()
        {
            // It has waited, and a commit of another slot has taken it for superfluous.
            let bytes = fs::read(copy).map_err(|error| uncopied(&error));
            let kept = bytes.and_then(|bytes| cx.keep(candidate, build.artifact, &bytes));
            kept.map_err(|fault| Fault { phase: Phase::Activated, ..fault })?;
        }
        let name = &self.core.name;
        let written = journal.lock().activating(name, build, candidate.asked_strategy.clone());
        written.map_err(|error| unwritten(Phase::Activated, &error))
    }

    /// The state of what is about to be committed is on disk before that is said.
    pub(super) fn back_up_committed(&mut self, cx: &mut Context, code: &Code) {
        if cx.shared.journal.is_some()
            && code.artifact.is_some()
            && code.generation > 1
            && let Ok(gate) = whole_state(&self.core)
            && let Err(fault) = self.back_up(cx, &gate, BackupReason::Upgrade)
        {
            let why = fault.findings.join("; ");
            cx.tell(&self.core.name, EventKind::NotBackedUp { why });
        }
    }

    /// Why somebody has gone back to it, where somebody has.
    pub(super) fn asked_for(&self, code: &Code) -> Option<String> {
        let reverting =
            self.candidates.reverting.as_ref().filter(|it| Some(it.to) == code.artifact);
        reverting.map(|it| it.why.clone())
    }

    /// Backs up the state because somebody wants it.
    pub(super) fn checkpoint(&mut self, cx: &mut Context) -> Result<Backup, String> {
        let gate = whole_state(&self.core)?;
        let backup = self.back_up(cx, &gate, BackupReason::Checkpoint);
        backup.map_err(|fault| fault.as_answer())
    }

    pub(super) fn back_up_at_interval(&mut self, cx: &mut Context) {
        let core = Arc::clone(&self.core);
        let backup = whole_state(&core).map(|gate| self.back_up(cx, &gate, BackupReason::Interval));
        self.next_backup = cx.next_backup();
        let why = match backup {
            Ok(Err(fault)) => Some(fault.findings.join("; ")),
            // There is none, or it is not whole, which was told.
            Ok(Ok(_)) | Err(_) => None,
        };
        let before = std::mem::replace(&mut self.told.not_backed_up, why.clone());
        if let Some(why) = why.filter(|why| before.as_ref() != Some(why)) {
            cx.tell(&core.name, EventKind::NotBackedUp { why });
        }
    }

    /// Backs up the state of what serves behind a gate that has ended.
    pub(super) fn back_up_last(&mut self, cx: &mut Context) {
        let core = Arc::clone(&self.core);
        let Ok(gate) = whole_state(&core) else { return };
        let state = copy_of_state(&gate, false, &cx.shared.config, &mut cx.steps);
        let written =
            state.and_then(|state| cx.shared.back_up(&core, &state, BackupReason::Upgrade));
        if let Err(fault) = written {
            cx.tell(&core.name, EventKind::NotBackedUp { why: fault.findings.join("; ") });
        }
    }

    /// Takes a copy of a state, and writes it.
    fn back_up(
        &mut self,
        cx: &mut Context,
        gate: &Arc<Gate<Generation>>,
        reason: BackupReason,
    ) -> Result<Backup, Fault> {
        let exclusive = self.core.interface.exclusive;
        let state = copy_of_state(gate, exclusive, &cx.shared.config, &mut cx.steps)?;
        cx.shared.back_up(&self.core, &state, reason)
    }
}

impl Context {
    /// Keeps an artifact that may be committed; returns whether there is a journal for it.
    pub(super) fn keep_artifact(
        &mut self,
        assessed: &Assessed,
        candidate: &Candidate,
    ) -> Result<bool, Fault> {
        let Some(journal) = &self.shared.journal else { return Ok(false) };
        let is_kept = journal.lock().named(&candidate.path).is_some();
        if !is_kept {
            let staged = &assessed.inspected.staged;
            let bytes = staged.content().map_err(|error| uncopied(&error))?;
            self.keep(candidate, staged.hash(), &bytes)?;
        }
        Ok(candidate.trigger != Trigger::Recovery)
    }

    /// Keeps an artifact, and its signature where artifacts must be signed.
    fn keep(
        &self,
        candidate: &Candidate,
        artifact: ArtifactHash,
        bytes: &[u8],
    ) -> Result<(), Fault> {
        let Some(journal) = &self.shared.journal else { return Ok(()) };
        let signature = match &self.shared.config.trust {
            Trust::Any => None,
            // It was sound a moment ago; one that is not any more is of no use.
            Trust::Minisign(minisign) => read_regular(&signature_of(&candidate.path), LARGEST)
                .ok()
                .filter(|signature| minisign.judge(signature, bytes).is_ok()),
        };
        let kept = journal.lock().keep(artifact, bytes, signature.as_deref());
        kept.map_err(|error| unwritten(Phase::BackedUp, &error))
    }

    /// Removes what a commit has made superfluous.
    pub(super) fn tidy_journal(&self) {
        if let Some(journal) = &self.shared.journal {
            journal.lock().tidy();
        }
    }

    /// The run ends in order.
    pub(super) fn ended(&self) {
        let Some(journal) = &self.shared.journal else { return };
        let ended = journal.lock().append_durable("", What::Ended);
        if let Err(error) = ended {
            tracing::warn!(error = in_full(&error), "the end is not in the journal");
        }
    }

    /// When the next backup is due.
    pub(super) fn next_backup(&self) -> Option<Instant> {
        let interval = self.shared.config.checkpoint_interval?;
        self.shared.journal.as_ref().map(|_| Instant::now() + interval)
    }
}

/// The gate of a slot whose state can be had and is whole; or why not.
pub(super) fn whole_state(core: &SlotCore) -> Result<Arc<Gate<Generation>>, String> {
    let gate = core.gate().cloned().ok_or("nothing serves yet")?;
    let instance = gate.current().1;
    if instance.code().manifest.state().is_none() {
        return Err("its module has no state".to_owned());
    }
    if core.is_abandoned() {
        return Err("callers were given up in its instance".to_owned());
    }
    if !instance.condition().is_free() {
        return Err("its own code hangs in it".to_owned());
    }
    if instance.condition().is_poisoned() {
        return Err("its instance has panicked and does not go on".to_owned());
    }
    Ok(gate)
}

fn uncopied(error: &io::Error) -> Fault {
    let finding = format!("the private copy cannot be read: {error}");
    Fault::cancelled(Phase::BackedUp, finding, "look after the private folder")
}

fn unwritten(phase: Phase, error: &JournalError) -> Fault {
    Fault::cancelled(
        phase,
        format!("journal  {}", in_full(error)),
        "make room for the journal, or bring its folder back and let the host write there",
    )
}
