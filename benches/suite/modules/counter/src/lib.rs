//! A module of `&mut self` calls. It exports the same work as a plain function, too.

#![allow(unsafe_code, reason = "exports under fixed names")]

use benches_api::{Counter, work};
use hotswap_abi::HotModule;

/// The module.
#[derive(Debug, HotModule)]
#[hot_module(interface = Counter, state = ())]
pub struct Counting {
    total: u64,
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
