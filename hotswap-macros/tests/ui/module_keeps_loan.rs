//! Would call what the host has lent after the call was over.

use hotswap_abi::interface;

#[interface]
pub trait Engine {
    fn draw(&mut self);
}

#[interface]
pub trait Game {
    fn tick(&mut self, engine: &mut dyn Engine);
}

struct Arcade {
    engine: Option<&'static mut dyn Engine>,
}

impl Game for Arcade {
    fn tick(&mut self, engine: &mut dyn Engine) {
        self.engine = Some(engine);
    }
}

fn main() {}
