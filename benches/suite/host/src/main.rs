//! A host in a process of its own, as developers have it: `benches-host FOLDER TARGET PROFILE`
//! watches and builds the package `saved` there.
//!
//! It says `ready` when that is live. For each line that it is given it waits for the next version,
//! and says what a call into that returns. It ends when its input does.

use std::{env, io, path::PathBuf, process::ExitCode, thread, time::Duration};

use benches_api::Calls;
use hotswap_core::{Config, Host, SlotConfig, cargo};

/// More than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [folder, target, profile] = &args[..] else {
        eprintln!("a folder, a target folder and a profile");
        return ExitCode::FAILURE;
    };
    let (folder, target) = (PathBuf::from(folder), PathBuf::from(target));
    let profile = cargo::Profile::Named(profile.clone());
    let config = Config::dev()
        .slot("saved", SlotConfig::cargo("saved"))
        .with_reporter(|_| {})
        .with_first_artifact_deadline(PATIENCE)
        .build(move |request| {
            request.with_folder(folder).with_profile(profile).with_target_folder(target)
        });
    let host = Host::new(config).expect("the host starts");
    let slot = host.slot::<dyn Calls>("saved").expect("the module is live");
    // The builder has said what it has built, and looks again at what it watches.
    thread::sleep(Duration::from_millis(300));
    println!("ready");
    for (next, line) in (slot.generation() + 1..).zip(io::stdin().lines()) {
        line.expect("the input is text");
        slot.wait_for(next, PATIENCE).expect("the save is built and taken");
        println!("{}", slot.pin().add(0).expect("the slot serves"));
    }
    host.shutdown().expect("the host ends");
    ExitCode::SUCCESS
}
