//! Would have the host call entry points of another type.

use std::borrow::Cow;

use hotswap_abi::{
    __private::{interface::Entry, module::Export},
    Context, HotModule, Module, ModuleError, Start, interface,
};

#[interface]
pub trait Game {
    fn tick(&self);
}

struct Arcade;

impl Module for Arcade {
    type State = ();

    fn start(_: Start<()>, _: &Context) -> Result<Self, ModuleError> {
        Ok(Self)
    }

    fn state(&self) -> Cow<'_, ()> {
        Cow::Owned(())
    }
}

impl HotModule for Arcade {
    type Interface = dyn Game;
    const MANIFEST: &'static [u8] = &[];
    const ENTRIES: &'static [Entry] = &[];

    fn export() -> &'static Export {
        unimplemented!()
    }
}

fn main() {}
