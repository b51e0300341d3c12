use hotswap_abi::Plain;

#[derive(Plain, Clone, Copy)]
#[repr(u8)]
pub enum Layer {
    Back,
    At(u8),
}

fn main() {}
