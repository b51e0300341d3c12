use hotswap_abi::Shape;

#[derive(Shape)]
#[shape(opaque)]
pub struct Unit {
    #[shape(hidden)]
    other: u32,
}

fn main() {}
