use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn each(&self, visit: &mut dyn FnOnce(u32) -> bool);
}

fn main() {}
