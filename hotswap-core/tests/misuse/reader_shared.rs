//! Would announce two threads in the place of one: when one has left, both would be outside.

use hotswap_abi::interface;
use hotswap_core::Reader;

#[interface]
pub trait Counter {
    fn value(&self) -> u64;
}

fn share(reader: &Reader<dyn Counter>) {
    std::thread::scope(|scope| {
        scope.spawn(|| reader.value().is_ok());
    });
}

fn main() {}
