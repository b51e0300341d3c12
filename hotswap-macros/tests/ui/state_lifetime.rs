use hotswap_abi::Shape;

#[derive(Shape)]
pub struct Unit<'a> {
    name: &'a str,
}

fn main() {}
