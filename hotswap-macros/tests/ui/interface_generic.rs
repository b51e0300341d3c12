use hotswap_abi::interface;

#[interface]
pub trait Game<T> {
    fn title(&self) -> String;
}

fn main() {}
