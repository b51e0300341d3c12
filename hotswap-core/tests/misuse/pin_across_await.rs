//! Would come out on another thread than it went in.

use hotswap_abi::interface;
use hotswap_core::Slot;

#[interface]
pub trait Counter {
    fn value(&self) -> u64;
}

fn spawn(_: impl Future<Output = u64> + Send) {}

fn call(slot: &Slot<dyn Counter>) {
    spawn(async {
        let pin = slot.pin();
        std::future::ready(()).await;
        pin.value().unwrap_or(0)
    });
}

fn main() {}
