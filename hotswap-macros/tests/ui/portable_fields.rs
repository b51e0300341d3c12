use hotswap_abi::Portable;

#[derive(Portable)]
pub enum Command {
    Say(&'static str),
    Go { to: *const u8, then: fn(u32) },
    Ask(Box<dyn Send>, Option<&'static [u8]>),
}

fn main() {}
