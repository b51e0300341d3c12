//! The interfaces that the benchmarks call. What is done behind each call stands in [`work`], for
//! whatever way of calling is measured.

pub mod scene;
pub mod store;
pub mod wide;
pub mod work;

use hotswap_abi::{Plain, Portable, interface};

/// One kibibyte.
#[derive(Clone, Copy, Debug, Plain)]
#[repr(C)]
pub struct Block {
    /// Its words.
    pub words: [u64; 128],
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq, Portable)]
pub struct Score {
    /// Who.
    pub player: String,
    /// How many.
    pub points: u32,
}

/// Calls that share the instance, one for each kind of value that crosses.
#[interface]
pub trait Calls {
    /// A number in, a number out.
    fn add(&self, x: u64) -> u64;
    /// A text lent, a text made.
    fn greet(&self, name: &str) -> String;
    /// A kibibyte in and out.
    fn block(&self, block: Block) -> Block;
    /// A table made.
    fn scores(&self, count: u32) -> Vec<Score>;
    /// A slice lent for writing.
    fn scale(&self, samples: &mut [f32]);
}

/// Calls that have the instance for themselves.
#[interface]
pub trait Counter {
    /// Adds a number; the sum.
    fn count(&mut self, x: u64) -> u64;
    /// The sum.
    fn total(&self) -> u64;
}

/// Calls on a module whose state has the size that is asked for.
#[interface]
pub trait Store {
    /// Makes the state one of so many records.
    fn fill(&mut self, count: u64);
    /// How many records there are.
    fn records(&self) -> u64;
}
