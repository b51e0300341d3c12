//! Would read a text in the module's memory after the call was over.

use hotswap_abi::interface;
use hotswap_core::Pin;

#[interface]
pub trait Counter {
    fn each(&self, visit: &mut dyn FnMut(&str));
}

fn last(pin: &Pin<'_, dyn Counter>) -> String {
    let mut last = "";
    let _ = pin.each(&mut |text| last = text);
    last.to_owned()
}

fn main() {}
