//! What the host and the module agree on.

use hotswap_abi::interface;

/// Adds numbers up.
#[interface]
pub trait Adder {
    /// Adds the number that `text` spells, and returns the sum of all numbers so far.
    fn add(&mut self, text: &str) -> i64;
}
