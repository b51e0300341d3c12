//! The same work as a library for hot-lib-reloader.

#![allow(unsafe_code, reason = "exports under fixed names")]

use benches_api::{Block, Score, work};

/// Bytes that a benchmark changes, to have another library.
#[used]
static MARK: [u8; 64] = *b"hotswap benchmark mark:                                         ";

/// Tells builds apart: the last bytes of [`MARK`], as they are in the file.
#[unsafe(no_mangle)]
pub fn hot_mark() -> u64 {
    let mut last = [0; 8];
    // SAFETY: a static of this library; volatile, because the compiler must not know what is there.
    let mark = unsafe { std::ptr::read_volatile(&raw const MARK) };
    last.copy_from_slice(&mark[56..]);
    u64::from_le_bytes(last)
}

/// A number in, a number out.
#[unsafe(no_mangle)]
pub fn hot_add(x: u64) -> u64 {
    work::add(x)
}

/// A text lent, a text made.
#[unsafe(no_mangle)]
pub fn hot_greet(name: &str) -> String {
    work::greet(name)
}

/// A kibibyte in and out.
#[unsafe(no_mangle)]
pub fn hot_block(block: Block) -> Block {
    work::block(block)
}

/// A table made.
#[unsafe(no_mangle)]
pub fn hot_scores(count: u32) -> Vec<Score> {
    work::scores(count)
}

/// A slice lent for writing.
#[unsafe(no_mangle)]
pub fn hot_scale(samples: &mut [f32]) {
    work::scale(samples);
}
