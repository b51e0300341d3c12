//! A large state that is handed over as memory: how long callers wait for it, and whether it is what
//! it was.
//!
//! A million entities in maps, vectors and strings, about a gibibyte in memory. For each of a few
//! builds: the pause, and the hash of the state's encoding before and after.
//!
//! ```text
//! cargo run --release -p hotswap-tests --bin large             # the module built for debugging
//! cargo run --release -p hotswap-tests --bin large -- 1000     # so many entities
//! cargo run --release -p hotswap-tests --bin large -- 1000000 release   # the module as well
//! ```
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::{env, fs, process::ExitCode, time::Duration};

use counter_api::Counter;
use hotswap_core::{Config, event::StateNote};
use hotswap_tests::{Scene, edition, optimized, patient};

/// What is allowed.
const LONGEST: Duration = Duration::from_millis(1);

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let entities: u64 = args.next().map_or(1_000_000, |arg| arg.parse().expect("a number"));
    let release = args.next().is_some_and(|arg| arg == "release");
    let build = if release { optimized("mover") } else { edition("mover", &[]) };
    let host = if cfg!(debug_assertions) { "debug" } else { "release" };
    let module = if release { "release" } else { "debug" };
    println!("host: {host}, module: {module}, {entities} entities");
    let config: Config = patient();
    let scene =
        Scene::<dyn Counter>::with(config, &build.clone().told(&format!("label=a;fill={entities}")));
    let text = || scene.slot.pin().state_text().expect("it serves");
    let mut before = text();
    println!("at first: {before}; resident: {}", resident());
    let mut is_well = true;
    let mut worst = Duration::ZERO;
    for n in 0..10 {
        let live = scene.upgrade(&build.clone().told(&format!("label=b{n}")));
        let pause = live.pause.unwrap_or_default();
        worst = worst.max(pause);
        let after = text();
        is_well &= live.state == StateNote::Moved && after == before && pause <= LONGEST;
        println!("{}: pause {pause:?}, {after}", live.state);
        scene.slot.pin_mut().add(n).expect("it serves");
        before = text();
    }
    println!("the longest pause: {worst:?}; {}", if is_well { "as promised" } else { "NOT as promised" });
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the process has of the machine's memory.
fn resident() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or_else(|| "not known".to_owned(), |line| line.trim().to_owned())
}
