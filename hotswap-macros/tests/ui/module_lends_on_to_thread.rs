//! Would call an engine of the host on two threads, which the host has not said it can bear.

use hotswap_abi::interface;

#[interface]
pub trait Engine {
    fn play(&self, sound: u32);
}

#[interface]
pub trait Game {
    fn tick(&mut self, engine: &dyn Engine);
}

struct Arcade;

impl Game for Arcade {
    fn tick(&mut self, engine: &dyn Engine) {
        std::thread::scope(|scope| {
            scope.spawn(|| engine.play(1));
        });
    }
}

fn main() {}
