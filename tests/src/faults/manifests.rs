//! Manifests that are damaged or do not say the truth: sound libraries otherwise.

use super::{
    place::unhurried,
    row::{Group, Row, Setting},
};
use crate::{Fixture, fixture};

pub(super) fn group() -> Group {
    let counter = || fixture("counter").told("label=bad");
    let bytes = move |change: fn(&mut [u8])| move || counter().with_manifest(change);
    let text =
        move |from: &'static str, to: &'static str| move || counter().with_manifest_text(from, to);
    let damaged = |name, build: Box<dyn Fn() -> Fixture + Send + Sync>, says| {
        Row::bad(name, build, "refused at Inspected", says)
    };
    Group {
        title: "manifests",
        setting: Setting::counter(unhurried),
        rows: vec![
            damaged(
                "manifest without its beginning",
                Box::new(bytes(|manifest| manifest[0] = b'h')),
                &["the .hotswap section does not begin with a manifest"],
            ),
            damaged(
                "manifest of a later format",
                Box::new(bytes(|manifest| manifest[8] = 9)),
                &["the manifest has format 9, this version of hotswap reads format 4"],
            ),
            damaged(
                "manifest longer than its section",
                Box::new(bytes(|manifest| manifest[12] = 0xff)),
                &["the manifest says it is", "bytes long"],
            ),
            damaged(
                "manifest shorter than its section",
                Box::new(bytes(|manifest| manifest[10] = manifest[10].wrapping_sub(1))),
                &["manifest  "],
            ),
            damaged(
                "manifest with a text beyond its end",
                Box::new(bytes(|manifest| manifest[14..16].fill(0xff))),
                &["the manifest is damaged: expected a text at byte"],
            ),
            damaged(
                "manifest with a text that is no UTF-8",
                Box::new(bytes(|manifest| manifest[16] = 0xff)),
                &["the manifest is damaged: expected a text without control characters"],
            ),
            damaged(
                "manifest that would clear the terminal",
                Box::new(text("counter", "\x1b[2J\x1b[H")),
                &["the manifest is damaged: expected a text without control characters"],
            ),
            damaged(
                "manifest without a version",
                Box::new(text("1.0.0", "1.0.x")),
                &["the manifest is damaged: expected a semantic version"],
            ),
            damaged(
                "manifest that neither unwinds nor aborts",
                Box::new(bytes(|manifest| {
                    let target =
                        position(manifest, hotswap_abi::__private::manifest::TARGET.as_bytes());
                    // The flag stands before the target and its length.
                    manifest[target - 3] = 7;
                })),
                &["the manifest is damaged: expected 0 or 1"],
            ),
            Row::bad(
                "manifest that names no symbol of it",
                text("hotswap_root_counter", "hotswap_root_countex"),
                "refused at Loaded",
                &["it does not export hotswap_root_countex, which its manifest names"],
            ),
            Row::bad(
                "manifest that names a function of libc",
                text("hotswap_root_counter", "pthread_mutex_unlock"),
                "refused at Loaded",
                &["its exported root is not laid out", "is no hotswap root"],
            ),
        ],
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> usize {
    let found = bytes.windows(wanted.len()).position(|window| window == wanted);
    found.expect("the manifest has it")
}
