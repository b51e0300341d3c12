//! Back to what was, on request: who is answered when, and what is left of it.

use hotswap_types::ArtifactHash;

use super::Candidates;
use crate::{
    event::{Exit, Refusal},
    supervisor::{
        effect::{Effect, Effects},
        state::{GoingBack, Reverting, Work},
        table,
        trigger::Trigger,
    },
};

impl<W: Work> Candidates<W> {
    /// Answers who waits for a revert, if it is over: one that is rehearsed is not.
    pub(in crate::supervisor) fn answer_revert(&mut self, why_not: Option<String>) -> Effects<W> {
        if self.progress.kind() == table::Progress::RehearsingRevert {
            return Vec::new();
        }
        let Some(GoingBack { to, path, rejected, reply }) = self.going_back.take() else {
            return Vec::new();
        };
        let artifact = to.artifact;
        if self.serves() == Some(artifact) {
            self.look_at_deferred();
            return vec![Effect::Answer(reply, Ok(()))];
        }
        // Whoever has asked is told, and may ask again.
        self.paths.cancel(&path);
        self.cancelled.cancel(&path);
        let mut effects = vec![Effect::WithdrawFloor(to.module, to.version)];
        if self.ready.as_ref().is_some_and(|it| it.candidate.trigger == Trigger::Revert) {
            effects.extend(self.set_ready(None));
        }
        self.retry.take_if(|it| *it == path);
        self.reverting = None;
        if let Some(refusal) = rejected {
            self.core.rejected.insert(artifact, refusal);
        }
        let last = self.core.last_refusal().filter(|it| it.artifact == Some(artifact));
        let said = why_not
            .or_else(|| last.map(|refusal| refusal.to_string()))
            .unwrap_or_else(|| "its file in the journal's folder cannot be taken".to_owned());
        effects.push(Effect::Answer(reply, Err(said)));
        self.try_older(&path);
        self.look_at_deferred();
        effects
    }

    /// What is gone back to was refused for good: it was to go below its floor this once.
    pub(in crate::supervisor) fn revert_refused(&mut self, refusal: &Refusal) -> Option<Effect<W>> {
        let is_over =
            |it: &mut Reverting| Some(it.to) == refusal.artifact && refusal.exit != Exit::Cancelled;
        self.reverting.take_if(is_over)?;
        let module = refusal.module.as_ref()?;
        Some(Effect::WithdrawFloor(module.name.clone(), module.version.clone()))
    }

    /// The rejection is forgotten that an artifact had which is gone back to.
    pub(in crate::supervisor) fn forget(&mut self, artifact: ArtifactHash) -> bool {
        let going_back = self.going_back.as_mut().filter(|it| it.to.artifact == artifact);
        going_back.is_some_and(|it| it.rejected.take().is_some())
    }
}
