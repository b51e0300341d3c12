//! A slot begins where the last run has left off, whatever lies at the watched path.

use std::sync::Arc;

use hotswap_abi::{__private::text::in_full, Manifest};
use hotswap_types::{Phase, Release};

use super::{context::Context, slot::SlotSupervisor, slot_event::SlotEvent, trigger::Trigger};
use crate::{
    checkpoint::Checkpoint,
    event::{EventKind, Exit, Recovered, Refusal},
    journal::{AskedStrategy, Backup, Build, Journal, Recovery, Rejection, Try},
    snapshot::Snapshot,
    upgrade::{Fault, Handover, Incumbent, contents, handover},
};

/// A backup that a slot can begin with.
struct Chosen {
    state: Option<(Backup, Snapshot)>,
    /// Later ones, and why they are of no use.
    passed_over: Vec<String>,
    /// None of them fits: this is the newest that can be read.
    unfit: bool,
}

/// What has come of a try to begin with a committed artifact.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    Serves,
    /// No state can be read.
    Stateless,
    /// What is kept of it is not the artifact that was committed, or cannot be had.
    NotIntact,
    /// It is what was committed, and does not begin.
    Refused,
}

impl SlotSupervisor {
    /// Begins with what the journal knows of a slot: with the artifact that was committed last; where
    /// that is not kept as it was, with the one before it. `false` when there are states and none can
    /// be read: then nothing is to serve, since it would begin without them.
    pub(super) fn recover(&mut self, cx: &mut Context) -> bool {
        let shared = Arc::clone(&cx.shared);
        let core = Arc::clone(&self.core);
        let Some(journal) = &shared.journal else { return true };
        let (rejected, recovery, builds, strategies) = {
            let journal = journal.lock();
            let Some(record) = journal.record(&core.name) else { return true };
            let (rejected, strategies) = (record.rejected.clone(), record.strategies.clone());
            (rejected, journal.recovery(&core.name), journal.may_begin(&core.name), strategies)
        };
        for asked in strategies {
            self.asked_before(asked);
        }
        shared.report_unfinished(&core.name);
        for rejection in rejected {
            let artifact = rejection.artifact;
            let refusal = self.rejected_before(rejection);
            self.core.rejected.insert(artifact, Arc::new(refusal));
        }
        for tried in &recovery.exhausted {
            self.exhausted(cx, tried.clone());
        }
        if let (None, Some(build)) = (&cx.artifacts, builds.first()) {
            let why = format!(
                "{build} was committed, and this host takes no artifacts; the module that is linked \
                 in is tried"
            );
            cx.tell(&core.name, EventKind::NotRecovered { why });
            return self.begin_from(cx, None, None, &recovery);
        }
        for (n, build) in builds.iter().enumerate() {
            let begun = self.begin_again(cx, build, &recovery);
            let next = match (begun, builds.get(n + 1)) {
                (Begun::Serves, _) => return true,
                (Begun::Stateless, _) => return false,
                (Begun::NotIntact, Some(older)) => format!("{older}, committed before it,"),
                (Begun::NotIntact | Begun::Refused, _) => self.own_place(),
            };
            let why = format!("{build} was committed, and does not begin again; {next} is tried");
            cx.tell(&core.name, EventKind::NotRecovered { why });
            if begun == Begun::Refused {
                break;
            }
        }
        self.begin_from(cx, None, None, &recovery)
    }

    /// Begins with an artifact that was committed.
    fn begin_again(&mut self, cx: &mut Context, build: &Build, recovery: &Recovery) -> Begun {
        let core = Arc::clone(&self.core);
        let Some((path, bytes)) = self.as_committed(cx, build) else { return Begun::NotIntact };
        let manifest = contents(&bytes).ok().map(|contents| contents.manifest);
        drop(bytes);
        if !self.begin_from(cx, Some(build), manifest.as_ref(), recovery) {
            return Begun::Stateless;
        }
        let before = core.last_refusal();
        self.try_path(cx, path, Trigger::Recovery);
        if core.gate().is_some() {
            return Begun::Serves;
        }
        self.recovered = None;
        let is_new = |it: &Arc<Refusal>| before.is_none_or(|before| !Arc::ptr_eq(&before, it));
        match core.last_refusal().filter(is_new) {
            Some(it) if it.phase > Phase::Staged || it.exit == Exit::Cancelled => Begun::Refused,
            _ => Begun::NotIntact,
        }
    }

    /// What a slot begins with that has no committed artifact to begin with.
    fn own_place(&self) -> String {
        let core = &self.core;
        match core.settings.builtin {
            Some(_) => "the module that is linked into the program".to_owned(),
            None => format!("what lies at {}", core.settings.source_text),
        }
    }

