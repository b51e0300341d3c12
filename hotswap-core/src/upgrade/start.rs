//! How a candidate starts while nobody waits for it: afresh, or with a state that was stored before.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use hotswap_types::{Phase, StateNote};

use super::{
    Fault, Handover, Incumbent, Prepared, Upgrade, activate, handover,
    migrate::{self, Migrated},
    progress::{Progress, Step},
};
use crate::{
    instance::{Begin, Generation, StepError},
    snapshot::Snapshot,
};

impl Upgrade<'_> {
    pub(super) fn start(
        &mut self,
        prepared: &Prepared,
        deadline: Instant,
    ) -> Result<Generation, Fault> {
        let context = Arc::clone(&prepared.context);
        let started = self.steps.run(deadline, move || activate::start(&context, Begin::Fresh));
        started
            .map_err(StepError::from)
            .flatten()
            .map_err(|error| Fault::of_candidate(Phase::Activated, "start", &error))
    }

    /// Starts a generation with a state that was stored before.
    pub(super) fn restore(
        &mut self,
        prepared: &Prepared,
        snapshot: &Arc<Snapshot>,
        handover: &Handover,
        deadline: Instant,
    ) -> Result<(Generation, StateNote), Fault> {
        let (context, stored) = (Arc::clone(&prepared.context), Arc::clone(snapshot));
        let progress = Arc::new(Progress::default());
        let (at, how) = (Arc::clone(&progress), handover.clone());
        let dropped = self.slot.undo.lock().values();
        let restored = self.steps.run(deadline, move || {
            at.enter(Step::Migrate);
            let Migrated { state, note, carried } =
                migrate::migrate(&context, &stored, &how, &dropped)?;
            at.enter(Step::Start);
            Ok((activate::start(&context, Begin::Restored(state))?, note, carried))
        });
        let restored = restored.map_err(StepError::from).flatten();
        let (generation, note, carried) =
            restored.map_err(|error| progress.step().fault(&error, handover))?;
        self.remember(Arc::clone(snapshot));
        self.carried(carried);
        Ok((generation, note))
    }

    /// Starts a generation in the place of an instance that is left with its state: with the state of
    /// the last upgrade, where that was kept, and with the time at which it was taken. `left` says
    /// why.
    pub(super) fn start_anew(
        &mut self,
        prepared: &Prepared,
        left: &str,
        deadline: Instant,
    ) -> Result<(Generation, StateNote, Option<SystemTime>), Fault> {
        let Some(last) = self.slot.last_state() else {
            let note = match prepared.code().manifest.state() {
                Some(_) => {
                    let why = format!("{left}, and no earlier state was kept");
                    StateNote::Dropped { why: vec![why] }
                }
                None => StateNote::None,
            };
            return Ok((self.start(prepared, deadline)?, note, None));
        };
        let (drift, before) = (self.config.state_drift, Incumbent::stored(&last));
        match handover(&prepared.code().manifest, Some(&before), drift)? {
            handover @ Handover::State { .. } => {
                let (generation, note) = self.restore(prepared, &last, &handover, deadline)?;
                Ok((generation, note, Some(last.taken())))
            }
            handover => Ok((self.start(prepared, deadline)?, handover.note(), None)),
        }
    }
}
