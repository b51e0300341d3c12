//! Would hand a count of references from the thread of `prepare` to another one.

use std::{borrow::Cow, rc::Rc};

use hotswap_abi::{Context, Module, ModuleError, Start};

struct Arcade;

impl Module for Arcade {
    type State = ();

    fn prepare(cx: &Context) -> Result<(), ModuleError> {
        cx.keep(Rc::new(1));
        Ok(())
    }

    fn start(_: Start<()>, _: &Context) -> Result<Self, ModuleError> {
        Ok(Self)
    }

    fn state(&self) -> Cow<'_, ()> {
        Cow::Owned(())
    }
}

fn main() {}
