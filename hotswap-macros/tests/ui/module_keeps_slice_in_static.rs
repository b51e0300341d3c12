//! Would read the host's memory from a static, in any later call.

use std::sync::Mutex;

use hotswap_abi::interface;

static KEPT: Mutex<&[u32]> = Mutex::new(&[]);

#[interface]
pub trait Game {
    fn show(&self, sprites: &[u32]);
}

struct Arcade;

impl Game for Arcade {
    fn show(&self, sprites: &[u32]) {
        *KEPT.lock().unwrap() = sprites;
    }
}

fn main() {}
