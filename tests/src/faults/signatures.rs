//! Signatures and floors: whatever is not signed with a trusted key, lies where others can write, or
//! is older than what has served, is refused before anything of it runs.

use std::{
    fs,
    io::Cursor,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use hotswap_core::{
    ArtifactHash, Config, Host, Trust,
    event::{EventKind, Phase},
};
use minisign::KeyPair;

use super::{
    place::{Place, failed},
    row::{After, Group, Happened, Row, Setting},
};
use crate::{Fixture, damage::set_run_path, patient};

pub(super) fn group() -> Group {
    let setting = Setting::counter(trusts).signed();
    let signature = |name, signature: fn(&Fixture) -> Vec<u8>, says| {
        let does = move |place: &mut Place| {
            let build = place.build("");
            put(&signature_of(place), &signature(&build));
            put(&place.artifact(), build.bytes());
            place.outcome()
        };
        Row::new(name, does, STAGED, says)
    };
    let instead = |name, put_there: fn(&Path), says| {
        let does = move |place: &mut Place| {
            fs::remove_file(signature_of(place)).expect("it can be removed");
            put_there(&signature_of(place));
            put(&place.artifact(), place.build("").bytes());
            let happened = place.outcome();
            // What is mended is looked at again: nothing is to be there then.
            fs::remove_file(place.artifact()).expect("it can be removed");
            let path = signature_of(place);
            let _ = fs::remove_dir(&path).or_else(|_| fs::remove_file(&path));
            happened
        };
        Row::new(name, does, STAGED, says)
    };
    let revoked = |name, entry: &'static str, says| {
        let does = move |place: &mut Place| {
            let build = place.build("");
            let number = keys().pk.to_box().expect("a key").to_string();
            let number = number.lines().next().and_then(|it| it.rsplit(' ').next());
            let entry = entry
                .replace("KEY", number.expect("its number"))
                .replace("BUILD", &ArtifactHash::of(build.bytes()).to_string());
            put(&keys_file(place.folder()), format!("{}{entry}", keys().pk.to_base64()).as_bytes());
            let happened = place.put(&build);
            fs::remove_file(place.artifact()).expect("it can be removed");
            let _ = trusts_a_file(place.folder());
            happened
        };
        let setting = Setting { config: trusts_a_file, ..setting };
        Row::new(name, does, STAGED, says).with(setting)
    };
    let loose = |name, path: fn(&Place) -> PathBuf, mode: (u32, u32), says| {
        Row::new(name, move |place| open_to_others(place, &path(place), mode), STAGED, says)
    };
    Group {
        title: "signatures",
        setting,
        rows: vec![
            instead("unsigned", |_| {}, &["signature  nothing is at ", "put its signature there"]),
            signature(
                "signed with another key",
                |build| sign(&KeyPair::generate_unencrypted_keypair().expect("a key"), build),
                &["trusted keys: ", "signed with: ", "a trusted key"],
            ),
            signature(
                "signature of another file",
                |build| sign(keys(), &build.clone().told("label=other")),
                &["it is not the signature of this file", "sign this build with minisign -S"],
            ),
            signature(
                "signature with another comment",
                other_comment,
                &["it is not the signature of this file"],
            ),
            signature(
                "signature with a flipped bit",
                flipped,
                &["it is not the signature of this file"],
            ),
            signature(
                "signature cut off",
                |build| sign(keys(), build)[..150].to_vec(),
                &["it is no minisign signature"],
            ),
            signature(
                "signature that is no text",
                |_| vec![0xff; 300],
                &["it is no minisign signature"],
            ),
            signature("signature empty", |_| Vec::new(), &["signature  ", "is empty"]),
            signature(
                "signature too large",
                |_| vec![b'x'; 17 << 10],
                &["has 17408 bytes, the limit is 16384"],
            ),
            instead(
                "folder in the signature's place",
                |path| fs::create_dir(path).expect("a folder can be made"),
                &["expected a regular file at", "found a folder"],
            ),
            instead(
                "fifo in the signature's place",
                |path| {
                    assert!(Command::new("mkfifo").arg(path).status().is_ok_and(|it| it.success()));
                },
                &["expected a regular file at", "found a fifo"],
            ),
            Row::new(
                "changed by a byte after it was signed",
                |place| {
                    let build = place.build("");
                    put(&signature_of(place), &sign(keys(), &build));
                    let changed = build.damaged(|bytes| *bytes.last_mut().expect("some") ^= 1);
                    put(&place.artifact(), changed.bytes());
                    place.outcome()
                },
                STAGED,
                &["it is not the signature of this file"],
            ),
            Row::new(
                "unsigned file that is no library",
                |place| {
                    put(&place.artifact(), b"#!/bin/sh\nexit 1\n");
                    place.outcome()
                },
                STAGED,
                &["it is not the signature of this file"],
            ),
            Row::new(
                "signature of the old form",
                |place| old_form(place),
                STAGED,
                &["it is of the old form, made with `minisign -l`", "with_legacy_signatures"],
            ),
            Row::new(
                "signature of the old form, allowed, of no library",
                |place| old_form(place),
                "refused at Inspected",
                &["expected a file that starts with 7f 45 4c 46 (ELF)"],
            )
            .with(Setting { config: trusts_the_old_form, ..setting }),
            Row::new(
                "signature comes late",
                late,
                "refused at Staged, then live",
                &[
                    "nothing is at ",
                    "tried again when the file or its signature changes",
                    "state kept",
                ],
            )
            .then(After::TheNewOne),
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
            Row::new("link to a signed build", a_link, "live", &["state kept"])
                .then(After::TheNewOne),
            Row::new("replaced over and over while it is read", flood, "live", &["state kept"])
                .then(After::TheNewOne),
            Row::new(
                "overwritten after it was judged",
                overwritten,
                "live, then refused at Staged",
                &["state kept", "it is not the signature of this file"],
            )
            .then(After::TheNewOne),
            Row::new(
                "comment that would clear the terminal",
                comment,
                "live",
                &["is signed with key ", "built  [2J on Monday"],
            )
            .then(After::TheNewOne),
            revoked("key that is over", " until 2020-02-29", &[" was trusted until 2020-02-29"]),
            revoked("key that was revoked", "\nrevoked KEY", &["key ", " was revoked"]),
            revoked("build that was revoked", "\nrevoked BUILD", &["artifact ", " was revoked"]),
            Row::new(
                "comment that states another version",
                |place| {
                    let build = place.build("");
                    let _ = fs::remove_file(place.artifact());
                    let signature = sign_with(keys(), &build, "hotswap-version=9.9.9");
                    put(&signature_of(place), &signature);
                    put(&place.artifact(), build.bytes());
                    place.outcome()
                },
                STAGED,
                &["comment: hotswap-version=9.9.9   artifact: hotswap-version=1.0.0"],
            ),
            Row::new(
                "slot for any signed module",
                |place| {
                    let config = trusts(place.folder()).artifact("main", place.artifact());
                    let config = config.artifact("other", place.artifact());
                    failed(&Host::new(config).expect_err("it names no module"))
                },
                "error Misuse",
                &["slot other takes signed artifacts of any module", "Config::module"],
            ),
            Row::new(
                "run path that others can write",
                run_path,
                "refused at Inspected",
                &["needed libraries  folder ", "(mode 0777)", "chmod go-w "],
            ),
            Row::new(
                "journal that others can write",
                |place| unsigned_in_an_open_folder(place, |open| patient().with_journal(open)),
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

pub(super) fn floors() -> Group {
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

const STAGED: &str = "refused at Staged";
const ASSESSED: &str = "refused at Assessed";
const BELOW: &[&str] =
    &["version of counter  floor: 1.0.0   artifact: 0.9.0", "Host::allow_downgrade"];

/// Who signs.
fn keys() -> &'static KeyPair {
    static KEYS: OnceLock<KeyPair> = OnceLock::new();
    KEYS.get_or_init(|| KeyPair::generate_unencrypted_keypair().expect("a key can be made"))
}

fn trusts(_: &Path) -> Config {
    let trust = Trust::minisign([&*keys().pk.to_base64(), OLD_KEY]).expect("keys");
    patient().with_trust(trust).module("main", "counter")
}

/// Keys, and what is revoked.
fn keys_file(folder: &Path) -> PathBuf {
    folder.join("keys")
}

fn trusts_a_file(folder: &Path) -> Config {
    put(&keys_file(folder), keys().pk.to_base64().as_bytes());
    patient().with_trust(Trust::keys_file(keys_file(folder))).module("main", "counter")
}

fn trusts_the_old_form(_: &Path) -> Config {
    let trust = Trust::minisign([&*keys().pk.to_base64(), OLD_KEY]).expect("keys");
    patient().with_trust(trust.with_legacy_signatures()).module("main", "counter")
}

fn has_floors(folder: &Path) -> Config {
    patient().with_floors(folder.join("floors")).with_checkpoints(folder.join("states"))
}

fn sign(keys: &KeyPair, build: &Fixture) -> Vec<u8> {
    sign_with(keys, build, "built on Monday")
}

fn sign_with(keys: &KeyPair, build: &Fixture, comment: &str) -> Vec<u8> {
    let signed = minisign::sign(None, &keys.sk, Cursor::new(build.bytes()), Some(comment), None);
    signed.expect("it can be signed").to_string().into_bytes()
}

fn other_comment(build: &Fixture) -> Vec<u8> {
    let text = String::from_utf8(sign(keys(), build)).expect("a text");
    text.replace("Monday", "Sunday").into_bytes()
}

/// In the middle of the signature itself.
fn flipped(build: &Fixture) -> Vec<u8> {
    let mut bytes = sign(keys(), build);
    let line = bytes.iter().position(|it| *it == b'\n').expect("it has lines");
    let at = &mut bytes[line + 50];
    *at = if *at == b'A' { b'B' } else { b'A' };
    bytes
}

fn signature_of(place: &Place) -> PathBuf {
    beside(&place.artifact())
}

fn beside(artifact: &Path) -> PathBuf {
    artifact.with_added_extension("minisig")
}

fn folder_of(place: &Place) -> PathBuf {
    place.artifact().parent().expect("it lies in a folder").to_owned()
}

/// Of a mode that does not depend on the umask.
fn put(path: &Path, bytes: &[u8]) {
    let part = path.with_extension("part");
    fs::write(&part, bytes).expect("it can be written");
    mode(&part, 0o644);
    fs::rename(&part, path).expect("it can be renamed");
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

/// Nobody else can write there.
pub(super) fn make_sound(folder: &Path, artifact: &Path) {
    mode(folder, 0o700);
    mode(artifact.parent().expect("it lies in a folder"), 0o755);
}

/// The signature first. What lay there before is gone by then, and nobody looks at it any more: it is
/// not that one's.
pub(super) fn deploy(artifact: &Path, build: &Fixture, nobody_looks: impl FnOnce()) {
    let _ = fs::remove_file(artifact);
    nobody_looks();
    put(&beside(artifact), &sign(keys(), build));
    put(artifact, build.bytes());
}

fn late(place: &mut Place) -> Happened {
    let build = place.build("");
    fs::remove_file(signature_of(place)).expect("it can be removed");
    put(&place.artifact(), build.bytes());
    let refused = place.outcome();
    put(&signature_of(place), &sign(keys(), &build));
    refused.then(place.outcome())
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

/// The signature is looked for beside the link.
fn a_link(place: &mut Place) -> Happened {
    let (build, aside) = (place.build(""), place.folder().join("aside.so"));
    put(&aside, build.bytes());
    put(&signature_of(place), &sign(keys(), &build));
    linked(place, &aside);
    place.outcome()
}

fn linked(place: &Place, to: &Path) {
    let link = place.folder().join("link");
    symlink(to, &link).expect("a link can be made");
    fs::rename(link, place.artifact()).expect("it can be renamed");
}

/// Nothing of what is not signed has run, however often it took the place of what is.
fn flood(place: &mut Place) -> Happened {
    let script = format!("label=unsigned;log={}", place.log().display());
    let (signed, unsigned) =
        (place.setting.good("signed"), crate::fixture("counter").told(&script));
    put(&signature_of(place), &sign(keys(), &signed));
    for _ in 0..100 {
        put(&place.artifact(), unsigned.bytes());
        put(&place.artifact(), signed.bytes());
    }
    // The last of all.
    place.deploy(&place.build(""));
    let happened = loop {
        let happened = place.outcome();
        if happened.outcome == "live" && place.serving().is_ok_and(|it| it == "new") {
            break happened;
        }
    };
    assert!(!place.log().exists(), "something of it has run");
    happened
}

/// What is judged is what is opened: a copy of the host's own.
fn overwritten(place: &mut Place) -> Happened {
    let (artifact, unsigned) = (place.artifact(), place.build("start=abort"));
    let mut unsigned = Some(unsigned);
    place.spy(move |event| {
        if matches!(event.kind, EventKind::Phase { phase: Phase::Inspected, .. })
            && let Some(unsigned) = unsigned.take()
        {
            fs::write(&artifact, unsigned.bytes()).expect("it can be written");
        }
    });
    let live = place.put(&place.build(""));
    live.then(place.outcome())
}

fn comment(place: &mut Place) -> Happened {
    let build = place.build("");
    let _ = fs::remove_file(place.artifact());
    put(&signature_of(place), &sign_with(keys(), &build, "built \x1b[2J on Monday"));
    put(&place.artifact(), build.bytes());
    let told = place.event(|kind| matches!(kind, EventKind::Signed { .. }));
    let mut happened = place.outcome();
    happened.text.push_str(&told);
    happened
}

const OLD_KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

/// Of the text `test`, from minisign's own documentation.
const OLD_FORM: &str = "untrusted comment: signature from minisign secret key\n\
    RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n\
    trusted comment: timestamp:1555779966\tfile:test\n\
    QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==\n";

fn old_form(place: &Place) -> Happened {
    put(&signature_of(place), OLD_FORM.as_bytes());
    put(&place.artifact(), b"test");
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
    let config = trusts(place.folder()).folder("main", place.folder());
    failed(&Host::new(config.with_checkpoints(open)).expect_err("others can write there"))
}

/// A build of this version.
fn version(version: &str, script: &str) -> Fixture {
    let script = format!("label=new;{script}");
    crate::fixture("counter").told(&script).with_manifest_text("1.0.0", version)
}

fn allowed(place: &Place, number: &str) -> Happened {
    let parsed = number.parse().expect("a version");
    place.host().allow_downgrade("counter", parsed).expect("the host lives");
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
