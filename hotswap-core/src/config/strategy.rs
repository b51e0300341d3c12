//! What a slot must have for a strategy.

use hotswap_types::Strategy;

use super::{SlotSettings, Trial};

/// Why a strategy cannot be followed with a trial, or without one, and what to do about it.
pub(super) fn unfit(strategy: &Strategy, trial: Option<&Trial>) -> Option<String> {
    if let Some(mistake) = strategy.mistake() {
        return Some(format!("its shares must rise from step to step: {mistake}"));
    }
    let is_judged = trial.is_some() || !strategy.is_side_by_side();
    (!is_judged).then(|| {
        "its steps are judged by a trial, and there is none: set one with SlotConfig::with_trial, or \
         have all calls at once with the smooth strategy"
            .to_owned()
    })
}

impl SlotSettings {
    /// Why an upgrade of the slot cannot have a strategy, as far as that is not a matter of its interface.
    pub(crate) fn unfit(&self, strategy: &Strategy) -> Option<String> {
        unfit(strategy, self.trial.as_ref())
    }
}
