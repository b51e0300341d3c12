use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn values(&self) -> impl Iterator<Item = u32>;
}

fn main() {}
