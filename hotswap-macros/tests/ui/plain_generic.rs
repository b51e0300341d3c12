use hotswap_abi::Plain;

#[derive(Plain, Clone, Copy)]
#[repr(C)]
pub struct Pair<T> {
    a: T,
    b: T,
}

fn main() {}
