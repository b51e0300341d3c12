use hotswap_abi::interface;

#[interface]
pub trait Game: std::fmt::Debug + Send {
    fn title(&self) -> String;
}

fn main() {}
