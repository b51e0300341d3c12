use hotswap_abi::interface;

pub struct World;

#[interface]
pub trait Game {
    fn tick(&mut self, world: &mut World, each: &mut dyn FnMut(&World));
}

fn main() {}
