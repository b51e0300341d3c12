//! The code that serves fails in its own steps: no new build is to blame for that.

use std::{path::Path, time::Duration};

use hotswap_core::{Config, StateDrift, event::EventKind};

use super::{
    callers::call,
    place::Place,
    row::{After, Group, Happened, Row, Setting},
};
use crate::{Fixture, fixture, patient};

pub(super) fn group() -> Group {
    let setting = Setting::counter(hurried);
    let resumes = |how| setting.scripted(how);
    let by_itself = "cancelled at Snapshotted, then live";
    Group {
        title: "the code that serves",
        setting,
        rows: vec![
            Row::new(
                "suspend panics once",
                cancelled_then_live,
                by_itself,
                &["the serving version's suspend  it panicked: suspend was told", BLAMELESS],
            )
            .then(After::TheNewOne)
            .with(resumes("suspend=panic once")),
            Row::new(
                "state panics once",
                cancelled_then_live,
                by_itself,
                &["the serving version's state  it panicked: state was told", BLAMELESS],
            )
            .then(After::TheNewOne)
            .with(resumes("state=panic once")),
            Row::new(
                "resume panics",
                |place| place.put(&place.build("start=fail")),
                "refused at Activated",
                &["start was told to fail", "the old version's `resume`: it panicked"],
            )
            .with(resumes("resume=panic")),
            Row::new(
                "suspend hangs",
                |place| gives_up(place, &place.build(""), false),
                "cancelled at Snapshotted, then Abandoned",
                &["calls of this slot are refused: its `suspend` hangs", BLAMELESS],
            )
            .then(After::TheNewOne)
            .with(resumes("suspend=hang")),
            Row::new(
                "state hangs",
                |place| gives_up(place, &place.build(""), true),
                "cancelled at Snapshotted, then Abandoned",
                &["`&mut self` calls of this slot are refused: its `state` hangs", BLAMELESS],
            )
            .then(After::TheNewOne)
            .with(resumes("state=hang")),
            Row::new(
                "downgrade hangs",
                |place| gives_up(place, &fixture("counter").told("label=new"), true),
                "cancelled at Snapshotted, then Abandoned",
                &["the serving version's downgrade  it did not come back within ", BLAMELESS],
            )
            .then(After::TheNewOne)
            .with(Setting::of("chain", hurried).scripted("downgrade=hang")),
            Row::new(
                "resume hangs",
                |place| place.put(&place.build("start=fail")).then(refused_call(place)),
                "refused at Activated, then Abandoned",
                &["start was told to fail", "the old version's `resume`: it did not come back"],
            )
            .then(After::Afresh)
            .with(resumes("resume=hang")),
            Row::new(
                "stop panics",
                abandoned,
                "live",
                &["generation 1 is abandoned: its `stop`: it panicked"],
            )
            .then(After::TheNewOne)
            .with(resumes("stop=panic")),
            Row::new(
                "stop hangs",
                abandoned,
                "live",
                &["generation 1 is abandoned: its `stop`: it did not come back"],
            )
            .then(After::TheNewOne)
            .with(resumes("stop=hang")),
        ],
    }
}

const BLAMELESS: &str = "the candidate is not to blame";

fn hurried(_: &Path) -> Config {
    // What hangs never ends by itself.
    patient()
        .with_pause_deadline(Duration::from_secs(2))
        .with_work_deadline(Duration::from_secs(3))
        .with_state_drift(StateDrift::StartAfresh)
}

fn cancelled_then_live(place: &mut Place) -> Happened {
    place.put(&place.build("")).then(place.outcome())
}

/// A call to an instance in which module code hangs is an error at once.
fn refused_call(place: &Place) -> Happened {
    call(place.slot().pin_mut().add(1))
}

/// It can still be read where only `state` hangs, which has it to read.
fn gives_up(place: &mut Place, build: &Fixture, reads: bool) -> Happened {
    let happened = place.put(build);
    let read = place.slot().pin().value().ok();
    assert_eq!(read, reads.then_some(place.count));
    let happened = happened.then(refused_call(place));
    // Tried again by itself, with what is left of the state: nothing.
    let live = place.live();
    assert!(live.text.contains("state dropped"), "{}", live.text);
    place.count = 0;
    happened
}

fn abandoned(place: &mut Place) -> Happened {
    let mut happened = place.put(&place.build(""));
    let retired = place.event(|kind| matches!(kind, EventKind::Retired { .. }));
    happened.text = format!("{}\n{retired}", happened.text);
    happened
}
