//! A module of `&mut self` calls. It exports the same work as a plain function, too.

#![allow(unsafe_code, reason = "exports under fixed names")]

use std::borrow::Cow;

use benches_api::{Counter, work};
use hotswap_abi::{Context, HotModule, Module, ModuleError, Start};

/// The module.
#[derive(Debug, HotModule)]
#[hot_module(interface = Counter)]
pub struct Counting {
    total: u64,
}

impl Module for Counting {
    type State = ();

    fn start(_from: Start<()>, _cx: &Context) -> Result<Self, ModuleError> {
        Ok(Self { total: 0 })
    }

    fn state(&self) -> Cow<'_, ()> {
        Cow::Owned(())
    }
}

impl Counter for Counting {
    fn count(&mut self, x: u64) -> u64 {
        work::count(&mut self.total, x)
    }

    fn total(&self) -> u64 {
        self.total
    }
}

/// As [`Counter::count`].
#[unsafe(no_mangle)]
pub fn direct_count(total: &mut u64, x: u64) -> u64 {
    work::count(total, x)
}
