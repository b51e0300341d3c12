use hotswap_abi::Plain;

#[derive(Plain, Clone, Copy)]
#[repr(C)]
pub struct Nothing;

fn main() {}
