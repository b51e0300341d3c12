//! An artifact on its way through an upgrade: where it has come from, and who hears how far it is.
//!
//! A candidate is begun where an artifact was staged, and goes with it from hand to hand: through a
//! rehearsal, an approval, and what may come before its next try.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc::SyncSender},
    time::Instant,
};

use hotswap_types::{ArtifactHash, ModuleVersion, Strategy};

use super::{context::Context, slot_event::SlotEvent, trigger::Trigger};
use crate::{
    event::EventKind,
    slot::SlotCore,
    trust::Signed,
    upgrade::{Upgrade, UpgradeEvent},
};

/// An artifact on its way through an upgrade.
pub(super) struct Candidate {
    pub(super) slot: Arc<SlotCore>,
    pub(super) artifact: ArtifactHash,
    pub(super) path: PathBuf,
    /// When it was detected.
    pub(super) begun: Instant,
    pub(super) trigger: Trigger,
    /// The key that has signed it, and the comment.
    pub(super) signed: Option<Signed>,
    /// Once its manifest was read.
    pub(super) module: Option<ModuleVersion>,
    /// Once it is loaded; 0 before.
    pub(super) generation: u64,
    /// Somebody has said yes to its plan.
    pub(super) approved: Option<Answer>,
    /// The strategy that somebody has wanted for it when it was looked at; its plan says so. The slot can
    /// follow it: who asks for another one is refused.
    pub(super) asked_strategy: Option<Strategy>,
    span: tracing::Span,
}

/// Who an artifact is, as far as that is known when it is refused.
pub(super) struct Identity<'a> {
    pub(super) path: &'a Path,
    pub(super) artifact: Option<ArtifactHash>,
    pub(super) module: Option<ModuleVersion>,
}

/// Somebody waits until an upgrade is over, however it comes out: that is when this is dropped.
pub(super) struct Answer(Reply);

/// Whether there is such an upgrade; or why it does not begin now.
pub(super) type Reply = SyncSender<Result<bool, String>>;

impl Answer {
    /// There is such an upgrade.
    pub(super) const fn new(reply: Reply) -> Self {
        Self(reply)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // Fails only when nobody waits.
        let _ = self.0.try_send(Ok(true));
    }
}

impl Candidate {
    /// An artifact was staged for a slot.
    pub(super) fn new(
        slot: &Arc<SlotCore>,
        artifact: ArtifactHash,
        path: &Path,
        begun: Instant,
        trigger: Trigger,
    ) -> Self {
        let span = tracing::info_span!("upgrade", slot = &*slot.name, artifact = artifact.short());
        Self {
            slot: Arc::clone(slot),
            artifact,
            path: path.to_owned(),
            begun,
            trigger,
            signed: None,
            module: None,
            generation: 0,
            approved: None,
            asked_strategy: None,
            span,
        }
    }

    /// Something happens to its slot because of it.
    pub(super) fn emit(&self, cx: &Context, event: SlotEvent) {
        cx.shared.emit(&self.slot, self.trigger == Trigger::Recovery, event);
    }

    /// The span that its upgrade is in.
    pub(super) fn span(&self) -> tracing::Span {
        self.span.clone()
    }

    /// Who it is, if it is refused.
    pub(super) fn identity(&self) -> Identity<'_> {
        Identity { path: &self.path, artifact: Some(self.artifact), module: self.module.clone() }
    }

    /// How callers come to it.
    pub(super) fn strategy(&self) -> &Strategy {
        static SMOOTH: Strategy = Strategy::smooth();
        match self.trigger {
            // Somebody who goes back wants the version that is known to be good.
            Trigger::Recovery | Trigger::Revert => &SMOOTH,
            _ => self.asked_or_own(),
        }
    }

    /// How callers come to it, unless it is gone back to.
    pub(super) fn asked_or_own(&self) -> &Strategy {
        self.asked_strategy.as_ref().unwrap_or(&self.slot.settings.strategy)
    }

    /// It has waited: what was done before may be old.
    pub(super) fn set_late(&mut self) {
        if self.trigger == Trigger::Watched {
            self.trigger = Trigger::Retry;
        }
    }
}

impl Context {
    /// Does a part of a candidate's upgrade. Each phase that it reaches is told.
    pub(super) fn upgrade<T>(
        &mut self,
        candidate: &Candidate,
        part: impl FnOnce(&mut Upgrade<'_>) -> T,
    ) -> T {
        let Candidate { slot, artifact, generation, trigger, .. } = candidate;
        let (artifact, generation) = (*artifact, *generation);
        let (shared, is_recovery) = (&self.shared, *trigger == Trigger::Recovery);
        let mut emit = |event: UpgradeEvent<'_>| match event {
            UpgradeEvent::Reached(phase) => {
                shared.emit(slot, is_recovery, SlotEvent::Reached { artifact, generation, phase });
            }
            UpgradeEvent::Draining(stuck) => {
                let inside = stuck.inside().iter().map(ToString::to_string).collect();
                shared.tell(&slot.name, EventKind::Draining { artifact, inside });
            }
        };
        let (config, steps) = (&shared.config, &mut self.steps);
        part(&mut Upgrade { slot, config, steps, emit: &mut emit })
    }

    /// Does something with a slot's instances that is no candidate's upgrade.
    pub(super) fn in_slot<T>(
        &mut self,
        slot: &SlotCore,
        part: impl FnOnce(&mut Upgrade<'_>) -> T,
    ) -> T {
        let (config, steps) = (&self.shared.config, &mut self.steps);
        part(&mut Upgrade { slot, config, steps, emit: &mut |_| {} })
    }
}
