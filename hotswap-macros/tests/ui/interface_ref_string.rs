use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn add(&mut self, name: &String, path: &std::path::Path);
}

fn main() {}
