//! Would be let in by oneself, or take hold of an instance behind its gate.

use hotswap_core::{
    instance::Generation,
    slot::core::SlotCore,
};

fn main() {}
