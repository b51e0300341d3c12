//! The world, and the interface that lends it to the module. Host and module are built with it: after
//! a change here, start the host again.

use hotswap_abi::interface;

/// What the host owns: any types, in plain Rust.
#[derive(Debug, Default)]
pub struct World {
    pub count: u64,
}

/// What the host asks of the module.
#[interface]
pub trait {{Interface}} {
    /// One step.
    fn update(&mut self, #[same_build] world: &mut World);
}
