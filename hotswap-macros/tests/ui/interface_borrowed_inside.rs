use hotswap_abi::interface;

#[interface]
pub trait Game {
    fn add(&mut self, names: Vec<&str>, text: std::borrow::Cow<'static, str>);
}

fn main() {}
