//! The module: the systems, their schedule, and components that nothing else knows. Edit it while the
//! host runs.

#![forbid(unsafe_code)]

use bevy_ecs::{
    component::Component,
    entity::Entity,
    query::{With, Without},
    resource::Resource,
    schedule::{IntoScheduleConfigs as _, Schedule},
    system::{Commands, Query, ResMut},
    world::World,
};
use ecs_api::{Position, Simulation, Velocity};
use hotswap_abi::HotModule;

/// The module has no state of its own: the world is the host's.
#[derive(HotModule)]
#[hot_module(interface = Simulation, state = ())]
pub struct Systems {
    schedule: Own,
}

/// Made anew by each build, and gone with its instance: systems are functions of this library, and
/// labels are numbered by it.
struct Own(Schedule);

impl Default for Own {
    fn default() -> Self {
        let mut schedule = Schedule::default();
        schedule.add_systems((fuel_up, fly, report).chain());
        Self(schedule)
    }
}

impl Simulation for Systems {
    fn step(&mut self, world: &mut World) -> String {
        world.init_resource::<Log>();
        self.schedule.0.run(world);
        std::mem::take(&mut world.resource_mut::<Log>().0)
    }
}

// To change one of these types while the host runs, give it another name, and a system that makes the
// new one of the old: see the README.

/// What the systems have to say in this step.
#[derive(Resource, Default)]
struct Log(String);

/// How many more steps a body can fly.
#[derive(Component)]
struct Fuel(u32);

fn fuel_up(
    mut commands: Commands<'_, '_>,
    new: Query<'_, '_, Entity, (With<Position>, Without<Fuel>)>,
) {
    for body in &new {
        commands.entity(body).insert(Fuel(1000));
    }
}

fn fly(mut bodies: Query<'_, '_, (&mut Position, &Velocity, &mut Fuel)>) {
    for (mut position, velocity, mut fuel) in &mut bodies {
        if fuel.0 > 0 {
            // EDIT ME: turn the sign, say.
            position.0 += velocity.0;
            fuel.0 -= 1;
        }
    }
}

fn report(mut log: ResMut<'_, Log>, bodies: Query<'_, '_, &Fuel>) {
    let fuel: u32 = bodies.iter().map(|fuel| fuel.0).sum();
    log.0 = format!("fuel {fuel}");
}
