use hotswap_abi::{Movable, Plain, Portable, Shape, interface};

#[derive(Portable)]
pub struct __HotswapProxy(u8);

#[derive(Plain, Clone, Copy)]
#[repr(C)]
pub struct Sprite {
    __hotswap_out: u8,
}

#[derive(Shape)]
pub struct World<__HotswapT>(Vec<__HotswapT>);

#[derive(Movable)]
pub struct Names(__HOTSWAP_TYPE);

type __HOTSWAP_TYPE = u8;

#[interface]
pub trait Game {
    fn update(&self, __hotswap_data: u8);
}

fn main() {}
