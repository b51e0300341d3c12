//! Back to what was, on request: an artifact that was committed before, or a state.

use std::sync::Arc;

use super::{
    Way, Worker,
    journaling::{build_of, whole_state},
    trials::OnTrial,
};
use crate::{
    error::in_full,
    event::{EventKind, Restarted},
    journal::{Build, Earlier, Occasion, What, text},
    upgrade::{self, ArtifactHash, Fault, Upgrade},
};

/// An artifact that is gone back to, until it is committed.
pub(super) struct Reverting {
    pub(super) to: ArtifactHash,
    pub(super) why: String,
    from: Option<Build>,
}

impl Worker {
    /// Goes back to an artifact that was committed before.
    pub(super) fn revert_by_name(
        &mut self,
        name: &str,
        earlier: &Earlier,
        why: String,
    ) -> Result<(), String> {
        let shared = Arc::clone(&self.shared);
        let journal = shared.journal.as_ref().ok_or("the host has no journal")?;
        let found = self.slots.iter().position(|slot| &*slot.core.name == name);
        let index = found.ok_or("nothing serves yet")?;
        if self.slots[index].trial.as_ref().is_some_and(OnTrial::has_way_back) {
            return Err("a version is on trial; commit it or roll it back first".to_owned());
        }
        let build = journal.lock().earlier(name, earlier);
        let Some(build) = build else {
            let kept = journal.lock().kept(name);
            let kept: Vec<_> = kept.iter().map(ToString::to_string).collect();
            return Err(format!("it is not kept; there are: {}", kept.join(", ")));
        };
        let core = Arc::clone(&self.slots[index].core);
        let serves = |artifact| core.serves().is_some_and(|it| it.code.artifact == Some(artifact));
        let Build { artifact, module, version } = build;
        if serves(artifact) {
            return Err("it serves already".to_owned());
        }
        let from = core.serves().and_then(|serves| build_of(&serves.code));
        let rejected = core.rejected.remove(artifact);
        self.floors.allow(&module, version.clone());
        self.slots[index].reverting = Some(Reverting { to: artifact, why, from });
        let path = journal.lock().artifact(artifact);
        self.try_path(index, path.clone(), Way::Reverted);
        if serves(artifact) {
            return Ok(());
        }
        // Whoever has asked is told, and may ask again.
        self.cancelled.cancel(&(index, path));
        self.floors.withdraw(&module, &version);
        if self.slots[index].waiting.as_ref().is_some_and(|it| it.course.way == Way::Reverted) {
            self.set_waiting(index, None);
        }
        let slot = &mut self.slots[index];
        (slot.retry, slot.reverting) = (None, None);
        if let Some(refusal) = rejected {
            core.rejected.insert(artifact, refusal);
        }
        let last = core.glance().last_refusal.filter(|it| it.artifact == Some(artifact));
        Err(last.map_or_else(
            || "its file in the journal's folder cannot be taken".to_owned(),
            |refusal| refusal.to_string(),
        ))
    }

    /// What was gone back to is committed: what it was gone back from does not come by itself.
    pub(super) fn reverted(&mut self, index: usize, code: &crate::instance::Code) {
        let slot = &mut self.slots[index];
        let reverting = slot.reverting.take_if(|it| Some(it.to) == code.artifact);
        let Some(Reverting { from: Some(from), why, .. }) = reverting else { return };
        let (artifact, why) = (from.artifact, text(&format!("gone back from: {why}")));
        let refusal = self.gone_back_from(index, &from, &why);
        self.slots[index].core.rejected.insert(artifact, Arc::new(refusal));
        let phase = crate::event::Phase::Committed.to_string();
        let build = Some(from);
        self.has(index, What::Rejected { artifact, build, phase, why, quarantined: true });
    }

    /// Puts a backup in the place of the state that serves.
    pub(super) fn restore_by_name(&mut self, name: &str, number: u64) -> Result<(), String> {
        let shared = Arc::clone(&self.shared);
        let journal = shared.journal.as_ref().ok_or("the host has no journal")?;
        let found = self.slots.iter().position(|slot| &*slot.core.name == name);
        let index = found.filter(|index| self.instance(*index).is_some());
        let index = index.ok_or("nothing serves yet")?;
        let core = Arc::clone(&self.slots[index].core);
        let backups = journal.lock().backups(name);
        let Some(backup) = backups.iter().find(|it| it.number == number) else {
            let numbers: Vec<_> = backups.iter().map(|it| it.number.to_string()).collect();
            return Err(format!("it does not exist; there are: {}", numbers.join(", ")));
        };
        let state = journal.lock().state(name, number).map_err(|error| in_full(&error))?;
        let state = Arc::new(state);
        let in_words = |fault: Fault| format!("{}; {}", fault.findings.join("; "), fault.advice);
        if whole_state(&core).is_ok() {
            self.back_up_before(index).map_err(in_words)?;
        }
        let why = format!("{backup} was asked for");
        let begins = journal.lock().must(name, What::Restoring { backup: number, why });
        begins.map_err(|error| in_full(&error))?;
        let mut upgrade = Upgrade {
            slot: &core,
            config: &shared.config,
            steps: &mut self.steps,
            reached: &mut |_| {},
        };
        let restarted = upgrade.restart_with(&state).map_err(in_words)?;
        let upgrade::Restarted { generation, state: note, pause, restored } = restarted;
        if let Some(instance) = self.instance(index) {
            self.goes_on_with(index, &instance);
        }
        // A restart goes on with it, and not with the state that it has replaced.
        let again = journal.lock().back_up(name, backup.artifact, &state, Occasion::Checkpoint);
        if let Err(error) = again {
            self.tell(name, EventKind::NotBackedUp { why: in_full(&error) });
        }
        let restarted = Restarted { generation, pause, state: note, restored };
        self.tell(name, EventKind::Restarted(restarted));
        Ok(())
    }
}
