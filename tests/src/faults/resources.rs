//! What the machine gives runs out: the artifact is not to blame, and is tried again by itself.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use hotswap_core::{
    Config, Host, SlotConfig,
    event::{EventKind, Phase},
};
use rustix::{
    process::{Resource, Rlimit, Uid, geteuid, getrlimit, setrlimit},
    thread::set_thread_res_uid,
};

use super::{
    apart::{fill, remount, small_disk},
    place::{Place, failed, unhurried},
    row::{After, Group, Happened, Row, Setting, Way},
};
use crate::{fixture, patient, replace};

pub(super) fn group() -> Group {
    let small = Setting::counter(|_| patient().with_private_folder(small_disk()));
    let cancelled = |name, does: fn(&mut Place) -> Happened, outcome, says| {
        Row::new(name, does, outcome, says).then(After::TheNewOne)
    };
    Group {
        title: "the machine",
        setting: Setting::counter(unhurried),
        rows: vec![
            cancelled(
                "no descriptor left to read the artifact",
                no_descriptor_to_read,
                "cancelled at Staged, then live",
                &["Too many open files", "state untouched", "state kept"],
            )
            .apart(Way::Process),
            cancelled(
                "no descriptor left to load the library",
                no_descriptor_to_load,
                "cancelled at Loaded, then live",
                &["Too many open files", "state untouched", "state kept"],
            )
            .apart(Way::Process),
            Row::new(
                "no descriptor left for another host",
                no_descriptor_for_a_host,
                "error System, then started",
                &["Too many open files"],
            )
            .apart(Way::Process),
            cancelled(
                "no static thread-local storage left",
                no_static_tls,
                "cancelled at Loaded",
                &[
                    "the process has no static thread-local storage left for it: each version takes ",
                    "local_dynamic_tls",
                    "not tried by itself any more",
                ],
            )
            .with(Setting::of("habits", unhurried))
            .apart(Way::Process),
            cancelled(
                "no thread left for module code",
                no_thread,
                "cancelled at Loaded, then live",
                &["thread", "state untouched", "state kept"],
            )
            .with(Setting::counter(|_| patient().with_work_deadline(HANGS)))
            .apart(Way::Process),
            cancelled(
                "no room for the private copy",
                |place| {
                    let filler = fill(&small_disk());
                    let happened = place.put(&place.build(""));
                    fs::remove_file(filler).expect("it can be removed");
                    happened.then(place.live())
                },
                "cancelled at Staged, then live",
                &["room  the private folder ", " bytes free, and ", "make room there", BY_ITSELF],
            )
            .with(small)
            .apart(Way::SmallDisk),
            cancelled(
                "private folder loses its right to execute",
                |place| {
                    remount(&small_disk(), "noexec");
                    let happened = place.put(&place.build(""));
                    remount(&small_disk(), "exec");
                    happened.then(place.live())
                },
                "cancelled at Loaded, then live",
                &["noexec", BY_ITSELF],
            )
            .with(small)
            .apart(Way::SmallDisk),
            Row::new(
                "private folder without the right to execute",
                |place| {
                    remount(&small_disk(), "noexec");
                    let config = patient().with_private_folder(small_disk());
                    let config = config.slot("main", SlotConfig::artifact(place.artifact()));
                    failed(&Host::new(config).expect_err("nothing can be loaded from there"))
                },
                "error System",
                &["is mounted noexec", "choose a folder on another mount"],
            )
            .apart(Way::SmallDisk),
            cancelled(
                "file grows past the process's limit",
                |place| {
                    let file = aside(place);
                    let before = limit(Resource::Fsize, 4096);
                    fs::rename(file, place.artifact()).expect("it can be renamed");
                    let happened = place.outcome();
                    setrlimit(Resource::Fsize, before).expect("a limit can be raised again");
                    happened.then(place.live())
                },
                "cancelled at Staged, then live",
                &["cannot write a copy of ", "File too large", "`ulimit -f`", BY_ITSELF],
            )
            .apart(Way::Process),
            cancelled(
                "private folder deleted",
                |place| {
                    let folder = place.folder().join("private");
                    let copies = fs::read_dir(&folder).expect("it is there").next();
                    let copies = copies.expect("the host has a folder").expect("it can be read");
                    fs::remove_dir_all(copies.path()).expect("it can be removed");
                    place.put(&place.build(""))
                },
                "live",
                &["state kept"],
            )
            .with(Setting::counter(private)),
            cancelled(
                "temporary folder deleted with all private copies",
                |place| {
                    fs::remove_dir_all(place.folder().join("private")).expect("it can be removed");
                    place.put(&place.build(""))
                },
                "live",
                &["state kept"],
            )
            .with(Setting::counter(private)),
            Row::new(
                "private folder is a file",
                |place| {
                    let file = place.folder().join("file");
                    fs::write(&file, "").expect("a file can be made");
                    let config = patient().with_private_folder(file);
                    let config = config.slot("main", SlotConfig::artifact(place.artifact()));
                    failed(&Host::new(config).expect_err("no folder can be made there"))
                },
                "error System",
                &["the folder for private copies cannot be used", "expected a folder of this user", "Not a directory"],
            ),
        ],
    }
}

