use hotswap_abi::interface;

#[interface]
pub trait Game
where
    Self: Sized,
 {
    fn title(&self) -> String;
}

fn main() {}
