use hotswap_abi::interface;

pub struct Query;

#[interface]
pub trait Search {
    fn count(&self, #[portable(serde)] query: Query) -> u64;
    #[portable(serde)]
    fn all(&self) -> Vec<Query>;
}

fn main() {}
