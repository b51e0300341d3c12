use hotswap_abi::Portable;

pub struct Foreign;

#[derive(Portable)]
pub struct Score {
    by: Foreign,
    all: Vec<Foreign>,
}

fn main() {}
