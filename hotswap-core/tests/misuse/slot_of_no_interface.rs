//! Would call a table of entry points that is none.

use hotswap_abi::interface;
use hotswap_core::Host;

#[interface]
pub trait Counter {}

fn open(host: &Host) {
    let _ = host.slot::<dyn std::fmt::Display>("main");
}

fn main() {}
