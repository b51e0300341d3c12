//! Artifacts that somebody offers, and what waits because upgrades are paused.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use hotswap_loader::fs::read_regular;
use hotswap_types::{ArtifactHash, Intent, ModuleVersion};

use super::{
    context::Context,
    offer::{Offered, Standing},
    slot::SlotSupervisor,
    table,
    trigger::Trigger,
};
use crate::{event::Refusal, upgrade::contents};

impl SlotSupervisor {
    /// Takes an artifact through an upgrade because somebody has asked for it, and says how it stands
    /// afterwards.
    pub(super) fn offer(
        &mut self,
        cx: &mut Context,
        path: PathBuf,
        intent: Intent,
    ) -> Result<Offered, String> {
        if cx.artifacts.is_none() {
            return Err("the host has no slot that takes artifacts".to_owned());
        }
        // What was seen there before may be judged otherwise by now.
        self.candidates.seen.remove(&path);
        self.candidates.unstaged.remove(&path);
        self.candidates.offered = Some((path.clone(), intent));
        let before = self.core.last_refusal();
        self.try_path(cx, path.clone(), Trigger::Operator);
        let (artifact, module) = self.identified(cx, &path);
        let standing = self.standing(&path, artifact, before.as_ref());
        Ok(Offered { path, artifact, module, standing })
    }

    /// What a file holds: as it was staged, or where it was not, as far as it can be read now.
    fn identified(
        &self,
        cx: &Context,
        path: &Path,
    ) -> (Option<ArtifactHash>, Option<ModuleVersion>) {
        let staged = self.candidates.seen.get(path).copied();
        let bytes = read_regular(path, cx.shared.config.max_artifact_bytes).ok();
        let found = bytes.as_deref().map(ArtifactHash::of);
        // Another one may lie there by now.
        let bytes = bytes.filter(|_| staged.is_none() || staged == found);
        let manifest = bytes.and_then(|bytes| contents(&bytes).ok()).map(|it| it.manifest);
        (staged.or(found), manifest.as_ref().map(ModuleVersion::from))
    }

    fn standing(
        &self,
        path: &Path,
        artifact: Option<ArtifactHash>,
        before: Option<&Arc<Refusal>>,
    ) -> Standing {
        let status = self.core.status();
        let later = |why: &str| Standing::Later { why: why.to_owned() };
        let is_tried = self.serving.kind() == table::Serving::OnTrial;
        let is_it = |other: Option<_>| artifact.is_some() && other == artifact;
        if let Some(serves) = status.serves.filter(|serves| is_it(serves.code.artifact)) {
            let generation = serves.code.generation;
            return if is_tried {
                Standing::OnTrial { generation }
            } else {
                Standing::Serves { generation }
            };
        }
        if let Some(canary) = status.canary.filter(|canary| is_it(canary.release.artifact)) {
            return Standing::Canary { generation: canary.generation, weight: canary.weight };
        }
        if self.core.deferred.contains(path) {
            return later(if is_tried {
                "a version is on trial; commit or rollback ends that"
            } else {
                "somebody goes back to an earlier one"
            });
        }
        // What was refused before this is none of its answer: that may have been cleared since.
        let is_new = |it: &Arc<Refusal>| {
            before.is_none_or(|before| !Arc::ptr_eq(before, it))
                || (it.tried_again && self.candidates.retry.as_deref() == Some(path))
        };
        let refused = status.last_refusal.filter(is_new);
        if !self.candidates.seen.contains_key(path) {
            return match refused {
                Some(refusal) => Standing::Refused(refusal),
                None if !path.exists() => later("there is no such file"),
                None => later("it is being written"),
            };
        }
        let pending = self.candidates.ready.as_ref().filter(|it| !it.schedule.is_next_try());
        if pending.is_some_and(|it| is_it(Some(it.candidate.artifact))) {
            return Standing::Pending;
        }
        if let Some(plan) = status.awaiting.filter(|plan| is_it(Some(plan.artifact))) {
            return Standing::AwaitsApproval(plan);
        }
        let refused = refused.filter(|refusal| is_it(refusal.artifact));
        let rejected = || artifact.and_then(|artifact| self.core.rejected.get(artifact));
        match refused.or_else(rejected) {
            Some(refusal) => Standing::Refused(refusal),
            None => Standing::UnderWay(status.phase),
        }
    }

    /// Whether an artifact that nobody has asked for has to wait until upgrades may begin again.
    pub(super) fn is_paused(&self, cx: &Context, trigger: Trigger) -> bool {
        let core = &self.core;
        let by_itself =
            matches!(trigger, Trigger::Watched | Trigger::Retry) && core.gate().is_some();
        by_itself && cx.shared.pauses.of(&core.name).is_some()
    }

    /// Upgrades may begin by themselves again.
    pub(super) fn resumed(&mut self, cx: &mut Context) {
        self.candidates.look_at_deferred();
        self.look_at_ready(cx);
    }
}
