//! Owns the world, and prints a line each second.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use bevy_ecs::world::World;
use ecs_api::{Position, Simulation, Velocity};
use hotswap_core::{Approval, Config, Decision, Host, SlotConfig, host_build, plan::Plan};
use signal_hook::{consts::SIGINT, flag};

fn main() -> Result<(), Box<dyn Error>> {
    // ANCHOR: approval
    let systems = SlotConfig::cargo("ecs-systems").with_approval(Approval::ask(approve));
    // ANCHOR_END: approval
    let config = Config::dev()
        .slot("systems", systems)
        // The module has the features that its dependencies have in this program.
        .build(|request| request.with_features_of(env!("CARGO_PKG_NAME")))
        .with_host_build(host_build!());
    // SAFETY: cargo builds both sides. Of bevy_ecs's statics a world rests on one, the counter of its
    // ids: modules make no world, so the ids stay unique. Schedules, and with them labels, stay in the
    // module; they run on the calling thread, which is always this one, and the world has no data
    // that belongs to a thread. A component that an older build has left is never taken for another
    // one: `approve`. Modules start no threads.
    let config = unsafe { config.lend_rust_types() };
    let host = Host::new(config)?;
    let systems = host.slot::<dyn Simulation>("systems")?;

    let mut world = World::new();
    for speed in 1..=3 {
        world.spawn((Position(0.0), Velocity(f64::from(speed))));
    }
    let ended = Arc::new(AtomicBool::new(false));
    flag::register(SIGINT, Arc::clone(&ended))?;
    let mut step = 0;
    while !ended.load(Ordering::Relaxed) {
        step += 1;
        let said = systems.pin_mut().step(&mut world);
        let said = said.unwrap_or_else(|error| format!("no step: {error}"));
        let mut places: Vec<_> = world.query::<&Position>().iter(&world).map(|it| it.0).collect();
        places.sort_by(f64::total_cmp);
        println!("step {step}: bodies at {places:?}, {said}");
        thread::sleep(Duration::from_secs(1));
    }
    host.shutdown()?;
    // The module's code stays mapped: components of its own are dropped by it.
    drop(world);
    Ok(())
}

// ANCHOR: approve
/// Rejects a build in which a type is another one under the name that it had: the world may have
/// values of it.
fn approve(plan: &Plan) -> Decision {
    let changed = plan.risks.iter().find(|it| it.reason.contains("changed under the same TypeId"));
    match changed {
        None => Decision::Approve,
        Some(risk) => Decision::Reject { why: format!("{}: give it another name", risk.reason) },
    }
}
// ANCHOR_END: approve
