use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn add(&mut self, each: fn(u32));
}

fn main() {}
