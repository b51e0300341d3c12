use hotswap_abi::interface;

#[interface]
pub trait Engine {}

#[interface]
pub trait Game {
    fn add(&mut self, engine: &mut (dyn Engine + Send));
}

fn main() {}
