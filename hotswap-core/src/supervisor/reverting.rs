//! Back to what was, on request: an artifact that was committed before, or a state.

use std::sync::Arc;

use hotswap_abi::__private::text::in_full;
use hotswap_types::BackupReason;

use super::{
    candidates::GOES_BACK,
    context::Context,
    journaling::whole_state,
    slot::SlotSupervisor,
    slot_event::{SlotEvent, build_of},
    state::{GoingBack, RevertReply, Reverting},
    table::{Action, Input, Progress},
    trigger::Trigger,
};
use crate::{
    event::{EventKind, Restarted},
    instance::Code,
    journal::{Build, RevertTarget, What},
    upgrade::{self, Fault},
};

/// Why nobody goes back now.
pub(super) const ON_TRIAL: &str = "a version is on trial; commit it or roll it back first";

impl SlotSupervisor {
    /// Goes back to an artifact that was committed before.
    pub(super) fn revert(
        &mut self,
        cx: &mut Context,
        earlier: &RevertTarget,
        why: String,
        reply: RevertReply,
    ) {
        let to = match self.to_revert_to(cx, earlier) {
            Ok(found) => found,
            Err(why_not) => {
                let _ = reply.send(Err(why_not));
                return;
            }
        };
        if self.candidates.progress.kind() == Progress::RehearsingRevert {
            self.decide(cx, |it| it.call_off(GOES_BACK));
        }
        let from = self.core.serves().and_then(|serves| build_of(&serves.code));
        let rejected = self.core.rejected.remove(to.artifact);
        cx.shared.floors.lock().allow(&to.module, to.version.clone());
        let journal = cx.shared.journal.as_ref().expect("it was looked up there");
        let path = journal.lock().artifact(to.artifact);
        self.candidates.reverting = Some(Reverting { to: to.artifact, why, from });
        self.candidates.going_back = Some(GoingBack { to, path: path.clone(), rejected, reply });
        self.try_path(cx, path, Trigger::Revert);
        self.decide(cx, |it| it.answer_revert(None));
    }

    /// Which artifact is meant; or why there is none.
    fn to_revert_to(&self, cx: &Context, earlier: &RevertTarget) -> Result<Build, String> {
        let journal = cx.shared.journal.as_ref().ok_or("the host has no journal")?;
        if cx.artifacts.is_none() {
            return Err("the host has no slot that takes artifacts".to_owned());
        }
        if self.on(Input::Revert) == Action::RefuseOnTrial {
            return Err(ON_TRIAL.to_owned());
        }
        let name = &self.core.name;
        let Some(build) = journal.lock().earlier(name, earlier) else {
            let kept = journal.lock().kept(name);
            let kept: Vec<_> = kept.iter().map(ToString::to_string).collect();
            return Err(format!("it is not kept; there are: {}", kept.join(", ")));
        };
        if self.artifact() == Some(build.artifact) {
            return Err("it serves already".to_owned());
        }
        Ok(build)
    }

    /// What was gone back to is committed: what it was gone back from does not come by itself.
    pub(super) fn reverted(&mut self, cx: &mut Context, code: &Code) {
        let reverting = self.candidates.reverting.take_if(|it| Some(it.to) == code.artifact);
        let Some(Reverting { from: Some(from), why, .. }) = reverting else { return };
        let why = format!("gone back from: {why}");
        let refusal = Arc::new(self.gone_back_from(&from, &why));
        self.emit(cx, SlotEvent::LeftBehind { build: from, refusal });
    }

    /// Puts a backup in the place of the state that serves.
    pub(super) fn restore(&mut self, cx: &mut Context, number: u64) -> Result<(), String> {
        let shared = Arc::clone(&cx.shared);
        let journal = shared.journal.as_ref().ok_or("the host has no journal")?;
        self.instance().ok_or("nothing serves yet")?;
        let core = Arc::clone(&self.core);
        let name = &*core.name;
        let backups = journal.lock().backups(name);
        let Some(backup) = backups.iter().find(|it| it.number == number) else {
            let numbers: Vec<_> = backups.iter().map(|it| it.number.to_string()).collect();
            return Err(format!("it does not exist; there are: {}", numbers.join(", ")));
        };
        let state = journal.lock().state(name, number).map_err(|error| in_full(&error))?;
        let state = Arc::new(state);
        let in_words = |fault: Fault| fault.as_answer();
        if whole_state(&core).is_ok() {
            self.back_up_before(cx).map_err(in_words)?;
        }
        let why = format!("{backup} was asked for");
        let begins = journal.lock().append_durable(name, What::Restoring { backup: number, why });
        begins.map_err(|error| in_full(&error))?;
        let restarted = cx.in_slot(&core, |it| it.restart_with(&state)).map_err(in_words)?;
        let upgrade::Restarted { generation, state: note, pause, restored } = restarted;
        if let Some(instance) = self.instance() {
            self.goes_on_with(&instance);
        }
        // A restart goes on with it, and not with the state that it has replaced.
        let again =
            journal.lock().back_up(name, backup.release.artifact, &state, BackupReason::Checkpoint);
        if let Err(error) = again {
            cx.tell(name, EventKind::NotBackedUp { why: in_full(&error) });
        }
        let restarted = Restarted { generation, pause, state: note, restored };
        cx.tell(name, EventKind::Restarted(restarted));
        Ok(())
    }
}
