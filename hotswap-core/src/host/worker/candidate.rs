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
    Way, Worker, course::Course, journaling::build, outcome::unstaged, planning::Awaiting,
    rehearsing::Rehearsing, reverting::GOES_BACK, trials::OnTrial,
};
use crate::{
    event::{EventKind, Refusal},
    journal::{What, text},
    trust::Signed,
    upgrade::{
        Assessed, Fault, Inspected, StageError, StageRequest, Staged, Unvouched, stage, vouch,
    },
};

impl Worker {
    /// Takes one artifact through an upgrade.
    pub(super) fn try_path(&mut self, index: usize, path: PathBuf, way: Way) {
        let begun = Instant::now();
        // What had to wait is still what somebody has asked for.
        let is_offered = self.slots[index].offered.as_ref().is_some_and(|it| it.0 == path);
        let way = if is_offered && way == Way::Found { Way::Offered } else { way };
        let key = (index, path);
        if self.waits(index, way) {
            self.paths.done(&key);
            // One change of a file is often several events.
            if !self.holds_what_serves(index, &key.1) {
                self.slots[index].core.held.insert(key.1);
            }
            return;
        }
        let path = key.1.as_path();
        // No thread begins while somebody hangs in the loader, and staging needs one.
        if let Err(busy) = loader_lock::wait_unlocked(begun + self.shared.config.work_deadline) {
            self.paths.done(&key);
            let fault = Fault::cancelled(Phase::Staged, &busy, Busy::ADVICE);
            return self.refuse_unstaged(index, path, None, fault);
        }
        if let Err(fault) = self.room_for_copy(path) {
            self.paths.done(&key);
            if way == Way::Found {
                self.cancelled.cancel(&key);
            }
            return self.refuse_unstaged(index, path, None, fault);
        }
        let staged = match self.stage(path) {
            Ok(staged) => staged,
            Err(error) if error.try_again() => {
                if self.paths.again(key.clone(), Instant::now()) == Retry::OnNextEvent {
                    let name = Arc::clone(&self.slots[index].core.name);
                    self.tell(&name, EventKind::BeingWritten { path: path.to_owned() });
                }
                return;
            }
            Err(StageError::Missing { .. }) => {
                let slot = &mut self.slots[index];
                slot.seen.remove(path);
                slot.unstaged.remove(path);
                slot.offered.take_if(|it| it.0 == path);
                self.paths.done(&key);
                return;
            }
            Err(error) => {
                self.paths.done(&key);
                if way == Way::Found {
                    self.cancelled.cancel(&key);
                }
                return self.refuse_unstaged(index, path, None, unstaged(&error));
            }
        };
        let artifact = staged.hash();
        if let Err((expected, fault)) = self.is_as_kept(&staged) {
            self.paths.done(&key);
            return self.refuse_unstaged(index, path, Some(expected), fault);
        }
        if let Some((_, intent)) = self.slots[index].offered.take_if(|it| it.0 == key.1) {
            self.intend(index, artifact, intent);
        }
        if self.is_known(index, path, artifact, way) {
            self.tell_outdated(index, &staged);
            self.slots[index].unstaged.remove(path);
            self.paths.done(&key);
            if self.is_given_up(&key, artifact) {
                self.try_again(index, key.1);
            }
            return;
        }
        self.shared.begins(&self.slots[index].core.name, artifact, way == Way::Recovered, begun);
        if way == Way::Found {
            // What was cancelled there before has had its tries.
            self.cancelled.cancel(&key);
        }
        let vouched = match vouch(staged, &self.shared.config.trust) {
            Ok(vouched) => vouched,
            Err(Unvouched::BeingWritten(path)) => {
                self.slots[index].seen.remove(key.1.as_path());
                if self.paths.again(key, Instant::now()) == Retry::OnNextEvent {
                    let name = Arc::clone(&self.slots[index].core.name);
                    self.tell(&name, EventKind::BeingWritten { path });
                }
                return;
            }
            Err(Unvouched::Refused(fault)) => {
                self.paths.done(&key);
                return self.refuse_unstaged(index, path, Some(artifact), fault);
            }
        };
        self.paths.done(&key);
        self.slots[index].unstaged.remove(path);
        let mut course = self.course(index, artifact, path, begun, way);
        course.note(What::Staged { artifact, path: text(&path.display().to_string()) });
        let _span = course.span().entered();
        let staged = &vouched.staged;
        tracing::debug!(
            origin = %shown(staged.origin()),
            size = staged.size(),
            built = ?staged.built(),
            completeness = ?staged.completeness(),
            "staged"
        );
        course.signed.clone_from(&vouched.signed);
        if let Some((key, comment)) = course.signed.as_ref().map(Signed::told) {
            self.slots[index].signers.put(artifact, key.clone());
            course.tell(EventKind::Signed { artifact, key, comment });
        }
        let is_shared = self.slots[index].folder;
        let inspected = course.upgrade(&mut self.steps, |it| it.inspect(vouched, is_shared));
        let inspected = match inspected {
            Ok(Some(inspected)) => inspected,
            Ok(None) => return,
            Err(fault) => return self.refuse_and_retry(index, &course, fault),
        };
        let manifest = &inspected.manifest;
        course.module = Some(ModuleVersion::from(&**manifest));
        let why = match way {
            Way::Reverted => GOES_BACK,
            _ => "a newer artifact has come",
        };
        self.superseded(index, why);
        let assessed = self.assess(inspected, &course);
        self.rehearse(index, assessed, course);
    }

