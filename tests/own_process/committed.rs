//! What a host has reported as committed, the next run serves: whatever ends the process after that.
//!
//! A process of its own: this program again, which kills itself while it reports.

use std::{
    env,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use counter_api::Counter;
use hotswap_core::{
    ArtifactHash, Config, Host, SlotConfig, Trial,
    event::{EventKind, Phase},
};
use hotswap_tests::{Fixture, LONG, Told, file_name, fixture, patient, replace};
use rustix::process::{Signal, getpid, kill_process};

const FOLDER: &str = "HOTSWAP_TEST_FOLDER";
const ON_TRIAL: &str = "HOTSWAP_TEST_ON_TRIAL";

#[test]
fn the_next_run_serves_what_was_committed() {
    the_next_run_serves_what_was_reported(false);
}

#[test]
fn the_next_run_serves_what_was_committed_after_a_trial() {
    the_next_run_serves_what_was_reported(true);
}

fn the_next_run_serves_what_was_reported(on_trial: bool) {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Command::new(env::current_exe().unwrap());
    run.args(["--exact", "a_run_that_is_killed", "--ignored", "--nocapture"]);
    run.env(FOLDER, folder.path());
    if on_trial {
        run.env(ON_TRIAL, "1");
    }
    let output = run.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(Signal::KILL.as_raw()), "{}: {text}", output.status);

    // Nothing but the journal says what to serve.
    std::fs::remove_file(artifact(folder.path())).unwrap();
    let host = Host::new(config(folder.path())).unwrap();
    let slot = host.slot::<dyn Counter>("main").unwrap();
    assert_eq!(slot.pin().label().unwrap(), "new");
    assert_eq!(slot.pin().value().unwrap(), 3);
    host.shutdown().unwrap();
}

#[test]
#[ignore = "a part of the other tests, which start it"]
fn a_run_that_is_killed() {
    let folder = PathBuf::from(env::var_os(FOLDER).expect("the other tests start it"));
    replace(&artifact(&folder), build("old").bytes());
    let new = build("new");
    let upgrade = ArtifactHash::of(new.bytes());
    let config = config(&folder).on_event(move |event| match event.kind {
        EventKind::Phase { artifact, phase: Phase::Committed } if artifact == upgrade => {
            kill_process(getpid(), Signal::KILL).unwrap();
        }
        _ => {}
    });
    let on_trial = env::var_os(ON_TRIAL).is_some();
    let config = if on_trial { config.with_trial(Trial::new(LONG)) } else { config };
    let host = Host::new(config).unwrap();
    let slot = host.slot::<dyn Counter>("main").unwrap();
    slot.pin_mut().add(3).unwrap();
    let told = Told::of(&host);
    replace(&artifact(&folder), new.bytes());
    if on_trial {
        let _ = told.live();
        host.operator().commit("main", "the test").unwrap();
    }
    told.find(|event| matches!(event.kind, EventKind::Live(_)).then_some(()));
    unreachable!("it is killed before it is told that the new version is live");
}

fn build(label: &str) -> Fixture {
    fixture("counter").told(&format!("label={label}"))
}

fn artifact(folder: &Path) -> PathBuf {
    folder.join(file_name("module"))
}

fn config(folder: &Path) -> Config {
    patient().slot("main", SlotConfig::artifact(artifact(folder))).with_data_dir(folder)
}
