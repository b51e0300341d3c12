use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn add(&mut self, value: *const u32);
}

fn main() {}
