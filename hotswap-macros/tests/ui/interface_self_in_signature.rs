use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn same(&self, other: Self) -> Vec<Self>;
}

fn main() {}
