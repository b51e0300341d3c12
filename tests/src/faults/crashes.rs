//! What no host survives, because it ends the process: the next run says so, and serves.

use std::{
    fs,
    path::Path,
    process::{self, ExitCode},
    sync::mpsc::{self, Sender},
    thread,
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{Config, Host, SlotConfig, event::EventKind};

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
            dies("constructor panics", "counter-constructor construct=panic", "killed by signal 6"),
            dies(
                "instance and its state panic in their drop",
                "self_test=fail;drop=panic;state_drop=panic",
                "killed by signal 6",
            ),
            dies("process killed while it prepares", "prepare=hang", "killed by signal 9"),
            dies("process killed in the pause", "start=hang", "killed by signal 9"),
            Row::new(
                "constructor hangs for ever",
                constructor_hangs,
                "refused at Loaded, then cancelled at Staged, then killed by signal 9",
                &[
                    "constructor  it did not come back within ",
                    "no library can be opened, and no thread started, in this process",
                    "kill it (its own exit would wait as well)",
                    "the system's loader is held for ",
                    " by a constructor of counter-constructor 1.0.0 (",
                    "main: state not kept for the next start: the system's loader is held",
                    "the last run did not end in order and has left no state",
                ],
            )
            .then(After::NextRunAfresh),
        ],
    }
}

const SAYS: &[&str] =
    &["the last run did not end in order and has left no state", "main.snapshot.used"];

fn keeps(folder: &Path) -> Config {
    patient()
        .with_work_deadline(Duration::from_secs(3))
        .with_data_dir(folder)
        .with_journal(false)
        .with_floors(false)
}

const CONSTRUCTED: &str = "counter-constructor";

/// The old version goes on in the run in which a constructor hangs, and nothing else does.
fn constructor_hangs(place: &mut Place) -> Happened {
    assert_eq!(place.end().outcome, "ended");
    let status = apart::part("counter-constructor construct=hang", place.folder());
    let told = fs::read_to_string(place.folder().join("told")).expect("the part has written it");
    Happened::read(&told).then(Happened::new(apart::how(status), ""))
}

/// What the part with the constructor goes through.
fn loader_is_held(
    host: Host,
    told: &Told,
    artifact: &Path,
    folder: &Path,
    alive: Sender<()>,
) -> ExitCode {
    let refused = Happened::of(&told.outcome().1);
    let slot = host.slot::<dyn Counter>("main").expect("it is open");
    slot.pin_mut().add(1).expect("the old version serves");
    replace(artifact, fixture("counter").told("label=good").bytes());
    let mut happened = refused.then(Happened::of(&told.outcome().1));
    host.shutdown().expect_err("no thread can be started for it");
    let events = told.so_far().into_iter();
    let lost = events.filter(|it| matches!(it.kind, EventKind::NotKept { .. }));
    happened.text.extend(lost.map(|event| format!("\n{event}")));
    fs::write(folder.join("told"), happened.written()).expect("it can be written");
    drop(alive);
    process::exit(0)
}

/// Kills the process some time after what is returned was dropped: far longer than it takes to end.
fn killer() -> Sender<()> {
    let ((alive, ends), (begin, begun)) = (mpsc::channel(), mpsc::channel());
    let work = move || {
        begin_to_wait();
        begin.send(()).expect("somebody waits");
        let _: Result<(), _> = ends.recv();
        thread::sleep(Duration::from_secs(3));
        kill();
    };
    thread::spawn(work);
    begun.recv().expect("it begins");
    alive
}

/// A thread notes a thread-local when it first waits, for which it needs the loader.
fn begin_to_wait() {
    let (_alive, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(Duration::from_millis(1));
}

fn kill() {
    let this = rustix::process::getpid();
    let _ = rustix::process::kill_process(this, rustix::process::Signal::KILL);
}

/// This run ends in order, and the next one, in a process of its own, does not.
fn another_run_dies(place: &mut Place, script: &str) -> Happened {
    assert_eq!(place.end().outcome, "ended");
    let status = apart::part(script, place.folder());
    Happened::new(apart::how(status), "")
}

/// The run that dies: it begins with the state that was left, and takes a build that ends it.
pub(super) fn part(script: &str, folder: &Path) -> ExitCode {
    let (artifact, log) = (artifact_in(folder), folder.join("log"));
    let host =
        Host::new(keeps(folder).slot("main", SlotConfig::artifact(&artifact))).expect("it starts");
    let told = Told::of(&host);
    let slot = host.slot::<dyn Counter>("main").expect("it serves");
    slot.pin_mut().add(1).expect("it serves");
    told.find(|event| matches!(event.kind, EventKind::Live(_)).then_some(()));
    let (module, script) =
        script.split_once(' ').filter(|it| it.0 == CONSTRUCTED).unwrap_or(("counter", script));
    let build = fixture(module).told(&format!("label=new;{script};log={}", log.display()));
    if script == "construct=hang" {
        begin_to_wait();
        let alive = killer();
        replace(&artifact, build.bytes());
        return loader_is_held(host, &told, &artifact, folder, alive);
    }
    replace(&artifact, build.bytes());
    if let Some(step) = script.strip_suffix("=hang") {
        crate::until("it hangs", || {
            fs::read_to_string(&log).is_ok_and(|log| log.contains(&format!("new {step}")))
        });
        kill();
    }
    // It does not come to this: an outcome would end the part in another way than was promised.
    let outcome = told.outcome();
    thread::spawn(move || drop((host, outcome)));
    process::exit(3)
}
