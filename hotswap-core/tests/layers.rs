//! Who may import whom: the layers of hotswap-core point downwards, and no crate has a circle of files.

#[path = "layers/imports.rs"]
mod imports;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use self::imports::Imports;

/// From the bottom. A module imports those of lower layers, and of its own none but itself.
const LAYERS: [&[&str]; 15] = [
    &["written", "plan", "machine", "instance", "cargo"],
    &["snapshot", "trust", "report"],
    &["event", "system", "checkpoint"],
    &["config", "reports"],
    &["journal", "floors"],
    &["error"],
    &["slot", "idle"],
    &["upgrade"],
    &["rehearsal", "artifact"],
    &["supervisor"],
    &["operator"],
    &["admin"],
    &["host"],
    &["harness"],
    &["lib"],
];

/// Two files that describe each other: a type's shape, and the ladder that the compiler climbs to it.
const MUTUAL: [[&str; 2]; 1] = [["shape::ladder", "shape::outline"]];

const CRATES: [&str; 9] = [
    "hotswap-abi",
    "hotswap-cli",
    "hotswap-core",
    "hotswap-gate",
    "hotswap-loader",
    "hotswap-macros",
    "hotswap-types",
    "hotswap-watch",
    "tests",
];

fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name).join("src")
}

fn layer(module: &str) -> Option<usize> {
    let top = module.split("::").next().filter(|top| !top.is_empty()).unwrap_or("lib");
    LAYERS.iter().position(|layer| layer.contains(&top))
}

/// What imports something that is not below it.
fn upwards(imports: &Imports) -> Vec<String> {
    let mut wrong = Vec::new();
    for (from, to) in imports.edges() {
        let top = |module: &str| module.split("::").next().map(str::to_owned);
        if top(from) == top(to) {
            continue;
        }
        match (layer(from), layer(to)) {
            (Some(upper), Some(lower)) if upper > lower => {}
            (Some(_), Some(_)) => wrong.push(format!("{from} imports {to}")),
            (None, _) => wrong.push(format!("{from} has no layer")),
            (_, None) => wrong.push(format!("{from} imports {to}, which has no layer")),
        }
    }
    wrong
}

/// Files that import each other, over however many others.
fn circles(imports: &Imports) -> Vec<Vec<String>> {
    let mut reach: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in imports.edges() {
        reach.entry(from).or_default().insert(to);
    }
    let all: Vec<&str> = reach.keys().copied().collect();
    let from = |start: &str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![start]);
        while let Some(file) = next.pop() {
            for to in reach.get(file).into_iter().flatten() {
                if seen.insert(*to) {
                    next.push(to);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        all.iter().map(|file| (*file, from(file))).collect();
    let mut circles = BTreeSet::new();
    for file in &all {
        let members =
            all.iter().filter(|it| reached[*file].contains(**it) && reached[**it].contains(*file));
        let members: Vec<String> = members.map(|it| (*it).to_owned()).collect();
        if members.len() > 1 && !MUTUAL.iter().any(|known| members == known) {
            circles.insert(members);
        }
    }
    circles.into_iter().collect()
}

#[test]
fn no_import_points_upwards() {
    let imports = Imports::of_crate(&sources("hotswap-core"));
    let wrong = upwards(&imports);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(imports.edges().count() > 500, "imports were read");
}

#[test]
fn no_crate_has_a_circle_of_files() {
    for name in CRATES {
        let imports = Imports::of_crate(&sources(name));
        assert_eq!(circles(&imports), Vec::<Vec<String>>::new(), "{name}");
        assert!(imports.edges().count() > 0, "{name}: imports were read");
    }
}

#[test]
fn what_points_upwards_or_round_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("lib.rs", "mod slot; mod upgrade; #[cfg(test)] mod sample;");
    write("slot.rs", "mod core; pub use self::core::Core; use crate::upgrade::Fault;");
    write("slot/core.rs", "use super::Other; pub struct Core;");
    write(
        "upgrade.rs",
        "use crate::slot::Core; pub struct Fault; #[cfg(test)] use crate::host::Host;",
    );
    let imports = Imports::of_crate(folder.path());
    assert_eq!(upwards(&imports), ["slot imports upgrade"]);
    // The one that imports the definition, and not the file that passes it on.
    assert_eq!(circles(&imports), [["slot", "slot::core", "upgrade"]]);
    write(
        "slot.rs",
        "mod core; pub use self::core::Core; fn f() { let _ = crate::upgrade::Fault; }",
    );
    assert_eq!(upwards(&Imports::of_crate(folder.path())), ["slot imports upgrade"]);
    // A child is named without `self` as well, also before it is declared.
    write("slot.rs", "fn f() { core::g(); } mod core; pub struct Other;");
    write("upgrade.rs", "");
    assert_eq!(circles(&Imports::of_crate(folder.path())), [["slot", "slot::core"]]);
    write("slot.rs", "mod core; pub use self::core::Core; pub struct Other;");
    let imports = Imports::of_crate(folder.path());
    assert_eq!((upwards(&imports), circles(&imports)), (vec![], vec![]));
}
