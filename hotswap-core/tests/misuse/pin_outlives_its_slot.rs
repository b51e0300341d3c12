//! Would call an instance that is gone with the last handle of its slot.

use hotswap_abi::interface;
use hotswap_core::{Host, Pin};

#[interface]
pub trait Counter {}

fn pin(host: &Host) -> Pin<'static, dyn Counter> {
    let slot = host.slot::<dyn Counter>("main").unwrap();
    slot.pin()
}

fn main() {}
