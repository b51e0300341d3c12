use hotswap_abi::interface;

#[interface]
pub trait Game {
    #[fold]
    fn add(&mut self) -> u32;
}

fn main() {}
