//! Would read the context after the host has given it back.

use std::borrow::Cow;

use hotswap_abi::{Context, Module, ModuleError, Start};

struct Arcade {
    slot: &'static str,
}

impl Module for Arcade {
    type State = ();

    fn start(_: Start<()>, cx: &Context) -> Result<Self, ModuleError> {
        Ok(Self { slot: cx.slot() })
    }

    fn state(&self) -> Cow<'_, ()> {
        Cow::Owned(())
    }
}

fn main() {}
