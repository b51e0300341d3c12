//! Would let go of a lock on a thread that does not hold it.

use hotswap_abi::interface;
use hotswap_core::Slot;

#[interface]
pub trait Counter {}

fn send(slot: &Slot<dyn Counter>) {
    let frame = slot.pin_mut();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(frame));
    });
}

fn main() {}
