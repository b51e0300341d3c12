use hotswap_abi::interface;

#[interface]
pub trait Game {
    #[cfg(feature = "x")]
    fn add(&mut self);
}

fn main() {}
