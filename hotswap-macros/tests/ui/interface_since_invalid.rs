use hotswap_abi::interface;

#[interface]
pub trait Game {
    #[since("soon")]
    fn add(&mut self) {}
    #[since(1)]
    fn more(&mut self) {}
}

fn main() {}
