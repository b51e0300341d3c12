use hotswap_abi::interface;

#[interface]
pub trait Game {
    extern "C" fn load(&mut self) -> u32;
}

fn main() {}
