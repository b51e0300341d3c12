use hotswap_abi::interface;

#[interface]
pub unsafe trait Game {
    fn title(&self) -> String;
}

fn main() {}
