//! The part of the server that is replaced while it sells.

use std::borrow::Cow;

use hotswap_abi::{Context, HotModule, HotState, Module, ModuleError, Start};
use prices_api::Pricing;
use serde::{Deserialize, Serialize};

/// What outlives an upgrade.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 1)]
pub struct Till {
    cents: u64,
}

/// The module.
#[derive(HotModule)]
#[hot_module(interface = Pricing)]
pub struct Prices {
    till: Till,
}

impl Module for Prices {
    type State = Till;

    fn start(from: Start<Till>, _cx: &Context) -> Result<Self, ModuleError> {
        Ok(Self { till: from.state().unwrap_or_default() })
    }

    fn state(&self) -> Cow<'_, Till> {
        Cow::Borrowed(&self.till)
    }

    fn self_test(&self, _cx: &Context) -> Result<(), ModuleError> {
        match self.quote("tea", 1) {
            0 => Err(ModuleError::new("tea is free")),
            _ => Ok(()),
        }
    }
}

impl Pricing for Prices {
    fn quote(&self, item: &str, count: u32) -> u64 {
        let cents = match item {
            "tea" => 320,
            "bread" => 480,
            _ => 150,
        };
        cents * u64::from(count)
    }

    fn sell(&mut self, item: &str, count: u32) -> u64 {
        let cents = self.quote(item, count);
        self.till.cents += cents;
        cents
    }

    fn takings(&self) -> u64 {
        self.till.cents
    }
}
