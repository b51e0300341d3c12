//! Would call from a thread that the gate has not let in.

use hotswap_abi::interface;
use hotswap_core::Pin;

#[interface]
pub trait Counter {
    fn value(&self) -> u64;
}

fn share(pin: &Pin<'_, dyn Counter>) {
    std::thread::scope(|scope| {
        scope.spawn(|| pin.value().is_ok());
    });
}

fn main() {}
