//! The part of the program that is replaced while it runs.

use std::borrow::Cow;

use adder_api::Adder;
use hotswap_abi::{Context, HotModule, HotState, Module, ModuleError, Start};
use serde::{Deserialize, Serialize};

/// What outlives an upgrade.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 1)]
pub struct Sum {
    total: i64,
}

/// The module.
#[derive(HotModule)]
#[hot_module(interface = Adder)]
pub struct Sums {
    sum: Sum,
}

impl Module for Sums {
    type State = Sum;

    fn start(from: Start<Sum>, _cx: &Context) -> Result<Self, ModuleError> {
        Ok(Self { sum: from.state().unwrap_or_default() })
    }

    fn state(&self) -> Cow<'_, Sum> {
        Cow::Borrowed(&self.sum)
    }
}

impl Adder for Sums {
    fn add(&mut self, text: &str) -> i64 {
        let number: i64 = text.parse().expect("not a number");
        self.sum.total += number;
        self.sum.total
    }
}
