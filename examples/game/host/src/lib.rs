//! A small game in the terminal whose physics, rules and drawing are replaced while it is played.
//!
//! The program does not stop: it owns the terminal, the time and the player's keys. What happens in
//! a frame is said by two modules that do not know each other; [`frame`] carries what one says to
//! the other.

pub mod frame;
pub mod game;
pub mod headless;
pub mod modules;
pub mod news;
pub mod screen;
pub mod simulation;
pub mod terminal;
