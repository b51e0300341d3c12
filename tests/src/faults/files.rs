//! Files that are no artifact: nothing of them is read further than their size and first bytes.

use std::{fs, os::unix::fs::symlink, process::Command, time::Duration};

use counter_api::Counter;
use hotswap_core::{Host, SlotConfig};

use super::{
    place::{Place, failed, unhurried},
    row::{Group, Happened, Row, Setting},
};
use crate::{Fixture, fixture, patient, replace};

const MOST: u64 = 8 << 20;

pub(super) fn group() -> Group {
    let config = |_: &_| patient().with_max_artifact_bytes(MOST);
    let named = |name: &'static str| move || fixture(name);
    Group {
        title: "files that are no artifact",
        setting: Setting::counter(config),
        rows: vec![
            Row::bad("empty file", || content(b""), "refused at Staged", &["is empty", "build it"]),
            Row::bad(
                "file too large",
                || content(&vec![1; usize::try_from(MOST).expect("small") + 1]),
                "refused at Staged",
                &["has 8388609 bytes, the limit is 8388608", "with_max_artifact_bytes"],
            ),
            Row::bad(
                "text",
                || content(b"#!/bin/sh\nexit 1\n"),
                "refused at Inspected",
                &["expected a file that starts with 7f 45 4c 46 (ELF), found", "build the module"],
            ),
            Row::bad(
                "zeros of the right length",
                || counter().damaged(|bytes| bytes.fill(0)),
                "refused at Inspected",
                &["expected a file that starts with", "found 00 00 00 00"],
            ),
            Row::bad(
                "library of another system: PE",
                || content(b"MZ\x90\0\x03\0\0\0"),
                "refused at Inspected",
                &["expected a library for linux, found PE"],
            ),
            Row::bad(
                "library of another system: Mach-O",
                || content(&[0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1]),
                "refused at Inspected",
                &["expected a library for linux, found Mach-O"],
            ),
            Row::bad(
                "library that is no module",
                named("plain"),
                "refused at Inspected",
                &["expected a .hotswap section, found none", "derive HotModule"],
            ),
            Row::new(
                "folder in its place",
                |place| taken(place, |path| fs::create_dir(path)),
                "refused at Staged",
                &["expected a regular file at", "found a folder"],
            ),
            Row::new(
                "fifo in its place",
                |place| {
                    taken(place, |path| {
                        Command::new("mkfifo").arg(path).status().map(|it| assert!(it.success()))
                    })
                },
                "refused at Staged",
                &["expected a regular file at", "found a fifo"],
            ),
            Row::new(
                "socket in its place",
                |place| taken(place, |path| std::os::unix::net::UnixListener::bind(path).map(drop)),
                "refused at Staged",
                &["expected a regular file at", "found a socket"],
            ),
            Row::new(
                "device in its place",
                |place| taken(place, |path| symlink("/dev/zero", path)),
                "refused at Staged",
                &["expected a regular file at", "found a device"],
            ),
            Row::new(
                "link to itself",
                |place| {
                    let file = place.artifact().file_name().map(std::ffi::OsStr::to_owned);
                    taken(place, |path| symlink(file.expect("it has a name"), path))
                },
                "refused at Staged",
                &["cannot read", "tried again when the file changes"],
            ),
            Row::new(
                "name that would clear the terminal",
                |place| {
                    let path = place.folder().join("\x1b[2J.so");
                    fs::write(&path, "no library").expect("a file can be made");
                    let config = patient().with_first_artifact_deadline(Duration::from_secs(1));
                    let host = Host::new(config.slot("other", SlotConfig::artifact(path)))
                        .expect("it starts");
                    // Who listens is not written to.
                    let _events = host.events();
                    let happened = failed(&host.slot::<dyn Counter>("other").expect_err("garbage"));
                    assert!(!happened.text.contains('\x1b'), "{:?}", happened.text);
                    happened
                },
                "error Artifact",
                &[r"/\u{1b}[2J.so", "expected a file that starts with"],
            ),
            Row::new("link to nothing", nothing_there, "nothing, then live", &[])
                .with(Setting::counter(unhurried))
                .then(super::row::After::TheNewOne),
        ],
    }
}

fn counter() -> Fixture {
    fixture("counter").told("label=bad")
}

fn content(bytes: &[u8]) -> Fixture {
    counter().damaged(|all| *all = bytes.to_vec())
}

/// Something else takes the artifact's place; afterwards the place is free.
fn taken(place: &Place, put: impl FnOnce(&std::path::Path) -> std::io::Result<()>) -> Happened {
    let path = place.artifact();
    fs::remove_file(&path).expect("it can be removed");
    put(&path).expect("it can be put there");
    let happened = place.outcome();
    let _ = fs::remove_dir(&path).or_else(|_| fs::remove_file(&path));
    happened
}

/// A link leads nowhere, until what it names is there.
fn nothing_there(place: &mut Place) -> Happened {
    let (path, aside) = (place.artifact(), place.folder().join("aside"));
    fs::remove_file(&path).expect("it can be removed");
    symlink(&aside, &path).expect("a link can be made");
    place.host().rescan().expect("the host lives");
    replace(&aside, place.build("").bytes());
    // So nothing was told before.
    let happened = Happened::new("nothing", "").then(place.outcome());
    fs::remove_file(&path).expect("it can be removed");
    happened
}
