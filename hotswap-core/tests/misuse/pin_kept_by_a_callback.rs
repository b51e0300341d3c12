//! Would be inside for as long as the host lives, on whatever thread tells.

use hotswap_abi::interface;
use hotswap_core::{Config, Slot};

#[interface]
pub trait Counter {
    fn value(&self) -> u64;
}

fn listen(slot: &'static Slot<dyn Counter>) -> Config {
    let pin = slot.pin();
    Config::dev().on_event(move |_| drop(pin.value()))
}

fn main() {}
