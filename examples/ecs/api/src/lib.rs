//! What the host and the module share: the components that outlive the module, and the interface.
//! After a change here the host has to be built and started again.

#![forbid(unsafe_code)]

use bevy_ecs::{component::Component, world::World};
use hotswap_abi::interface;

/// Where a body is.
#[derive(Component, Debug, Clone, Copy)]
pub struct Position(pub f64);

/// How far it moves in a step.
#[derive(Component, Debug, Clone, Copy)]
pub struct Velocity(pub f64);

// ANCHOR: interface
/// Works on the host's world.
#[interface]
pub trait Simulation {
    /// One step of all systems; what they have to say.
    fn step(&mut self, #[same_build] world: &mut World) -> String;
}
// ANCHOR_END: interface
