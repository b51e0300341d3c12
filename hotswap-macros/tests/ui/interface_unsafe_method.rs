use hotswap_abi::interface;

#[interface]
pub trait Game {
    unsafe fn load(&mut self) -> u32;
}

fn main() {}
