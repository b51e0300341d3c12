//! One artifact on its way: staged, looked up among those that are known, and upgraded to.

use std::{
    mem,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use semver::Version;

use super::{
    Waiting, Way, Worker,
    journaling::build,
    outcome::{Identity, unstaged},
    planning::Awaiting,
    trials::OnTrial,
};
use crate::{
    config::Apply,
    event::{EventKind, Phase, Refusal},
    fs::PrivateFolder,
    gate::Guarded as _,
    journal::{What, text},
    library::{Occupied, wait_free},
    shown::shown,
    upgrade::{
        ArtifactHash, Assessed, Fault, Inspected, Prepared, Rehearsed, Rehearsing, StageError,
        StageRequest, Staged, Unapplied, Unvouched, Upgrade, Why, above, stage, vouch,
    },
    watch::Retry,
};

/// An artifact that goes on; or who it is, and why it does not.
pub(super) type Judged<T> = Result<T, ((String, Version), Fault)>;

impl Worker {
    /// Takes one artifact through an upgrade.
    pub(super) fn try_path(&mut self, index: usize, path: PathBuf, way: Way) {
        let begun = Instant::now();
        let key = (index, path);
        if self.slots[index].trial.as_ref().is_some_and(OnTrial::has_way_back) {
            self.paths.done(&key);
            self.slots[index].after_trial.insert(key.1);
            return;
        }
        let path = key.1.as_path();
        // No thread begins while somebody hangs in the loader, and staging needs one.
        if let Err(occupied) = wait_free(begun + self.shared.config.work_deadline) {
            self.paths.done(&key);
            let fault = Fault::cancelled(Phase::Staged, &occupied, Occupied::ADVICE);
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
                self.slots[index].seen.remove(path);
                self.slots[index].unstaged.remove(path);
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
        if self.is_known(index, path, artifact, way) {
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
        let (shared, slot) = (Arc::clone(&self.shared), Arc::clone(&self.slots[index].core));
        let found = What::Staged { artifact, path: text(&path.display().to_string()) };
        shared.note(&slot.name, way, found);
        let _span = tracing::info_span!("upgrade", slot = &*slot.name, artifact = artifact.short())
            .entered();
        let mut reached = |phase| {
            slot.set_phase(Some(phase));
            shared.note_phase(&slot.name, way, artifact, phase);
            shared.tell(&slot.name, EventKind::Phase { artifact, phase });
        };
        let staged = &vouched.staged;
        tracing::debug!(
            origin = %shown(staged.origin()),
            size = staged.size(),
            built = ?staged.built(),
            completeness = ?staged.completeness(),
            "staged"
        );
        let signed = vouched.signed.as_ref();
        let signed = signed.map(|signed| (signed.key.to_string(), signed.comment.clone()));
        if let Some((key, comment)) = signed.clone() {
            shared.tell(&slot.name, EventKind::Signed { artifact, key, comment });
        }
        let mut upgrade = Upgrade {
            slot: &slot,
            config: &shared.config,
            steps: &mut self.steps,
            reached: &mut reached,
        };
        let inspected = match upgrade.inspect(vouched, self.slots[index].folder) {
            Ok(Some(inspected)) => inspected,
            Ok(None) => return,
            Err(fault) => {
                let identity = Identity { path, artifact: Some(artifact), module: None };
                return self.refuse_and_retry(index, identity, fault, key.clone());
            }
        };
        self.superseded(index, "a newer artifact has come");
        let assessed = self.assess(index, inspected, way);
        match assessed.and_then(|assessed| self.rehearse(index, assessed, path, way)) {
            Ok(rehearsed) => self.planned(index, rehearsed, signed, path, begun, way),
            Err((module, fault)) => {
                let identity = Identity { path, artifact: Some(artifact), module: Some(module) };
                self.refuse_and_retry(index, identity, fault, key.clone());
            }
        }
    }

    /// Judges an artifact; who it is, if it does not fit.
    pub(super) fn assess(
        &mut self,
        index: usize,
        inspected: Inspected,
        way: Way,
    ) -> Judged<Assessed> {
        let (shared, slot) = (Arc::clone(&self.shared), Arc::clone(&self.slots[index].core));
        let artifact = inspected.staged.hash();
        let manifest = Arc::clone(&inspected.manifest);
        shared.note(&slot.name, way, What::Inspected(build(artifact, &manifest)));
        let floor = self.floors.of(&manifest.module, &manifest.version);
        let floor = floor.filter(|_| way != Way::Recovered);
        let mut reached = |phase| {
            slot.set_phase(Some(phase));
            shared.note_phase(&slot.name, way, artifact, phase);
            shared.tell(&slot.name, EventKind::Phase { artifact, phase });
        };
        let mut upgrade = Upgrade {
            slot: &slot,
            config: &shared.config,
            steps: &mut self.steps,
            reached: &mut reached,
        };
        let assessed = upgrade.assess(inspected, floor);
        assessed.map_err(|fault| ((manifest.module.clone(), manifest.version.clone()), fault))
    }

    /// Keeps an artifact that fits, and the state, where there is a journal; tries it in a child
    /// process, where the slot has rehearsals, and tells of it.
    pub(super) fn rehearse(
        &mut self,
        index: usize,
        assessed: Assessed,
        path: &Path,
        way: Way,
    ) -> Judged<Rehearsed> {
        let (shared, slot) = (Arc::clone(&self.shared), Arc::clone(&self.slots[index].core));
        let artifact = assessed.inspected.staged.hash();
        let manifest = Arc::clone(&assessed.inspected.manifest);
        let identity = (manifest.module.clone(), manifest.version.clone());
        let mut is_told = false;
        let mut reached = |phase| {
            // A rehearsal takes a copy of its own.
            if phase == Phase::BackedUp && mem::replace(&mut is_told, true) {
                return;
            }
            slot.set_phase(Some(phase));
            shared.note_phase(&slot.name, way, artifact, phase);
            shared.tell(&slot.name, EventKind::Phase { artifact, phase });
        };
        match self.keep_artifact(index, way, path, &assessed) {
            Ok(true) => reached(Phase::BackedUp),
            Ok(false) => {}
            Err(fault) => return Err((identity, fault)),
        }
        if way == Way::Recovered {
            // It has served before.
            return Ok(Rehearsed::unrehearsed(assessed, &slot));
        }
        let mut upgrade = Upgrade {
            slot: &slot,
            config: &shared.config,
            steps: &mut self.steps,
            reached: &mut reached,
        };
        let rehearsed = upgrade.rehearse(assessed);
        let told = match rehearsed.as_ref().map(|rehearsed| &rehearsed.outcome) {
            Ok(Rehearsing::Well(report)) => {
                Some(EventKind::Rehearsed { artifact, report: Arc::clone(report) })
            }
            Ok(Rehearsing::Not(why)) => {
                Some(EventKind::NotRehearsed { artifact, why: (*why).to_owned() })
            }
            Ok(Rehearsing::NotAsked) | Err(_) => None,
        };
        if let Some(told) = told {
            shared.tell(&slot.name, told);
        }
        rehearsed.map_err(|fault| (identity, fault))
    }

    /// Loads an artifact that may, and lets it take over.
    pub(super) fn go_on(
        &mut self,
        index: usize,
        rehearsed: Rehearsed,
        path: &Path,
        begun: Instant,
        way: Way,
    ) {
        let (shared, slot) = (Arc::clone(&self.shared), Arc::clone(&self.slots[index].core));
        let artifact = rehearsed.assessed.inspected.staged.hash();
        let manifest = Arc::clone(&rehearsed.assessed.inspected.manifest);
        let mut reached = |phase| {
            slot.set_phase(Some(phase));
            shared.note_phase(&slot.name, way, artifact, phase);
            shared.tell(&slot.name, EventKind::Phase { artifact, phase });
        };
        let mut upgrade = Upgrade {
            slot: &slot,
            config: &shared.config,
            steps: &mut self.steps,
            reached: &mut reached,
        };
        let prepared = match upgrade.prepare(rehearsed) {
            Ok(prepared) => prepared,
            Err(fault) => {
                let module = Some((manifest.module.clone(), manifest.version.clone()));
                let identity = Identity { path, artifact: Some(artifact), module };
                return self.refuse_and_retry(index, identity, fault, (index, path.to_owned()));
            }
        };
        let waiting = Waiting { prepared, path: path.to_owned(), begun, on_request: false, way };
        let waits = shared.config.apply == Apply::OnRequest && way != Way::Reverted;
        if waits && slot.gate().is_some() {
            self.set_waiting(index, Some(Waiting { on_request: true, ..waiting }));
            slot.set_phase(None);
            slot.set_pending(true);
            let (module, version) = (manifest.module.clone(), manifest.version.clone());
            return self.tell(&slot.name, EventKind::Pending { module, version, artifact });
        }
        self.apply(index, waiting);
    }

    /// Copies an artifact; into a new private folder where somebody has removed the old one.
    fn stage(&mut self, path: &Path) -> Result<Staged, StageError> {
        let config = &self.shared.config;
        let artifacts = self.artifacts.as_mut().expect("something is watched");
        let limit = config.max_artifact_bytes;
        let result = stage(StageRequest::new(path, &artifacts.folder).with_limit(limit));
        if result.as_ref().is_err_and(StageError::is_folder_gone)
            && let Ok(folder) = PrivateFolder::new(config.private_folder.as_deref())
        {
            artifacts.folder = folder;
            return stage(StageRequest::new(path, &artifacts.folder).with_limit(limit));
        }
        result
    }

    /// Lets a prepared artifact take over; returns whether it has. One that was cancelled waits
    /// on: for the next request, or for its next try.
    fn apply(&mut self, index: usize, waiting: Waiting) -> bool {
        let Waiting { prepared, path, begun, on_request, way } = waiting;
        let (shared, core) = (Arc::clone(&self.shared), Arc::clone(&self.slots[index].core));
        let code = Arc::clone(prepared.code());
        shared.goes_on(&core.name, code.artifact);
        // While it waited, another slot may have raised it.
        let floor = self.floors.of(&code.manifest.module, &code.manifest.version);
        let floor = floor.filter(|_| way != Way::Recovered);
        let above = above(&code.manifest, floor);
        // It may have waited for long.
        let is_late = on_request || way == Way::Again;
        let ready = above.and_then(|()| self.activating(index, way, &prepared, is_late));
        if let Err(fault) = ready {
            let module = Some((code.manifest.module.clone(), code.manifest.version.clone()));
            let identity = Identity { path: &path, artifact: code.artifact, module };
            let fault = fault.with_finding(self.discard(prepared));
            self.refuse_and_retry(index, identity, fault, (index, path.clone()));
            return false;
        }
        let mut reached = |phase| {
            core.set_phase(Some(phase));
            if let Some(artifact) = code.artifact {
                if phase == Phase::Activated {
                    let generation = code.generation;
                    shared.note(&core.name, way, What::Activated { artifact, generation });
                }
                shared.note_phase(&core.name, way, artifact, phase);
                shared.tell(&core.name, EventKind::Phase { artifact, phase });
            }
        };
        let mut upgrade = Upgrade {
            slot: &core,
            config: &shared.config,
            steps: &mut self.steps,
            reached: &mut reached,
        };
        let applied = upgrade.apply(prepared);
        shared.paused(&core.name, code.artifact, &core.take_pause());
        match applied {
            Ok(applied) => {
                self.set_waiting(index, None);
                self.slots[index].retry = None;
                core.set_pending(false);
                self.live(index, applied, begun, way);
                true
            }
            Err(Unapplied { fault, prepared }) => {
                let manifest = &code.manifest;
                let module = Some((manifest.module.clone(), manifest.version.clone()));
                let identity = Identity { path: &path, artifact: code.artifact, module };
                let is_kept = prepared.is_some();
                let waiting = prepared.map(|prepared| {
                    let path = path.clone();
                    Waiting { prepared, path, begun, on_request, way }
                });
                self.set_waiting(index, waiting);
                if on_request && is_kept {
                    self.refuse(index, identity, fault);
                    core.set_pending(true);
                } else {
                    self.refuse_and_retry(index, identity, fault, (index, path.clone()));
                }
                false
            }
        }
    }

    /// Tries a cancelled upgrade again, from where it was cancelled.
    pub(super) fn try_again(&mut self, index: usize, path: PathBuf) {
        let slot = &mut self.slots[index];
        // Something newer has come since.
        if slot.retry.as_ref() != Some(&path) {
            return;
        }
        match slot.waiting.take_if(|waiting| !waiting.on_request) {
            Some(waiting) => {
                let way = if waiting.way == Way::Found { Way::Again } else { waiting.way };
                self.apply(index, Waiting { way, ..waiting });
            }
            None => self.try_path(index, path, Way::Again),
        }
    }

    /// Another candidate waits from now on, or none.
    pub(super) fn set_waiting(&mut self, index: usize, waiting: Option<Waiting>) {
        let before = mem::replace(&mut self.slots[index].waiting, waiting);
        if let Some(artifact) = before.as_ref().and_then(|it| it.prepared.code().artifact) {
            let is_newer = self.slots[index].waiting.is_some();
            let why = if is_newer { "a newer artifact has come" } else { "it was taken back" };
            self.called_off(index, artifact, why);
        }
        if let Some(hangs) = before.and_then(|waiting| self.discard(waiting.prepared)) {
            tracing::warn!(slot = &*self.slots[index].core.name, "{hangs}");
        }
    }

    fn discard(&mut self, prepared: Prepared) -> Option<String> {
        let deadline = Instant::now() + self.shared.config.work_deadline;
        prepared.discard(&mut self.steps, deadline)
    }

    /// Whether an artifact waits to be tried again, and nothing says when.
    fn is_given_up(&self, key: &(usize, PathBuf), artifact: ArtifactHash) -> bool {
        let waiting = self.slots[key.0].waiting.as_ref().filter(|waiting| !waiting.on_request);
        let waits = waiting.is_some_and(|it| it.prepared.code().artifact == Some(artifact));
        waits && !self.cancelled.is_scheduled(key)
    }

    /// Whether nothing is to be done about an artifact: it serves, it waits, it was looked at, or
    /// it was rejected before (which is told again when it has come back).
    fn is_known(&mut self, index: usize, path: &Path, artifact: ArtifactHash, way: Way) -> bool {
        let slot = &mut self.slots[index];
        let seen = slot.seen.insert(path.to_owned(), artifact) == Some(artifact);
        let awaiting = slot.awaiting.as_ref().map(Awaiting::artifact);
        let pending = slot.waiting.as_ref().and_then(|it| it.prepared.code().artifact);
        let serves = slot.core.serves().and_then(|serves| serves.code.artifact);
        if serves == Some(artifact) && pending.is_some() {
            // What waited was taken back.
            slot.core.set_pending(false);
            self.set_waiting(index, None);
        }
        if serves == Some(artifact) {
            self.superseded(index, "it was taken back");
        }
        let slot = &mut self.slots[index];
        let waits = pending == Some(artifact) || awaiting == Some(artifact);
        if serves == Some(artifact) || waits || (seen && way == Way::Found) {
            return true;
        }
        if matches!(way, Way::Recovered | Way::Reverted) {
            return false;
        }
        let Some(refusal) = slot.rejected.get(&artifact).cloned() else { return false };
        let refusal = Refusal {
            serving: slot.core.serves().map(|serves| serves.serving()),
            ..(*refusal).clone()
        };
        self.told_refused(index, Arc::new(refusal));
        true
    }

    /// Gives up the callers inside a slot; returns whether a candidate that waited for them has
    /// taken over.
    pub(super) fn abandon(&mut self, name: &str) -> bool {
        let Some(index) = self.slots.iter().position(|slot| &*slot.core.name == name) else {
            return false;
        };
        if self.slots[index].trial.as_ref().is_some_and(OnTrial::has_way_back) {
            let finding = "callers hang in it, and were given up".to_owned();
            return self.roll_back(index, Why { finding, hangs: true }).is_ok();
        }
        let slot = &mut self.slots[index];
        slot.core.set_abandoned(true);
        if let Some(gate) = slot.core.gate() {
            // Who waits for them waits no longer.
            gate.current().1.exclusion().abandon();
        }
        match slot.waiting.take_if(|waiting| !waiting.on_request) {
            Some(waiting) => self.apply(index, waiting),
            None => false,
        }
    }

    /// Lets every prepared artifact take over; returns how many have.
    pub(super) fn apply_pending(&mut self) -> usize {
        let mut applied = 0;
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            if let Some(waiting) = slot.waiting.take() {
                slot.core.set_pending(false);
                applied += usize::from(self.apply(index, waiting));
            }
        }
        applied
    }
}
