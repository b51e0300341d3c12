//! Values of any type are lent to a module that was not built like its host: a host of its own, in a
//! process of its own, goes on with what it has.

use super::{
    place::unhurried,
    row::{Group, Happened, Row, Setting},
};
use crate::worlds::{Stage, Workspace};

pub(super) fn group() -> Group {
    let row = |name, does: fn() -> Happened, outcome, says| {
        Row::new(name, move |_| does(), outcome, says).after_building(build_dependencies)
    };
    Group {
        title: "values of any type (`#[same_build]`; the host is another program)",
        setting: Setting::counter(unhurried),
        rows: vec![
            row(
                "package that the interface does not know, built from other sources",
                || {
                    let other = |workspace: &Workspace| {
                        workspace.edit("parts/src/lib.rs", "Fuel(pub u32)", "Fuel(pub u64)");
                        workspace.module(&[])
                    };
                    lent("", &[], other)
                },
                "live, then refused, then served",
                &["sources of parts 0.1.0  changed: src/lib.rs", "build the host"],
            ),
            row(
                "package that the interface does not know, with other features",
                || lent("", &[], |workspace| workspace.module(&["--features=parts/large"])),
                "live, then refused, then served",
                &["features of parts 0.1.0  host: none   artifact: large", "with_features_of"],
            ),
            row(
                "static that exists twice, under a lent lock",
                || lent("locks", LOCKS, |workspace| workspace.module(LOCKS)),
                "risks, then live, then served",
                &["high: host and module have parking_lot_core 0.9"],
            ),
        ],
    }
}

const LOCKS: &[&str] = &["--features=scene/locks,stage/locks"];

/// What a row builds is little; what that depends on takes longer than any row may.
fn build_dependencies() {
    let workspace = Workspace::new();
    for (host, module) in [("locks", LOCKS), ("", &[])] {
        let _ = (workspace.module(module), workspace.host(host));
    }
}

/// A world is lent to a module, and another build comes.
fn lent(host: &str, module: &[&str], other: impl FnOnce(&Workspace) -> Vec<u8>) -> Happened {
    let workspace = Workspace::new();
    let first = workspace.module(module);
    let mut stage = Stage::of(&workspace.host(host), &first, "artifact");
    let said = |line: &str| {
        let (word, _) = line.split_once(' ').expect("it says what of what");
        Happened::new(word, line)
    };
    let first = stage.line();
    let second = match &*first {
        "live 1" => stage.put(&other(&workspace)),
        _ => stage.line(),
    };
    let served = stage.tick().starts_with("world one=2 ");
    stage.end();
    let served = Happened::new(if served { "served" } else { "served otherwise" }, "");
    said(&first).then(said(&second)).then(served)
}
