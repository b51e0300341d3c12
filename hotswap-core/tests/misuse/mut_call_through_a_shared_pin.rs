//! Would change the instance while another call looks at it.

use hotswap_abi::interface;
use hotswap_core::Pin;

#[interface]
pub trait Counter {
    fn add(&mut self, n: u64) -> u64;
}

fn add(pin: &Pin<'_, dyn Counter>) {
    let _ = pin.add(1);
}

fn main() {}
