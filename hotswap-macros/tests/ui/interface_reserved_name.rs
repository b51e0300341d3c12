use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn __hotswap_default_add(&mut self);
}

fn main() {}
