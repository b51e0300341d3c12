//! Floors: an artifact that is older than what has served is refused.

use std::{fs, path::Path, process::Command};

use hotswap_core::{Config, event::EventKind};

use super::{
    place::Place,
    row::{After, Group, Happened, Row, Setting},
};
use crate::{Fixture, patient};

pub(super) fn group() -> Group {
    Group {
        title: "floors of versions",
        setting: Setting::counter(has_floors),
        rows: vec![
            Row::bad("below the floor", || version("0.9.0", ""), ASSESSED, BELOW),
            Row::new(
                "below the floor, allowed once",
                |place| {
                    let first = allowed(place, "0.9.0");
                    let newer = place.put(&version("1.0.0", ""));
                    first.then(newer).then(place.put(&version("0.9.0", "")))
                },
                "live, then live, then refused at Assessed",
                BELOW,
            )
            .then(After::TheNewOne),
            Row::bad(
                "above the floor, and does not start",
                || version("9.9.9", "start=fail"),
                "refused at Activated",
                &["start was told to fail"],
            ),
            Row::new(
                "floors cannot be written",
                |place| {
                    let folder = place.folder().join("floors");
                    fs::rename(&folder, folder.with_extension("aside")).expect("it can be renamed");
                    fs::write(&folder, "a file").expect("a file can be made");
                    // What was allowed is the new floor.
                    let mut happened = allowed(place, "1.0.0");
                    let told = place.event(|kind| matches!(kind, EventKind::FloorNotRaised { .. }));
                    happened.text.push_str(&told);
                    fs::remove_file(&folder).expect("it can be removed");
                    fs::rename(folder.with_extension("aside"), folder).expect("it can be renamed");
                    happened
                },
                "live",
                &["state kept", "after a restart an older version could serve again: "],
            )
            .then(After::TheNewOne),
            Row::new(
                "floors damaged",
                |place| floors_are(place, |path| fs::write(path, "counter 0.1.0\n")),
                "error System",
                &["hotswap.floors is damaged, and was left as it is"],
            )
            .then(After::NextRun),
            Row::new(
                "fifo in the place of floors",
                |place| {
                    floors_are(place, |path| {
                        fs::remove_file(path)?;
                        Command::new("mkfifo").arg(path).status().map(drop)
                    })
                },
                "error System",
                &["hotswap.floors cannot be read", "expected a regular file, found a fifo"],
            )
            .then(After::NextRun),
        ],
    }
}

const ASSESSED: &str = "refused at Assessed";
const BELOW: &[&str] =
    &["version of counter  floor: 1.0.0   artifact: 0.9.0", "Operator::allow_downgrade"];

fn has_floors(folder: &Path) -> Config {
    patient().with_data_dir(folder).with_journal(false)
}

/// A build of this version.
fn version(version: &str, script: &str) -> Fixture {
    let script = format!("label=new;{script}");
    crate::fixture("counter").told(&script).with_manifest_text("1.0.0", version)
}

fn allowed(place: &Place, number: &str) -> Happened {
    let parsed = number.parse().expect("a version");
    place.host().operator().allow_downgrade("counter", parsed).expect("the host lives");
    place.put(&version(number, ""))
}

/// The next run finds floors that were changed meanwhile, and the one after that the good ones.
fn floors_are(place: &mut Place, change: fn(&Path) -> std::io::Result<()>) -> Happened {
    assert_eq!(place.end().outcome, "ended");
    let path = place.folder().join("floors").join("hotswap.floors");
    let good = fs::read(&path).expect("there are floors");
    change(&path).expect("it can be changed");
    let happened = place.opened();
    fs::remove_file(&path).expect("it was left as it is");
    fs::write(&path, good).expect("it can be written");
    happened
}
