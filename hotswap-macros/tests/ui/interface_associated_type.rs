use hotswap_abi::interface;

#[interface]
pub trait Game {
    type Score;
    fn title(&self) -> String;
}

fn main() {}
