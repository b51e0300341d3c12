//! What a configuration says twice, or of a slot that nothing can come into: a host is not made with
//! it, since one of the two would go unheard.

use std::fmt;

use hotswap_abi::manifest::Manifest;

use super::{Builtin, Config};
use crate::error::Reason;

/// A slot of which something was said twice.
#[derive(Debug, Clone)]
pub(crate) struct Conflict {
    slot: String,
    first: String,
    second: String,
}

impl Conflict {
    pub(super) fn of(
        slot: String,
        first: &dyn fmt::Display,
        second: &dyn fmt::Display,
    ) -> Self {
        Self { slot, first: first.to_string(), second: second.to_string() }
    }
}

impl fmt::Display for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Manifest::decode(self.manifest) {
            Ok(it) => write!(f, "the built-in module {} {}", it.module, it.version),
            Err(_) => f.write_str("a built-in module"),
        }
    }
}

impl Config {
    /// What a host cannot be made with.
    pub(crate) fn checked(&self) -> Result<(), Reason> {
        if let Some(Conflict { slot, first, second }) = self.conflicts.first().cloned() {
            return Err(Reason::ConfiguredTwice { name: slot, first, second });
        }
        let is_empty = |it: &super::SlotConfig| it.source.is_none() && it.builtin.is_none();
        if let Some((name, _)) = self.slots.iter().find(|(_, slot)| is_empty(slot)) {
            let known = self.slots.iter().filter(|(_, slot)| !is_empty(slot));
            let known = known.map(|(name, _)| name.clone()).collect();
            return Err(Reason::NoSource { name: name.clone(), known });
        }
        let mut builtins = self.slots.iter().filter_map(|(name, it)| Some((name, it.builtin?)));
        while let Some((name, first)) = builtins.next() {
            let same = |other: &Builtin| {
                let module = |it: &Builtin| Manifest::decode(it.manifest).ok().map(|it| it.module);
                other.manifest != first.manifest && module(other) == module(&first)
            };
            if let Some((other, second)) = builtins.clone().find(|(_, other)| same(other)) {
                return Err(Reason::TwoModules {
                    first: format!("{first} of slot {name}"),
                    second: format!("{second} of slot {other}"),
                });
            }
        }
        Ok(())
    }
}
