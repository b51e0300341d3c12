//! Would call what a module has lent to the host's engine after the module is gone.

use hotswap_abi::interface;

#[interface]
pub trait Names {
    fn name(&self, id: u32) -> String;
}

#[interface]
pub trait Engine {
    fn show(&mut self, names: &dyn Names);
}

struct Canvas {
    names: Option<&'static dyn Names>,
}

impl Engine for Canvas {
    fn show(&mut self, names: &dyn Names) {
        self.names = Some(names);
    }
}

fn main() {}
