//! Would look at the instance after it was stopped and dropped.

use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn begin(&self);
}

struct Arcade {
    score: u32,
}

impl Game for Arcade {
    fn begin(&self) {
        std::thread::spawn(|| println!("{}", self.score));
    }
}

fn main() {}
