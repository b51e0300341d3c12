//! States that one run leaves for the next: damaged, of another shape, or not there.

use std::{fs, mem, path::Path, path::PathBuf, process::Command, time::Duration};

use hotswap_core::{ArtifactHash, Config};

use super::{
    apart::{fill, small_disk},
    place::{Place, failed},
    row::{After, Group, Happened, Row, Setting, Way},
};
use crate::{Fixture, fixture, patient, replace};

pub(super) fn group() -> Group {
    let setting = Setting::counter(keeps);
    let damaged = |name, damage: fn(&mut Vec<u8>), says| {
        Row::new(name, move |place| damaged_file(place, damage), "error System", says)
            .then(After::NextRun)
    };
    let instead = |name, put_there: fn(&Path), says| {
        let does = move |place: &mut Place| {
            assert_eq!(place.end().outcome, "ended");
            let (path, aside) = (kept(place), place.folder().join("aside"));
            fs::rename(&path, &aside).expect("the state was kept");
            put_there(&path);
            let happened = place.opened();
            fs::rename(aside, path).expect("it can be renamed");
            happened
        };
        Row::new(name, does, "error System", says).then(After::NextRun)
    };
    Group {
        title: "from one run to the next",
        setting,
        rows: vec![
            damaged(
                "state file empty",
                Vec::clear,
                &["the state of slot main from the last run", "it was left as it is"],
            ),
            damaged(
                "state file cut off",
                |bytes| bytes.truncate(bytes.len() - 9),
                &["is not a whole snapshot", "it was left as it is"],
            ),
            damaged(
                "state file with a flipped bit",
                |bytes| {
                    let half = bytes.len() / 2;
                    bytes[half] ^= 0x10;
                },
                &["is not a whole snapshot", "it was left as it is"],
            ),
            damaged(
                "state file with more behind its end",
                |bytes| bytes.extend(b"more"),
                &["4 bytes stand behind its end"],
            ),
            damaged(
                "state file of a later format",
                // Its format, and the version of hotswap that has written it.
                |bytes| (bytes[8], bytes[11]) = (9, b'9'),
                &["has format 9 and was written by hotswap 9.", "nothing was changed"],
            ),
            damaged(
                "state file that is something else",
                |bytes| *bytes = b"{}".to_vec(),
                &["it does not begin like one"],
            ),
            instead(
                "fifo in the place of the state file",
                |path| {
                    let made = Command::new("mkfifo").arg(path).status();
                    assert!(made.is_ok_and(|it| it.success()), "a fifo can be made");
                },
                &["cannot be read", "expected a regular file, found a fifo"],
            ),
            instead(
                "state file larger than a state may be",
                |path| {
                    let file = fs::File::create(path).expect("a file can be made");
                    // A hole.
                    file.set_len((1 << 30) + 1).expect("a file can have holes");
                },
                &["cannot be read", "it has 1073741825 bytes, the limit is 1073741824"],
            ),
            Row::new(
                "next build does not start with the state",
                |place| next_build(place, "counter", "start=fail"),
                "error Artifact",
                &["start was told to fail", "at Activated"],
            )
            .then(After::NextRun),
            Row::new(
                "next build has another shape of the state",
                |place| next_build(place, "drift", ""),
                "error Artifact",
                &[
                    "has another shape than the version 1 that is stored",
                    "impl hotswap_abi::Migrate<",
                ],
            )
            .then(After::NextRun),
            Row::new(
                "no first build",
                |place| {
                    assert_eq!(place.end().outcome, "ended");
                    fs::remove_file(place.artifact()).expect("it can be removed");
                    place.opened()
                },
                "error Timeout",
                &["no artifact for slot main after 1s; looked at "],
            )
            .then(After::NextRun),
            Row::new(
                "program did not end in order",
                |place| {
                    assert_eq!(place.end().outcome, "ended");
                    let next = place.next_run("the one that does not end");
                    *place = next.expect("it begins with the state");
                    // The host lives on, as in a process that stands still.
                    mem::forget(place.host.take());
                    Happened::new("no end", "")
                },
                "no end",
                &["did not end in order", "main.snapshot.used"],
            )
            .with(setting)
            .then(After::NextRunAfresh),
            Row::new(
                "folder of states became a file",
                |place| {
                    let states = place.folder().join("checkpoints");
                    let _ = fs::remove_dir_all(&states);
                    fs::write(&states, "a file").expect("a file can be made");
                    let happened = place.end();
                    fs::remove_file(&states).expect("it can be removed");
                    happened
                },
                "error System",
                &["has not kept: the state of slot main", "cannot be written"],
            )
            .with(setting)
            .then(After::NextRunAfresh),
            Row::new(
                "no room for the state at the end",
                |place| {
                    let filler = fill(&small_disk());
                    let happened = place.end();
                    fs::remove_file(filler).expect("it can be removed");
                    happened
                },
                "error System",
                &["has not kept: the state of slot main", "No space left on device"],
            )
            .with(Setting::counter(|_| {
                patient()
                    .with_data_dir(small_disk().join("data"))
                    .with_journal(false)
                    .with_floors(false)
            }))
            .then(After::NextRunAfresh)
            .apart(Way::SmallDisk),
            Row::new(
                "kept artifact replaced, the build at its path",
                |place| kept_artifact(place, "new"),
                "serves",
                &["it was damaged or replaced", "does not begin again", "serves again"],
            )
            .with(Setting::counter(journals))
            .then(After::TheNewOne),
            Row::new(
                "kept artifact replaced, the one before it kept",
                |place| kept_artifact(place, "first"),
                "serves",
                &["it was damaged or replaced", "does not begin again", "committed before it"],
            )
            .with(Setting::counter(journals)),
            Row::new(
                "revert to a kept artifact that was replaced",
                |place| {
                    let first = fixture("counter").told("label=first;");
                    assert_eq!(place.put(&place.build("")).outcome, "live");
                    replace(&in_journal(place, &first), b"replaced");
                    let reverted = place.host().operator().revert_to("main", hash(&first), "a row");
                    let happened = failed(&reverted.expect_err("it is not what was committed"));
                    assert_eq!(place.outcome().outcome, "refused at Staged");
                    happened
                },
                "error Artifact",
                &["expected artifact", "it was damaged or replaced"],
            )
            .with(Setting::counter(journals))
            .then(After::TheNewOne),
            Row::new(
                "journal of a later format",
                |place| {
                    assert_eq!(place.end().outcome, "ended");
                    let path = place.folder().join("journal").join("journal.jsonl");
                    let good = fs::read(&path).expect("there is a journal");
                    let later = b"{\"v\":9,\"hotswap\":\"9.1.0\",\"new\":true}\n";
                    fs::write(&path, later).expect("it can be written");
                    let happened = place.opened();
                    assert_eq!(fs::read(&path).ok().as_deref(), Some(&later[..]), "as it was");
                    fs::write(&path, good).expect("it can be written");
                    let count = place.count;
                    *place = place.next_run("first").expect("it serves");
                    place.count = count;
                    happened
                },
                "error System",
                &["has format 9 and was written by hotswap 9.1.0", "nothing was changed"],
            )
            .with(Setting::counter(journals)),
            Row::new(
                "floors of a later format",
                |place| {
                    assert_eq!(place.end().outcome, "ended");
                    let path = place.folder().join("floors").join("hotswap.floors");
                    let good = fs::read(&path).expect("there are floors");
                    fs::write(&path, "hotswap floors 9 9.1.0\n").expect("it can be written");
                    let happened = place.opened();
                    fs::write(&path, good).expect("it can be written");
                    happened
                },
                "error System",
                &["has format 9 and was written by hotswap 9.1.0", "nothing was changed"],
            )
            .with(Setting::counter(|folder| keeps(folder).with_floors(true)))
            .then(After::NextRun),
            Row::new(
                "backup exchanged for an older one",
                |place| {
                    let first =
                        place.host().operator().checkpoint("main").expect("it is backed up");
                    place.count_on().expect("it serves");
                    let second =
                        place.host().operator().checkpoint("main").expect("it is backed up");
                    fs::copy(first.path, second.path).expect("it can be copied");
                    let restored = place.host().operator().restore("main", second.number);
                    failed(&restored.expect_err("it is another one"))
                },
                "error Artifact",
                &["expected the state that the journal names", "the file was exchanged"],
            )
            .with(Setting::counter(journals)),
        ],
    }
}

