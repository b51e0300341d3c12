//! Back to what was, on request: an artifact that was committed before, or a state.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc::SyncSender},
};

use hotswap_abi::__private::text::in_full;
use hotswap_types::{ArtifactHash, Occasion};

use super::{
    Way, Worker,
    journaling::{build_of, whole_state},
    rehearsing::Rehearsing,
    trials::OnTrial,
};
use crate::{
    event::{EventKind, Refusal, Restarted},
    journal::{Build, Earlier, What, text},
    upgrade::{self, Fault, Upgrade},
};

/// Why nobody goes back now.
pub(super) const ON_TRIAL: &str = "a version is on trial; commit it or roll it back first";

/// Why something else is not wanted any more.
pub(super) const GOES_BACK: &str = "somebody goes back to an earlier one";

/// An artifact that is gone back to, until it is committed.
pub(super) struct Reverting {
    pub(super) to: ArtifactHash,
    pub(super) why: String,
    from: Option<Build>,
}

/// Somebody waits until an artifact serves that is to be gone back to, or does not.
pub(super) struct GoingBack {
    to: Build,
    path: PathBuf,
    /// Why it was rejected before.
    rejected: Option<Arc<Refusal>>,
    reply: Reply,
}

/// Where the answer goes; a reason, if it is not gone back.
type Reply = SyncSender<Result<(), String>>;

impl GoingBack {
    /// Its rejection is forgotten, if it is of this artifact.
    pub(super) fn forget(&mut self, artifact: ArtifactHash) -> bool {
        self.rejected.take_if(|_| self.to.artifact == artifact).is_some()
    }
}

impl Worker {
    /// Goes back to an artifact that was committed before.
    pub(super) fn revert_by_name(
        &mut self,
        name: &str,
        earlier: &Earlier,
        why: String,
        reply: Reply,
    ) {
        let (index, to) = match self.to_revert_to(name, earlier) {
            Ok(found) => found,
            Err(why_not) => {
                let _ = reply.send(Err(why_not));
                return;
            }
        };
        if self.slots[index].rehearsing.as_ref().is_some_and(Rehearsing::is_revert) {
            self.call_off(index, GOES_BACK);
        }
        let from = self.slots[index].core.serves().and_then(|serves| build_of(&serves.code));
        let rejected = self.slots[index].core.rejected.remove(to.artifact);
        self.floors.allow(&to.module, to.version.clone());
        let journal = self.shared.journal.as_ref().expect("it was looked up there");
        let path = journal.lock().artifact(to.artifact);
        let slot = &mut self.slots[index];
        slot.reverting = Some(Reverting { to: to.artifact, why, from });
        slot.going_back = Some(GoingBack { to, path: path.clone(), rejected, reply });
        self.try_path(index, path, Way::Reverted);
        self.answer_revert(index, None);
    }

    /// Which slot is meant, and which artifact; or why there is none.
    fn to_revert_to(&self, name: &str, earlier: &Earlier) -> Result<(usize, Build), String> {
        let journal = self.shared.journal.as_ref().ok_or("the host has no journal")?;
        let found = self.slots.iter().position(|slot| &*slot.core.name == name);
        let index = found.ok_or("nothing serves yet")?;
        let slot = &self.slots[index];
        if slot.trial.as_ref().is_some_and(OnTrial::has_way_back) {
            return Err(ON_TRIAL.to_owned());
        }
        let Some(build) = journal.lock().earlier(name, earlier) else {
            let kept = journal.lock().kept(name);
            let kept: Vec<_> = kept.iter().map(ToString::to_string).collect();
            return Err(format!("it is not kept; there are: {}", kept.join(", ")));
        };
        if slot.core.serves().is_some_and(|it| it.code.artifact == Some(build.artifact)) {
            return Err("it serves already".to_owned());
        }
        Ok((index, build))
    }

    /// Answers who waits for a revert, if it is over: one that is rehearsed is not.
    pub(super) fn answer_revert(&mut self, index: usize, why_not: Option<String>) {
        let slot = &mut self.slots[index];
        if slot.rehearsing.as_ref().is_some_and(Rehearsing::is_revert) {
            return;
        }
        let Some(GoingBack { to, path, rejected, reply }) = slot.going_back.take() else { return };
        let Build { artifact, module, version } = to;
        let core = Arc::clone(&slot.core);
        if core.serves().is_some_and(|it| it.code.artifact == Some(artifact)) {
            let _ = reply.send(Ok(()));
            return self.look_at_held(index);
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
        let said = why_not.or_else(|| last.map(|refusal| refusal.to_string()));
        let said =
            said.unwrap_or_else(|| "its file in the journal's folder cannot be taken".to_owned());
        let _ = reply.send(Err(said));
        self.look_at_held(index);
    }

    /// What was gone back to is committed: what it was gone back from does not come by itself.
    pub(super) fn reverted(&mut self, index: usize, code: &crate::instance::Code) {
        let slot = &mut self.slots[index];
        let reverting = slot.reverting.take_if(|it| Some(it.to) == code.artifact);
        let Some(Reverting { from: Some(from), why, .. }) = reverting else { return };
        let (artifact, why) = (from.artifact, text(&format!("gone back from: {why}")));
        let refusal = self.gone_back_from(index, &from, &why);
        self.slots[index].core.rejected.insert(artifact, Arc::new(refusal));
        let phase = hotswap_types::Phase::Committed.to_string();
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
        let in_words = |fault: Fault| fault.as_answer();
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
