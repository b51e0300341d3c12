//! A host in each phase of an upgrade, and what lets it go on.

use std::{sync::mpsc, thread};

use counter_api::Counter;
use hotswap_core::{Approval, Config, Rehearsal, Timing, Trial, event::Phase};
use hotswap_tests::{Fixture, LONG, Scene, fixture, patient, until};
use tempfile::TempDir;

/// A host in a phase, and what lets it go on.
pub(crate) struct Reached {
    pub(crate) scene: Scene<dyn Counter>,
    pub(crate) release: Release,
    pub(crate) folder: TempDir,
}

/// What the host's thread waits for.
pub(crate) enum Release {
    /// Nothing: it is free.
    Free,
    /// A file.
    File,
    /// A caller, who comes out when he is told.
    Caller(mpsc::Sender<()>),
}

pub(crate) fn counter(script: &str) -> Fixture {
    fixture("counter").told(script)
}

pub(crate) fn chain(script: &str) -> Fixture {
    fixture("chain").told(script)
}

/// A host with a journal that answers operators; `a` is its first version.
pub(crate) fn host(change: impl FnOnce(Config) -> Config, first: &str) -> Reached {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let first = first.replace("FILE", &go_on(&folder));
    let config = patient().with_data_dir(folder.path()).admin(folder.path().join("admin"));
    let scene = Scene::<dyn Counter>::with(change(config), &counter(&first));
    Reached { scene, release: Release::Free, folder }
}

pub(crate) fn go_on(folder: &TempDir) -> String {
    folder.path().join("go on").display().to_string()
}

impl Reached {
    pub(crate) fn phase(&self) -> Option<Phase> {
        self.scene.host.status().slots[0].phase
    }

    /// Puts a candidate there, and waits until it has come to a phase and the host's thread waits.
    pub(crate) fn until(self, candidate: &Fixture, phase: Phase, release: Release) -> Self {
        self.scene.put(candidate);
        until("it comes so far", || self.phase() == Some(phase));
        Self { release, ..self }
    }
}

pub(crate) fn stable() -> Reached {
    host(|config| config, "label=a")
}

pub(crate) fn committed() -> Reached {
    let reached = stable();
    reached.scene.upgrade(&counter("label=b"));
    reached
}

pub(crate) fn rejected() -> Reached {
    let reached = stable();
    let _ = reached.scene.refusal(&counter("label=b;start=fail"));
    reached
}

pub(crate) fn backing_up() -> Reached {
    let reached = host(|config| config, "label=a;state=wait FILE");
    reached.until(&counter("label=b"), Phase::Assessed, Release::File)
}

pub(crate) fn rehearsing() -> Reached {
    let rehearsal = Rehearsal::new().with_deadline(LONG);
    let reached = host(|config| config.with_rehearsal(rehearsal), "label=a");
    reached.until(&counter("label=b;prepare=hang"), Phase::Rehearsed, Release::Free)
}

pub(crate) fn awaiting() -> Reached {
    let reached = host(|config| config.with_approval(Approval::by_call()), "label=a");
    reached.until(&counter("label=b"), Phase::AwaitingApproval, Release::Free)
}

pub(crate) fn preparing() -> Reached {
    let reached = stable();
    let candidate = counter(&format!("label=b;prepare=wait {}", go_on(&reached.folder)));
    reached.until(&candidate, Phase::Loaded, Release::File)
}

pub(crate) fn ready() -> Reached {
    let reached = host(|config| config.with_timing(Timing::on_request()), "label=a");
    reached.scene.put(&counter("label=b"));
    reached.scene.told.pending();
    reached
}

pub(crate) fn quiescing() -> Reached {
    let reached = stable();
    let slot = reached.scene.slot.clone();
    let (enter, entered) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    thread::spawn(move || {
        slot.pin().inside(&mut || {
            enter.send(()).expect("the test waits");
            let _ = held.recv();
        })
    });
    entered.recv().expect("it goes inside");
    reached.until(&counter("label=b"), Phase::Prepared, Release::Caller(release))
}

pub(crate) fn migrating() -> Reached {
    let reached = stable();
    let candidate = chain(&format!("label=b;migrate=wait {}", go_on(&reached.folder)));
    reached.until(&candidate, Phase::Prepared, Release::File)
}

pub(crate) fn on_trial() -> Reached {
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let reached = host(|config| config.with_trial(trial), "label=a");
    reached.scene.upgrade(&counter("label=b"));
    reached
}

pub(crate) fn rolled_back() -> Reached {
    let reached = on_trial();
    reached.scene.host.operator().roll_back("main", "a test").expect("it goes back");
    reached
}

pub(crate) fn degraded() -> Reached {
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let reached = host(|config| config.with_trial(trial), "label=a;resume=panic");
    reached.scene.upgrade(&chain("label=b;downgrade=fail"));
    let _ =
        reached.scene.host.operator().roll_back("main", "a test").expect_err("it does not go back");
    reached
}

pub(crate) fn paused() -> Reached {
    let reached = stable();
    reached.scene.host.operator().pause(None, "ada", "a test").expect("it can be paused");
    reached.scene.put(&counter("label=b"));
    let held = || reached.scene.host.status().slots[0].deferred.len() == 1;
    until("it is held", held);
    reached
}