    /// Lays out the newest state that a committed artifact, or what comes in its place, can begin
    /// with. `false` when none can be read.
    fn begin_from(
        &mut self,
        cx: &mut Context,
        build: Option<&Build>,
        manifest: Option<&Manifest>,
        recovery: &Recovery,
    ) -> bool {
        let shared = Arc::clone(&cx.shared);
        let core = Arc::clone(&self.core);
        let journal = shared.journal.as_ref().expect("it was looked at");
        let chosen = choose(cx, &journal.lock(), &core.name, manifest);
        let Chosen { state, passed_over, unfit } = chosen;
        if state.is_none() && !passed_over.is_empty() {
            self.unreadable(cx, passed_over);
            return false;
        }
        let (backup, snapshot) = state.unzip();
        if build.is_none() && backup.is_none() {
            return true;
        }
        let number = backup.as_ref().filter(|_| !unfit).map(|it| it.number);
        self.emit(cx, SlotEvent::Recovered { build: build.cloned(), backup: number });
        let recovered = Recovered {
            artifact: build.cloned().map(Release::from),
            backup,
            is_older: recovery.is_older || !passed_over.is_empty(),
            uncommitted: recovery.uncommitted.clone().map(Release::from),
            passed_over,
        };
        match build {
            // Told when it serves.
            Some(_) => self.recovered = Some(recovered),
            None => cx.tell(&core.name, EventKind::Recovered(recovered)),
        }
        if let Some(snapshot) = snapshot {
            core.set_checkpoint(Checkpoint::backup(snapshot));
        }
        true
    }

    /// A strategy that somebody has wanted in an earlier run, for an upgrade that is not over. The slot may
    /// have been configured otherwise since.
    fn asked_before(&mut self, AskedStrategy { artifact, strategy }: AskedStrategy) {
        if let Some(why) = self.core.unfit(&strategy) {
            let (slot, artifact) = (&*self.core.name, artifact.short());
            tracing::warn!(slot, artifact, "it is upgraded with the slot's own strategy: {why}");
            return;
        }
        let intent = self.core.settings.intent.clone().with_strategy(strategy);
        self.candidates.intents.put(artifact, intent);
    }

    /// A candidate that has ended the process too often.
    fn exhausted(&mut self, cx: &mut Context, Try { build, count }: Try) {
        let finding = format!(
            "journal  it was about to take over, or on trial, {count} times when the process ended"
        );
        let advice = "find out what has ended the process, and build it again; Operator::clear has it \
                      tried once more";
        let fault = Fault::as_advised(Phase::Activated, Exit::Rejected, vec![finding], advice);
        let refusal = self.refusal(Some(build.artifact), Some(build.module_version()), fault);
        self.quarantine(cx, refusal);
    }

    /// There are states, and none can be read.
    fn unreadable(&mut self, cx: &mut Context, findings: Vec<String>) {
        let advice = "bring one of these files back; or move the journal's whole folder away, to \
                      begin without what it knows; then restart the host";
        let (phase, exit) = (Phase::Staged, Exit::Cancelled);
        let fault = Fault::as_advised(phase, exit, findings, advice);
        self.refused_again(cx, self.refusal(None, None, fault));
    }

    /// An artifact that an earlier run has rejected.
    fn rejected_before(&self, rejection: Rejection) -> Refusal {
        let Rejection { artifact, build, phase, why } = rejection;
        let advice = "build it again; rejected by an earlier run, and tried again when the file \
                      changes or is cleared with Operator::clear";
        let fault = Fault::as_advised(phase, Exit::Rejected, vec![why], advice);
        self.refusal(Some(artifact), build.as_ref().map(Build::module_version), fault)
    }

    /// An artifact that somebody has gone back from.
    pub(super) fn gone_back_from(&self, from: &Build, why: &str) -> Refusal {
        let advice = "put a newer build there; tried again when the file changes or is cleared with \
                      Operator::clear";
        let fault =
            Fault::as_advised(Phase::Committed, Exit::Rejected, vec![why.to_owned()], advice);
        self.refusal(Some(from.artifact), Some(from.module_version()), fault)
    }
}

/// The newest backup that an artifact can begin with; without one the newest that can be read.
fn choose(cx: &Context, journal: &Journal, slot: &str, manifest: Option<&Manifest>) -> Chosen {
    let (mut newest, mut passed_over) = (None, Vec::new());
    for backup in journal.backups(slot) {
        let state = match journal.state(slot, backup.number) {
            Ok(state) => state,
            Err(error) => {
                passed_over.push(format!("backup {}: {}", backup.number, in_full(&error)));
                continue;
            }
        };
        match manifest.map_or(Ok(()), |manifest| fits(cx, manifest, &state)) {
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
fn fits(cx: &Context, manifest: &Manifest, state: &Snapshot) -> Result<(), String> {
    let before = Incumbent::stored(state);
    match handover(manifest, Some(&before), cx.shared.config.state_drift) {
        Ok(Handover::State { .. }) => Ok(()),
        Ok(other) => Err(other.note().to_string()),
        Err(Fault { findings, .. }) => Err(findings.join("; ")),
    }
}
