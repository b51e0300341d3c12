use hotswap_abi::{Movable, Plain, interface};

macro_rules! number {
    () => {
        u64
    };
}

macro_rules! four {
    () => {
        4
    };
}

#[derive(Plain, Clone, Copy)]
#[repr(C)]
pub struct Sprite {
    x: number!(),
}

#[derive(Movable)]
pub struct World {
    cells: [u8; four!()],
}

#[interface]
pub trait Game {
    fn update(&self, number: number!(), cells: &[number!()]) -> number!();
}

fn main() {}
