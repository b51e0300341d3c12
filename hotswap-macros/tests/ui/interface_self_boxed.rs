use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn stop(self: Box<Self>);
}

fn main() {}
