//! A module that is part of the tests' own program, for what it says of itself. There can be one.

use std::{borrow::Cow, thread};

use hotswap_abi::{Context, HotModule, HotState, Manifest, Module, ModuleError, Start, interface};
use parking_lot::Mutex;
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

    fn prepare(cx: &Context) -> Result<(), ModuleError> {
        cx.keep(Kept);
        Ok(())
    }

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

/// What its `prepare` keeps, and its `start` does not take.
struct Kept;

/// On whose threads that was dropped.
pub(crate) static DROPPED_BY: Mutex<Vec<Option<String>>> = Mutex::new(Vec::new());

impl Drop for Kept {
    fn drop(&mut self) {
        DROPPED_BY.lock().push(thread::current().name().map(str::to_owned));
    }
}

/// What it says of itself.
pub(crate) fn manifest() -> Manifest {
    Manifest::decode(Drawer::MANIFEST).expect("the derive writes a sound manifest")
}
