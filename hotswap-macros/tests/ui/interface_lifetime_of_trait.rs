use hotswap_abi::interface;

#[interface]
pub trait Game<'a> {
    fn title(&self) -> String;
}

fn main() {}
