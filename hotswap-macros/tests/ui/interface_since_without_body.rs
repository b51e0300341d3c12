use hotswap_abi::interface;

#[interface(version = "1.1.0")]
pub trait Game {
    #[since("1.1.0")]
    fn add(&mut self, value: u32);
}

fn main() {}
