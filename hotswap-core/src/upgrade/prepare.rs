//! Prepared: the candidate's slow work is done, while the old version serves.

use std::{sync::Arc, time::Instant};

use hotswap_loader::steps::{RunError, Steps};
use hotswap_types::{Phase, StateNote};

use super::{Fault, Handover, Incumbent, assess, load::Loaded};
use crate::{
    config::StateDrift,
    instance::{Code, Context, Generation, LayoutMatch, StepError},
    slot::SlotCore,
};

/// A candidate that is ready to take over.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) context: Arc<Context>,
    pub(crate) handover: Handover,
    /// Its instance, where it was started already: the state of the version that serves follows.
    pub(super) beside: Option<Standby>,
    /// Why the state goes over by its encoding, where it should as memory.
    pub(super) encoded: Option<String>,
    /// The generation that served when it was judged.
    judged_against: u64,
}

/// A candidate that was started beside the version that serves, whose state is to follow.
#[derive(Debug, Clone)]
pub(super) struct Standby {
    pub(super) generation: Arc<Generation>,
    pub(super) layout_match: LayoutMatch,
}

impl Prepared {
    /// What is told of the state, where no fields were carried.
    pub(crate) fn note(&self) -> StateNote {
        match (&self.encoded, self.handover.note()) {
            (Some(why), StateNote::Kept) => StateNote::Encoded { why: why.clone() },
            (_, note) => note,
        }
    }

    pub(crate) fn code(&self) -> &Arc<Code> {
        self.context.code()
    }

    /// Judges the handover again if another version serves by now, or if code of the one that
    /// serves hangs in its instance: nobody may touch that again, so its state cannot be had.
    pub(crate) fn still_fits(&mut self, slot: &SlotCore, drift: StateDrift) -> Result<(), Fault> {
        let Some(serves) = slot.serves() else { return Ok(()) };
        let before = Incumbent::of(slot);
        let is_free = before.as_ref().is_none_or(|before| before.is_free);
        if serves.code.generation == self.judged_against && is_free {
            return Ok(());
        }
        self.handover = assess::handover(&self.code().manifest, before.as_ref(), drift)?;
        Ok(())
    }

    /// Whether the state of what serves goes over by its encoding.
    pub(super) const fn is_encoded(&self) -> bool {
        matches!(self.handover, Handover::State { .. }) && self.beside.is_none()
    }

    /// Lets go of it. What `prepare` has kept for `start` is dropped with it, which is module code;
    /// says so, if that hangs.
    pub(crate) fn discard(self, steps: &mut Steps, deadline: Instant) -> Option<String> {
        let dropped = steps.run(deadline, move || drop(self));
        let hung = dropped.err().filter(|undone| matches!(undone, RunError::TimedOut { .. }))?;
        Some(format!("the drop of what its `prepare` kept: {}", StepError::from(hung)))
    }
}

/// Makes the candidate's context, and lets it prepare.
pub(crate) fn prepare(
    loaded: Loaded,
    slot: &SlotCore,
    steps: &mut Steps,
    deadline: Instant,
) -> Result<Prepared, Fault> {
    let Loaded { code, handover } = loaded;
    let judged_against = slot.serves().map_or(0, |serves| serves.code.generation);
    let context = context(code, slot, steps, deadline)?;
    Ok(Prepared { context, handover, beside: None, encoded: None, judged_against })
}

/// Makes a context, and lets the candidate prepare with it.
pub(crate) fn context(
    code: Arc<Code>,
    slot: &SlotCore,
    steps: &mut Steps,
    deadline: Instant,
) -> Result<Arc<Context>, Fault> {
    let name = Arc::clone(&slot.name);
    let prepared = steps.run(deadline, move || -> Result<_, StepError> {
        let context = Context::new(code, &name)?;
        context.prepare()?;
        Ok(Arc::new(context))
    });
    prepared
        .map_err(StepError::from)
        .flatten()
        .map_err(|error| Fault::of_candidate(Phase::Prepared, "prepare", &error))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use hotswap_abi::__private::{compat::Requirement, manifest::Schema};

    use super::*;
    use crate::{
        config::{Config, SlotConfig},
        sample::{DROPPED_BY, Drawer, Till},
        slot::InterfaceType,
        upgrade::load::load_builtin,
    };

    #[test]
    fn what_was_kept_is_dropped_by_a_thread_for_module_code_whoever_lets_go_of_it() {
        let interface = InterfaceType::of::<dyn Till>();
        let requirement = Requirement::new(Schema::decode(interface.schema).unwrap());
        let config = Config::production();
        let settings = config.settings("till", SlotConfig::builtin::<Drawer>());
        let builtin = settings.builtin.unwrap();
        let slot = SlotCore::alone("till", requirement, interface, settings);
        let loaded = load_builtin(builtin, &slot, &config, None).unwrap();
        let (mut steps, soon) = (Steps::default(), Instant::now() + Duration::from_secs(60));
        let prepared = prepare(loaded, &slot, &mut steps, soon).unwrap();
        // As where the step that was to drop it cannot begin.
        drop(prepared);
        assert_eq!(DROPPED_BY.lock().pop().flatten().as_deref(), Some("hotswap-step"));
    }
}
