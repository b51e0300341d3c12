//! What holds for a slot: its own settings, where it has none the host's. It is found once, when the
//! host is made.

use std::{collections::BTreeMap, env, ffi::OsStr, sync::Arc};

use hotswap_abi::__private::module::{TRACE_FULL, TRACE_NONE, TRACE_SHORT};
use hotswap_types::{Intent, Strategy};

use super::{
    Approval, Config, Rehearsal, Retire, SlotConfig, Timing, Trial,
    slot_config::{Builtin, Place},
};
use crate::instance::PanicPolicy;

/// What holds for a slot.
#[derive(Debug)]
pub(crate) struct SlotSettings {
    pub(crate) source: Option<Place>,
    /// The same for messages.
    pub(crate) source_text: String,
    /// The module that it takes; any, if `None`.
    pub(crate) module: Option<String>,
    pub(crate) builtin: Option<Builtin>,
    /// What becomes of its generations.
    pub(crate) retire: Retire,
    /// What panics in its calls mean.
    pub(crate) panics: PanicPolicy,
    /// How callers come to new versions.
    pub(crate) strategy: Strategy,
    /// How new versions are watched.
    pub(crate) trial: Option<Trial>,
    /// How new versions are rehearsed.
    pub(crate) rehearsal: Option<Rehearsal>,
    /// Who says yes to its upgrades.
    pub(crate) approval: Option<Approval>,
    /// When its upgrades take over.
    pub(crate) timing: Timing,
    /// Why its upgrades are wanted.
    pub(crate) intent: Intent,
    /// Whether the state of its last upgrade is kept.
    pub(crate) keeps_last_state: bool,
    /// What modules are told of backtraces.
    pub(crate) traces: u8,
}

pub(crate) type AllSettings = BTreeMap<String, Arc<SlotSettings>>;

impl Config {
    /// What holds for each slot.
    pub(crate) fn resolve(&mut self) -> AllSettings {
        #[cfg(feature = "cargo")]
        for (_, slot) in &self.slots {
            if let Some(Place::Package(package)) = &slot.source {
                self.cargo = self.cargo.clone().with_package(package);
            }
        }
        let slots = std::mem::take(&mut self.slots).into_iter();
        let settings = slots.map(|(name, slot)| {
            let settings = Arc::new(self.settings(&name, slot));
            (name, settings)
        });
        settings.collect()
    }

    /// What holds for a slot.
    pub(crate) fn settings(&self, name: &str, slot: SlotConfig) -> SlotSettings {
        let SlotConfig { source, module, builtin, own } = slot;
        let host = &self.defaults;
        let module = match &source {
            Some(Place::Folder(_)) => module.or_else(|| Some(name.to_owned())),
            _ => module,
        };
        let retire = own.retire.or(host.retire).unwrap_or(Retire::Retain);
        let panics = own.panics.or(host.panics).unwrap_or(PanicPolicy::GO_ON);
        let may_trace = self.backtraces && retire == Retire::Retain;
        SlotSettings {
            source_text: source.as_ref().map_or_else(|| "nothing".into(), ToString::to_string),
            source,
            module,
            builtin,
            retire,
            panics,
            strategy: (own.strategy.or_else(|| host.strategy.clone()))
                .unwrap_or_else(Strategy::smooth),
            trial: own.trial.or_else(|| host.trial.clone()),
            rehearsal: own.rehearsal.or_else(|| host.rehearsal.clone()),
            approval: own.approval.or_else(|| host.approval.clone()),
            timing: own.timing.or_else(|| host.timing.clone()).unwrap_or_else(Timing::at_once),
            intent: own.intent.or_else(|| host.intent.clone()).unwrap_or_default(),
            keeps_last_state: self.last_states || panics.poisons(),
            traces: match may_trace {
                true => traces(env::var_os("RUST_BACKTRACE").as_deref()),
                false => TRACE_NONE,
            },
        }
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
