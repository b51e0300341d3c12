//! Would pass the address of a value, for the other side to keep.

use hotswap_abi::__private::portable::{Carrier, DecodeError, Sink, Writer};

pub struct ByAddress;

impl Carrier<String> for ByAddress {
    type Wire = *const String;
    type Held = String;
    type Back = *const String;
    type Out = ();

    fn hold(value: String) -> String {
        value
    }
    fn wire(held: &String) -> *const String {
        held
    }
    unsafe fn take(_: *const String) -> Result<String, DecodeError> {
        unimplemented!()
    }
    unsafe fn record(_: *const String, _: &mut Writer<'_>) {}
    fn out() {}
    fn sink((): &mut ()) -> *mut Sink {
        std::ptr::null_mut()
    }
    unsafe fn give(value: String, _: *mut Sink) -> *const String {
        &raw const *Box::leak(Box::new(value))
    }
    fn receive(_: *const String, (): ()) -> Result<String, DecodeError> {
        unimplemented!()
    }
}

fn main() {}
