//! A slot begins where the last run has left off, whatever lies at the watched path.

use std::{path::Path, sync::Arc};

use hotswap_abi::manifest::Manifest;

use super::{Way, Worker};
use crate::{
    checkpoint::Checkpoint,
    error::in_full,
    event::{EventKind, Exit, Phase, Recovered, Refusal},
    fs::read_regular,
    journal::{Backup, Build, Journal, Recovery, Rejection, Try, What},
    snapshot::Snapshot,
    upgrade::{ArtifactHash, Fault, Handover, Predecessor, contents, handover},
};

/// A backup that a slot can begin with.
struct Chosen {
    state: Option<(Backup, Snapshot)>,
    /// Later ones, and why they are of no use.
    passed_over: Vec<String>,
    /// None of them fits: this is the newest that can be read.
    unfit: bool,
}

impl Worker {
    /// Begins with what the journal knows of a slot. `false` when there are states and none can be
    /// read: then nothing is to serve, since it would begin without them.
    pub(super) fn recover(&mut self, index: usize) -> bool {
        let shared = Arc::clone(&self.shared);
        let core = Arc::clone(&self.slots[index].core);
        let Some(journal) = &shared.journal else { return true };
        let (rejected, recovery, chosen, path) = {
            let journal = journal.lock();
            let Some(record) = journal.record(&core.name) else { return true };
            let recovery = journal.recovery(&core.name);
            let path = recovery.first.as_ref().map(|build| journal.artifact(build.artifact));
            let chosen = self.choose(&journal, &core.name, path.as_deref());
            (record.rejected.clone(), recovery, chosen, path)
        };
        shared.report_unfinished(&core.name);
        for rejection in rejected {
            let artifact = rejection.artifact;
            let refusal = self.refusal(index, rejection);
            self.slots[index].core.rejected.insert(artifact, Arc::new(refusal));
        }
        let Recovery { first, exhausted, uncommitted, is_older } = recovery;
        let Chosen { state, passed_over, unfit } = chosen;
        if state.is_none() && !passed_over.is_empty() {
            self.unreadable(index, passed_over);
            return false;
        }
        let (backup, snapshot) = state.unzip();
        let is_older = is_older || !passed_over.is_empty();
        if first.is_some() || backup.is_some() {
            let number = backup.as_ref().filter(|_| !unfit).map(|it| it.number);
            self.has(index, What::Recovered { build: first.clone(), backup: number });
            let named = |it: Build| (it.artifact, it.module, it.version);
            let recovered = Recovered {
                artifact: first.clone().map(named),
                backup,
                is_older,
                uncommitted: uncommitted.map(named),
                passed_over,
            };
            self.tell(&core.name, EventKind::Recovered(recovered));
        }
        if let Some(snapshot) = snapshot {
            core.set_checkpoint(Checkpoint::backup(snapshot));
        }
        for tried in exhausted {
            self.exhausted(index, tried);
        }
        let (Some(build), Some(path)) = (first, path) else { return true };
        self.try_path(index, path, Way::Recovered);
        if core.gate().is_none() {
            let why = format!(
                "{build} was committed last, and does not begin again; what lies at {} is tried",
                core.source
            );
            self.tell(&core.name, EventKind::NotRecovered { why });
        }
        true
    }

    /// The newest backup that the artifact at a path can begin with.
    fn choose(&self, journal: &Journal, slot: &str, path: Option<&Path>) -> Chosen {
        let manifest = path.and_then(|path| read_regular(path, u64::MAX).ok());
        let manifest = manifest.and_then(|bytes| Some(contents(&bytes).ok()?.manifest));
        let (mut newest, mut passed_over) = (None, Vec::new());
        for backup in journal.backups(slot) {
            let state = match journal.state(slot, backup.number) {
                Ok(state) => state,
                Err(error) => {
                    passed_over.push(format!("backup {}: {}", backup.number, in_full(&error)));
                    continue;
                }
            };
            match manifest.as_ref().map_or(Ok(()), |manifest| self.fits(manifest, &state)) {
                Ok(()) => {
                    return Chosen { state: Some((backup, state)), passed_over, unfit: false };
                }
                Err(why) => {
                    passed_over.push(format!("backup {}: {why}", backup.number));
                    newest.get_or_insert((backup, state));
                }
            }
        }
        Chosen { unfit: newest.is_some(), state: newest, passed_over }
    }

    /// Whether a module can begin with a state.
    fn fits(&self, manifest: &Manifest, state: &Snapshot) -> Result<(), String> {
        let before = Predecessor::stored(state);
        match handover(manifest, Some(&before), self.shared.config.state_drift) {
            Ok(Handover::State { .. }) => Ok(()),
            Ok(other) => Err(other.note().to_string()),
            Err(Fault { findings, .. }) => Err(findings.join("; ")),
        }
    }

    /// A candidate that has ended the process too often.
    fn exhausted(&mut self, index: usize, tried: Try) {
        let Try { build: Build { artifact, module, version }, count } = tried;
        let refusal = Refusal {
            module: Some((module, version)),
            findings: vec![format!(
                "journal  it was about to take over, or on trial, {count} times when the process ended"
            )],
            advice: "find out what has ended the process, and build it again; Host::clear has it \
                     tried once more"
                .to_owned(),
            ..self.blank(index, Some(artifact))
        };
        self.quarantine(index, refusal);
    }

    /// There are states, and none can be read.
    fn unreadable(&mut self, index: usize, findings: Vec<String>) {
        let refusal = Refusal {
            phase: Phase::Staged,
            exit: Exit::Cancelled,
            findings,
            advice: "bring one of these files back; or move the journal's whole folder away, to \
                     begin without what it knows; then restart the host"
                .to_owned(),
            ..self.blank(index, None)
        };
        self.told_refused(index, Arc::new(refusal));
    }

    /// An artifact that an earlier run has rejected.
    fn refusal(&self, index: usize, rejection: Rejection) -> Refusal {
        let Rejection { artifact, build, phase, why } = rejection;
        let phases = [
            Phase::Loaded,
            Phase::Prepared,
            Phase::Quiescing,
            Phase::Snapshotted,
            Phase::Migrating,
            Phase::Trial,
            Phase::Committed,
        ];
        let found = phases.into_iter().find(|it| it.to_string() == phase);
        Refusal {
            module: build.map(|build| (build.module, build.version)),
            phase: found.unwrap_or(Phase::Activated),
            findings: vec![why],
            advice: "build it again; rejected by an earlier run, and tried again when the file \
                     changes or is cleared with Host::clear"
                .to_owned(),
            ..self.blank(index, Some(artifact))
        }
    }

    /// An artifact that somebody has gone back from.
    pub(super) fn gone_back_from(&self, index: usize, from: &Build, why: &str) -> Refusal {
        Refusal {
            module: Some((from.module.clone(), from.version.clone())),
            phase: Phase::Committed,
            findings: vec![why.to_owned()],
            advice:
                "put a newer build there; tried again when the file changes or is cleared with \
                     Host::clear"
                    .to_owned(),
            ..self.blank(index, Some(from.artifact))
        }
    }

    fn blank(&self, index: usize, artifact: Option<ArtifactHash>) -> Refusal {
        let core = &self.slots[index].core;
        Refusal {
            slot: core.name.to_string(),
            module: None,
            artifact,
            path: core.source.clone(),
            phase: Phase::Activated,
            exit: Exit::Rejected,
            serving: None,
            state: "state untouched".to_owned(),
            findings: Vec::new(),
            advice: String::new(),
            again: false,
            tried_again: false,
        }
    }
}
