//! What an upgrade to an artifact would be: judged from bytes, and nothing comes of it.

use std::{path::Path, sync::Arc, time::Instant};

use hotswap_types::{ModuleVersion, Phase, escape};

use super::{
    candidate::{Candidate, Identity},
    command::Judgement,
    context::Context,
    refusing::{refusal, unstaged},
    slot::SlotSupervisor,
    trigger::Trigger,
};
use crate::{
    event::Refusal,
    plan::Plan,
    upgrade::{Admitted, Fault, Unverified, Upgrade, verify_signature},
};

impl SlotSupervisor {
    /// The plan for an artifact, or why it would be refused. It is copied, and the copy is gone
    /// afterwards; nothing is told, and nothing is remembered.
    pub(super) fn judge(&self, cx: &mut Context, path: &Path) -> Result<Judgement, String> {
        if cx.artifacts.is_none() {
            return Err("the host has no slot that takes artifacts".to_owned());
        }
        let mut about = Identity { path, artifact: None, module: None };
        let judged = self.plan_for(cx, path, &mut about);
        Ok(judged.map(Arc::new).map_err(|fault| {
            let refusal = refusal(&self.core, about, fault);
            Arc::new(Refusal { tried_again: false, again: false, ..refusal })
        }))
    }

    fn plan_for(
        &self,
        cx: &mut Context,
        path: &Path,
        about: &mut Identity<'_>,
    ) -> Result<Plan, Fault> {
        let (shared, core) = (Arc::clone(&cx.shared), Arc::clone(&self.core));
        let staged = cx.stage(path).map_err(|error| unstaged(&error))?;
        about.artifact = Some(staged.hash());
        cx.is_as_kept(&staged).map_err(|(_, fault)| fault)?;
        if let Some(refusal) = core.rejected.get(staged.hash()) {
            about.module.clone_from(&refusal.module);
            let Refusal { phase, exit, findings, advice, .. } = (*refusal).clone();
            return Err(Fault::as_advised(phase, exit, findings, advice));
        }
        let verified =
            verify_signature(staged, &shared.config.trust).map_err(|error| match error {
                Unverified::BeingWritten(path) => being_written(&path),
                Unverified::Refused(fault) => fault,
            })?;
        let artifact = verified.staged.hash();
        let mut candidate =
            Candidate::new(&core, artifact, path, Instant::now(), Trigger::Operator);
        candidate.signed.clone_from(&verified.signed);
        candidate.asked_strategy = self.candidates.intent_of(artifact).strategy;
        let mut upgrade = Upgrade {
            slot: &core,
            config: &shared.config,
            steps: &mut cx.steps,
            emit: &mut |_| {},
        };
        let Some(inspected) = upgrade.inspect(verified, false)? else {
            let finding = "it is another module's";
            return Err(Fault::rejected(Phase::Inspected, finding, "offer it to its own slot"));
        };
        let manifest = Arc::clone(&inspected.manifest);
        about.module = Some(ModuleVersion::from(&*manifest));
        let floor = cx.shared.floors.lock().of(&manifest.module, &manifest.version).cloned();
        let assessed = upgrade.assess(inspected, floor.as_ref())?;
        Ok(self.plan(cx, &Admitted::unrehearsed(assessed, &core), &candidate))
    }
}

fn being_written(path: &Path) -> Fault {
    Fault::cancelled(
        Phase::Staged,
        format!("{} is being written", escape::path(path)),
        "ask again when it is whole",
    )
}
