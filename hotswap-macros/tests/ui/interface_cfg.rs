use hotswap_abi::interface;

#[interface]
pub trait Game {
    #[cfg(feature = "x")]
    fn add(&mut self);
    #[cfg_attr(feature = "x", since("1.0.0"))]
    fn later(&self) {}
    fn some(&self, #[cfg(feature = "x")] number: u8);
}

fn main() {}
