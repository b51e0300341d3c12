use hotswap_abi::interface;

pub struct World;

#[interface]
pub trait Game {
    fn tick(&mut self, #[same_build] world: World);
}

fn main() {}
