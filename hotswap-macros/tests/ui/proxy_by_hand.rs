//! Would call `&mut self` on an instance that is borrowed for `&self`, or methods of another interface.

use hotswap_abi::{
    __private::interface::{Caller, Lendable, Source},
    interface,
};

#[interface]
pub trait Engine {
    fn draw(&mut self);
}

type Proxy<'a> = <dyn Engine as Lendable>::Proxy<'a>;

fn draw(caller: &impl Caller) {
    let _ = caller.shared(
        |target| {
            Proxy { __hotswap_source: Source::slot(target) }.draw();
            Ok(())
        },
        |()| false,
    );
}

fn main() {}
