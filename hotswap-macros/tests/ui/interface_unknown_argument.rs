use hotswap_abi::interface;

#[interface(name = "game")]
pub trait Game {
    fn title(&self) -> String;
}

fn main() {}
