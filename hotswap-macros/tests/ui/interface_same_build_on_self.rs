use hotswap_abi::interface;

pub struct World;

#[interface]
pub trait Game {
    fn tick(#[same_build] &mut self);
}

fn main() {}