    /// The artifact that serves is the same as before; what it needs may not be.
    fn tell_outdated(&mut self, index: usize, staged: &Staged) {
        let slot = &mut self.slots[index];
        let serves = slot.core.serves().and_then(|serves| serves.code.artifact);
        if serves != Some(staged.hash()) {
            return;
        }
        let outdated = staged.content().ok().and_then(|bytes| outdated_of(&bytes));
        if outdated == slot.outdated {
            return;
        }
        slot.outdated.clone_from(&outdated);
        let name = Arc::clone(&slot.core.name);
        if let Some(Outdated { name: library, file }) = outdated {
            self.tell(&name, EventKind::LibraryChanged { library, file });
        }
    }

    /// Whether a file holds what serves, as far as it can be read just now.
    fn holds_what_serves(&self, index: usize, path: &Path) -> bool {
        let serves = self.slots[index].core.serves().and_then(|serves| serves.code.artifact);
        let limit = self.shared.config.max_artifact_bytes;
        let holds = |artifact| {
            read_regular(path, limit).is_ok_and(|bytes| ArtifactHash::of(&bytes) == artifact)
        };
        serves.is_some_and(holds)
    }

    /// Whether something else comes first: a trial, what somebody goes back to, or the end of a pause.
    fn waits(&self, index: usize, way: Way) -> bool {
        let slot = &self.slots[index];
        let goes_back = slot.rehearsing.as_ref().is_some_and(Rehearsing::is_revert);
        slot.trial.as_ref().is_some_and(OnTrial::has_way_back)
            || (goes_back && way != Way::Reverted)
            || self.is_paused(index, way)
    }

    /// Judges an artifact.
    pub(super) fn assess(
        &mut self,
        inspected: Inspected,
        course: &Course,
    ) -> Result<Assessed, Fault> {
        let manifest = Arc::clone(&inspected.manifest);
        course.note(What::Inspected(build(course.artifact, &manifest)));
        let floor = self.floor_of(course, &manifest.module, &manifest.version);
        course.upgrade(&mut self.steps, |upgrade| upgrade.assess(inspected, floor.as_ref()))
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

    /// Whether an artifact waits to be tried again, and nothing says when.
    fn is_given_up(&self, key: &(usize, PathBuf), artifact: ArtifactHash) -> bool {
        let waiting =
            self.slots[key.0].waiting.as_ref().filter(|waiting| waiting.waits.is_next_try());
        let waits = waiting.is_some_and(|it| it.prepared.code().artifact == Some(artifact));
        waits && !self.cancelled.is_scheduled(key)
    }

    /// Whether nothing is to be done about an artifact: it serves, it waits, it was looked at, or
    /// it was rejected before (which is told again when it has come back).
    fn is_known(&mut self, index: usize, path: &Path, artifact: ArtifactHash, way: Way) -> bool {
        let slot = &mut self.slots[index];
        let seen = slot.seen.insert(path.to_owned(), artifact) == Some(artifact);
        let awaiting = slot.awaiting.as_ref().map(Awaiting::artifact);
        let rehearsing = slot.rehearsing.as_ref().map(Rehearsing::artifact);
        let pending = slot.waiting.as_ref().and_then(|it| it.prepared.code().artifact);
        let serves = slot.core.serves().and_then(|serves| serves.code.artifact);
        if serves == Some(artifact) && pending.is_some() {
            // What waited was taken back.
            slot.core.set_pending(None);
            self.set_waiting(index, None);
        }
        if serves == Some(artifact) {
            self.superseded(index, "it was taken back");
        }
        let slot = &mut self.slots[index];
        let waits =
            way != Way::Reverted && [pending, awaiting, rehearsing].contains(&Some(artifact));
        if serves == Some(artifact) || waits || (seen && way == Way::Found) {
            return true;
        }
        if matches!(way, Way::Recovered | Way::Reverted) {
            return false;
        }
        let Some(refusal) = slot.core.rejected.get(artifact) else { return false };
        let refusal = Refusal {
            serving: slot.core.serves().map(|serves| serves.serving()),
            ..(*refusal).clone()
        };
        self.told_refused(index, Arc::new(refusal));
        true
    }
}
