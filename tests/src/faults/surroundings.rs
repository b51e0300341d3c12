//! The process, or the system below it, is not as most are: the host goes on, or says why it does not.

use std::{collections::BTreeSet, fs};

use counter_api::Counter;
use hotswap_core::{Host, Rehearsal, SlotConfig};

use super::{
    place::{Place, failed, unhurried},
    row::{After, Group, Happened, Row, Setting, Way},
};
use crate::{LONG, patient, surroundings};

pub(super) fn group() -> Group {
    let rehearses =
        Setting::counter(|_| patient().with_rehearsal(Rehearsal::new().with_deadline(LONG)));
    // Good builds are rehearsed before and afterwards.
    let aborts = |name, before: fn(), says| {
        let does = move |place: &mut Place| {
            before();
            place.put(&place.build("start=abort"))
        };
        Row::new(name, does, "refused at Rehearsed", says).with(rehearses).apart(Way::Process)
    };
    Group {
        title: "the process and the system below it",
        setting: Setting::counter(unhurried),
        rows: vec![
            aborts(
                "SIGCHLD is ignored",
                surroundings::ignore_children,
                &["this process ignores SIGCHLD"],
            ),
            aborts(
                "something else waits for every child",
                surroundings::reap_children,
                &["in its rehearsal the artifact"],
            ),
            aborts("no pidfd_open", surroundings::forbid_pidfd_open, &["was ended by SIGABRT"]),
            Row::new(
                "no /proc",
                no_proc,
                "cancelled at Rehearsed, then live",
                &[
                    "/proc/self/exe is not there: mount /proc",
                    "tried again by itself",
                    "state kept",
                ],
            )
            .then(After::TheNewOne)
            .with(rehearses)
            .apart(Way::SmallDisk),
            Row::new(
                "fork after the host was made",
                fork,
                "called, then error Misuse",
                &["was forked from the one that made the host", "make the host after forking"],
            )
            .apart(Way::Process),
            Row::new("TMPDIR set to nothing", no_tmpdir, "started", &["/tmp/hotswap-"])
                .apart(Way::Process),
        ],
    }
}

fn no_proc(place: &mut Place) -> Happened {
    let build = place.build("");
    let hidden = surroundings::without_proc();
    let happened = place.put(&build);
    drop(hidden);
    happened.then(place.live())
}

/// A copy of the process calls, and asks for more than that. In this process nothing has happened.
fn fork(place: &mut Place) -> Happened {
    let said = surroundings::forked(|| {
        place.slot().pin_mut().add(1).expect("calls go on");
        failed(&place.host().rescan().expect_err("nobody is there to look")).written()
    });
    Happened::new("called", "").then(Happened::read(&said.expect("it ends in order")))
}

/// Another host in the same process, and where it has its copy.
fn no_tmpdir(place: &mut Place) -> Happened {
    let before = copies();
    surroundings::set_variable("XDG_RUNTIME_DIR", "");
    surroundings::set_variable("TMPDIR", "");
    let host = Host::new(patient().slot("other", SlotConfig::artifact(place.artifact())));
    let opened = host.and_then(|host| {
        let _slot = host.slot::<dyn Counter>("other")?;
        let new: Vec<_> = copies().difference(&before).cloned().collect();
        Ok(Happened::new("started", new.concat()))
    });
    opened.unwrap_or_else(|error| failed(&error))
}

/// The private copies that are mapped into this process.
fn copies() -> BTreeSet<String> {
    let maps = fs::read_to_string("/proc/self/maps").expect("it can be read");
    let paths = maps.lines().filter_map(|line| Some(&line[line.find('/')?..]));
    paths.filter(|path| path.contains("/hotswap-private-")).map(str::to_owned).collect()
}
