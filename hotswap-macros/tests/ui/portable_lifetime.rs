use hotswap_abi::Portable;

#[derive(Portable)]
pub struct Name<'a> {
    name: std::borrow::Cow<'a, str>,
}

fn main() {}
