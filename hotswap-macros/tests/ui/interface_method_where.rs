use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn add(&mut self) where Self: Send;
}

fn main() {}
