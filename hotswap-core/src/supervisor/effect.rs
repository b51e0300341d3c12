//! What a slot's decisions have the worker do: values, carried out in their order.
//!
//! What is no effect: the steps of an upgrade (staging, assessing, preparing, applying, a rollback) and
//! what tries one at once on request. Each is a call, since its outcome decides what comes next, or is
//! the answer.

use std::{path::PathBuf, time::SystemTime};

use hotswap_types::ArtifactHash;
use semver::Version;

use super::{
    candidate::Candidate,
    candidates::Candidates,
    context::Context,
    ready::Ready,
    slot::SlotSupervisor,
    slot_event::SlotEvent,
    state::{Real, RevertReply, Work},
    trigger::Trigger,
};
use crate::event::EventKind;

/// Something that the worker does for a slot.
pub(super) enum Effect<W: Work = Real> {
    /// Something has happened: it is written, shown and told.
    Emit(SlotEvent),
    /// The program's users hear when an upgrade comes, and how long it will probably keep them waiting.
    Announce { artifact: ArtifactHash, at: Option<SystemTime> },
    /// A rehearsal's child is killed and its thread joined.
    StopRehearsal(W::Rehearsal),
    /// What has not taken over is dropped, which runs its code.
    Discard(W::Prepared),
    /// An upgrade is over: who waits for it is answered.
    Over(Candidate),
    /// Who has asked for a revert is answered.
    Answer(RevertReply, Result<(), String>),
    /// A version must not be below its floor any more.
    WithdrawFloor(String, Version),
    /// A candidate that is ready takes over.
    Apply(Ready<W>),
    /// What lies at a path goes through an upgrade.
    Try(PathBuf, Trigger),
}

/// What is to be done, in this order.
pub(super) type Effects<W = Real> = Vec<Effect<W>>;

impl SlotSupervisor {
    /// Decides something about its candidates, and carries out what comes of it.
    pub(super) fn decide<E: IntoIterator<Item = Effect>>(
        &mut self,
        cx: &mut Context,
        decide: impl FnOnce(&mut Candidates) -> E,
    ) {
        for effect in decide(&mut self.candidates) {
            match effect {
                Effect::Emit(event) => self.emit(cx, event),
                Effect::Announce { artifact, at } => {
                    let pause = cx.shared.times(&self.core.name).pause();
                    cx.tell(&self.core.name, EventKind::Announced { artifact, at, pause });
                }
                Effect::StopRehearsal(rehearsal) => drop(rehearsal),
                Effect::Discard(prepared) => self.discard(cx, prepared),
                Effect::Over(candidate) => drop(candidate),
                Effect::Answer(reply, answer) => {
                    // Fails only when nobody waits.
                    let _ = reply.send(answer);
                }
                Effect::WithdrawFloor(module, version) => {
                    cx.shared.floors.lock().withdraw(&module, &version);
                }
                Effect::Apply(ready) => {
                    self.apply(cx, ready);
                }
                Effect::Try(path, trigger) => self.try_path(cx, path, trigger),
            }
        }
    }
}
