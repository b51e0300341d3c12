use hotswap_abi::Plain;

#[derive(Plain)]
#[repr(C)]
pub struct Sprite {
    x: f32,
}

fn main() {}
