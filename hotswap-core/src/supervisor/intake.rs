//! One artifact on its way: staged, looked up among those that are known, and upgraded to.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use hotswap_loader::{
    Outdated,
    fs::read_regular,
    loader_lock::{self, Busy},
    outdated_of,
};
use hotswap_types::{ArtifactHash, ModuleVersion, Phase, escape};
use hotswap_watch::Retry;

use super::{
    applying::is_removed,
    candidate::Candidate,
    candidates::{GOES_BACK, Known, NEWER},
    context::Context,
    refusing::unstaged,
    rollout::Rollout,
    slot::SlotSupervisor,
    slot_event::SlotEvent,
    table::{Action, Input},
    trigger::Trigger,
};
use crate::{
    event::{EventKind, Refusal},
    journal::Build,
    trust::Signed,
    upgrade::{
        Assessed, Fault, Inspected, StageError, StageRequest, Staged, Unverified, stage,
        verify_signature,
    },
};

impl SlotSupervisor {
    /// Takes one artifact through an upgrade.
    pub(super) fn try_path(&mut self, cx: &mut Context, path: PathBuf, trigger: Trigger) {
        let begun = Instant::now();
        // What had to wait is still what somebody has asked for.
        let is_offered = self.candidates.offered.as_ref().is_some_and(|it| it.0 == path);
        let trigger =
            if is_offered && trigger == Trigger::Watched { Trigger::Operator } else { trigger };
        if trigger == Trigger::Watched && is_removed(&path) {
            self.candidates.paths.done(&path);
            return self.withdraw(cx, &path);
        }
        if self.comes(cx, trigger) == Action::Defer {
            self.candidates.paths.done(&path);
            // One change of a file is often several events.
            if !self.holds_newest(cx, &path) {
                self.core.deferred.insert(path);
            }
            return;
        }
        let path = &path;
        // No thread begins while somebody hangs in the loader, and staging needs one.
        if let Err(busy) = loader_lock::wait_unlocked(begun + cx.shared.config.work_deadline) {
            self.candidates.paths.done(path);
            let fault = Fault::cancelled(Phase::Staged, &busy, Busy::ADVICE);
            return self.refuse_unstaged(cx, path, None, fault);
        }
        if let Err(fault) = cx.room_for_copy(path) {
            self.candidates.paths.done(path);
            if trigger == Trigger::Watched {
                self.candidates.cancelled.cancel(path);
            }
            return self.refuse_unstaged(cx, path, None, fault);
        }
        let staged = match cx.stage(path) {
            Ok(staged) => staged,
            Err(error) if error.try_again() => {
                return self.is_being_written(cx, path, path.clone());
            }
            Err(StageError::Missing { .. }) => {
                self.candidates.paths.done(path);
                return self.withdraw(cx, path);
            }
            Err(error) => {
                self.candidates.paths.done(path);
                if trigger == Trigger::Watched {
                    self.candidates.cancelled.cancel(path);
                }
                return self.refuse_unstaged(cx, path, None, unstaged(&error));
            }
        };
        let artifact = staged.hash();
        if let Err((expected, fault)) = cx.is_as_kept(&staged) {
            self.candidates.paths.done(path);
            return self.refuse_unstaged(cx, path, Some(expected), fault);
        }
        if let Some((_, intent)) = self.candidates.offered.take_if(|it| it.0 == *path) {
            self.candidates.intents.put(artifact, intent);
        }
        let (known, effects) = self.candidates.look_up(path, artifact, trigger);
        self.decide(cx, |_| effects);
        if let Known::Rejected(refusal) = &known {
            let serving = self.core.serves().map(|serves| serves.serving());
            self.refused_again(cx, Refusal { serving, ..(**refusal).clone() });
        }
        if !matches!(known, Known::New) {
            self.tell_outdated(cx, &staged);
            if self.artifact() == Some(artifact) {
                self.own_serving(path);
            }
            self.candidates.unstaged.remove(path);
            self.candidates.paths.done(path);
            if self.candidates.is_given_up(path, artifact) {
                self.try_again(cx, path.clone());
            }
            return;
        }
        let is_recovered = trigger == Trigger::Recovery;
        self.emit(cx, SlotEvent::Detected { artifact, is_recovered, at: begun });
        if trigger == Trigger::Watched {
            // What was cancelled there before has had its tries.
            self.candidates.cancelled.cancel(path);
        }
        let verified = match verify_signature(staged, &cx.shared.config.trust) {
            Ok(verified) => verified,
            Err(Unverified::BeingWritten(written)) => {
                self.candidates.seen.remove(path);
                return self.is_being_written(cx, path, written);
            }
            Err(Unverified::Refused(fault)) => {
                self.candidates.paths.done(path);
                return self.refuse_unstaged(cx, path, Some(artifact), fault);
            }
        };
        self.candidates.paths.done(path);
        let told = self.candidates.unstaged.remove(path);
        let mut candidate = Candidate::new(&self.core, artifact, path, begun, trigger);
        candidate.asked_strategy = self.candidates.intent_of(artifact).strategy;
        candidate.emit(cx, SlotEvent::Staged { artifact, path: path.display().to_string() });
        let _span = candidate.span().entered();
        let staged = &verified.staged;
        tracing::debug!(
            origin = %escape::path(staged.origin()),
            size = staged.size(),
            built = ?staged.built(),
            completeness = ?staged.completeness(),
            "staged"
        );
        candidate.signed.clone_from(&verified.signed);
        if let Some((key, comment)) = candidate.signed.as_ref().map(Signed::told) {
            self.signers.put(artifact, key.clone());
            cx.tell(&self.core.name, EventKind::Signed { artifact, key, comment });
        }
        let is_shared = self.is_shared;
        let inspected = cx.upgrade(&candidate, |it| it.inspect(verified, is_shared));
        let inspected = match inspected {
            Ok(Some(inspected)) => inspected,
            Ok(None) => return self.disown(path),
            Err(fault) => return self.refuse_and_retry(cx, &candidate, fault),
        };
        let manifest = &inspected.manifest;
        if let Err(fault) = self.own(cx, path, &manifest.module, trigger) {
            // Of one content it is told once.
            self.candidates.unstaged.extend(told.map(|told| (path.to_owned(), told)));
            return self.refuse_unstaged(cx, path, Some(artifact), fault);
        }
        candidate.module = Some(ModuleVersion::from(&**manifest));
        let why = match trigger {
            Trigger::Revert => GOES_BACK,
            _ => NEWER,
        };
        self.decide(cx, |it| it.superseded(why));
        self.decide(cx, |it| it.replaced(&candidate));
        let assessed = cx.assess(inspected, &candidate);
        self.rehearse(cx, assessed, candidate);
    }

