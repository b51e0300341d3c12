use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn add<'a>(&'a mut self, value: &'a str);
}

fn main() {}
