//! Would call the instance when its caller is no longer inside.

use hotswap_abi::{
    __private::interface::{Caller, Target},
    Interface, interface,
};
use hotswap_core::Pin;

#[interface]
pub trait Counter {}

fn keep(pin: &Pin<'_, dyn Counter>) {
    let mut kept: Option<Target<'_>> = None;
    let _ = <dyn Counter as Interface>::caller(pin).shared(|target| {
        kept = Some(target);
        Ok(())
    }, |_| false);
}

fn main() {}
