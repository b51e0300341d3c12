//! Artifacts that somebody offers, and what waits because upgrades are paused.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use hotswap_loader::fs::read_regular;
use hotswap_types::{ArtifactHash, Intent, ModuleVersion};

use super::{Way, Worker, trials::OnTrial};
use crate::{
    event::Refusal,
    host::{Offered, Standing},
    upgrade::contents,
};

impl Worker {
    /// Takes an artifact through an upgrade because somebody has asked for it, and says how it stands
    /// afterwards.
    pub(super) fn offer(
        &mut self,
        name: &str,
        path: PathBuf,
        intent: Intent,
    ) -> Result<Offered, String> {
        let index = self.slots.iter().position(|slot| &*slot.core.name == name);
        let index = index.ok_or("the slot was not opened")?;
        if self.artifacts.is_none() {
            return Err("the host has no slot that takes artifacts".to_owned());
        }
        // What was seen there before may be judged otherwise by now.
        self.slots[index].seen.remove(&path);
        self.slots[index].unstaged.remove(&path);
        self.slots[index].offered = Some((path.clone(), intent));
        let before = self.slots[index].core.glance().last_refusal;
        self.try_path(index, path.clone(), Way::Offered);
        let (artifact, module) = self.identified(index, &path);
        let standing = self.standing(index, &path, artifact, before.as_ref());
        Ok(Offered { path, artifact, module, standing })
    }

    /// What a file holds: as it was staged, or where it was not, as far as it can be read now.
    fn identified(
        &self,
        index: usize,
        path: &Path,
    ) -> (Option<ArtifactHash>, Option<ModuleVersion>) {
        let staged = self.slots[index].seen.get(path).copied();
        let bytes = read_regular(path, self.shared.config.max_artifact_bytes).ok();
        let found = bytes.as_deref().map(ArtifactHash::of);
        // Another one may lie there by now.
        let bytes = bytes.filter(|_| staged.is_none() || staged == found);
        let manifest = bytes.and_then(|bytes| contents(&bytes).ok()).map(|it| it.manifest);
        (staged.or(found), manifest.as_ref().map(ModuleVersion::from))
    }

    fn standing(
        &self,
        index: usize,
        path: &Path,
        artifact: Option<ArtifactHash>,
        before: Option<&Arc<Refusal>>,
    ) -> Standing {
        let slot = &self.slots[index];
        let glance = slot.core.glance();
        let later = |why: &str| Standing::Later { why: why.to_owned() };
        let is_tried = slot.trial.as_ref().is_some_and(OnTrial::has_way_back);
        let is_it = |other: Option<_>| artifact.is_some() && other == artifact;
        if let Some(serves) = glance.serves.filter(|serves| is_it(serves.code.artifact)) {
            let generation = serves.code.generation;
            return if is_tried {
                Standing::OnTrial { generation }
            } else {
                Standing::Serves { generation }
            };
        }
        if slot.core.held.contains(path) {
            return later(if is_tried {
                "a version is on trial"
            } else {
                "somebody goes back to an earlier one"
            });
        }
        // What was refused before this is none of its answer: that may have been cleared since.
        let is_new = |it: &Arc<Refusal>| {
            before.is_none_or(|before| !Arc::ptr_eq(before, it))
                || (it.tried_again && slot.retry.as_deref() == Some(path))
        };
        let refused = glance.last_refusal.filter(is_new);
        if !slot.seen.contains_key(path) {
            return match refused {
                Some(refusal) => Standing::Refused(refusal),
                None if !path.exists() => later("there is no such file"),
                None => later("it is being written"),
            };
        }
        let pending = slot.waiting.as_ref().filter(|it| !it.waits.is_next_try());
        if pending.is_some_and(|it| is_it(it.prepared.code().artifact)) {
            return Standing::Pending;
        }
        if let Some(plan) = glance.awaiting.filter(|plan| is_it(Some(plan.artifact))) {
            return Standing::AwaitsApproval(plan);
        }
        let refused = refused.filter(|refusal| is_it(refusal.artifact));
        let rejected = || artifact.and_then(|artifact| slot.core.rejected.get(artifact));
        match refused.or_else(rejected) {
            Some(refusal) => Standing::Refused(refusal),
            None => Standing::UnderWay(glance.phase),
        }
    }

    /// Whether an artifact that nobody has asked for has to wait until upgrades may begin again.
    pub(super) fn is_paused(&self, index: usize, way: Way) -> bool {
        let core = &self.slots[index].core;
        let by_itself = matches!(way, Way::Found | Way::Again) && core.gate().is_some();
        by_itself && self.shared.pauses.of(&core.name).is_some()
    }

    /// Upgrades may begin by themselves again.
    pub(super) fn resumed(&mut self) {
        for index in 0..self.slots.len() {
            self.look_at_held(index);
            self.look_at_ready(index);
        }
    }
}
