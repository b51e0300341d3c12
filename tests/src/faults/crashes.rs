//! What no host survives, because it ends the process: the next run says so, and serves.

use std::{
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{self, ExitCode, ExitStatus},
    thread,
};

use counter_api::Counter;
use hotswap_core::{Config, Host, event::EventKind};

use super::{
    apart,
    place::{Place, artifact_in},
    row::{After, Group, Happened, Row, Setting},
};
use crate::{Told, fixture, patient, replace};

pub(super) fn group() -> Group {
    let dies = |name, script: &'static str, outcome| {
        Row::new(name, move |place| another_run_dies(place, script), outcome, SAYS)
            .then(After::NextRunAfresh)
    };
    Group {
        title: "what ends the process (a process of its own dies; the next run is here)",
        setting: Setting::counter(keeps),
        rows: vec![
            dies("module aborts while it prepares", "prepare=abort", "killed by signal 6"),
            dies("module aborts in the pause", "start=abort", "killed by signal 6"),
            dies("module panics twice", "start=panic twice", "killed by signal 6"),
            dies("module overflows the stack", "start=overflow", "killed by signal 6"),
            dies("module ends the process", "start=exit", "ended with 0"),
            dies("process killed while it prepares", "prepare=hang", "killed by signal 9"),
            dies("process killed in the pause", "start=hang", "killed by signal 9"),
        ],
    }
}

const SAYS: &[&str] =
    &["the last run did not end in order and has left no state", "main.snapshot.used"];

fn keeps(folder: &Path) -> Config {
    patient().with_checkpoints(folder.join("states"))
}

/// This run ends in order, and the next one, in a process of its own, does not.
fn another_run_dies(place: &mut Place, script: &str) -> Happened {
    assert_eq!(place.end().outcome, "ended");
    let status = apart::part(script, place.folder());
    Happened::new(how(status), "")
}

fn how(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("killed by signal {signal}"),
        (None, code) => format!("ended with {}", code.unwrap_or_default()),
    }
}

/// The run that dies: it begins with the state that was left, and takes a build that ends it.
pub(super) fn part(script: &str, folder: &Path) -> ExitCode {
    let (artifact, log) = (artifact_in(folder), folder.join("log"));
    let host = Host::new(keeps(folder).artifact("main", &artifact)).expect("it starts");
    let told = Told::of(&host);
    let slot = host.slot::<dyn Counter>("main").expect("it serves");
    slot.pin_mut().add(1).expect("it serves");
    told.find(|event| matches!(event.kind, EventKind::Live(_)).then_some(()));
    let build = fixture("counter").told(&format!("label=new;{script};log={}", log.display()));
    replace(&artifact, build.bytes());
    if let Some(step) = script.strip_suffix("=hang") {
        crate::until("it hangs", || {
            std::fs::read_to_string(&log).is_ok_and(|log| log.contains(&format!("new {step}")))
        });
        let this = rustix::process::getpid();
        let _ = rustix::process::kill_process(this, rustix::process::Signal::KILL);
    }
    // It does not come to this: an outcome would end the part in another way than was promised.
    let outcome = told.outcome();
    thread::spawn(move || drop((host, outcome)));
    process::exit(3)
}
