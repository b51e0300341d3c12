//! The host is ended in each phase of an upgrade: nobody waits for ever, and the state is kept.

use std::{
    fs::File,
    io::Write as _,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::mpsc,
    thread,
    time::Duration,
};

use hotswap_core::{
    Config, Error, Timing,
    event::{EventKind, Phase},
};

use super::{
    callers::{call, inside},
    place::{Place, failed},
    row::{After, Group, Happened, Row, Setting},
};
use crate::{fixture, patient, replace};

pub(super) fn group() -> Group {
    let setting = Setting::counter(keeps);
    let kept = |name, does: fn(&mut Place) -> Happened| {
        Row::new(name, does, "ended", KEPT).then(After::NextRun)
    };
    let step = |name, script: &'static str, step: &'static str| {
        let ends = move |place: &mut Place| {
            let script = format!("{script};log={}", place.log().display());
            replace(&place.artifact(), place.build(&script).bytes());
            place.noted(step);
            place.end()
        };
        Row::new(name, ends, "ended", KEPT).then(After::NextRun)
    };
    let from_callback = |name, phase: Phase| {
        let ends = move |place: &mut Place| ended_by_callback(place, phase);
        let says = &["an event callback asked for this", "state kept for the next start"];
        Row::new(name, ends, "error Misuse", says).then(After::NextRun)
    };
    let lost = |name, does: fn(&mut Place) -> Happened, says| {
        Row::new(name, does, "error System", says).then(After::NextRunAfresh)
    };
    Group {
        title: "the end",
        setting,
        rows: vec![
            kept("end while a file is written", ends_while_written),
            step("end while prepare hangs", "prepare=hang", "new prepare"),
            kept("end while an upgrade waits for leave", |place| {
                assert_eq!(place.put(&place.build("")).outcome, "pending");
                place.end()
            })
            .with(Setting::counter(|folder| keeps(folder).with_timing(Timing::on_request()))),
            kept("end while an upgrade waits for a caller", |place| {
                let visitor = inside(place.slot(), false);
                replace(&place.artifact(), place.build("").bytes());
                place.drains();
                // Asked for while the caller is inside.
                let host = place.host.take().expect("the host lives");
                let ends = thread::spawn(move || host.shutdown());
                visitor.leave();
                ended(place, ends.join().expect("it does not panic"))
            }),
            lost(
                "end while a caller stays",
                |place| {
                    let visitor = inside(place.slot(), false);
                    let happened = place.end();
                    visitor.leave();
                    happened
                },
                &["has not kept: the state of slot main", "inside: ", "\"visitor\""],
            ),
            lost("end after suspend has hung", ends_after_hang, &[OWN])
                .with(setting.scripted("suspend=hang")),
            lost("end after state has hung", ends_after_hang, &[OWN])
                .with(setting.scripted("state=hang")),
            kept("end while a migration hangs", |place| {
                let script = format!("label=new;migrate=hang;log={}", place.log().display());
                replace(&place.artifact(), fixture("chain").told(&script).bytes());
                place.noted("new migrate\n");
                place.end()
            }),
            step("end while start hangs", "start=hang", "new start"),
            step("end while self-test hangs", "self_test=hang", "new self_test"),
            kept("end after an upgrade was cancelled", |place| {
                let visitor = inside(place.slot(), false);
                let cancelled = place.put(&place.build(""));
                assert_eq!(cancelled.outcome, "cancelled at Quiescing");
                visitor.leave();
                place.end()
            }),
            kept("end, and stop hangs", |place| place.end()).with(setting.scripted("stop=hang")),
            kept("end, and stop panics", |place| place.end()).with(setting.scripted("stop=panic")),
            lost(
                "end, and state panics",
                |place| place.end(),
                &["its `suspend` or `state`: it panicked: state was told to panic"],
            )
            .with(setting.scripted("state=panic")),
            from_callback("end asked for by a callback at Staged", Phase::Staged),
            from_callback("end asked for by a callback at Inspected", Phase::Inspected),
            from_callback("end asked for by a callback at Assessed", Phase::Assessed),
            from_callback("end asked for by a callback at Loaded", Phase::Loaded),
            from_callback("end asked for by a callback at Prepared", Phase::Prepared),
            from_callback("end asked for by a callback at Quiescing", Phase::Quiescing),
            from_callback("end asked for by a callback at Snapshotted", Phase::Snapshotted),
            from_callback("end asked for by a callback at Migrating", Phase::Migrating),
            from_callback("end asked for by a callback at Activated", Phase::Activated),
            from_callback("end asked for by a callback at Committed", Phase::Committed),
            Row::new(
                "end asked for from inside a call",
                |place| {
                    let (slot, mut happened) = (place.slot(), None);
                    let mut end = || happened = Some(place.end());
                    slot.pin().inside(&mut end).expect("its call goes well");
                    let mut happened = happened.expect("the closure ran");
                    // In order all the same, when the call has come out.
                    let kept = place.event(|kind| matches!(kind, EventKind::Kept { .. }));
                    happened.text = format!("{}\n{kept}", happened.text);
                    happened
                },
                "error Misuse",
                &["asked from inside a call of slot main", "main: state kept for the next start, "],
            )
            .then(After::NextRun),
            kept("end by a panic", |place| {
                let host = place.host.take().expect("the host lives");
                let panics = AssertUnwindSafe(move || {
                    let _host = host;
                    panic!("told to panic");
                });
                assert!(catch_unwind(panics).is_err());
                ended(place, Ok(()))
            }),
            Row::new(
                "call after the end",
                |place| {
                    let slot = place.slot();
                    assert_eq!(place.end().outcome, "ended");
                    call(slot.pin_mut().add(1))
                },
                "Ended",
                &["slot main has been shut down"],
            )
            .then(After::NextRun),
        ],
    }
}

const KEPT: &[&str] = &["main: state kept for the next start, "];
const OWN: &str = "its own code hangs in it";

/// What hangs never ends by itself; states are kept for the next run.
fn keeps(folder: &Path) -> Config {
    patient()
        .with_pause_deadline(Duration::from_secs(2))
        .with_work_deadline(Duration::from_secs(3))
        .with_data_dir(folder)
        .with_journal(false)
        .with_floors(false)
}

fn ended(place: &Place, result: Result<(), Error>) -> Happened {
    result.map_or_else(|error| failed(&error), |()| Happened::new("ended", place.kept()))
}

fn ends_while_written(place: &mut Place) -> Happened {
    let build = place.build("");
    let mut file = File::create(place.artifact()).expect("a file can be made");
    file.write_all(&build.bytes()[..build.bytes().len() / 2]).expect("it can be written");
    place.host().rescan().expect("the host lives");
    place.end()
}

/// The upgrade is over, and the hang is not.
fn ends_after_hang(place: &mut Place) -> Happened {
    assert_eq!(place.put(&place.build("")).outcome, "cancelled at Snapshotted");
    place.end()
}

/// The callback runs on the thread that would have to do it: it goes on, and ends after that.
fn ended_by_callback(place: &mut Place, wanted: Phase) -> Happened {
    let mut host = place.host.take();
    let (reply, answer) = mpsc::channel();
    place.spy(move |event| {
        if matches!(event.kind, EventKind::Phase { phase, .. } if phase == wanted)
            && let Some(host) = host.take()
        {
            let _ = reply.send(host.shutdown());
        }
    });
    replace(&place.artifact(), place.build("").bytes());
    let mut happened = ended(place, answer.recv().expect("the phase comes"));
    let kept = place.event(|kind| matches!(kind, EventKind::Kept { .. }));
    happened.text = format!("{}\n{kept}", happened.text);
    happened
}
