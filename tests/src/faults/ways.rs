//! Ways in which a good build comes to its place, and is disturbed: it is taken once, whole.

use std::{
    fs::{self, File},
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::fs::symlink,
    time::SystemTime,
};

use hotswap_core::event::EventKind;

use super::{
    place::{Place, unhurried},
    row::{After, Group, Happened, Row, Setting},
};
use crate::replace;

pub(super) fn group() -> Group {
    let taken = |name, does: fn(&mut Place) -> Happened| {
        Row::new(name, does, "live", &["state kept"]).then(After::TheNewOne)
    };
    Group {
        title: "how a build comes to its place",
        setting: Setting::counter(unhurried),
        rows: vec![
            taken("written slowly in place", written_slowly),
            taken("preallocated, filled from its end", filled_from_the_end),
            taken("writer keeps it open for long", kept_open),
            taken("writer dies half-way, and comes again", |place| {
                let build = place.build("");
                fs::write(place.artifact(), &build.bytes()[..build.bytes().len() / 2])
                    .expect("it can be written");
                let refused = place.outcome();
                assert_eq!(refused.outcome, "refused at Inspected", "{}", refused.text);
                fs::write(place.artifact(), build.bytes()).expect("it can be written");
                place.outcome()
            }),
            taken("overwritten in place while it serves", |place| {
                // The file that serves is a private copy.
                fs::write(place.artifact(), [0x90; 4096]).expect("it can be written");
                assert_eq!(place.outcome().outcome, "refused at Inspected");
                place.put(&place.build(""))
            }),
            taken("deleted, and back", |place| {
                fs::remove_file(place.artifact()).expect("it can be removed");
                place.host().rescan().expect("the host lives");
                place.put(&place.build(""))
            }),
            taken("folder deleted, and back", |place| {
                let artifact = place.artifact();
                let folder = artifact.parent().expect("it lies in a folder");
                fs::remove_dir_all(folder).expect("it can be removed");
                fs::create_dir(folder).expect("it can be made");
                place.put(&place.build(""))
            }),
            taken("folder moved away, another in its place", |place| {
                let artifact = place.artifact();
                let folder = artifact.parent().expect("it lies in a folder");
                fs::rename(folder, place.folder().join("old")).expect("it can be renamed");
                let new = place.folder().join("new");
                fs::create_dir(&new).expect("it can be made");
                let file = artifact.file_name().expect("it has a name");
                replace(&new.join(file), place.build("").bytes());
                fs::rename(new, folder).expect("it can be renamed");
                let happened = place.outcome();
                fs::remove_dir_all(place.folder().join("old")).expect("it can be removed");
                happened
            }),
            taken("link switched to another file", |place| {
                let (path, aside) = (place.artifact(), place.folder().join("aside"));
                replace(&aside, place.build("").bytes());
                let link = place.folder().join("link");
                symlink(&aside, &link).expect("a link can be made");
                fs::rename(link, path).expect("it can be renamed");
                place.outcome()
            }),
            taken("touched, and written again unchanged", |place| {
                let now = fs::read(place.artifact()).expect("it can be read");
                for _ in 0..3 {
                    let file = File::options().append(true).open(place.artifact());
                    let file = file.expect("it can be opened");
                    file.set_modified(SystemTime::now()).expect("it can be touched");
                    drop(file);
                    replace(&place.artifact(), &now);
                    place.host().rescan().expect("the host lives");
                }
                place.put(&place.build(""))
            }),
        ],
    }
}

fn written_slowly(place: &mut Place) -> Happened {
    let build = place.build("");
    let mut file = File::create(place.artifact()).expect("a file can be made");
    for chunk in build.bytes().chunks(build.bytes().len() / 8) {
        file.write_all(chunk).expect("it can be written");
        // The host looks at it meanwhile.
        place.host().rescan().expect("the host lives");
    }
    drop(file);
    place.outcome()
}

fn filled_from_the_end(place: &mut Place) -> Happened {
    let build = place.build("");
    let half = build.bytes().len() / 2;
    let mut file = File::create(place.artifact()).expect("a file can be made");
    file.set_len(build.bytes().len() as u64).expect("it can be written");
    for (start, part) in [(half, &build.bytes()[half..]), (0, &build.bytes()[..half])] {
        place.host().rescan().expect("the host lives");
        file.seek(SeekFrom::Start(start as u64)).expect("a place in the file");
        file.write_all(part).expect("it can be written");
    }
    drop(file);
    place.outcome()
}

/// It is told that somebody has it open, and taken when it is closed.
fn kept_open(place: &mut Place) -> Happened {
    let build = place.build("");
    let mut file = File::create(place.artifact()).expect("a file can be made");
    file.write_all(build.bytes()).expect("it can be written");
    let told = place.event(|kind| matches!(kind, EventKind::BeingWritten { .. }));
    assert!(
        told.contains("is still open for writing; it is looked at when it is closed"),
        "{told}"
    );
    drop(file);
    place.outcome()
}
