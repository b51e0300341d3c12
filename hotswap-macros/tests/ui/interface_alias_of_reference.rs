//! Would hide from the macro that a text is borrowed, and hand it out for ever.

use hotswap_abi::interface;

type Text = &'static str;

#[interface]
pub trait Game {
    fn rename(&mut self, title: Text);
    fn title(&self) -> Text;
}

fn main() {}
