//! Would read a text of the host after the call was over.

use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn rename(&mut self, title: &str);
}

struct Arcade {
    title: &'static str,
}

impl Game for Arcade {
    fn rename(&mut self, title: &str) {
        self.title = title;
    }
}

fn main() {}
