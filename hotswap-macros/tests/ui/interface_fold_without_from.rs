use hotswap_abi::interface;

#[interface]
pub trait Game {
    #[fold]
    fn add(&mut self) -> Result<u32, String>;
}

fn main() {}
