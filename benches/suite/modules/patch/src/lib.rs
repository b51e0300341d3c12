//! The same work as a patch for subsecond.

#![allow(unsafe_code, reason = "exports under fixed names")]

use benches_api::{Block, Score, work};

/// What subsecond finds the library's address by.
#[unsafe(no_mangle)]
pub extern "C" fn main() {}

/// A number in, a number out.
#[unsafe(no_mangle)]
pub fn patch_add(x: u64) -> u64 {
    work::add(x)
}

/// A text lent, a text made.
#[unsafe(no_mangle)]
pub fn patch_greet(name: &str) -> String {
    work::greet(name)
}

/// A kibibyte in and out.
#[unsafe(no_mangle)]
pub fn patch_block(block: Block) -> Block {
    work::block(block)
}

/// A table made.
#[unsafe(no_mangle)]
pub fn patch_scores(count: u32) -> Vec<Score> {
    work::scores(count)
}

/// A slice lent for writing.
#[unsafe(no_mangle)]
pub fn patch_scale(samples: &mut [f32]) {
    work::scale(samples);
}
