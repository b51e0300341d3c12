//! What the host and the module agree on. Both are built with it: after a change here, start the
//! host again.

use hotswap_abi::interface;

/// What the host asks of the module.
#[interface]
pub trait {{Interface}} {
    /// A line to print.
    fn tick(&mut self) -> String;
}
