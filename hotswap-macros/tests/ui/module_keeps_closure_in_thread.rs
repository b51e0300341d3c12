//! Would call the host's closure while the host goes on, and after it is gone.

use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn each(&self, visit: &mut dyn FnMut(u32));
}

struct Arcade;

impl Game for Arcade {
    fn each(&self, visit: &mut dyn FnMut(u32)) {
        std::thread::spawn(move || visit(1));
    }
}

fn main() {}
