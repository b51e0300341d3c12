//! Artifacts that were not taken, or not kept: what is told and remembered of them, and which are tried
//! again.

use std::{path::Path, sync::Arc};

use hotswap_types::{ArtifactHash, ModuleVersion, Phase};

use super::{
    candidate::{Candidate, Identity},
    context::Context,
    ready::Ready,
    slot::SlotSupervisor,
    slot_event::SlotEvent,
    state::Progress,
};
use crate::{
    event::Refusal,
    machine::cause,
    slot::{Over, Serves, SlotCore},
    upgrade::{Fault, StageError},
};

impl SlotSupervisor {
    /// Refuses an artifact; one that is not to blame is tried again.
    pub(super) fn refuse_and_retry(
        &mut self,
        cx: &mut Context,
        candidate: &Candidate,
        fault: Fault,
    ) {
        let fault = self.candidates.again_later(&candidate.path, fault);
        self.refuse(cx, candidate.identity(), fault);
    }

    /// The refusal of an artifact that is not at hand, or not as a file.
    pub(super) fn refusal(
        &self,
        artifact: Option<ArtifactHash>,
        module: Option<ModuleVersion>,
        fault: Fault,
    ) -> Refusal {
        let path = Path::new(&self.core.settings.source_text);
        refusal(&self.core, Identity { path, artifact, module }, fault)
    }

    pub(super) fn refuse(&mut self, cx: &mut Context, identity: Identity<'_>, fault: Fault) {
        let (path, is_over) = (identity.path.to_owned(), !fault.is_tried_again());
        let refusal = refusal(&self.core, identity, fault);
        self.quarantine(cx, refusal);
        if is_over {
            self.candidates.try_older(&path);
        }
    }

    /// Tells of an artifact that was not taken or not kept; one that is to blame is not tried again.
    pub(super) fn quarantine(&mut self, cx: &mut Context, refusal: Refusal) {
        self.decide(cx, |it| it.revert_refused(&refusal));
        self.refused(cx, refusal, true);
    }

    /// The same, where nothing new is to be remembered of it.
    pub(super) fn refused_again(&mut self, cx: &mut Context, refusal: Refusal) {
        self.refused(cx, refusal, false);
    }

    fn refused(&mut self, cx: &mut Context, refusal: Refusal, is_new: bool) {
        let again = refusal.again && self.build_again(cx);
        let mut refusal = Arc::new(refusal);
        let kept = is_new.then(|| Arc::clone(&refusal));
        if again {
            let advice = &mut Arc::make_mut(&mut refusal).advice;
            "nothing; it is built again by itself".clone_into(advice);
        }
        // It may have been another one that was refused.
        let other = self.candidates.phase();
        self.emit(cx, SlotEvent::Refused { refusal, kept, other });
        if !again {
            self.give_up(cx);
        }
    }

    #[cfg(not(feature = "cargo"))]
    #[expect(clippy::unused_self, reason = "the other one uses it")]
    fn build_again(&self, _: &Context) -> bool {
        false
    }

    /// Where one try is all there is, a slot that has nothing to serve is given up.
    pub(super) fn give_up(&self, cx: &Context) {
        let is_rehearsed = matches!(self.candidates.progress, Progress::Rehearsing(_));
        if cx.shared.config.one_try && self.core.gate().is_none() && !is_rehearsed {
            self.core.set_over(Over::GivenUp);
        }
    }

    /// Refuses an artifact that cannot be taken from its place, once for each reason: one change of
    /// a file is often several events.
    pub(super) fn refuse_unstaged(
        &mut self,
        cx: &mut Context,
        path: &Path,
        artifact: Option<ArtifactHash>,
        fault: Fault,
    ) {
        let found = (artifact, fault.findings.clone());
        let candidates = &mut self.candidates;
        candidates.seen.remove(path);
        let is_told = candidates.unstaged.insert(path.to_owned(), found.clone()) == Some(found);
        // The next try begins with the file, not with what it held before.
        let is_its = |it: &Ready| it.schedule.is_next_try() && it.candidate.path == path;
        if candidates.ready.as_ref().is_some_and(is_its) {
            self.decide(cx, |it| it.set_ready(None));
        }
        let fault = self.candidates.again_later(path, fault);
        if !is_told {
            self.refuse(cx, Identity { path, artifact, module: None }, fault);
        }
    }
}

/// A fault as it is told: what it is of, and what serves meanwhile.
pub(super) fn refusal(core: &SlotCore, of: Identity<'_>, fault: Fault) -> Refusal {
    let tried_again = fault.is_tried_again();
    let Identity { path, artifact, module } = of;
    let advice = fault.advice_in_full();
    let Fault { phase, exit, findings, again, .. } = fault;
    Refusal {
        slot: core.name.to_string(),
        module,
        artifact,
        path: path.display().to_string(),
        phase,
        exit,
        serving: core.serves().map(|serves: Serves| serves.serving()),
        state: "state untouched".to_owned(),
        findings,
        advice,
        tried_again,
        again,
    }
}

pub(super) fn unstaged(error: &StageError) -> Fault {
    let mut text = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        text = format!("{text}: {source}");
    }
    if error.is_hosts_fault() {
        let advice = match error {
            StageError::Read { source, .. } | StageError::Write { source, .. } => {
                cause::remedy(source)
            }
            _ => "make room, or choose another private folder",
        };
        return Fault::cancelled(Phase::Staged, text, advice);
    }
    let advice = match error {
        StageError::TooLarge { .. } => "allow more with Config::with_max_artifact_bytes",
        StageError::NotARegularFile { .. } => "put a regular file there",
        StageError::Empty { .. } => "build it again",
        _ => "make it readable for the host",
    };
    Fault::rejected(Phase::Staged, text, advice)
}
