//! Which packages a crate uses by itself, and not only because hotswap does.
//!
//! Every module has what `hotswap-abi` depends on. A warning about such a package is of use only
//! where the crate's own code, or another dependency, comes to it as well. The compiler's command line
//! has the crate's own dependencies. For those below, a package counts as used by another one if its
//! name stands in a table of dependencies in that one's `Cargo.toml`, also of optional ones: too much
//! rather than too little.

use std::{collections::BTreeSet, fs, path::Path};

use super::{command::Command, unit::Unit};

/// The packages of hotswap that a user's crate depends on, and those below them.
const HOTSWAP: [&str; 7] = [
    "hotswap-abi",
    "hotswap-core",
    "hotswap-gate",
    "hotswap-loader",
    "hotswap-macros",
    "hotswap-types",
    "hotswap-watch",
];

/// Whether a package is one of hotswap, whose dependencies do not count.
pub(super) fn is_hotswap(package: &str) -> bool {
    HOTSWAP.contains(&package)
}

/// The names of the packages that this crate comes to by other ways than hotswap.
pub(super) fn packages<'a>(command: &Command, units: &'a [Unit]) -> BTreeSet<&'a str> {
    let is_direct = |unit: &&Unit| command.externs.iter().any(|(_, file)| unit.is(file));
    let mut left: Vec<&Unit> = units.iter().filter(is_direct).collect();
    let mut found = BTreeSet::new();
    while let Some(unit) = left.pop() {
        if is_hotswap(&unit.package) || !found.insert(unit.package.as_str()) {
            continue;
        }
        let manifest = manifest_of(&unit.files[0]).unwrap_or_default();
        let words = words(&manifest);
        left.extend(units.iter().filter(|it| words.contains(it.package.as_str())));
    }
    found
}

/// What stands in its tables of dependencies, but those for tests and build scripts.
fn words(manifest: &str) -> BTreeSet<&str> {
    let mut is_wanted = false;
    let lines = manifest.lines().filter(|line| {
        if line.starts_with('[') {
            let is = |what| line.contains(what);
            is_wanted = is("dependencies") && !is("dev-dep") && !is("build-dep");
        }
        is_wanted
    });
    let is_between = |it: char| !it.is_ascii_alphanumeric() && it != '-' && it != '_';
    lines.flat_map(|line| line.split(is_between)).collect()
}

/// The manifest above a file.
fn manifest_of(file: &Path) -> Option<String> {
    file.ancestors().skip(1).find_map(|it| fs::read_to_string(it.join("Cargo.toml")).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_named_in_whatever_form() {
        let manifest = "[package]\nkeywords = [\"tokio\"]\n[dependencies]\nhecs.workspace = true\nlocks = { package = \"parking_lot\" }\n\
                        [target.'cfg(unix)'.dependencies.arc-swap]\nversion = \"1\"\n\
                        [dev-dependencies]\nrayon = \"1\"\n";
        let found = words(manifest);
        for name in ["hecs", "parking_lot", "arc-swap"] {
            assert!(found.contains(name), "{name}");
        }
        for name in ["parking", "tokio", "rayon"] {
            assert!(!found.contains(name), "{name}");
        }
    }
}
