//! Would say that the state lives for ever, and give one that lives in the instance.

use std::borrow::Cow;

use hotswap_abi::{Context, HotState, Module, ModuleError, Start};
use serde::{Deserialize, Serialize};

#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 1)]
pub struct Sum {
    total: i64,
}

struct Sums {
    sum: Sum,
}

impl Module for Sums {
    type State = Sum;

    fn start(_: Start<Sum>, _: &Context) -> Result<Self, ModuleError> {
        Ok(Self { sum: Sum::default() })
    }

    fn state(&self) -> Cow<'static, Sum> {
        Cow::Borrowed(&self.sum)
    }
}

fn main() {}
