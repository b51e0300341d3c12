use hotswap_abi::interface;

#[derive(hotswap_abi::Portable)]
pub struct Sprite;

#[interface]
pub trait Game {
    fn draw(&self, sprite: &Sprite, all: &mut [Sprite]);
}

fn main() {}
