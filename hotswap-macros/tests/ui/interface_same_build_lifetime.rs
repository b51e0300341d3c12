use hotswap_abi::interface;

pub struct World;

#[interface]
pub trait Game {
    fn tick<'a>(&mut self, #[same_build] world: &'a mut World);
}

fn main() {}
