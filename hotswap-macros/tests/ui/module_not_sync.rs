//! Would be called by two threads at once, and count wrong.

use std::{borrow::Cow, cell::Cell};

use hotswap_abi::{Context, Module, ModuleError, Start};

struct Counts {
    calls: Cell<u32>,
}

impl Module for Counts {
    type State = ();

    fn start(_: Start<()>, _: &Context) -> Result<Self, ModuleError> {
        Ok(Self { calls: Cell::new(0) })
    }

    fn state(&self) -> Cow<'_, ()> {
        Cow::Owned(())
    }
}

fn main() {}
