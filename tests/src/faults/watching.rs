//! The watch is lost, or what is watched is: what comes later is found all the same.

use std::{fs, process::Command, thread};

use counter_api::Counter;
use hotswap_core::{Host, SlotConfig, event::EventKind};

use super::{
    place::{Place, failed, unhurried},
    row::{After, Group, Happened, Row, Setting, Way},
};
use crate::{Outcome, Told, file_name, patient, replace};

pub(super) fn group() -> Group {
    Group {
        title: "the watch",
        setting: Setting::counter(unhurried),
        rows: vec![
            Row::new("more events than the system keeps", too_many_events, "live", &["state kept"])
                .then(After::TheNewOne)
                .apart(Way::Process),
            Row::new(
                "no watch left",
                no_watch_left,
                "not watched, then live",
                &["cannot watch ", "fs.inotify.max_user_watches", "with_polling"],
            )
            .apart(Way::OwnLimits),
            Row::new(
                "no inotify instance left",
                no_instance_left,
                "error System, then started",
                &["artifacts cannot be watched", "fs.inotify.max_user_instances", "with_polling"],
            )
            .apart(Way::OwnLimits),
            Row::new(
                "two files of one module in a folder",
                two_files,
                "live, then refused at Staged",
                &[
                    "two files of one folder are module counter: ",
                    "libb.so",
                    "remove one of the two",
                ],
            ),
        ],
    }
}

/// This process stands still while more happens than the system's queue holds; the build comes last.
fn too_many_events(place: &mut Place) -> Happened {
    const FLOOD: &str = r#"
        kill -STOP "$1"
        until grep -q '^State:.T' "/proc/$1/status"; do :; done
        n=$(cat /proc/sys/fs/inotify/max_queued_events)
        while [ "$n" -gt 0 ]; do : > "$2/$n"; n=$((n - 1)); done
        mv "$3" "$4"
        kill -CONT "$1"
    "#;
    let (artifact, aside) = (place.artifact(), place.folder().join("aside"));
    replace(&aside, place.build("").bytes());
    let mut flood = Command::new("sh");
    flood.args(["-c", FLOOD, "sh"]).arg(std::process::id().to_string());
    flood.arg(artifact.parent().expect("it lies in a folder")).args([&aside, &artifact]);
    assert!(flood.status().is_ok_and(|it| it.success()), "the flood has come");
    place.outcome()
}

/// Sets a limit of the own user namespace; returns what it was.
fn limit(name: &str, to: &str) -> String {
    let path = format!("/proc/sys/user/{name}");
    let before = fs::read_to_string(&path).expect("it can be read");
    fs::write(path, to).expect("it can be written in a namespace of one's own");
    before
}

/// Another host in the same process comes too late for a watch, until there are some again.
fn no_watch_left(place: &mut Place) -> Happened {
    let before = limit("max_inotify_watches", "0");
    let host = Host::new(patient().slot("other", SlotConfig::artifact(place.artifact())))
        .expect("it starts");
    let told = Told::of(&host);
    thread::scope(|scope| {
        let waits = scope.spawn(|| host.slot::<dyn Counter>("other"));
        let trouble = told.find(|event| {
            matches!(event.kind, EventKind::WatchTrouble(_)).then(|| event.to_string())
        });
        limit("max_inotify_watches", before.trim());
        let (_, outcome) = told.outcome();
        assert!(matches!(outcome, Outcome::Live(_)), "{outcome:?}");
        let slot = waits.join().expect("it does not panic").expect("it serves");
        assert_eq!(slot.pin().label().ok(), Some(place.label.clone()));
        Happened::new("not watched", trouble).then(Happened::of(&outcome))
    })
}

fn no_instance_left(place: &mut Place) -> Happened {
    let config = || patient().slot("other", SlotConfig::artifact(place.artifact()));
    let before = limit("max_inotify_instances", "0");
    let happened = failed(&Host::new(config()).expect_err("it cannot watch"));
    limit("max_inotify_instances", before.trim());
    let started = Host::new(config()).map(|_| Happened::new("started", ""));
    happened.then(started.unwrap_or_else(|error| failed(&error)))
}

/// Another host in the same process looks for its module in a folder where it lies twice.
fn two_files(place: &mut Place) -> Happened {
    let folder = place.folder().join("both");
    let _ = fs::create_dir(&folder);
    for name in ["a", "b"] {
        let build = crate::fixture("counter").told(&format!("label={name}"));
        replace(&folder.join(file_name(name)), build.bytes());
    }
    let config = patient().slot("other", SlotConfig::folder(&folder).with_module("counter"));
    let host = Host::new(config).expect("it starts");
    let told = Told::of(&host);
    let slot = host.slot::<dyn Counter>("other").expect("one of them serves");
    let happened = Happened::of(&told.outcome().1).then(Happened::of(&told.outcome().1));
    assert_eq!((slot.pin().label().ok().as_deref(), slot.generation()), (Some("a"), 1));
    happened
}
