//! What a slot's decisions have the worker do: values, which [`worker`](super::worker) carries out in
//! their order.
//!
//! What is no effect: the steps of an upgrade (staging, assessing, preparing, applying, a rollback) and
//! what tries one at once on request. Each is a call, since its outcome decides what comes next, or is
//! the answer.

use std::{path::PathBuf, time::SystemTime};

use hotswap_types::ArtifactHash;
use semver::Version;

use super::{
    candidate::Candidate,
    ready::Ready,
    slot_event::SlotEvent,
    state::{Real, RevertReply, Work},
    trigger::Trigger,
};

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
