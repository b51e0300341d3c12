use hotswap_abi::interface;

#[interface(version = "1.1.0")]
pub trait Game {
    #[since("2.0.0")]
    fn add(&mut self) {}
}

fn main() {}
