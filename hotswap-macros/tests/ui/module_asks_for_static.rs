//! Would be given what it may keep for ever, where the caller lends it for a call.

use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn rename(&mut self, title: &str);
}

struct Arcade {
    title: &'static str,
}

impl Game for Arcade {
    fn rename(&mut self, title: &'static str) {
        self.title = title;
    }
}

fn main() {}
