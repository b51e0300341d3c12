use hotswap_abi::Plain;

#[derive(Clone, Copy)]
pub struct Other;

#[derive(Plain, Clone, Copy)]
#[repr(C)]
pub struct Sprite {
    other: Other,
    option: Option<u8>,
}

fn main() {}
