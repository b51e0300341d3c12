use hotswap_abi::interface;

#[interface(version = "1.2.0", version = "1.3.0")]
pub trait Game {
    fn title(&self) -> String;
}

fn main() {}
