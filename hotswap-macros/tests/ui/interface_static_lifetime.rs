//! Would let a module keep what it is lent, and the host a text of the module's constants.

use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn rename(&mut self, title: &'static str);
    fn each(&self, visit: &mut dyn FnMut(&'static str));
    fn find(&self, pick: &mut dyn FnMut(u32) -> &'static str);
}

fn main() {}
