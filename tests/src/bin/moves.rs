//! States that are handed over as memory: how long callers wait for a large one, whether each is what
//! it was, and what is left of the libraries that it came from.
//!
//! Unless told otherwise a million entities in maps, vectors and strings, more than a gibibyte in
//! memory. For each of ten builds: the pause, and the hash of the state's encoding before and after.
//!
//! ```text
//! cargo run --release -p hotswap-tests --bin moves
//! cargo run --release -p hotswap-tests --bin moves -- release         # the module as well
//! cargo run --release -p hotswap-tests --bin moves -- 8 unload deep   # so many entities; for valgrind
//! ```
//! With `unload` generations are unloaded, some candidates fail on the way, and some versions are
//! rolled back; `deep` has maps inside of collections, `upgrades=N` more of them.
#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::{env, fs, process::ExitCode, time::Duration};

use counter_api::Counter;
use hotswap_core::{Config, Retire, Trial, event::StateNote};
use hotswap_tests::{Fixture, LONG, Scene, edition, optimized, patient};

/// What the median of the pauses may be: the machine has other things to do.
const LONGEST: Duration = Duration::from_millis(1);

#[derive(Default)]
struct Options {
    entities: Option<u64>,
    upgrades: Option<usize>,
    release: bool,
    unload: bool,
    deep: bool,
}

fn main() -> ExitCode {
    let mut options = Options::default();
    for arg in env::args().skip(1) {
        match &*arg {
            "release" => options.release = true,
            "unload" => options.unload = true,
            "deep" => options.deep = true,
            arg => match arg.strip_prefix("upgrades=") {
                Some(upgrades) => options.upgrades = upgrades.parse().ok(),
                None => options.entities = Some(arg.parse().expect("a number of entities")),
            },
        }
    }
    let features: &[&str] = if options.deep { &["deep"] } else { &[] };
    let build = if options.release { optimized("mover") } else { edition("mover", features) };
    let mut config = patient();
    if options.unload {
        config = config.with_retire(Retire::Unload);
    }
    let entities = options.entities.unwrap_or(1_000_000);
    let first = build.clone().told(&format!("label=a;fill={entities}"));
    let pauses = run(config, &first, &build, options.upgrades.unwrap_or(10), options.unload);
    let Some(mut pauses) = pauses else {
        println!("NOT as promised");
        return ExitCode::FAILURE;
    };
    pauses.sort();
    let median = pauses[pauses.len() / 2];
    let host = if cfg!(debug_assertions) { "debug" } else { "release" };
    let module = if options.release { "release" } else { "debug" };
    println!(
        "{entities} entities, host: {host}, module: {module}; pauses: least {:?}, median {median:?}, \
         most {:?}",
        pauses[0],
        pauses[pauses.len() - 1]
    );
    // Under valgrind, or where all is done for its own sake, time says nothing.
    if median <= LONGEST || options.unload { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The pauses of so many upgrades, if each state was what it was.
fn run(
    config: Config,
    first: &Fixture,
    build: &Fixture,
    upgrades: usize,
    mixed: bool,
) -> Option<Vec<Duration>> {
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let config = if mixed { config.with_trial(trial) } else { config };
    let scene = Scene::<dyn Counter>::with(config, first);
    let text = || scene.slot.pin().state_text().expect("it serves");
    let mut before = text();
    println!("at first: {before}; resident: {}", resident());
    let mut pauses = Vec::new();
    for n in 0..upgrades {
        if mixed && n % 3 == 2 {
            for step in ["self_test", "arrived"] {
                let fails = build.clone().told(&format!("label=c{n};{step}=panic"));
                println!("{}", scene.refusal(&fails).state);
            }
        }
        let live = scene.upgrade(&build.clone().told(&format!("label=b{n}")));
        let after = text();
        pauses.push(live.pause.unwrap_or_default());
        println!("{}: pause {:?}, {after}", live.state, live.pause.unwrap_or_default());
        if live.state != StateNote::Moved || after != before {
            println!("before: {before}");
            return None;
        }
        let n = n as u64;
        scene.slot.pin_mut().add(n).expect("it serves");
        before = text();
        if mixed {
            if n.is_multiple_of(2) {
                scene.host.operator().roll_back("main", "for a change").expect("it goes back");
                println!("{}", scene.told.refused().state);
            } else {
                scene.host.operator().commit("main", "it is well").expect("it is on trial");
            }
            if text() != before {
                return None;
            }
        }
        scene.slot.pin_mut().add(n).expect("it serves");
        before = text();
    }
    println!("in the end: resident: {}", resident());
    Some(pauses)
}

/// What the process has of the machine's memory.
fn resident() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or_else(|| "not known".to_owned(), |line| line.trim().to_owned())
}