fn keeps(folder: &Path) -> Config {
    // How long a run waits that has no build to begin with.
    patient()
        .with_first_artifact_deadline(Duration::from_secs(1))
        .with_data_dir(folder)
        .with_journal(false)
        .with_floors(false)
}

fn journals(folder: &Path) -> Config {
    patient().with_data_dir(folder)
}

fn hash(build: &Fixture) -> ArtifactHash {
    ArtifactHash::of(build.bytes())
}

/// Where the journal keeps a build.
fn in_journal(place: &Place, build: &Fixture) -> PathBuf {
    let name = format!("{}.{}", hash(build), std::env::consts::DLL_EXTENSION);
    place.folder().join("journal").join("artifacts").join(name)
}

/// What the journal keeps of the last build is replaced; the next run finds this one at its path.
fn kept_artifact(place: &mut Place, label: &str) -> Happened {
    let new = place.build("");
    assert_eq!(place.put(&new).outcome, "live");
    let count = place.count;
    assert_eq!(place.end().outcome, "ended");
    replace(&in_journal(place, &new), place.setting.good("forged").bytes());
    *place = place.next_run(label).expect("something serves");
    place.count = count;
    Happened::new("serves", place.heard_so_far())
}

fn kept(place: &Place) -> PathBuf {
    place.folder().join("checkpoints").join("main.snapshot")
}

/// The next run refuses the file and leaves it; mended, it is taken by the run after that.
fn damaged_file(place: &mut Place, damage: fn(&mut Vec<u8>)) -> Happened {
    assert_eq!(place.end().outcome, "ended");
    let good = fs::read(kept(place)).expect("the state was kept");
    let mut bytes = good.clone();
    damage(&mut bytes);
    fs::write(kept(place), &bytes).expect("it can be written");
    let happened = place.opened();
    assert_eq!(fs::read(kept(place)).ok(), Some(bytes), "it was left as it is");
    fs::write(kept(place), good).expect("it can be written");
    happened
}

/// The next run has this build to begin with, which leaves the state for one that can take it.
fn next_build(place: &mut Place, module: &str, script: &str) -> Happened {
    assert_eq!(place.end().outcome, "ended");
    let build = fixture(module).told(&format!("label=new;{script}"));
    replace(&place.artifact(), build.bytes());
    let happened = place.opened();
    assert!(kept(place).exists(), "the state is there for another one");
    happened
}
