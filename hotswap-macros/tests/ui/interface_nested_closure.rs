use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn each(&self, visit: &mut dyn FnMut(&mut dyn FnMut(u32)));
}

fn main() {}
