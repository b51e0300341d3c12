//! What the host and the module agree on: an ordinary trait over ordinary types.

use hotswap_abi::{Portable, interface};

/// A line of the score board.
#[derive(Portable, Clone, Debug, PartialEq)]
pub struct Score {
    /// Who.
    pub player: String,
    /// How many.
    pub points: u64,
}

/// A game that can be replaced while it is played.
#[interface]
pub trait Game {
    /// One step of the game; returns how many there were.
    fn update(&mut self, dt: f32) -> u64;
    /// The score board.
    fn scores(&self) -> Vec<Score>;
    /// What the game calls itself.
    fn title(&self) -> String;
}
