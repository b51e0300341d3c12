use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn title(&self) -> &str;
    fn all(&self) -> &[u32];
    fn inner(&self) -> Option<&str>;
}

fn main() {}
