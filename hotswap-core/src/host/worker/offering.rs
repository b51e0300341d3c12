//! Artifacts that somebody offers, and what waits because upgrades are paused.

use std::{path::PathBuf, sync::Arc};

use super::{Way, Worker, trials::OnTrial};
use crate::{
    event::Refusal,
    host::{Offered, Standing},
    plan::Intent,
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
        Ok(self.standing(index, &path, before.as_ref()))
    }

    fn standing(&self, index: usize, path: &PathBuf, before: Option<&Arc<Refusal>>) -> Offered {
        let slot = &self.slots[index];
        let glance = slot.core.glance();
        let later = |why: &str| Standing::Later { why: why.to_owned() };
        let is_tried = slot.trial.as_ref().is_some_and(OnTrial::has_way_back);
        let first =
            if is_tried { "a version is on trial" } else { "somebody goes back to an earlier one" };
        let Some(artifact) = slot.seen.get(path).copied() else {
            let is_new = |it: &Arc<Refusal>| before.is_none_or(|before| !Arc::ptr_eq(before, it));
            let standing = match glance.last_refusal.filter(is_new) {
                _ if slot.core.held.contains(path) => later(first),
                Some(refusal) => Standing::Refused(refusal),
                None if !path.exists() => later("there is no such file"),
                None => later("it is being written"),
            };
            return Offered { artifact: None, standing };
        };
        let is_it = |other: Option<_>| other == Some(artifact);
        let pending = slot.waiting.as_ref().filter(|it| !it.waits.is_next_try());
        let pending = pending.filter(|it| is_it(it.prepared.code().artifact));
        let serves = glance.serves.filter(|serves| is_it(serves.code.artifact));
        let refused = glance.last_refusal.filter(|refusal| is_it(refusal.artifact));
        let standing = match (serves, pending, glance.awaiting) {
            (Some(serves), _, _) => {
                let generation = serves.code.generation;
                if is_tried {
                    Standing::OnTrial { generation }
                } else {
                    Standing::Serves { generation }
                }
            }
            (None, Some(_), _) => Standing::Pending,
            (None, None, Some(plan)) if plan.artifact == artifact => Standing::AwaitsApproval(plan),
            _ => match refused.or_else(|| slot.core.rejected.get(artifact)) {
                Some(refusal) => Standing::Refused(refusal),
                None => Standing::UnderWay(glance.phase),
            },
        };
        Offered { artifact: Some(artifact), standing }
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
