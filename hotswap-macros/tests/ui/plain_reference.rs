//! Would put a text of a module's constants into the host's memory, through `&mut Label`.

use hotswap_abi::Plain;

type Text = &'static str;

#[derive(Plain, Clone, Copy)]
#[repr(C)]
pub struct Label {
    pub text: Text,
}

fn main() {}
