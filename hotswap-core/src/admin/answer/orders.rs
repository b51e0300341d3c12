//! Orders: a yes or a no, a pause, the end of a trial, the way back, a backup.

use hotswap_types::ArtifactHash;
use semver::Version;
use serde_json::json;

use super::asked::{Answer, Asked, done, found, text};
use crate::{
    admin::words::{serves, things},
    journal::RevertTarget,
    operator::SlotStatus,
};

impl Asked<'_> {
    pub(super) fn approve(&self, artifact: &str, by: &str) -> Answer {
        let artifact = self.artifact(artifact, self.waiting())?;
        self.0.approve(artifact, by).map_err(text)?;
        let status = self.0.status();
        let serves = |slot: &&SlotStatus| {
            let stable = slot.serving.as_ref().map(|it| &it.release);
            let releases = [stable, slot.canary.as_ref().map(|it| &it.release)];
            releases.into_iter().flatten().any(|it| it.artifact == Some(artifact))
        };
        let came_out = match status.slots.iter().find(serves) {
            Some(slot) => format!("approved; {}", things(slot)),
            None => {
                let mut refused = status.slots.iter().filter_map(|slot| slot.last_refusal.as_ref());
                let refused = refused.rfind(|it| it.artifact == Some(artifact));
                refused.map_or("approved; it is on its way".to_owned(), |it| {
                    format!("approved, and then {it}")
                })
            }
        };
        done(came_out, json!({ "artifact": artifact.to_string(), "approved": true }))
    }

    pub(super) fn reject(&self, artifact: &str, by: &str, why: &str) -> Answer {
        let artifact = self.artifact(artifact, self.waiting())?;
        self.0.reject(artifact, by, why).map_err(text)?;
        let text = format!("rejected; `hotswap clear {}` takes that back", artifact.short());
        done(text, json!({ "artifact": artifact.to_string(), "approved": false }))
    }

    pub(super) fn pause(&self, slot: Option<&str>, by: &str, why: &str) -> Answer {
        self.0.pause(slot, by, why).map_err(text)?;
        let which = slot.map_or("all slots".to_owned(), |slot| format!("slot {slot}"));
        let text = format!("upgrades of {which} do not begin by themselves until `hotswap resume`");
        done(text, json!({ "slot": slot, "paused": true }))
    }

    pub(super) fn resume(&self, slot: Option<&str>) -> Answer {
        let was_paused = self.0.resume(slot).map_err(text)?;
        let text = match was_paused {
            true => "upgrades may begin again",
            false => "there was no pause",
        };
        found(was_paused, text, json!({ "slot": slot, "paused": false, "was_paused": was_paused }))
    }

    pub(super) fn commit(&self, slot: Option<String>, why: &str) -> Answer {
        let slot = self.slot(slot)?;
        self.0.commit(&slot, why).map_err(text)?;
        self.serving(&slot, "committed")
    }

    pub(super) fn promote(&self, slot: Option<String>, why: &str) -> Answer {
        let slot = self.slot(slot)?;
        self.0.promote(&slot, why).map_err(text)?;
        self.serving(&slot, "promoted")
    }

    pub(super) fn roll_back(&self, slot: Option<String>, why: &str) -> Answer {
        let slot = self.slot(slot)?;
        self.0.roll_back(&slot, why).map_err(text)?;
        self.serving(&slot, "rolled back")
    }

    pub(super) fn revert(&self, slot: Option<String>, to: &str, why: &str) -> Answer {
        let slot = self.slot(slot)?;
        let to = match Version::parse(to) {
            Ok(version) => RevertTarget::Version(version),
            Err(_) => {
                let past = self.0.history().map_err(text)?;
                let past = past.iter().filter(|it| it.slot == slot).map(|it| it.artifact);
                RevertTarget::Artifact(self.artifact(to, past)?)
            }
        };
        self.0.revert_to(&slot, to, why).map_err(text)?;
        self.serving(&slot, "reverted")
    }

    pub(super) fn checkpoint(&self, slot: Option<String>) -> Answer {
        let slot = self.slot(slot)?;
        let backup = self.0.checkpoint(&slot).map_err(text)?;
        done(format!("{backup}: {}", backup.path.display()), &backup)
    }

    pub(super) fn clear(&self, artifact: &str) -> Answer {
        let slots = self.0.status().slots;
        let rejected = slots.iter().flat_map(|slot| &slot.quarantined);
        let artifact = self.artifact(artifact, rejected.filter_map(|it| it.artifact))?;
        let known = self.0.clear(artifact).map_err(text)?;
        let text = match known {
            true => "cleared; all artifacts are looked at again",
            false => "it was not rejected",
        };
        found(known, text, json!({ "artifact": artifact.to_string(), "cleared": known }))
    }

    fn waiting(&self) -> Vec<ArtifactHash> {
        let slots = self.0.status().slots;
        slots.iter().filter_map(|slot| Some(slot.awaiting.as_ref()?.artifact)).collect()
    }

    /// What serves after it was done.
    fn serving(&self, slot: &str, what: &str) -> Answer {
        let status = self.slots(Some(slot))?;
        let lines: Vec<_> =
            status.slots.iter().map(|it| format!("{what}; {}", serves(it))).collect();
        done(lines.join("\n"), status.slots)
    }
}
