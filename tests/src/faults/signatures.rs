//! Signatures: whatever is not signed with a trusted key is refused before anything of it runs.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use hotswap_core::{
    ArtifactHash, Config, Host, SlotConfig, Trust,
    event::{EventKind, Phase},
};
use minisign::KeyPair;

use super::{
    place::{Place, failed},
    row::{After, Group, Happened, Row, Setting},
    signing::{beside, keys, put, sign, sign_with},
};
use crate::{Fixture, patient};

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
                    let config = trusts(place.folder()).slot(
                        "main",
                        SlotConfig::artifact(place.artifact()).with_module("counter"),
                    );
                    let config = config.slot("other", SlotConfig::artifact(place.artifact()));
                    failed(&Host::new(config).expect_err("it names no module"))
                },
                "error Misuse",
                &["slot other takes signed artifacts of any module", "SlotConfig::with_module"],
            ),
        ],
    }
}

pub(super) const STAGED: &str = "refused at Staged";
pub(super) fn trusts(_: &Path) -> Config {
    let trust = Trust::minisign([&*keys().pk.to_base64(), OLD_KEY]).expect("keys");
    patient().with_trust(trust)
}

/// Keys, and what is revoked.
fn keys_file(folder: &Path) -> PathBuf {
    folder.join("keys")
}

fn trusts_a_file(folder: &Path) -> Config {
    put(&keys_file(folder), keys().pk.to_base64().as_bytes());
    patient().with_trust(Trust::keys_file(keys_file(folder)))
}

fn trusts_the_old_form(_: &Path) -> Config {
    let trust = Trust::minisign([&*keys().pk.to_base64(), OLD_KEY]).expect("keys");
    patient().with_trust(trust.with_legacy_signatures())
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

pub(super) fn signature_of(place: &Place) -> PathBuf {
    beside(&place.artifact())
}

fn late(place: &mut Place) -> Happened {
    let build = place.build("");
    fs::remove_file(signature_of(place)).expect("it can be removed");
    put(&place.artifact(), build.bytes());
    let refused = place.outcome();
    put(&signature_of(place), &sign(keys(), &build));
    refused.then(place.outcome())
}

/// The signature is looked for beside the link.
fn a_link(place: &mut Place) -> Happened {
    let (build, aside) = (place.build(""), place.folder().join("aside.so"));
    put(&aside, build.bytes());
    put(&signature_of(place), &sign(keys(), &build));
    linked(place, &aside);
    place.outcome()
}

pub(super) fn linked(place: &Place, to: &Path) {
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
