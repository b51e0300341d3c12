//! The new build's own code fails, panics or hangs, in each step of its life.

use std::{fs, path::Path, time::Duration};

use hotswap_core::{Config, Timing};

use super::{
    place::Place,
    row::{After, Group, Happened, Row, Setting, Way},
};
use crate::{fixture, patient};

/// What `kit::script::FORGED` comes to below its first line.
const FORGED: &str =
    "\n      | 2026-11-29T00:00:00Z ERROR hotswap: forged\\u{1b}[2J\\u{9b}1m\\u{202e}";

pub(super) fn group() -> Group {
    let (prepared, activated) = ("refused at Prepared", "refused at Activated");
    Group {
        title: "the new build's code",
        setting: Setting::counter(hurried),
        rows: vec![
            bad("prepare fails", "prepare=fail", prepared, &["prepare was told to fail", MEND]),
            bad("prepare panics", "prepare=panic", prepared, &["it panicked: prepare was", MEND]),
            bad("prepare hangs", "prepare=hang", prepared, &["prepare  ", HANGS, "stays until"]),
            bad("start fails", "start=fail", activated, &["start was told to fail", MEND]),
            bad("start panics", "start=panic", activated, &["it panicked: start was", MEND]),
            bad(
                "start fails with a line of a log",
                "start=fail forged",
                activated,
                &["  start  x\n", FORGED],
            ),
            bad(
                "start panics with a line of a log",
                "start=panic forged",
                activated,
                &["it panicked: x\n", FORGED],
            ),
            bad("start hangs", "start=hang", activated, &["start  ", HANGS, "stays until"]),
            bad("self-test fails", "self_test=fail", activated, &["its self-test: self_test was"]),
            bad("self-test panics", "self_test=panic", activated, &["it panicked: self_test was"]),
            bad("self-test hangs", "self_test=hang", activated, &[HANGS, "stays until"]),
            bad(
                "start fails, and stop panics",
                "self_test=fail;stop=panic",
                activated,
                &["its self-test: self_test was told to fail"],
            ),
            Row::new(
                "hangs, and comes back after it was given up",
                comes_back_late,
                "refused at Activated",
                &[HANGS],
            ),
            Row::new(
                "constructor hangs, and comes back",
                constructor_comes_back,
                "refused at Loaded, then cancelled at Staged, then live",
                &[
                    "constructor  it did not come back within ",
                    "no library can be opened, and no thread started, in this process",
                    "the system's loader is held for ",
                    " by a constructor of counter-constructor 1.0.0 (",
                    "tried again by itself",
                    "state kept",
                ],
            )
            .then(After::TheNewOne)
            // The row's thread has its thread-locals before.
            .with(Setting::counter(hurried))
            .apart(Way::Process),
            Row::new(
                "fails after it has waited for leave",
                fails_on_request,
                "pending, then refused at Activated",
                &["start was told to fail"],
            )
            .with(Setting::counter(|_| patient().with_timing(Timing::on_request()))),
        ],
    }
}

fn hurried(_: &Path) -> Config {
    patient().with_pause_deadline(PAUSE).with_work_deadline(WORK)
}

/// What hangs never ends by itself; the rest has its time on a busy machine.
const PAUSE: Duration = Duration::from_secs(2);
const WORK: Duration = Duration::from_secs(3);

const MEND: &str = "and build it again; tried again when the file changes";
const HANGS: &str = "it did not come back within ";

fn bad(
    name: &'static str,
    script: &'static str,
    outcome: &'static str,
    says: &'static [&'static str],
) -> Row {
    Row::new(name, move |place| place.put(&place.build(script)), outcome, says)
}

/// What it made when nobody waited any more is stopped, and serves nobody.
fn comes_back_late(place: &mut Place) -> Happened {
    let go = place.folder().join("go");
    let script = format!("start=wait {};log={}", go.display(), place.log().display());
    let happened = place.put(&place.build(&script));
    fs::write(go, "").expect("a file can be made");
    place.noted("new stop");
    happened
}

/// Until then nothing can be loaded, and nobody else is to blame for that.
fn constructor_comes_back(place: &mut Place) -> Happened {
    let go = place.folder().join("go, constructor");
    let script = format!("label=late;construct=wait {}", go.display());
    let refused = place.put(&fixture("counter-constructor").told(&script));
    let cancelled = place.put(&place.build(""));
    fs::write(go, "").expect("a file can be made");
    refused.then(cancelled).then(place.live())
}

fn fails_on_request(place: &mut Place) -> Happened {
    let pending = place.put(&place.build("start=fail"));
    let applied = place.host().apply_pending().expect("nobody is inside");
    assert_eq!(applied, 0);
    pending.then(place.outcome())
}
