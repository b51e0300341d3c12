use hotswap_abi::interface;

pub struct Score;

#[interface]
pub trait Game {
    fn add(&mut self, score: Score);
    fn best(&self) -> Option<Score>;
}

fn main() {}
