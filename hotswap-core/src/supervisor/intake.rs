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
use hotswap_types::{ArtifactHash, ModuleVersion, Phase, escape::shown};
use hotswap_watch::Retry;

use super::{
    applying::{NEWER, is_removed},
    candidate::Candidate,
    command::SlotId,
    context::Context,
    ready::Ready,
    refusing::unstaged,
    reverting::GOES_BACK,
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
        Assessed, Fault, Inspected, StageError, StageRequest, Staged, Unvouched, stage, vouch,
    },
};

impl SlotSupervisor {
    /// Takes one artifact through an upgrade.
    pub(super) fn try_path(&mut self, cx: &mut Context, path: PathBuf, trigger: Trigger) {
        let begun = Instant::now();
        // What had to wait is still what somebody has asked for.
        let is_offered = self.offered.as_ref().is_some_and(|it| it.0 == path);
        let trigger =
            if is_offered && trigger == Trigger::Watched { Trigger::Operator } else { trigger };
        let key = (self.id, path);
        if trigger == Trigger::Watched && is_removed(&key.1) {
            cx.paths.done(&key);
            return self.withdraw(cx, &key.1);
        }
        if self.comes(cx, trigger) == Action::Hold {
            cx.paths.done(&key);
            // One change of a file is often several events.
            if !self.holds_what_serves(cx, &key.1) {
                self.core.held.insert(key.1);
            }
            return;
        }
        let path = key.1.as_path();
        // No thread begins while somebody hangs in the loader, and staging needs one.
        if let Err(busy) = loader_lock::wait_unlocked(begun + cx.shared.config.work_deadline) {
            cx.paths.done(&key);
            let fault = Fault::cancelled(Phase::Staged, &busy, Busy::ADVICE);
            return self.refuse_unstaged(cx, path, None, fault);
        }
        if let Err(fault) = cx.room_for_copy(path) {
            cx.paths.done(&key);
            if trigger == Trigger::Watched {
                cx.cancelled.cancel(&key);
            }
            return self.refuse_unstaged(cx, path, None, fault);
        }
        let staged = match cx.stage(path) {
            Ok(staged) => staged,
            Err(error) if error.try_again() => {
                if cx.paths.again(key.clone(), Instant::now()) == Retry::OnNextEvent {
                    let name = Arc::clone(&self.core.name);
                    cx.tell(&name, EventKind::BeingWritten { path: path.to_owned() });
                }
                return;
            }
            Err(StageError::Missing { .. }) => {
                cx.paths.done(&key);
                return self.withdraw(cx, path);
            }
            Err(error) => {
                cx.paths.done(&key);
                if trigger == Trigger::Watched {
                    cx.cancelled.cancel(&key);
                }
                return self.refuse_unstaged(cx, path, None, unstaged(&error));
            }
        };
        let artifact = staged.hash();
        if let Err((expected, fault)) = cx.is_as_kept(&staged) {
            cx.paths.done(&key);
            return self.refuse_unstaged(cx, path, Some(expected), fault);
        }
        if let Some((_, intent)) = self.offered.take_if(|it| it.0 == key.1) {
            self.intents.put(artifact, intent);
        }
        if self.is_known(cx, path, artifact, trigger) {
            self.tell_outdated(cx, &staged);
            if self.artifact() == Some(artifact) {
                self.own_serving(path);
            }
            self.told.unstaged.remove(path);
            cx.paths.done(&key);
            if self.is_given_up(cx, &key, artifact) {
                self.try_again(cx, key.1);
            }
            return;
        }
        let is_recovered = trigger == Trigger::Recovery;
        self.emit(cx, SlotEvent::Detected { artifact, is_recovered, at: begun });
        if trigger == Trigger::Watched {
            // What was cancelled there before has had its tries.
            cx.cancelled.cancel(&key);
        }
        let vouched = match vouch(staged, &cx.shared.config.trust) {
            Ok(vouched) => vouched,
            Err(Unvouched::BeingWritten(path)) => {
                self.seen.remove(key.1.as_path());
                if cx.paths.again(key, Instant::now()) == Retry::OnNextEvent {
                    let name = Arc::clone(&self.core.name);
                    cx.tell(&name, EventKind::BeingWritten { path });
                }
                return;
            }
            Err(Unvouched::Refused(fault)) => {
                cx.paths.done(&key);
                return self.refuse_unstaged(cx, path, Some(artifact), fault);
            }
        };
        cx.paths.done(&key);
        let told = self.told.unstaged.remove(path);
        let mut candidate = Candidate::new(&cx.shared, &self.core, artifact, path, begun, trigger);
        candidate.emit(SlotEvent::Staged { artifact, path: path.display().to_string() });
        let _span = candidate.span().entered();
        let staged = &vouched.staged;
        tracing::debug!(
            origin = %shown(staged.origin()),
            size = staged.size(),
            built = ?staged.built(),
            completeness = ?staged.completeness(),
            "staged"
        );
        candidate.signed.clone_from(&vouched.signed);
        if let Some((key, comment)) = candidate.signed.as_ref().map(Signed::told) {
            self.signers.put(artifact, key.clone());
            candidate.tell(EventKind::Signed { artifact, key, comment });
        }
        let is_shared = self.is_shared;
        let inspected = candidate.upgrade(&mut cx.steps, |it| it.inspect(vouched, is_shared));
        let inspected = match inspected {
            Ok(Some(inspected)) => inspected,
            Ok(None) => return self.disown(cx, path),
            Err(fault) => return self.refuse_and_retry(cx, &candidate, fault),
        };
        let manifest = &inspected.manifest;
        if let Err(fault) = self.own(cx, path, &manifest.module, trigger) {
            // Of one content it is told once.
            self.told.unstaged.extend(told.map(|told| (path.to_owned(), told)));
            return self.refuse_unstaged(cx, path, Some(artifact), fault);
        }
        candidate.module = Some(ModuleVersion::from(&**manifest));
        let why = match trigger {
            Trigger::Revert => GOES_BACK,
            _ => NEWER,
        };
        self.superseded(cx, why);
        self.replaced(cx, &candidate);
        let assessed = cx.assess(inspected, &candidate);
        self.rehearse(cx, assessed, candidate);
    }

