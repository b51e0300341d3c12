//! Ways to the decoders for the fuzzer, which sees only what is public. Compiled with
//! `--cfg fuzzing` alone; `fuzz/` says how.

#![allow(missing_docs, reason = "nobody else calls these")]

use hotswap_abi::__private::logs::{site::Description, value::Read};
use hotswap_loader::logs;

use crate::{
    artifact, floors,
    journal::{
        line::{self, Line},
        replay::Replay,
    },
    snapshot,
    trust::Trust,
    upgrade,
};

/// A file as a host would judge it before it loads it.
pub fn artifact(bytes: &[u8]) {
    match upgrade::contents(bytes) {
        Ok(contents) => {
            let _ = format!("{contents:?}");
        }
        // A terminal must not obey what is told of a file.
        Err(fault) => assert!(!format!("{:?}", fault.findings).contains("\\u{1b}"), "{fault:?}"),
    }
}

pub fn program(bytes: &[u8]) {
    let _ = artifact::program::schemas(bytes);
}

pub fn snapshot(bytes: &[u8]) {
    let hash = blake3::hash(bytes);
    let whole = [bytes, hash.as_bytes()].concat();
    for bytes in [bytes, &whole] {
        if let Ok(snapshot) = snapshot::Snapshot::decode(bytes) {
            let _ = (format!("{snapshot:?}"), snapshot.state().version);
        }
    }
}

pub fn floors(bytes: &[u8]) {
    let _ = floors::file::decode(bytes);
    let line = format!("blake3 {}\n", blake3::hash(bytes).to_hex());
    if let Ok(floors) = floors::file::decode(&[bytes, line.as_bytes()].concat()) {
        assert_eq!(floors::file::decode(floors::file::encode(&floors).as_bytes()), Ok(floors));
    }
}

pub fn signature(bytes: &[u8]) {
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    let trust = Trust::minisign([KEY]).expect("it is minisign's own example");
    for trust in [trust.clone(), trust.with_legacy_signatures()] {
        match trust.judge(bytes, b"test") {
            Ok(signed) => {
                assert!(!signed.comment.contains(hotswap_abi::__private::text::is_obeyed))
            }
            Err(forged) => assert!(!forged.to_string().is_empty()),
        }
    }
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = Trust::minisign([text]);
    }
}

pub fn logs(site: &[u8], values: &[u8]) {
    if let Ok(description) = Description::decode(site) {
        assert_eq!(Description::decode(&description.encode()), Ok(description));
        let _ = logs::rebuilt(site, values);
    }
    let _ = Read::new(values).count();
}

/// What a rehearsal's child has said, in which an artifact has run.
pub fn rehearsal(bytes: &[u8]) {
    crate::rehearsal::of_any(bytes);
}

pub fn journal(bytes: &[u8]) {
    let _ = Line::decode(bytes);
    let content = String::from_utf8_lossy(bytes);
    if let Ok(line) = Line::decode(line::signed(&content).as_bytes()) {
        let text = line.encode();
        assert_eq!(Line::decode(text.trim_end_matches('\n').as_bytes()), Ok(line.clone()));
        let mut replay = Replay::default();
        replay.apply(&line);
        for slot in replay.slots.values() {
            let _ = (slot.recovery(2), slot.superfluous(5));
        }
    }
}
