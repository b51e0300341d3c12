use hotswap_abi::interface;

#[interface(version = "1.2")]
pub trait Game {
    fn title(&self) -> String;
}

fn main() {}
