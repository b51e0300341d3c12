//! One artifact on its way: staged, looked up among those that are known, and upgraded to.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use super::{
    Waiting, Worker,
    outcome::{Identity, unstaged},
    trials::OnTrial,
};
use crate::{
    config::Apply,
    event::{EventKind, Refusal},
    fs::PrivateFolder,
    gate::Guarded as _,
    upgrade::{
        ArtifactHash, Rehearsing, StageError, StageRequest, Staged, Unapplied, Unvouched, Upgrade,
        Why, above, stage, vouch,
    },
    watch::Retry,
};

impl Worker {
    /// Takes one artifact through an upgrade.
    pub(super) fn try_path(&mut self, index: usize, path: PathBuf, again: bool) {
        let begun = Instant::now();
        let key = (index, path);
        if self.slots[index].trial.as_ref().is_some_and(OnTrial::has_way_back) {
            self.paths.done(&key);
            self.slots[index].after_trial.insert(key.1);
            return;
        }
        let path = key.1.as_path();
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
                return self.refuse_unstaged(index, path, None, unstaged(&error));
            }
        };
        let artifact = staged.hash();
        if self.is_known(index, path, artifact, again) {
            self.slots[index].unstaged.remove(path);
            self.paths.done(&key);
            return;
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
        let _span = tracing::info_span!("upgrade", slot = &*slot.name, artifact = artifact.short())
            .entered();
        let mut reached = |phase| {
            slot.set_phase(Some(phase));
            shared.tell(&slot.name, EventKind::Phase { artifact, phase });
        };
        let staged = &vouched.staged;
        tracing::debug!(
            origin = %staged.origin().display(),
            size = staged.size(),
            built = ?staged.built(),
            completeness = ?staged.completeness(),
            "staged"
        );
        if let Some(signed) = &vouched.signed {
            let (key, comment) = (signed.key.to_string(), signed.comment.clone());
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
        let manifest = Arc::clone(&inspected.manifest);
        let identity = Identity {
            path,
            artifact: Some(artifact),
            module: Some((manifest.module.clone(), manifest.version.clone())),
        };
        let floor = self.floors.of(&manifest.module, &manifest.version);
        let assessed = upgrade.assess(inspected, floor);
        let rehearsed = assessed.and_then(|assessed| upgrade.rehearse(assessed));
        let prepared = rehearsed.and_then(|rehearsed| {
            match &rehearsed.outcome {
                Rehearsing::NotAsked => {}
                Rehearsing::Not(why) => {
                    let why = (*why).to_owned();
                    shared.tell(&slot.name, EventKind::NotRehearsed { artifact, why });
                }
                Rehearsing::Well(report) => {
                    let report = Arc::new(report.clone());
                    shared.tell(&slot.name, EventKind::Rehearsed { artifact, report });
                }
            }
            upgrade.prepare(rehearsed)
        });
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => return self.refuse_and_retry(index, identity, fault, key.clone()),
        };
        let waiting = Waiting { prepared, path: path.to_owned(), begun, on_request: false };
        if shared.config.apply == Apply::OnRequest && slot.gate().is_some() {
            self.slots[index].waiting = Some(Waiting { on_request: true, ..waiting });
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
        let Waiting { prepared, path, begun, on_request } = waiting;
        let (shared, core) = (Arc::clone(&self.shared), Arc::clone(&self.slots[index].core));
        let code = Arc::clone(prepared.code());
        // While it waited, another slot may have raised it.
        let floor = self.floors.of(&code.manifest.module, &code.manifest.version);
        if let Err(fault) = above(&code.manifest, floor) {
            let module = Some((code.manifest.module.clone(), code.manifest.version.clone()));
            let identity = Identity { path: &path, artifact: code.artifact, module };
            self.refuse_and_retry(index, identity, fault, (index, path.clone()));
            return false;
        }
        let mut reached = |phase| {
            core.set_phase(Some(phase));
            if let Some(artifact) = code.artifact {
                shared.tell(&core.name, EventKind::Phase { artifact, phase });
            }
        };
        let mut upgrade = Upgrade {
            slot: &core,
            config: &shared.config,
            steps: &mut self.steps,
            reached: &mut reached,
        };
        match upgrade.apply(prepared) {
            Ok(applied) => {
                let slot = &mut self.slots[index];
                (slot.retry, slot.waiting) = (None, None);
                slot.core.set_pending(false);
                self.live(index, applied, begun);
                true
            }
            Err(Unapplied { fault, prepared }) => {
                let manifest = &code.manifest;
                let module = Some((manifest.module.clone(), manifest.version.clone()));
                let identity = Identity { path: &path, artifact: code.artifact, module };
                let is_kept = prepared.is_some();
                self.slots[index].waiting = prepared.map(|prepared| {
                    let path = path.clone();
                    Waiting { prepared, path, begun, on_request }
                });
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
                self.apply(index, waiting);
            }
            None => self.try_path(index, path, true),
        }
    }

    /// Whether nothing is to be done about an artifact: it serves, it waits, it was looked at, or
    /// it was rejected before (which is told again when it has come back).
    fn is_known(&mut self, index: usize, path: &Path, artifact: ArtifactHash, again: bool) -> bool {
        let slot = &mut self.slots[index];
        let seen = slot.seen.insert(path.to_owned(), artifact) == Some(artifact);
        let pending = slot.waiting.as_ref().and_then(|it| it.prepared.code().artifact);
        let serves = slot.core.serves().and_then(|serves| serves.code.artifact);
        if serves == Some(artifact) && pending.is_some() {
            // What waited was taken back.
            slot.waiting = None;
            slot.core.set_pending(false);
        }
        if serves == Some(artifact) || pending == Some(artifact) || (seen && !again) {
            return true;
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
