use hotswap_abi::interface;

#[interface]
pub trait Game {
    const LIMIT: u32;
    fn title(&self) -> String;
}

fn main() {}
