//! A module that is part of the tests' own program, for what it says of itself. There can be one.

use std::borrow::Cow;

use hotswap_abi::{Context, HotModule, HotState, Manifest, Module, ModuleError, Start, interface};
use serde::{Deserialize, Serialize};

#[interface(version = "1.2.0")]
pub(crate) trait Till {
    fn open(&self) -> bool;
}

#[derive(Debug, Clone, Serialize, Deserialize, HotState)]
#[hot_state(version = 1)]
pub(crate) struct Sum {
    cents: u64,
}

#[derive(HotModule)]
#[hot_module(interface = Till)]
pub(crate) struct Drawer(Sum);

impl Module for Drawer {
    type State = Sum;

    fn start(_: Start<Sum>, _: &Context) -> Result<Self, ModuleError> {
        Ok(Self(Sum { cents: 0 }))
    }

    fn state(&self) -> Cow<'_, Sum> {
        Cow::Borrowed(&self.0)
    }
}

impl Till for Drawer {
    fn open(&self) -> bool {
        true
    }
}

/// What it says of itself.
pub(crate) fn manifest() -> Manifest {
    Manifest::decode(Drawer::MANIFEST).expect("the derive writes a sound manifest")
}
