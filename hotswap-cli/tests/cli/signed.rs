//! Signatures are judged as a host would, before anything in the artifact is looked at.

use std::{
    fs,
    io::Cursor,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use minisign::KeyPair;

use crate::{
    support::{Ran, hotswap, scratch},
    zoo::ZOO,
};

/// An artifact in a folder that nobody else can write, and who signs it.
struct Place {
    folder: tempfile::TempDir,
    keys: KeyPair,
}

impl Place {
    fn new(content: &[u8]) -> Self {
        let keys = KeyPair::generate_unencrypted_keypair().unwrap();
        let place = Self { folder: scratch(), keys };
        put(&place.artifact(), content);
        place.sign(content);
        place
    }

    fn of(module: &str) -> Self {
        Self::new(&fs::read(ZOO.module(module)).unwrap())
    }

    fn artifact(&self) -> PathBuf {
        self.folder.path().join("libnew.so")
    }

    fn signature(&self) -> PathBuf {
        self.folder.path().join("libnew.so.minisig")
    }

    fn sign(&self, content: &[u8]) {
        let signed =
            minisign::sign(None, &self.keys.sk, Cursor::new(content), Some("build 7"), None);
        put(&self.signature(), signed.unwrap().to_string().as_bytes());
    }

    fn key(&self) -> String {
        self.keys.pk.to_base64()
    }

    fn check(&self, more: &[&str]) -> Ran {
        let (new, old) = (self.artifact(), ZOO.module("zoo-module"));
        let asked = ["check", new.to_str().unwrap(), "--against", &old];
        hotswap(&ZOO.root, &[&asked, more].concat())
    }

    #[track_caller]
    fn refused(&self, finding: &str) {
        let json = self.check(&["--trust", &self.key(), "--json"]).expect(1).json();
        assert_eq!(json["refusal"]["phase"], "Staged", "{json:#}");
        assert!(json["refusal"]["findings"].to_string().contains(finding), "{finding}: {json:#}");
        assert!(json["artifact"].is_null() && json["signature"].is_null(), "{json:#}");
        let advice = json["refusal"]["advice"].as_str().unwrap();
        assert!(!advice.contains("tried again") && !advice.contains("rescan"), "{advice}");
    }
}

fn put(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    mode(path, 0o644);
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_signature_of_a_trusted_key_is_told() {
    let place = Place::of("zoo-same");
    let json = place.check(&["--trust", &place.key(), "--json"]).expect(0).json();
    assert_eq!(
        (&json["verdict"], &json["signature"]["comment"]),
        (&"fits".into(), &"build 7".into())
    );
    assert_eq!(json["signature"]["key"].as_str().unwrap().len(), 16, "{json:#}");
    // Among other keys, and in a file as minisign writes it.
    let file = place.folder.path().join("minisign.pub");
    put(&file, place.keys.pk.to_box().unwrap().to_string().as_bytes());
    let other = KeyPair::generate_unencrypted_keypair().unwrap().pk.to_base64();
    let asked = ["--trust", &other, "--trust", file.to_str().unwrap()];
    place.check(&asked).expect(0).says("signed with key ").says(": build 7");
    // Nobody has asked.
    assert!(place.check(&["--json"]).expect(0).json()["signature"].is_null());
}

/// Several keys, until when, and what is revoked.
#[test]
fn a_file_of_keys_is_read_as_a_host_reads_it() {
    let place = Place::of("zoo-same");
    let file = place.folder.path().join("keys");
    let path = file.to_str().unwrap();
    let own = place.key();
    let other = KeyPair::generate_unencrypted_keypair().unwrap().pk.to_base64();
    let signed = place.check(&["--trust", &own, "--json"]).expect(0).json();
    let number = signed["signature"]["key"].as_str().unwrap().to_owned();
    for entries in [
        format!("{other}\n{own}\n"),
        format!("# who releases\n{own}\n{other} until 2020-02-29\n"),
        format!("{own} until 2199-12-31\n"),
        format!("{own}\nrevoked 0000000000000000\n"),
    ] {
        put(&file, entries.as_bytes());
        place.check(&["--trust", path]).expect(0).says("signed with key ");
    }
    for (entries, finding) in [
        (format!("{other}\n{other}\n"), "trusted keys: ".to_owned()),
        (format!("{other}\n{own} until 2020-02-29\n"), format!("key {number} was trusted until")),
        (format!("{own} until 2020-02-29\n"), format!("key {number} was trusted until")),
        (format!("{own}\nrevoked {number}\n"), format!("key {number} was revoked")),
        (format!("{own}\nnonsense\n"), "line 2: expected a minisign public key".to_owned()),
    ] {
        put(&file, entries.as_bytes());
        place.check(&["--trust", path]).expect(1).says(&finding);
    }
    // Also what is named beside it.
    put(&file, format!("revoked {number}\n").as_bytes());
    place.check(&["--trust", &own, "--trust", path]).expect(1).says("was revoked");
    // Others could name keys of their own.
    put(&file, format!("{own}\n{other}\n").as_bytes());
    mode(&file, 0o666);
    place.check(&["--trust", path]).expect(1).says("can be written by others");
}

#[test]
fn what_a_host_would_not_trust_is_refused() {
    let place = Place::of("zoo-same");
    let content = fs::read(place.artifact()).unwrap();
    place.check(&["--trust", &Place::new(b"x").key()]).expect(1).says("trusted keys: ");
    fs::remove_file(place.signature()).unwrap();
    place.refused("nothing is at ");
    put(&place.signature(), b"untrusted comment: x\n");
    place.refused("it is no minisign signature");
    place.sign(b"another file");
    place.refused("it is not the signature of this file");
    place.sign(&content);
    for (path, loose, strict) in [
        (place.folder.path().to_path_buf(), 0o777, 0o700),
        (place.artifact(), 0o664, 0o644),
        (place.signature(), 0o646, 0o644),
    ] {
        mode(&path, loose);
        place.refused("can be written by others than its owner");
        mode(&path, strict);
    }
    // What is no library is not called one before its signature was judged.
    put(&place.artifact(), b"#!/bin/sh\n");
    place.refused("it is not the signature of this file");
    place.sign(b"#!/bin/sh\n");
    place.check(&["--trust", &place.key()]).expect(1).says("at Inspected");
}

#[test]
fn the_old_form_is_a_question_of_policy() {
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    // Made by minisign -l, of its documentation.
    const OF_TEST: &str = "untrusted comment: signature from minisign secret key\n\
        RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n\
        trusted comment: timestamp:1555779966\tfile:test\n\
        QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==\n";
    let place = Place::new(b"test");
    put(&place.signature(), OF_TEST.as_bytes());
    place.check(&["--trust", KEY]).expect(1).says("at Staged").says("of the old form");
    place.check(&["--trust", KEY, "--legacy-signatures"]).expect(1).says("at Inspected");
}

#[test]
fn what_is_no_key_is_not_judged_by() {
    let place = Place::of("zoo-same");
    place.check(&["--trust", "RWQf6LRC"]).expect(2).says("expected a minisign public key");
    let folder = place.folder.path().to_str().unwrap();
    place.check(&["--trust", folder]).expect(2).says("no file that can be read");
    place.check(&["--legacy-signatures"]).expect(2).says("--trust");
}
