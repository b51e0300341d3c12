use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn each(&self, visit: &dyn Fn(u32) -> bool);
}

fn main() {}
