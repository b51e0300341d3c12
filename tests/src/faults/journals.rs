//! The disk under a journal is full: what cannot be written down is not done, and what serves goes
//! on.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver},
};

use hotswap_core::{
    Config,
    event::{EventKind, Phase},
};

use super::{
    apart::{fill, small_disk},
    place::{Place, failed},
    row::{After, Group, Happened, Row, Setting, Way},
};
use crate::patient;

pub(super) fn group() -> Group {
    let setting = Setting::counter(journals);
    Group {
        title: "the journal's disk",
        setting,
        rows: vec![
            Row::new(
                "disk of the journal full before an upgrade",
                |place| {
                    let filler = fill(&small_disk());
                    let happened = place.put(&place.build(""));
                    place.count_on().expect("it serves");
                    fs::remove_file(filler).expect("it can be removed");
                    happened.then(place.live())
                },
                "cancelled at BackedUp, then live",
                &[
                    "room  the journal's folder ",
                    " bytes free, and ",
                    "state untouched",
                    "tried again by itself",
                    "state kept",
                ],
            )
            .then(After::TheNewOne)
            .with(setting)
            .apart(Way::SmallDisk),
            Row::new(
                "disk of the journal full for a checkpoint",
                |place| {
                    let filler = fill(&small_disk());
                    let kept =
                        place.host().operator().checkpoint("main").expect_err("there is no room");
                    fs::remove_file(filler).expect("it can be removed");
                    let again = place.host().operator().checkpoint("main");
                    let again = again.map(|_| Happened::new("backed up", ""));
                    failed(&kept).then(again.unwrap_or_else(|error| failed(&error)))
                },
                "error System, then backed up",
                &["not backed up", "No space left on device", "make room for the journal"],
            )
            .with(setting)
            .apart(Way::SmallDisk),
            Row::new(
                "disk of the journal full after the switch",
                full_after_the_switch,
                "live",
                &["state kept", "state not backed up: journal", "No space left on device"],
            )
            .then(After::TheNewOne)
            .with(setting)
            .apart(Way::SmallDisk),
        ],
    }
}

fn journals(_: &Path) -> Config {
    // Two builds and their states have room on the small disk.
    patient().with_data_dir(small_disk().join("data")).with_kept_artifacts(1)
}

/// What has been done cannot be taken back any more: it is told that it is not written down.
fn full_after_the_switch(place: &mut Place) -> Happened {
    let (filled, filler): (_, Receiver<PathBuf>) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    place.spy(move |event| match &event.kind {
        EventKind::Phase { phase: Phase::Activated, .. } => {
            let _ = filled.send(fill(&small_disk()));
        }
        EventKind::NotBackedUp { .. } => {
            let _ = tell.send(event.to_string());
        }
        _ => {}
    });
    let happened = place.put(&place.build(""));
    let text = format!("{}\n{}", happened.text, told.recv().expect("the host tells"));
    for filler in filler.try_iter() {
        fs::remove_file(filler).expect("it can be removed");
    }
    Happened { text, ..happened }
}
