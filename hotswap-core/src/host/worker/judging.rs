//! What an upgrade to an artifact would be: judged from bytes, and nothing comes of it.

use std::{path::Path, sync::Arc, time::Instant};

use hotswap_types::{ModuleVersion, Phase, escape::shown};

use super::{
    Way, Worker,
    outcome::{Identity, refusal, unstaged},
};
use crate::{
    event::Refusal,
    plan::Plan,
    upgrade::{Admitted, Fault, Unvouched, Upgrade, vouch},
};

impl Worker {
    /// The plan for an artifact, or why it would be refused. It is copied, and the copy is gone
    /// afterwards; nothing is told, and nothing is remembered.
    pub(super) fn judge(&mut self, name: &str, path: &Path) -> Result<Judgement, String> {
        let index = self.slots.iter().position(|slot| &*slot.core.name == name);
        let index = index.ok_or("the slot was not opened")?;
        if self.artifacts.is_none() {
            return Err("the host has no slot that takes artifacts".to_owned());
        }
        let mut about = Identity { path, artifact: None, module: None };
        let judged = self.plan_for(index, path, &mut about);
        Ok(judged.map(Arc::new).map_err(|fault| {
            let refusal = refusal(&self.slots[index].core, about, fault);
            Arc::new(Refusal { tried_again: false, again: false, ..refusal })
        }))
    }

    fn plan_for(
        &mut self,
        index: usize,
        path: &Path,
        about: &mut Identity<'_>,
    ) -> Result<Plan, Fault> {
        let (shared, core) = (Arc::clone(&self.shared), Arc::clone(&self.slots[index].core));
        let staged = self.stage(path).map_err(|error| unstaged(&error))?;
        about.artifact = Some(staged.hash());
        self.is_as_kept(&staged).map_err(|(_, fault)| fault)?;
        if let Some(refusal) = core.rejected.get(staged.hash()) {
            about.module.clone_from(&refusal.module);
            return Err(Fault {
                phase: refusal.phase,
                exit: refusal.exit,
                findings: refusal.findings.clone(),
                advice: refusal.advice.clone(),
                again: false,
            });
        }
        let vouched = vouch(staged, &shared.config.trust).map_err(|error| match error {
            Unvouched::BeingWritten(path) => being_written(&path),
            Unvouched::Refused(fault) => fault,
        })?;
        let artifact = vouched.staged.hash();
        let mut course = self.course(index, artifact, path, Instant::now(), Way::Offered);
        course.signed.clone_from(&vouched.signed);
        let mut upgrade = Upgrade {
            slot: &core,
            config: &shared.config,
            steps: &mut self.steps,
            reached: &mut |_| {},
        };
        let Some(inspected) = upgrade.inspect(vouched, false)? else {
            let finding = "it is another module's";
            return Err(Fault::rejected(Phase::Inspected, finding, "offer it to its own slot"));
        };
        let manifest = Arc::clone(&inspected.manifest);
        about.module = Some(ModuleVersion::from(&*manifest));
        let floor = self.floors.of(&manifest.module, &manifest.version);
        let assessed = upgrade.assess(inspected, floor)?;
        Ok(self.plan(index, &Admitted::unrehearsed(assessed, &core), &course))
    }
}

/// The plan for an artifact that would be taken, or how it would be refused.
pub(in crate::host) type Judgement = Result<Arc<Plan>, Arc<Refusal>>;

fn being_written(path: &Path) -> Fault {
    Fault::cancelled(
        Phase::Staged,
        format!("{} is being written", shown(path)),
        "ask again when it is whole",
    )
}
