use hotswap_abi::Portable;

#[derive(Portable)]
pub union Value {
    a: u32,
    b: f32,
}

fn main() {}
