use hotswap_abi::interface;

#[interface(version = "1.2.0")]
pub trait Game {
    #[since("1.1.0")]
    #[since("1.2.0")]
    fn add(&mut self) {}
}

fn main() {}
