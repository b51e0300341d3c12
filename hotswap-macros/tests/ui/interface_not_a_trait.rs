use hotswap_abi::interface;

#[interface]
pub struct Game {
    pub title: String,
}

fn main() {}
