//! The workspace: what its modules are built as, and which hotswap they are built with.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use cargo_metadata::{CrateType, Package};

use super::finding::Finding;
use crate::workspace::{Workspace, depends_on, has_type, library};

const ADVICE: &str = "write crate-type = [\"cdylib\", \"rlib\"] below [lib] in its Cargo.toml";

pub(super) fn look(workspace: &Workspace) -> Vec<Finding> {
    let mut findings: Vec<Finding> = workspace.members().filter_map(module).collect();
    if findings.is_empty() {
        findings.push(Finding::warn(
            "modules",
            format!("the workspace of {} has none", workspace.root().display()),
            "add one with `cargo hotswap add NAME`",
        ));
    }
    let own = |it: &&Package| it.name.starts_with("hotswap-");
    findings.push(versions(workspace.packages().iter().filter(own).map(|it| {
        let from = it.source.as_ref().map_or("a checkout", |_| "a release");
        (it.name.to_string(), format!("{} of {from}", it.version))
    })));
    findings
}

fn module(package: &Package) -> Option<Finding> {
    if !depends_on(package, "hotswap-abi") {
        return None;
    }
    let name = &package.name;
    let (loaded, linked) =
        (has_type(package, &CrateType::CDyLib), has_type(package, &CrateType::RLib));
    let derives = || {
        let source = library(package).and_then(|it| it.src_path.as_std_path().parent());
        source.is_some_and(mentions_derive)
    };
    match (loaded, linked) {
        (true, true) => Some(Finding::ok("module", format!("{name} is a cdylib and an rlib"))),
        (true, false) => Some(Finding::warn(
            "module",
            format!("{name} is a cdylib only: nothing can be linked with it, tests neither"),
            ADVICE,
        )),
        (false, _) if derives() => Some(Finding::fail(
            "module",
            format!("{name} derives HotModule and is no cdylib: there is nothing to load"),
            ADVICE,
        )),
        // An interface.
        (false, _) => None,
    }
}

/// Whether a source below this folder derives it, as far as its text tells.
fn mentions_derive(folder: &Path) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => mentions_derive(&path),
            Ok(_) if path.extension().is_some_and(|it| it == "rs") => {
                let text = fs::read_to_string(&path).unwrap_or_default();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                code.into_iter().any(|line| line.contains("derive(") && line.contains("HotModule"))
            }
            _ => false,
        }
    })
}

/// One of each: two versions of the contract do not fit one another, or are compared as strangers.
fn versions(packages: impl Iterator<Item = (String, String)>) -> Finding {
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    let mut count = BTreeMap::<String, usize>::new();
    for (name, version) in packages {
        *count.entry(name.clone()).or_default() += 1;
        found.entry(name).or_default().insert(version);
    }
    let text = |(name, versions): (&String, &BTreeSet<String>)| {
        let versions: Vec<_> = versions.iter().map(String::as_str).collect();
        format!("{name} {}", versions.join(" and "))
    };
    let all: Vec<String> = found.iter().map(text).collect();
    if found.is_empty() {
        return Finding::warn(
            "hotswap",
            "the workspace does not depend on it",
            "see the README, or start with `cargo hotswap new NAME`",
        );
    }
    if count.values().all(|count| *count == 1) {
        return Finding::ok("hotswap", all.join(", "));
    }
    Finding::fail(
        "hotswap",
        format!("host and modules are built with different ones: {}", all.join(", ")),
        "name one version or path for all members: [workspace.dependencies] in the root",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level;

    #[test]
    fn one_hotswap_for_all() {
        let level = |packages: &[(&str, &str)]| {
            let packages =
                packages.iter().map(|(name, version)| ((*name).into(), (*version).into()));
            versions(packages).level
        };
        assert_eq!(level(&[("hotswap-abi", "0.1.0"), ("hotswap-core", "0.1.0")]), Level::Ok);
        assert_eq!(level(&[("hotswap-abi", "0.1.0"), ("hotswap-abi", "0.2.0")]), Level::Fail);
        assert_eq!(level(&[]), Level::Warn);
    }
}
