//! Libraries that are damaged: each would end the process, or serve wrongly, if it were opened.

use super::{
    place::unhurried,
    row::{Group, Row, Setting},
};
use crate::{
    Fixture,
    damage::{rename, section, segments, set_run_path},
    fixture,
};

pub(super) fn group() -> Group {
    let cut = |part: fn(usize) -> usize| damaged(move |bytes| bytes.truncate(part(bytes.len())));
    let byte = |at: usize, value: u8| damaged(move |bytes| bytes[at] = value);
    let foreign = |name, build, says| Row::bad(name, build, INSPECTED, says);
    Group {
        title: "damaged libraries",
        setting: Setting::counter(unhurried),
        rows: vec![
            Row::bad(
                "looks for libraries above the private copy",
                || fixture("dynamic-std").damaged(|it| set_run_path(it, "$ORIGIN/..")),
                INSPECTED,
                &["run path  expected absolute folders, found \"$ORIGIN/..\"", "`-C rpath`"],
            ),
            Row::bad(
                "looks for libraries in the current folder",
                || fixture("dynamic-std").damaged(|it| set_run_path(it, "/usr/lib::/opt")),
                INSPECTED,
                &["run path  expected absolute folders", "the host's current folder"],
            ),
            Row::bad(
                "needs a library beside the private copy",
                damaged(|bytes| rename(bytes, "libc.so.6", "$ORIGIN/c")),
                INSPECTED,
                &["needed library  expected a name or an absolute path, found \"$ORIGIN/c\""],
            ),
            truncated("cut off in its header", cut(|_| 40)),
            truncated("cut off in its list of segments", cut(|_| 100)),
            truncated("cut off in its code", cut(|len| len / 3)),
            truncated("cut off near its end", cut(|len| len - 100)),
            truncated("cut off by one byte", cut(|len| len - 1)),
            Row::bad(
                "preallocated, second half not written",
                damaged(|bytes| {
                    let half = bytes.len() / 2;
                    bytes[half..].fill(0);
                }),
                INSPECTED,
                &["file  ", BUILD],
            ),
            Row::bad(
                "preallocated, one page of code not written",
                damaged(|bytes| {
                    let page = section(bytes, ".text").start.next_multiple_of(4096);
                    bytes[page..page + 4096].fill(0);
                }),
                INSPECTED,
                &["half written: ", "is all zeros", BUILD],
            ),
            Row::bad(
                "symbols not written",
                damaged(|bytes| {
                    let symbols = section(bytes, ".dynsym");
                    bytes[symbols].fill(0);
                }),
                INSPECTED,
                &["half written: ", BUILD],
            ),
            Row::bad(
                "dynamic section not written",
                damaged(|bytes| {
                    let dynamic = section(bytes, ".dynamic");
                    bytes[dynamic].fill(0);
                }),
                INSPECTED,
                &["half written: ", BUILD],
            ),
            foreign("for 32 bit", byte(4, 1), &["expected ", "found 32-bit"]),
            foreign("for the other byte order", byte(5, 2), &["expected ", "found big-endian"]),
            foreign("for another machine", byte(18, 40), &["expected ", "found "]),
            foreign("an object file", byte(16, 1), &["expected ", "found "]),
            foreign("a core dump", byte(16, 4), &["expected ", "found "]),
            truncated(
                "segments beyond its end",
                damaged(|bytes| bytes[32..40].copy_from_slice(&(1_u64 << 40).to_le_bytes())),
            ),
            truncated(
                "sections beyond its end",
                damaged(|bytes| bytes[40..48].copy_from_slice(&(1_u64 << 40).to_le_bytes())),
            ),
            Row::bad(
                "nothing to load",
                damaged(|bytes| {
                    for at in segments(bytes) {
                        bytes[at] = 0;
                    }
                }),
                INSPECTED,
                &["damaged: no segment to load"],
            ),
            Row::bad(
                "less memory than file",
                damaged(|bytes| {
                    let first = segments(bytes)[0];
                    bytes[first + 40..first + 48].fill(0);
                }),
                INSPECTED,
                &["damaged: ", "more bytes in the file than in memory"],
            ),
            Row::bad(
                "asks for more memory than there is",
                damaged(|bytes| {
                    let last = *segments(bytes).last().expect("it has segments");
                    bytes[last + 40..last + 48].copy_from_slice(&(1_u64 << 46).to_le_bytes());
                }),
                "cancelled at Loaded",
                &["the system's loader refuses it: ", "make room in memory"],
            ),
            Row::bad(
                "needs a library that is not there",
                damaged(|bytes| rename(bytes, "libc.so.6", "libc.so.9")),
                "refused at Loaded",
                &["the system's loader refuses it: ", "libc.so.9: cannot open shared object file"],
            ),
            Row::bad(
                "needs a function that is not there",
                damaged(|bytes| rename(bytes, "memmove", "memmovx")),
                "refused at Loaded",
                &["the system's loader refuses it: ", "memmovx"],
            ),
            Row::bad(
                "needs a function whose name would clear the terminal",
                damaged(|bytes| rename(bytes, "memmove", "mem\x1b[2J")),
                "refused at Loaded",
                &["the system's loader refuses it: ", r"mem\u{1b}[2J"],
            ),
        ],
    }
}

const INSPECTED: &str = "refused at Inspected";
const BUILD: &str = "do: build the module again; tried again when the file changes";

fn truncated(name: &'static str, build: impl Fn() -> Fixture + Send + Sync + 'static) -> Row {
    Row::bad(name, build, INSPECTED, &["truncated: ", BUILD])
}

fn damaged(
    damage: impl Fn(&mut Vec<u8>) + Clone + Send + Sync + 'static,
) -> impl Fn() -> Fixture + Send + Sync + 'static {
    move || fixture("counter").told("label=bad").damaged(damage.clone())
}
