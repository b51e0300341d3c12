use benches_api::{Block, Score};

pub trait Exports {
    fn add(x: u64) -> u64;
    fn greet(name: &str) -> String;
    fn block(block: Block) -> Block;
    fn scores(count: u32) -> Vec<Score>;
    fn scale(samples: *mut [f32]);
}
