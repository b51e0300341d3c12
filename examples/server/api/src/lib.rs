//! What the server and its module agree on.

use hotswap_abi::interface;

/// Knows what things cost, and sells them. Money is in cents.
#[interface]
pub trait Pricing {
    /// What so many of an item cost.
    fn quote(&self, item: &str, count: u32) -> u64;

    /// Sells them, and returns what they have cost.
    fn sell(&mut self, item: &str, count: u32) -> u64;

    /// What was taken in all.
    fn takings(&self) -> u64;
}