const BY_ITSELF: &str = "tried again by itself";

/// What hangs never ends by itself.
const HANGS: Duration = Duration::from_secs(3);

fn private(folder: &Path) -> Config {
    patient().with_private_folder(folder.join("private"))
}

/// A build beside the place of the artifact; to rename it takes no descriptor.
fn aside(place: &Place) -> PathBuf {
    let path = place.artifact().with_extension("aside");
    replace(&path, place.build("").bytes());
    path
}

/// Lowers a limit; returns what it was.
fn limit(what: Resource, to: u64) -> Rlimit {
    let before = getrlimit(what);
    let lower = Rlimit { current: Some(to), maximum: before.maximum };
    setrlimit(what, lower).expect("a limit can be lowered");
    before
}

/// Descriptors that are open stay open.
fn no_descriptors() -> Rlimit {
    limit(Resource::Nofile, 3)
}

fn descriptors_again(before: Rlimit) {
    setrlimit(Resource::Nofile, before).expect("a limit can be raised again");
}

fn no_descriptor_to_read(place: &mut Place) -> Happened {
    let file = aside(place);
    let before = no_descriptors();
    fs::rename(file, place.artifact()).expect("it can be renamed");
    let happened = place.outcome();
    descriptors_again(before);
    happened.then(place.live())
}

/// The others are taken once the artifact was judged.
fn no_descriptor_to_load(place: &mut Place) -> Happened {
    let (lowered, before): (_, Receiver<Rlimit>) = mpsc::channel();
    let mut lowered = Some(lowered);
    place.spy(move |event| {
        if matches!(event.kind, EventKind::Phase { phase: Phase::Assessed, .. })
            && let Some(lowered) = lowered.take()
        {
            lowered.send(no_descriptors()).expect("the row waits");
        }
    });
    let happened = place.put(&place.build(""));
    descriptors_again(before.recv().expect("it was judged"));
    happened.then(place.live())
}

fn no_descriptor_for_a_host(place: &mut Place) -> Happened {
    let config = || patient().slot("other", SlotConfig::artifact(place.artifact()));
    let before = no_descriptors();
    let happened = failed(&Host::new(config()).expect_err("it needs descriptors"));
    descriptors_again(before);
    let started = Host::new(config()).map(|_| Happened::new("started", ""));
    happened.then(started.unwrap_or_else(|error| failed(&error)))
}

/// A build that hangs keeps the thread for module code, and there is no other one to be had.
fn no_thread(place: &mut Place) -> Happened {
    let build = place.build("");
    // The number of a superuser's threads has no limit: the host's threads are somebody else's.
    let is_root = geteuid().is_root();
    let (root, nobody) = (Uid::from_raw(0), Uid::from_raw(65534));
    if is_root {
        set_thread_res_uid(nobody, nobody, root).expect("a superuser may");
    }
    let new = Place::new(place.setting);
    if is_root {
        set_thread_res_uid(root, root, root).expect("it was one before");
    }
    *place = new;
    let hung = place.put(&place.build("prepare=hang"));
    assert_eq!(hung.outcome, "refused at Prepared");
    place.count_on().expect("it serves");
    let before = limit(Resource::Nproc, 0);
    let happened = place.put(&build);
    setrlimit(Resource::Nproc, before).expect("a limit can be raised again");
    happened.then(place.live())
}

/// One version after the other takes its share, until there is none. What takes nothing of it is live
/// afterwards.
fn no_static_tls(place: &mut Place) -> Happened {
    let builds = (0..200).map(|number| format!("label=new;number={number}"));
    let mut put = builds.map(|script| place.put(&fixture("static-tls").told(&script)));
    put.find(|happened| happened.outcome != "live").expect("it runs out")
}