    /// What waits for its next try is not what lies at its path any more.
    fn replaced(&mut self, cx: &mut Context, candidate: &Candidate) {
        let is_older = |it: &Ready| {
            it.schedule.is_next_try()
                && it.candidate.path == candidate.path
                && it.candidate.artifact != candidate.artifact
        };
        if let Some(older) = self.ready.take_if(|it| is_older(it)) {
            self.called_off(cx, older.candidate.artifact, NEWER);
            self.discard(cx, older.prepared);
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
        let name = Arc::clone(&self.core.name);
        if let Some(Outdated { name: library, file }) = outdated {
            cx.tell(&name, EventKind::LibraryChanged { library, file });
        }
    }

    /// Whether a file holds what serves, as far as it can be read just now.
    fn holds_what_serves(&self, cx: &Context, path: &Path) -> bool {
        let serves = self.artifact();
        let limit = cx.shared.config.max_artifact_bytes;
        let holds = |artifact| {
            read_regular(path, limit).is_ok_and(|bytes| ArtifactHash::of(&bytes) == artifact)
        };
        serves.is_some_and(holds)
    }

    /// What is done about an artifact that comes now.
    fn comes(&self, cx: &Context, trigger: Trigger) -> Action {
        self.on(match trigger {
            Trigger::Revert => Input::Revert,
            _ => Input::Artifact { is_paused: self.is_paused(cx, trigger) },
        })
    }

    /// Whether an artifact waits to be tried again, and nothing says when.
    fn is_given_up(&self, cx: &Context, key: &(SlotId, PathBuf), artifact: ArtifactHash) -> bool {
        let waiting = self.ready.as_ref().filter(|ready| ready.schedule.is_next_try());
        let waits = waiting.is_some_and(|it| it.prepared.code().artifact == Some(artifact));
        waits && !cx.cancelled.is_scheduled(key)
    }

    /// Whether nothing is to be done about an artifact: it serves, it waits, it was looked at, or
    /// it was rejected before (which is told again when it has come back).
    fn is_known(
        &mut self,
        cx: &mut Context,
        path: &Path,
        artifact: ArtifactHash,
        trigger: Trigger,
    ) -> bool {
        let seen = self.seen.insert(path.to_owned(), artifact) == Some(artifact);
        let under_way = self.progress.artifact();
        let pending = self.ready.as_ref().and_then(|it| it.prepared.code().artifact);
        let serves = self.artifact();
        // What was offered from elsewhere was not taken back with this file.
        let is_its = |it: &Candidate| it.path == path || trigger == Trigger::Operator;
        if serves == Some(artifact) {
            if self.ready.as_ref().is_some_and(|it| is_its(&it.candidate)) {
                self.emit(cx, SlotEvent::NotPending);
                self.set_ready(cx, None);
            }
            if self.progress.candidate().is_some_and(is_its) {
                self.superseded(cx, "it was taken back");
            }
        }
        let waits = trigger != Trigger::Revert && [pending, under_way].contains(&Some(artifact));
        if serves == Some(artifact) || waits || (seen && trigger == Trigger::Watched) {
            return true;
        }
        if matches!(trigger, Trigger::Recovery | Trigger::Revert) {
            return false;
        }
        let Some(refusal) = self.core.rejected.get(artifact) else { return false };
        let refusal = Refusal {
            serving: self.core.serves().map(|serves| serves.serving()),
            ..(*refusal).clone()
        };
        self.refused_again(cx, refusal);
        true
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
        let (artifact, module) = (candidate.artifact, manifest.module.clone());
        let version = manifest.version.clone();
        candidate.emit(SlotEvent::Inspected(Build { artifact, module, version }));
        let floor = self.floor_of(candidate, &manifest.module, &manifest.version);
        candidate.upgrade(&mut self.steps, |upgrade| upgrade.assess(inspected, floor.as_ref()))
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