    /// A path is looked at again when it is whole; where it is written for long that is told.
    fn is_being_written(&mut self, cx: &Context, path: &Path, written: PathBuf) {
        if self.candidates.paths.again(path.to_owned(), Instant::now()) == Retry::OnNextEvent {
            cx.tell(&self.core.name, EventKind::BeingWritten { path: written });
        }
    }

    /// The artifact that serves is the same as before; what it needs may not be.
    fn tell_outdated(&mut self, cx: &mut Context, staged: &Staged) {
        let serves = self.artifact();
        if serves != Some(staged.hash()) {
            return;
        }
        let outdated = staged.content().ok().and_then(|bytes| outdated_of(&bytes));
        if outdated == self.told.outdated {
            return;
        }
        self.told.outdated.clone_from(&outdated);
        if let Some(Outdated { name: library, file }) = outdated {
            cx.tell(&self.core.name, EventKind::LibraryChanged { library, file });
        }
    }

    /// Whether a file holds what serves, or where something serves beside it that, as far as it can be
    /// read just now.
    fn holds_newest(&self, cx: &Context, path: &Path) -> bool {
        let newest = self.serving.rollout().map_or_else(|| self.artifact(), Rollout::artifact);
        let limit = cx.shared.config.max_artifact_bytes;
        let holds = |artifact| {
            read_regular(path, limit).is_ok_and(|bytes| ArtifactHash::of(&bytes) == artifact)
        };
        newest.is_some_and(holds)
    }

    /// What is done about an artifact that comes now.
    fn comes(&self, cx: &Context, trigger: Trigger) -> Action {
        self.on(match trigger {
            Trigger::Revert => Input::Revert,
            _ => Input::Artifact { is_paused: self.is_paused(cx, trigger) },
        })
    }
}

impl Context {
    /// Judges an artifact.
    pub(super) fn assess(
        &mut self,
        inspected: Inspected,
        candidate: &Candidate,
    ) -> Result<Assessed, Fault> {
        let manifest = Arc::clone(&inspected.manifest);
        let build = Build::of(&manifest, candidate.artifact);
        candidate.emit(self, SlotEvent::Inspected(build));
        let floor = self.floor_of(candidate, &manifest.module, &manifest.version);
        self.upgrade(candidate, |upgrade| upgrade.assess(inspected, floor.as_ref()))
    }

    /// Copies an artifact; into a new private folder where somebody has removed the old one.
    pub(super) fn stage(&mut self, path: &Path) -> Result<Staged, StageError> {
        let config = &self.shared.config;
        let artifacts = self.artifacts.as_mut().expect("something is watched");
        let limit = config.max_artifact_bytes;
        let result = stage(StageRequest::new(path, &artifacts.folder).with_limit(limit));
        if result.as_ref().is_err_and(StageError::is_folder_gone)
            && let Ok(folder) = config.private_copies()
        {
            artifacts.folder = folder;
            return stage(StageRequest::new(path, &artifacts.folder).with_limit(limit));
        }
        result
    }
}
