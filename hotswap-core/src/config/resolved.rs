//! What holds for a slot: its own setting, or else the host's.

use std::{env, ffi::OsStr};

use hotswap_abi::__private::module::{TRACE_FULL, TRACE_NONE, TRACE_SHORT};
use hotswap_types::Intent;

use super::{Approval, Config, Rehearsal, Retire, Timing, Trial};
use crate::instance::PanicPolicy;

impl Config {
    /// What becomes of a slot's generations.
    pub(crate) fn retire_of(&self, slot: &str) -> Retire {
        self.slots.get(slot).and_then(|slot| slot.retire).unwrap_or(self.retire)
    }

    /// What panics in a slot's calls mean.
    pub(crate) fn panics_of(&self, slot: &str) -> PanicPolicy {
        self.slots.get(slot).and_then(|slot| slot.panics).unwrap_or(self.panics)
    }

    /// Who says yes to a slot's upgrades.
    pub(crate) fn approval_of(&self, slot: &str) -> Option<&Approval> {
        self.slots.get(slot).and_then(|slot| slot.approval.as_ref()).or(self.approval.as_ref())
    }

    /// When a slot's upgrades take over.
    pub(crate) fn timing_of(&self, slot: &str) -> &Timing {
        self.slots.get(slot).and_then(|slot| slot.timing.as_ref()).unwrap_or(&self.timing)
    }

    /// Why a slot's upgrades are wanted.
    pub(crate) fn intent_of(&self, slot: &str) -> &Intent {
        self.slots.get(slot).and_then(|slot| slot.intent.as_ref()).unwrap_or(&self.intent)
    }

    /// How new versions of a slot are watched.
    pub(crate) fn trial_of(&self, slot: &str) -> Option<&Trial> {
        self.slots.get(slot).and_then(|slot| slot.trial.as_ref()).or(self.trial.as_ref())
    }

    /// How new versions of a slot are rehearsed.
    pub(crate) fn rehearsal_of(&self, slot: &str) -> Option<&Rehearsal> {
        let own = self.slots.get(slot).and_then(|slot| slot.rehearsal.as_ref());
        own.or(self.rehearsal.as_ref())
    }

    /// Whether the state of a slot's last upgrade is kept.
    pub(crate) fn keeps_last_state(&self, slot: &str) -> bool {
        self.last_states || self.panics_of(slot).poisons()
    }

    /// What modules are told of backtraces.
    pub(crate) fn traces(&self, slot: &str) -> u8 {
        let may = self.backtraces && self.retire_of(slot) == Retire::Retain;
        if may { traces(env::var_os("RUST_BACKTRACE").as_deref()) } else { TRACE_NONE }
    }
}

/// What std's own hook takes the variable's value for.
fn traces(variable: Option<&OsStr>) -> u8 {
    match variable {
        None => TRACE_NONE,
        Some(value) if value == "0" => TRACE_NONE,
        Some(value) if value == "full" => TRACE_FULL,
        Some(_) => TRACE_SHORT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_which_frames() {
        let table = [
            (None, TRACE_NONE),
            (Some("0"), TRACE_NONE),
            (Some("1"), TRACE_SHORT),
            (Some("full"), TRACE_FULL),
        ];
        for (value, wanted) in table {
            assert_eq!(traces(value.map(OsStr::new)), wanted, "{value:?}");
        }
        assert!(Config::dev().backtraces && !Config::production().backtraces);
    }
}
