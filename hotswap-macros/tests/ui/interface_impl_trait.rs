use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn add(&mut self, values: impl Iterator<Item = u32>);
}

fn main() {}
