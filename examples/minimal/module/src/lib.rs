//! The part of the program that is replaced while it runs.

use adder_api::Adder;
use hotswap_abi::{HotModule, HotState};
use serde::{Deserialize, Serialize};

/// What outlives an upgrade.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 1)]
pub struct Sum {
    total: i64,
}

/// The module.
#[derive(HotModule)]
#[hot_module(interface = Adder, state = sum)]
pub struct Sums {
    sum: Sum,
}

impl Adder for Sums {
    fn add(&mut self, text: &str) -> i64 {
        let number: i64 = text.parse().expect("not a number");
        self.sum.total += number;
        self.sum.total
    }
}
