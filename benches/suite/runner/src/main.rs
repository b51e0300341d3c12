//! The benchmarks: `cargo run --release -p hotswap-benches`, from the project's root.
//!
//! `-- --quick` measures what the targets are about, in less than a minute after everything has been
//! built, and ends with one line of JSON. `-- --report` writes `docs/performance.md`.

mod builds;
mod callers;
mod calls;
mod crates;
mod growth;
mod idle;
mod live;
mod machine;
mod modules;
mod pause;
mod quick;
mod saves;
mod scale;
mod show;
mod store;
mod targets;
mod whole;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => whole::run(),
        ["--quick"] => quick::run(),
        ["--calls"] => whole::calls(),
        ["--pauses"] => whole::pauses(),
        ["--scale"] => whole::scale(),
        ["--builds"] => whole::builds(),
        ["--report"] => {
            if let Err(error) = whole::report() {
                eprintln!("the report cannot be written: {error}");
                return ExitCode::FAILURE;
            }
        }
        [idle::ARGUMENT, artifact] => idle::idle(artifact),
        _ => {
            eprintln!("nothing, --quick, --calls, --pauses, --scale, --builds or --report");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
