//! What an artifact says of itself.

use std::fs;

use crate::{
    support::{hotswap, scratch},
    zoo::ZOO,
};

#[test]
fn a_module_is_shown_as_rust() {
    let file = ZOO.module("zoo-migrated");
    let ran = hotswap(&ZOO.root, &["inspect", &file]).expect(0);
    let json = hotswap(&ZOO.root, &["inspect", &file, "--json"]).expect(0).json();
    // What differs from machine to machine.
    let field = |name: &str| json[name].as_str().unwrap();
    let (head, rest) = ran.out.split_once("  hash     ").unwrap();
    assert!(head.starts_with(&format!("zoo-migrated 0.1.0\n  file     {file}, ")), "{head}");
    let wanted = format!(
        "{}\n  target   {}\n  rustc    {}\n  panics   unwind
  hotswap  hotswap-abi {}, abi_stable 0.11.3
  export   hotswap_root_zoo_migrated
  needs    {}

interface Zoo 0.1.0, of zoo_interface
  fn tick(&mut self) -> String;

state ZooState version 2
  struct ZooState {{
      count: u64,
      names: Vec<String>,
  }}

state ZooState version 1
  struct Old {{
      count: u64,
  }}
",
        field("hash"),
        field("target"),
        field("rustc"),
        env!("CARGO_PKG_VERSION"),
        needed(&json).join(", "),
    );
    assert_eq!(rest, wanted);
}

/// Of `zoo-migrated` it does not say so: the text is pinned above.
#[test]
fn a_state_that_is_handed_over_as_memory_is_named() {
    let file = ZOO.module("zoo-moves");
    let ran = hotswap(&ZOO.root, &["inspect", &file]).expect(0);
    let wanted = "\n\nstate ZooState version 1, handed over as memory where it can be\n  struct ";
    assert!(ran.out.contains(wanted), "{}", ran.out);
    let moves =
        |name| hotswap(&ZOO.root, &["inspect", name, "--json"]).expect(0).json()["moves"].clone();
    assert_eq!((moves(&file), moves(&ZOO.module("zoo-migrated"))), (true.into(), false.into()));
}

/// Every program of glibc needs it.
fn needed(json: &serde_json::Value) -> Vec<&str> {
    let needed: Vec<_> =
        json["needed"].as_array().unwrap().iter().flat_map(|it| it.as_str()).collect();
    assert!(needed.contains(&"libc.so.6"), "{needed:?}");
    needed
}

/// It is named, and nothing is made of it: whose keys count is the host's business.
#[test]
fn a_signature_beside_it_is_named() {
    let (folder, file) = (scratch(), ZOO.module("zoo-migrated"));
    fs::copy(file, folder.path().join("zoo.so")).unwrap();
    let inspect = || hotswap(folder.path(), &["inspect", "zoo.so", "--json"]).expect(0).json();
    assert_eq!(inspect()["signature"], serde_json::Value::Null);
    fs::write(folder.path().join("zoo.so.minisig"), "anything").unwrap();
    assert_eq!(inspect()["signature"], "zoo.so.minisig");
    let ran = hotswap(folder.path(), &["inspect", "zoo.so"]).expect(0);
    assert!(ran.out.contains("\n  signed   zoo.so.minisig, not judged here\n"), "{}", ran.out);
}

#[test]
fn a_script_gets_the_same() {
    let file = ZOO.module("zoo-migrated");
    let json = hotswap(&ZOO.root, &["inspect", &file, "--json"]).expect(0).json();
    assert_eq!(json["module"], "zoo-migrated");
    assert_eq!(json["version"], "0.1.0");
    assert_eq!(json["unwinds"], true);
    assert_eq!(json["size_bytes"], fs::metadata(&file).unwrap().len());
    assert_eq!(json["hash"].as_str().unwrap().len(), 64);
    let tick = &json["interface"]["methods"][0];
    assert_eq!((&tick["name"], &tick["exclusive"]), (&"tick".into(), &true.into()));
    assert_eq!(tick["signature"], "fn tick(&mut self) -> String");
    assert_eq!((&tick["default"], &tick["since"]), (&false.into(), &serde_json::Value::Null));
    let state = &json["states"][0];
    assert_eq!((&state["name"], &state["version"]), (&"ZooState".into(), &2.into()));
    assert_eq!(state["fields"][1]["type"], "Vec<String>");
    assert_eq!(json["states"][1]["type"], "Old");
    assert_eq!(json["requires"], serde_json::json!([]));
    let demands = hotswap(&ZOO.root, &["inspect", &ZOO.module("zoo-demands"), "--json"]);
    assert_eq!(demands.json()["requires"], serde_json::json!(["audio"]));
}

#[test]
fn what_is_no_module_is_refused_and_what_cannot_be_read_is_not_judged() {
    let folder = scratch();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    hotswap(folder.path(), &["inspect", "missing.so"]).expect(2).says("nothing is at missing.so");
    hotswap(folder.path(), &["inspect", &path("")]).expect(2).says("found a folder");
    fs::write(path("text.so"), "no library").unwrap();
    hotswap(folder.path(), &["inspect", "text.so"]).expect(1).says("ELF");
    let mut bytes = fs::read(ZOO.module("zoo-module")).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(path("half.so"), bytes).unwrap();
    hotswap(folder.path(), &["inspect", "half.so"]).expect(1).says("truncated");
    // A host, though modules may be linked into it.
    let host = ZOO.host("debug", "zoo");
    hotswap(folder.path(), &["inspect", &host]).expect(1).says("found a program");
}
