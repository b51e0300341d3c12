use hotswap_abi::Plain;

#[derive(Plain, Clone, Copy)]
pub struct Sprite {
    x: f32,
}

#[derive(Plain, Clone, Copy)]
#[repr(C)]
pub enum Layer {
    Back,
}

fn main() {}
