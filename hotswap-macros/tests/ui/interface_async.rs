use hotswap_abi::interface;

#[interface]
pub trait Game {
    async fn load(&mut self) -> u32;
}

fn main() {}
