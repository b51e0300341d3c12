//! A process that is killed while a new version serves beside the stable one starts again with the
//! stable one; killed twice, the new version is not tried any more.
//!
//! A process of its own: this program again, which kills itself while it reports a step.

use std::{
    env,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use hotswap_core::{
    ArtifactHash, Config, Host, SlotConfig, Strategy, Trial,
    event::{Event, EventKind},
};
use hotswap_tests::{Fixture, LONG, Told, file_name, fixture, patient, replace, until};
use rustix::process::{Signal, getpid, kill_process};
use tally_api::Tally;

const FOLDER: &str = "HOTSWAP_TEST_FOLDER";
const MOMENT: &str = "HOTSWAP_TEST_MOMENT";

/// When it is killed.
const MOMENTS: [&str; 4] = ["step 1", "waits in step 1", "step 2", "waits in step 2"];

#[test]
fn the_stable_version_serves_after_a_kill_in_whatever_step() {
    for moment in MOMENTS {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let mut run = Command::new(env::current_exe().unwrap());
            run.args(["--exact", "a_run_that_is_killed", "--ignored", "--nocapture"]);
            run.env(FOLDER, folder.path()).env(MOMENT, moment);
            let output = run.output().unwrap();
            let text = String::from_utf8_lossy(&output.stderr);
            let killed = Some(Signal::KILL.as_raw());
            assert_eq!(output.status.signal(), killed, "{moment}: {}: {text}", output.status);
        }
        let host = Host::new(config(folder.path())).unwrap();
        let told = Told::of(&host);
        let slot = host.slot::<dyn Tally>("main").unwrap();
        assert_eq!(slot.pin().label().unwrap(), "old", "{moment}");
        // It lies there still, and is not tried a third time.
        host.rescan().unwrap();
        let refusal = told.refused();
        assert_eq!(refusal.artifact, Some(ArtifactHash::of(build("new").bytes())), "{moment}");
        assert!(!refusal.tried_again, "{moment}: {refusal}");
        assert!(host.status().slots[0].canary.is_none(), "{moment}");
        host.shutdown().unwrap();
    }
}

#[test]
fn an_end_of_the_host_is_no_try_and_the_next_run_goes_on_with_it() {
    let folder = tempfile::tempdir().unwrap();
    replace(&artifact(folder.path()), build("old").bytes());
    for _ in 0..3 {
        let host = Host::new(config(folder.path())).unwrap();
        let slot = host.slot::<dyn Tally>("main").unwrap();
        assert_eq!(slot.pin().label().unwrap(), "old");
        replace(&artifact(folder.path()), build("new").bytes());
        until("it is the canary", || host.status().slots[0].canary.is_some());
        host.shutdown().unwrap();
    }
}

#[test]
#[ignore = "a part of the other test, which starts it"]
fn a_run_that_is_killed() {
    let folder = PathBuf::from(env::var_os(FOLDER).expect("the other test starts it"));
    let moment = env::var(MOMENT).expect("the other test says when");
    let new = build("new");
    if !artifact(&folder).exists() {
        replace(&artifact(&folder), build("old").bytes());
    }
    let config = config(&folder).on_event(move |event| {
        if moment_of(event).is_some_and(|it| it == moment) {
            kill_process(getpid(), Signal::KILL).unwrap();
        }
    });
    let host = Host::new(config).unwrap();
    let slot = host.slot::<dyn Tally>("main").unwrap();
    assert_eq!(slot.pin().label().unwrap(), "old");
    let told = Told::of(&host);
    replace(&artifact(&folder), new.bytes());
    host.rescan().unwrap();
    until("the first step waits", || {
        host.status().slots[0].canary.as_ref().is_some_and(|canary| canary.waits.is_some())
    });
    host.operator().promote("main", "the test").unwrap();
    told.find(|event| matches!(event.kind, EventKind::Live(_)).then_some(()));
    unreachable!("it is killed before all calls go to the new version");
}

fn moment_of(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::Step { step: (step, _), .. } => Some(format!("step {step}")),
        EventKind::StepWaits { step: (step, _), .. } => Some(format!("waits in step {step}")),
        _ => None,
    }
}

fn build(label: &str) -> Fixture {
    fixture("till").told(&format!("label={label}"))
}

fn artifact(folder: &Path) -> PathBuf {
    folder.join(file_name("module"))
}

fn config(folder: &Path) -> Config {
    let trial = Trial::new(Duration::from_millis(1)).with_longest_call(LONG);
    let slot = SlotConfig::artifact(artifact(folder))
        .with_strategy(Strategy::gradual([0.1, 0.5]))
        .with_trial(trial);
    patient().slot("main", slot).with_data_dir(folder)
}
