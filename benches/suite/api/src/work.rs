//! What is done behind each call: little, so that the call itself is seen.

use crate::{Block, Score};

/// A number in, a number out.
#[inline(always)]
#[must_use]
pub const fn add(x: u64) -> u64 {
    x.wrapping_add(3)
}

/// Adds a number; the sum.
#[inline(always)]
pub const fn count(total: &mut u64, x: u64) -> u64 {
    *total = total.wrapping_add(x);
    *total
}

/// A text lent, a text made.
#[inline(always)]
#[must_use]
pub fn greet(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 7);
    text.push_str("Hello, ");
    text.push_str(name);
    text
}

/// A kibibyte in and out.
#[inline(always)]
#[must_use]
pub fn block(mut block: Block) -> Block {
    block.words[0] = block.words[0].wrapping_add(block.words[127]);
    block
}

/// A table made.
#[inline(always)]
#[must_use]
pub fn scores(count: u32) -> Vec<Score> {
    (0..count).map(|i| Score { player: format!("player {i}"), points: i }).collect()
}

/// A slice lent for writing.
#[inline(always)]
pub fn scale(samples: &mut [f32]) {
    for sample in samples {
        *sample *= 0.5;
    }
}
