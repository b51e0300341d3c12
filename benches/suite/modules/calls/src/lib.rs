//! A module of `&self` calls. It exports the same work as plain functions, too: what every other way
//! of calling into this very library is held against.

#![allow(unsafe_code, reason = "exports under fixed names")]

use std::sync::Arc;

use benches_api::{Block, Calls, Score, work};
use hotswap_abi::HotModule;

/// The module.
#[derive(Debug, HotModule)]
#[hot_module(interface = Calls, state = ())]
pub struct Plainly {}

impl Calls for Plainly {
    fn add(&self, x: u64) -> u64 {
        work::add(x)
    }

    fn greet(&self, name: &str) -> String {
        work::greet(name)
    }

    fn block(&self, block: Block) -> Block {
        work::block(block)
    }

    fn scores(&self, count: u32) -> Vec<Score> {
        work::scores(count)
    }

    fn scale(&self, samples: &mut [f32]) {
        work::scale(samples);
    }
}

/// Bytes that a benchmark changes, to have another artifact.
#[used]
static MARK: [u8; 64] = *b"hotswap benchmark mark:                                         ";

/// As [`Calls::add`].
#[unsafe(no_mangle)]
pub fn direct_add(x: u64) -> u64 {
    work::add(x)
}

/// As [`Calls::greet`].
#[unsafe(no_mangle)]
pub fn direct_greet(name: &str) -> String {
    work::greet(name)
}

/// As [`Calls::block`].
#[unsafe(no_mangle)]
pub fn direct_block(block: Block) -> Block {
    work::block(block)
}

/// As [`Calls::scores`].
#[unsafe(no_mangle)]
pub fn direct_scores(count: u32) -> Vec<Score> {
    work::scores(count)
}

/// As [`Calls::scale`].
#[unsafe(no_mangle)]
pub fn direct_scale(samples: &mut [f32]) {
    work::scale(samples);
}

/// The same behind a trait object, which is only sound between two halves of one build.
#[unsafe(no_mangle)]
pub fn direct_object() -> Arc<dyn Calls + Send + Sync> {
    Arc::new(Plainly {})
}
