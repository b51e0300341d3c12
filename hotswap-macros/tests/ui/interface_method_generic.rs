use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn add<T>(&mut self, value: u32);
}

fn main() {}
