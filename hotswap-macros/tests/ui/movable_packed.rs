use hotswap_abi::Movable;

#[derive(Movable)]
#[repr(C, packed)]
pub struct State {
    flag: u8,
    value: u64,
}

#[derive(Movable)]
#[repr(u8)]
pub enum Part {
    Number(u32) = 7,
}

#[derive(Movable)]
pub union Either {
    left: u32,
    right: f32,
}

fn main() {}
