//! The machine and the workspace, looked at.

use std::fs;

use serde_json::Value;

use crate::{
    support::{checkout, command, edit, hotswap, project, scratch},
    zoo::ZOO,
};

fn level<'a>(json: &'a Value, check: &str) -> Vec<&'a str> {
    let findings = json["findings"].as_array().unwrap().iter();
    let of_it = findings.filter(|finding| finding["check"] == check);
    of_it.map(|finding| finding["level"].as_str().unwrap()).collect()
}

#[test]
fn a_good_workspace_is_well() {
    let ran = hotswap(&ZOO.root, &["doctor", "--json"]).expect(0);
    let json = ran.json();
    for check in ["rustc", "cargo", "linker", "code", "hotswap", "panics"] {
        assert_eq!(level(&json, check), ["ok"], "{check}: {json:#}");
    }
    if cfg!(target_os = "linux") {
        assert_eq!(level(&json, "leases"), ["ok", "ok"], "{json:#}");
    }
    assert!(level(&json, "module").iter().all(|level| *level == "ok"), "{json:#}");
    assert_eq!(json["failures"], 0);
    let shown = hotswap(&ZOO.root, &["doctor"]).expect(0);
    assert!(shown.out.lines().any(|line| line.starts_with("ok    rustc ")), "{shown:#?}");
    shown.says("0 failed");
}

#[test]
fn what_is_wrong_with_a_workspace_is_found() {
    let folder = scratch();
    let root = project(folder.path(), "sick");
    let module = root.join("module/Cargo.toml");
    edit(&module, "crate-type = [\"cdylib\", \"rlib\"]", "crate-type = [\"cdylib\"]");
    fs::write(
        root.join("Cargo.toml"),
        fs::read_to_string(root.join("Cargo.toml")).unwrap()
            + "\n[profile.release]\npanic = \"abort\"\n",
    )
    .unwrap();
    let json = hotswap(&root, &["doctor", "--json"]).expect(0).json();
    assert_eq!((level(&json, "module"), level(&json, "panics")), (vec!["warn"], vec!["warn"]));
    assert!(json.to_string().contains("profile.release in Cargo.toml"), "{json:#}");

    edit(&module, "crate-type = [\"cdylib\"]", "crate-type = [\"rlib\"]");
    let json = hotswap(&root, &["doctor", "--json"]).expect(1).json();
    assert_eq!(level(&json, "module"), ["fail"], "{json:#}");
    hotswap(&root, &["doctor"]).expect(1).says("derives HotModule and is no cdylib");
}

#[test]
fn two_hotswaps_in_one_workspace_are_a_failure() {
    let folder = scratch();
    let root = project(folder.path(), "split");
    let other = folder.path().join("other");
    for (path, text) in crate::support::files(&checkout().join("hotswap-abi")) {
        let to = other.join("hotswap-abi").join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, text).unwrap();
    }
    let macros = checkout().join("hotswap-macros");
    let manifest = fs::read_to_string(checkout().join("Cargo.toml")).unwrap();
    let start = manifest.find("members = [").unwrap();
    let end = start + manifest[start..].find(']').unwrap() + 1;
    let manifest = manifest.replace(&manifest[start..end], "members = [\"hotswap-abi\"]").replace(
        "hotswap-macros = { path = \"hotswap-macros\"",
        &format!("hotswap-macros = {{ path = {macros:?}"),
    );
    fs::write(other.join("Cargo.toml"), manifest).unwrap();
    edit(
        &other.join("Cargo.toml"),
        "[workspace.package]\nversion = \"0.1.0\"",
        "[workspace.package]\nversion = \"0.2.0\"",
    );
    edit(
        &root.join("module/Cargo.toml"),
        "hotswap-abi = { workspace = true }",
        &format!("hotswap-abi = {{ path = {:?} }}", other.join("hotswap-abi")),
    );
    let json = hotswap(&root, &["doctor", "--json"]).expect(1).json();
    assert_eq!(level(&json, "hotswap"), ["fail"], "{json:#}");
    // One version in two places is an error of cargo's own.
    edit(&other.join("Cargo.toml"), "version = \"0.2.0\"", "version = \"0.1.0\"");
    let json = hotswap(&root, &["doctor", "--json"]).expect(1).json();
    assert_eq!(level(&json, "workspace"), ["fail"], "{json:#}");
}

#[test]
fn without_a_workspace_the_machine_is_looked_at() {
    let folder = scratch();
    let json = hotswap(folder.path(), &["doctor", "--json"]).expect(0).json();
    assert_eq!((level(&json, "rustc"), level(&json, "workspace")), (vec!["ok"], vec!["warn"]));
}

#[test]
fn a_linker_that_is_not_there_is_a_failure() {
    let folder = scratch();
    fs::create_dir(folder.path().join(".cargo")).unwrap();
    let config = "[build]\nrustflags = [\"-Clinker=/no/such/linker\"]\n";
    fs::write(folder.path().join(".cargo/config.toml"), config).unwrap();
    let json = hotswap(folder.path(), &["doctor", "--json"]).expect(1).json();
    assert_eq!(level(&json, "linker"), ["fail"], "{json:#}");
}

#[test]
fn folders_that_do_not_do_are_failures() {
    let folder = scratch();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let mut command = command(env!("CARGO_BIN_EXE_hotswap"), folder.path());
    // The other place that is tried.
    command.env_remove("XDG_RUNTIME_DIR");
    let output = command.env("TMPDIR", &file).args(["doctor", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(level(&json, "code"), ["fail"], "{json:#}");
}
