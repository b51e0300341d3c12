use hotswap_abi::Portable;

#[derive(Portable)]
#[portable(serde)]
pub struct Score {
    #[portable(skip)]
    by: u32,
    #[portable(serde, with = module)]
    other: u32,
    #[portable(serde = "x")]
    third: u32,
}

fn main() {}
