use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn new(value: u32) -> u32;
}

fn main() {}
