use hotswap_abi::Portable;

#[derive(Portable)]
pub struct Grid<const N: usize> {
    cells: [u8; N],
}

fn main() {}
