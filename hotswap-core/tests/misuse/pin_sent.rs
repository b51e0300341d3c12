//! Would call from a thread that the gate has not let in.

use hotswap_abi::interface;
use hotswap_core::Slot;

#[interface]
pub trait Counter {
    fn value(&self) -> u64;
}

fn send(slot: &Slot<dyn Counter>) {
    let pin = slot.pin();
    std::thread::scope(|scope| {
        scope.spawn(move || pin.value().is_ok());
    });
}

fn main() {}
