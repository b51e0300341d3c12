//! Files and folders that others can write: where artifacts are signed nothing of them is taken, and
//! no host keeps anything there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotswap_core::{Config, Host, SlotConfig};

use super::{
    place::{Place, failed},
    row::{Group, Happened, Row, Setting},
    signatures::{STAGED, linked, signature_of, trusts},
    signing::{keys, mode, put, sign},
};
use crate::{damage::set_run_path, patient};

pub(super) fn group() -> Group {
    let loose = |name, path: fn(&Place) -> PathBuf, mode: (u32, u32), says| {
        Row::new(name, move |place| open_to_others(place, &path(place), mode), STAGED, says)
    };
    Group {
        title: "where others can write",
        setting: Setting::counter(trusts).signed(),
        rows: vec![
            loose(
                "file that others can write",
                Place::artifact,
                (0o664, 0o644),
                &["file ", "can be written by others than its owner (mode 0664)", "chmod go-w "],
            ),
            loose(
                "signature that others can write",
                signature_of,
                (0o646, 0o644),
                &["file ", "can be written by others than its owner (mode 0646)"],
            ),
            loose(
                "folder that others can write",
                folder_of,
                (0o775, 0o755),
                &["folder ", "can be written by others than its owner (mode 0775)", "Host::rescan"],
            ),
            loose(
                "folder above that others can write",
                |place| place.folder().to_owned(),
                (0o777, 0o700),
                &["folder ", "can be written by others than its owner (mode 0777)"],
            ),
            Row::new(
                "link into a folder that others can write",
                into_an_open_folder,
                STAGED,
                &["folder ", "can be written by others than its owner (mode 0777)"],
            ),
            Row::new(
                "run path that others can write",
                run_path,
                "refused at Inspected",
                &["needed libraries  folder ", "(mode 0777)", "chmod go-w "],
            ),
            Row::new(
                "journal that others can write",
                |place| unsigned_in_an_open_folder(place, |open| patient().with_data_dir(open)),
                "error System",
                &["can be written by others than its owner (mode 0777)", "chmod go-w "],
            ),
            Row::new(
                "socket where others can write",
                |place| {
                    unsigned_in_an_open_folder(place, |open| patient().admin(open.join("admin")))
                },
                "error System",
                &["can be written by others than its owner (mode 0777)", "chmod go-w "],
            ),
            Row::new(
                "host's own folder that others can write",
                own_folder,
                "error System",
                &["can be written by others than its owner (mode 0777)", "chmod go-w "],
            ),
        ],
    }
}

fn folder_of(place: &Place) -> PathBuf {
    place.artifact().parent().expect("it lies in a folder").to_owned()
}

fn open_to_others(place: &mut Place, path: &Path, (loose, strict): (u32, u32)) -> Happened {
    let (build, aside) = (place.build(""), place.artifact().with_extension("aside"));
    put(&signature_of(place), &sign(keys(), &build));
    put(&aside, build.bytes());
    mode(if path == place.artifact() { &aside } else { path }, loose);
    fs::rename(aside, place.artifact()).expect("it can be renamed");
    let happened = place.outcome();
    // What is mended is looked at again: nothing is to be there then.
    fs::remove_file(place.artifact()).expect("it can be removed");
    if path.exists() {
        mode(path, strict);
    }
    happened
}

fn into_an_open_folder(place: &mut Place) -> Happened {
    let (build, open) = (place.build(""), place.folder().join("open"));
    fs::create_dir(&open).expect("a folder can be made");
    mode(&open, 0o777);
    put(&open.join("module.so"), build.bytes());
    put(&signature_of(place), &sign(keys(), &build));
    linked(place, &open.join("module.so"));
    place.outcome()
}

fn run_path(place: &mut Place) -> Happened {
    let open = place.folder().join("lib");
    fs::create_dir(&open).expect("a folder can be made");
    mode(&open, 0o777);
    let to = open.to_str().expect("a name").to_owned();
    let build = crate::fixture("dynamic-std").damaged(|bytes| set_run_path(bytes, &to));
    place.put(&build)
}

/// Where artifacts need no signature, too.
fn unsigned_in_an_open_folder(place: &mut Place, config: fn(&Path) -> Config) -> Happened {
    let open = place.folder().join("open to everybody");
    let _ = fs::create_dir(&open);
    mode(&open, 0o777);
    failed(&Host::new(config(&open)).expect_err("others can write there"))
}

fn own_folder(place: &mut Place) -> Happened {
    let open = place.folder().join("open to all");
    fs::create_dir(&open).expect("a folder can be made");
    mode(&open, 0o777);
    let config = trusts(place.folder()).slot("main", SlotConfig::folder(place.folder()));
    failed(
        &Host::new(config.with_data_dir(open).with_journal(false).with_floors(false))
            .expect_err("others can write there"),
    )
}
