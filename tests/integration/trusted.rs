//! Signed artifacts: whatever is not signed with a trusted key, or lies where others can write, is
//! refused before anything of it is looked at; and is live as soon as it is mended.

mod folders;
mod keys;
mod support;

use std::{fs, os::unix::fs::symlink, process::Command, time::Duration};

use hotswap_core::{
    ErrorKind, Host, SlotConfig, Trust,
    event::{EventKind, Phase},
};
use hotswap_tests::{file_name, fixture, patient};

use self::support::{Place, meter, mode, put};
use crate::support::Signer;

#[test]
fn a_signed_artifact_is_live_and_who_signed_it_is_told() {
    let place = Place::new();
    let run = place.run();
    place.put_signature(&meter("second"));
    place.put(&meter("second"));
    let (key, comment) = run.told.find(|event| match &event.kind {
        EventKind::Signed { key, comment, .. } => Some((key.clone(), comment.clone())),
        EventKind::Phase { phase, .. } => panic!("{phase} comes before the signature"),
        _ => None,
    });
    assert_eq!((key, comment.as_str()), (place.signer.number(), "built on Monday"));
    run.live("second");
}

/// The file that is no library is not called one: nothing was looked at.
#[test]
fn what_is_not_signed_is_refused_before_anything_is_looked_at() {
    let place = Place::new();
    let run = place.run();
    let garbage = meter("x").damaged(|bytes| *bytes = b"#!/bin/sh\n".to_vec());
    fs::remove_file(place.signature()).unwrap();
    place.put(&garbage);
    run.refused("signature  nothing is at ", "put its signature there");
    place.put_signature(&meter("other"));
    run.refused("it is not the signature of this file", "minisign -S");
    put(&place.signature(), Signer::new().sign(&garbage).as_bytes());
    let wanted = format!("trusted keys: {}   signed with: ", place.signer.number());
    run.refused(&wanted, "a trusted key");
    for damaged in [&b"\xff\xff"[..], b"untrusted comment: x\nRW\n"] {
        put(&place.signature(), damaged);
        if damaged[0] == 0xff {
            run.refused("it is no minisign signature", "sign it with minisign -S");
        }
    }
    put(&place.signature(), &vec![b'x'; 17 << 10]);
    run.refused("has 17408 bytes, the limit is 16384", "mend the file");
    fs::remove_file(place.signature()).unwrap();
    run.refused("nothing is at ", "put its signature there");
    // Opening it would wait for a writer.
    assert!(Command::new("mkfifo").arg(place.signature()).status().unwrap().success());
    run.refused("expected a regular file", "mend the file");
    run.serves("first");
    // Signed, it is looked at.
    place.put_signature(&garbage);
    let refusal = run.told.refused();
    assert_eq!(refusal.phase, Phase::Inspected, "{refusal}");
    assert!(refusal.to_string().contains("7f 45 4c 46"), "{refusal}");
    place.deploy(&meter("second"));
    run.live("second");
}

/// One byte, after it was signed.
#[test]
fn a_signed_artifact_that_was_changed_is_refused() {
    let place = Place::new();
    let run = place.run();
    let build = meter("second");
    place.put_signature(&build);
    place.put(&build.clone().damaged(|bytes| *bytes.last_mut().unwrap() ^= 1));
    run.refused("it is not the signature of this file", "minisign -S");
    place.put(&build);
    run.live("second");
}

#[test]
fn an_artifact_that_comes_before_its_signature_is_live_when_that_comes() {
    let place = Place::new();
    let run = place.run();
    for (n, name) in ["second", "third", "fourth"].into_iter().enumerate() {
        if n == 1 {
            fs::remove_file(place.signature()).unwrap();
        }
        place.put(&meter(name));
        // The signature of the version before lies there, or none.
        let finding = if n == 1 { "nothing is at" } else { "not the signature of this file" };
        run.refused(finding, "");
        place.put_signature(&meter(name));
        run.live(name);
    }
}

#[test]
fn a_signature_in_a_watched_folder_is_noticed_as_well() {
    let place = Place::new();
    place.deploy(&meter("first"));
    let run = Place::start(place.config().slot("meter", SlotConfig::folder(place.folder())));
    place.put(&meter("second"));
    run.refused("not the signature of this file", "");
    place.put_signature(&meter("second"));
    run.live("second");
    // A new file, whose signature comes later. One module has one file.
    fs::remove_file(place.artifact()).unwrap();
    let other = place.folder().join(file_name("other"));
    put(&other, meter("third").bytes());
    run.refused("libother.so.minisig", "");
    put(&other.with_added_extension("minisig"), place.signer.sign(&meter("third")).as_bytes());
    run.live("third");
}

#[test]
fn a_signature_is_noticed_where_nothing_tells_of_changes() {
    let place = Place::new();
    place.deploy(&meter("first"));
    let config = place.config().with_polling(Duration::from_millis(20));
    let run = Place::start(config.slot("meter", place.slot()));
    place.put(&meter("second"));
    run.refused("not the signature of this file", "");
    place.put_signature(&meter("second"));
    run.live("second");
}

/// `current` → `releases/2`: the signature is looked for beside the path that was given.
#[test]
fn links_are_followed_to_artifact_and_signature() {
    let place = Place::new();
    let release = |n: u32, name: &str| {
        let folder = place.folder().join(format!("releases/{n}"));
        fs::create_dir_all(&folder).unwrap();
        mode(folder.parent().unwrap(), 0o755);
        mode(&folder, 0o755);
        put(&folder.join("meter.so"), meter(name).bytes());
        put(&folder.join("meter.so.minisig"), place.signer.sign(&meter(name)).as_bytes());
        let new = place.folder().join("new");
        symlink(format!("releases/{n}"), &new).unwrap();
        fs::rename(new, place.folder().join("current")).unwrap();
        folder
    };
    let _ = release(1, "first");
    let config = place.config().slot(
        "meter",
        SlotConfig::artifact(place.folder().join("current/meter.so")).with_module("meter"),
    );
    let run = Place::start(config);
    let second = release(2, "second");
    run.live("second");
    // Behind the link is a place, too.
    mode(&second, 0o775);
    put(&second.join("meter.so.minisig"), place.signer.sign(&meter("third")).as_bytes());
    put(&second.join("meter.so"), meter("third").bytes());
    let finding = format!("folder {} can be written by others", second.display());
    run.refused(&finding, &format!("chmod go-w {}", second.display()));
    mode(&second, 0o755);
    run.host.rescan().unwrap();
    run.live("third");
}

/// A signature says who has built something, not for which slot.
#[test]
fn a_slot_for_signed_artifacts_takes_one_module_and_names_it() {
    let place = Place::new();
    let trust = Trust::minisign([place.signer.key()]).unwrap();
    let error = Host::new(
        patient().with_trust(trust).slot("meter", SlotConfig::artifact(place.artifact())),
    );
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(
        error.to_string().contains("name the one that it is for with SlotConfig::with_module"),
        "{error}"
    );
    let run = place.run();
    place.deploy(&fixture("counter").told("label=other"));
    let refusal = run.told.refused();
    assert_eq!(refusal.phase, Phase::Assessed, "{refusal}");
    run.serves("first");
}
