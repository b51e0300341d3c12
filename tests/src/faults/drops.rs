//! Panics where values are dropped, and panics whose own payload panics then.

use std::{path::Path, time::Duration};

use hotswap_core::{Config, event::EventKind};

use super::{
    place::Place,
    row::{After, Group, Happened, Row, Setting},
};
use crate::{fixture, patient};

pub(super) fn group() -> Group {
    let setting = Setting::counter(hurried);
    let (prepared, activated) = ("refused at Prepared", "refused at Activated");
    let bad = |name, script: &'static str, outcome, says| {
        Row::new(name, move |place| place.put(&place.build(script)), outcome, says)
    };
    let chain = |name, script: &'static str, says| {
        let build = move || fixture("chain").told(&format!("label=new;{script}"));
        Row::bad(name, build, "refused at Migrating", says)
    };
    let old = |name, script, says| {
        Row::new(name, abandoned, "live", says)
            .then(After::TheNewOne)
            .with(setting.scripted(script))
    };
    Group {
        title: "drops",
        setting,
        rows: vec![
            bad("prepare's payload panics", "prepare=panic payload", prepared, NO_TEXT),
            bad("start's payload panics", "start=panic payload", activated, NO_TEXT),
            bad("self-test's payload panics", "self_test=panic payload", activated, NO_TEXT),
            chain("migration's payload panics", "migrate=panic payload", NO_TEXT),
            bad(
                "resume's payload panics",
                "start=fail",
                activated,
                &["the old version's `resume`: it panicked: a panic with a payload that is no text"],
            )
            .with(setting.scripted("resume=panic payload")),
            old("stop's payload panics", "stop=panic payload", NO_TEXT),
            old("old instance panics in its drop", "drop=panic", &[
                "generation 1 is abandoned: its `stop`: it panicked: drop was told to panic",
            ]),
            old("old instance's drop hangs", "drop=hang", &[
                "generation 1 is abandoned: its `stop`: it did not come back",
            ]),
            old("old instance's state panics in its drop", "state_drop=panic", &[
                "its `stop`: it panicked: state_drop was told to panic",
            ]),
            old("stop panics, and then the drop", "stop=panic;drop=panic", &[
                "its `stop`: it panicked: stop was told to panic",
            ]),
            bad(
                "self-test fails, and the drop panics",
                "self_test=fail;drop=panic",
                activated,
                &["its self-test: self_test was told to fail"],
            ),
            bad(
                "self-test panics, then stop, then the drop",
                "self_test=panic;stop=panic;drop=panic",
                activated,
                &["it panicked: self_test was told to panic"],
            ),
            bad(
                "self-test fails, and the drop hangs",
                "self_test=fail;drop=hang",
                activated,
                &["it did not come back within "],
            ),
            bad(
                "start fails, and the drop of its state panics",
                "start=fail;state_drop=panic",
                activated,
                &["it panicked: state_drop was told to panic"],
            ),
            bad(
                "prepare fails, and the drop of what it kept panics",
                "prepare=fail;kept=panic",
                prepared,
                &["prepare was told to fail"],
            ),
            bad("drop of what prepare kept panics in start", "kept=panic", activated, &[
                "it panicked: kept was told to panic",
            ]),
            chain(
                "migration fails, and the drop of what prepare kept panics",
                "migrate=fail;kept=panic",
                &["migrate was told to fail"],
            ),
            chain(
                "migration fails, and the drop of what prepare kept hangs",
                "migrate=fail;kept=hang",
                &["migrate was told to fail"],
            ),
        ],
    }
}

const NO_TEXT: &[&str] = &["it panicked: a panic with a payload that is no text"];

fn hurried(_: &Path) -> Config {
    // What hangs never ends by itself.
    patient().with_pause_deadline(Duration::from_secs(2)).with_work_deadline(Duration::from_secs(3))
}

fn abandoned(place: &mut Place) -> Happened {
    let mut happened = place.put(&place.build(""));
    let retired = place.event(|kind| matches!(kind, EventKind::Retired { .. }));
    happened.text = format!("{}\n{retired}", happened.text);
    happened
}
