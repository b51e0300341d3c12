//! Would look at the instance while `inside` has it for itself, without a lock that says so.

use hotswap_abi::interface;
use hotswap_core::Slot;

#[interface]
pub trait Counter {
    fn value(&self) -> u64;
    fn inside(&mut self, then: &mut dyn FnMut());
}

fn again(slot: &Slot<dyn Counter>) {
    let mut frame = slot.pin_mut();
    let _ = frame.inside(&mut || drop(frame.value()));
}

fn main() {}
