//! The hand-over as memory, in a rehearsal: from the version that serves to the new one and back, as
//! an upgrade and its rollback would do it. After each move the state is encoded, and must be what it
//! was.

use std::sync::Arc;

use super::{Observer, code, quoted, run};
use crate::{
    event::{RehearsalStep, WayBack},
    instance::{Code, Context, Generation, StepError, layout_match},
    upgrade::{
        Fault, Incumbent, Upgrade, handover,
        moves::{arrived, exchange_states},
        prepare, snapshot,
    },
};

impl Upgrade<'_> {
    /// Hands a state over as memory, from an instance of the version that serves to the new one and
    /// back, if an upgrade would. Where the way back fails it is none; all else is the new one's
    /// fault.
    pub(super) fn move_there_and_back(
        &mut self,
        serving: Arc<Generation>,
        new: &Arc<Code>,
        observer: &Arc<dyn Observer>,
    ) -> Result<WayBack, Fault> {
        let before = Incumbent::serving(&serving.code().manifest, true);
        let planned = handover(&new.manifest, Some(&before), self.config.state_drift);
        if !planned.is_ok_and(|planned| planned.moves()) {
            return Ok(WayBack::Works);
        }
        let (deadline, told) = (self.at_work(), Arc::clone(observer));
        let context = prepare::context(Arc::clone(new), self.slot, self.steps, deadline)?;
        let found = run(observer, self.steps, deadline, RehearsalStep::Move, move || {
            code(&told, RehearsalStep::Move, || there_and_back(&serving, &context, &*told))
        })?;
        Ok(found.map_or_else(|why| WayBack::Impossible { why: vec![why] }, |()| WayBack::Works))
    }
}

/// `Ok(Err(…))` where the way back fails. Nobody knows either of the two instances.
fn there_and_back(
    serving: &Generation,
    context: &Context,
    observer: &dyn Observer,
) -> Result<Result<(), String>, StepError> {
    let Ok(layout_match) = layout_match(serving.code(), context.code()) else {
        // Then it goes over by its encoding, which was tried before.
        return Ok(Ok(()));
    };
    let candidate = context.start_beside()?;
    let before = snapshot::take(serving)?.state;
    snapshot::suspend(serving)?;
    exchange_states(serving, &candidate, &layout_match);
    arrived(&candidate)?;
    context.self_test(&candidate)?;
    if snapshot::take(&candidate)?.state != before {
        let why = "the state that was handed over as memory is encoded as another value".to_owned();
        return Err(StepError::Failed(why));
    }
    exchange_states(serving, &candidate, &layout_match);
    let back = || -> Result<bool, StepError> {
        arrived(serving)?;
        snapshot::resume(serving)?;
        Ok(snapshot::take(serving)?.state == before)
    };
    Ok(match back() {
        Ok(true) => Ok(()),
        Ok(false) => Err("the state that was handed back is encoded as another value".to_owned()),
        Err(error) => Err(format!("handed back as memory  {}", quoted(observer, error))),
    })
}
