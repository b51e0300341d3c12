use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn add(&mut self, values: &Vec<u32>, more: &mut Vec<u8>, text: &mut str);
}

fn main() {}
