use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn add(&mut self, (a, b): (u32, u32), _: u8);
}

fn main() {}
