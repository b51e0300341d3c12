use hotswap_abi::{Context, HotModule, Module, ModuleError, Start, interface};
use std::borrow::Cow;

#[interface]
pub trait Game {
    fn title(&self) -> String;
}

pub trait Other {}

#[derive(HotModule)]
#[hot_module(interface = Other)]
pub struct Arcade;

impl Module for Arcade {
    type State = ();
    fn start(_: Start<()>, _: &Context) -> Result<Self, ModuleError> {
        Ok(Self)
    }
    fn state(&self) -> Cow<'_, ()> {
        Cow::Owned(())
    }
}

fn main() {}
