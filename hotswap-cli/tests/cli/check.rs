//! The verdict before anything is loaded.

use std::fs;

use serde_json::Value;

use crate::{
    support::{Ran, cargo, hotswap, scratch, target},
    zoo::ZOO,
};

fn check(new: &str, against: &str, more: &[&str]) -> Ran {
    let new = ZOO.module(new);
    hotswap(&ZOO.root, &[&["check", &new, "--against", against][..], more].concat())
}

/// One module in the place of another: code, verdict, fate of the state.
#[track_caller]
fn verdict(new: &str, old: &str, more: &[&str], code: i32, fate: Option<&str>) -> Value {
    let old = ZOO.module(old);
    let json = check(new, &old, &[more, &["--json"]].concat()).expect(code).json();
    let word = if code == 0 { "fits" } else { "refused" };
    assert_eq!(json["verdict"], word, "{json:#}");
    assert_eq!(json["state"]["fate"], fate.map_or(Value::Null, Value::from), "{json:#}");
    assert_eq!(json["against"]["kind"], "module");
    json
}

#[test]
fn the_state_is_judged_against_a_module() {
    let same = verdict("zoo-same", "zoo-module", &[], 0, Some("kept"));
    assert_eq!(same["back"]["fits"], true);
    let migrated = verdict("zoo-migrated", "zoo-module", &[], 0, Some("migrated"));
    assert_eq!((&migrated["state"]["from"], &migrated["state"]["to"]), (&1.into(), &2.into()));
    verdict("zoo-module", "zoo-stateless", &[], 0, Some("fresh"));
    verdict("zoo-stateless", "zoo-stateless", &[], 0, Some("none"));
    let older = verdict("zoo-module", "zoo-migrated", &[], 0, Some("downgraded"));
    assert_eq!((&older["state"]["from"], &older["state"]["to"]), (&2.into(), &1.into()));
    assert!(older["state"]["text"].to_string().contains("can go back"), "{older:#}");
    let none = verdict("zoo-stateless", "zoo-module", &[], 1, None);
    assert!(none.to_string().contains("artifact: none"), "{none:#}");
}

#[test]
fn a_drifted_state_is_a_question_of_policy() {
    let refused = verdict("zoo-renamed", "zoo-module", &[], 1, None);
    assert_eq!(refused["refusal"]["phase"], "Assessed");
    let text = refused.to_string();
    assert!(text.contains("ZooState.count  serving: u64   artifact: nothing"), "{text}");
    // The migration to paste comes along; what only a running host does, does not.
    assert!(
        text.contains("impl hotswap_abi::Migrate<ZooStateV1>") && !text.contains("tried again"),
        "{text}"
    );
    assert!(text.contains("--drift carry"), "{text}");
    let carried = verdict("zoo-renamed", "zoo-module", &["--drift", "carry"], 0, Some("carried"));
    assert_eq!(carried["state"]["differences"].as_array().unwrap().len(), 2);
    verdict("zoo-renamed", "zoo-module", &["--drift", "afresh"], 0, Some("dropped"));
}

#[test]
fn interfaces_are_judged_both_ways() {
    let grown = verdict("zoo-grown", "zoo-module", &[], 0, Some("kept"));
    assert_eq!(grown["back"]["fits"], false);
    assert!(grown["back"].to_string().contains("Zoo::more"), "{grown:#}");
    let older = verdict("zoo-module", "zoo-grown", &[], 1, None);
    assert!(older["refusal"].to_string().contains("Zoo::more"), "{older:#}");
    let alien = verdict("alien", "zoo-module", &[], 1, None);
    assert!(alien["refusal"].to_string().contains("host: Zoo   artifact: Alien"), "{alien:#}");
}

#[test]
fn people_get_the_verdict_in_words() {
    let module = ZOO.module("zoo-module");
    let fits = check("zoo-migrated", &module, &[]).expect(0);
    assert!(fits.out.starts_with("fits: zoo-migrated 0.1.0 ("), "{fits:?}");
    let fits =
        fits.says("in the place of zoo-module 0.1.0").says("state  migrated from version 1 to 2");
    fits.says("note: it is another module");
    let refused = check("zoo-renamed", &module, &[]).expect(1);
    assert!(refused.out.starts_with("refused: zoo-renamed 0.1.0 ("), "{refused:?}");
    refused.says("at Assessed").says("do: give the new shape version 2");
    check("zoo-grown", &module, &[]).expect(0).says("no way back").says("Zoo::more");
    check("zoo-module", &module, &[]).expect(0).says("the same artifact");
}

#[test]
fn services_are_offered_unless_they_are_named() {
    let module = ZOO.module("zoo-module");
    check("zoo-demands", &module, &[]).expect(0).says("counted as offered: audio");
    check("zoo-demands", &module, &["--service", "audio"]).expect(0);
    check("zoo-demands", &module, &["--service", "video"]).expect(1).says("without audio");
    let host = ZOO.host("debug", "zoo");
    check("zoo-demands", &host, &["--service", "video"]).expect(1).says("without audio");
}

/// What a host was compiled with is found in its file.
fn a_host_is_known_by_its_file(profile: &str) {
    let host = ZOO.host(profile, "zoo");
    let json = check("zoo-module", &host, &["--json"]).expect(0).json();
    assert_eq!((&json["verdict"], &json["state"]), (&"fits".into(), &Value::Null), "{json:#}");
    assert_eq!(json["against"]["kind"], "host");
    let interfaces = json["against"]["interfaces"].as_array().unwrap();
    let [zoo] = &interfaces[..] else { panic!("{json:#}") };
    assert_eq!((&zoo["name"], &zoo["version"]), (&"Zoo".into(), &"0.1.0".into()));
    assert_eq!(zoo["methods"][0]["signature"], "fn tick(&mut self) -> String");
    // More methods than the host knows do no harm; another interface does.
    check("zoo-grown", &host, &[]).expect(0);
    check("alien", &host, &[]).expect(1).says("interface  host: Zoo   artifact: Alien");
}

#[test]
fn a_debug_host_is_known() {
    a_host_is_known_by_its_file("debug");
}

/// Optimised, linked as a whole, stripped.
#[test]
fn a_release_host_is_known() {
    cargo(&ZOO.root, &["build", "--quiet", "-p", "zoo", "--bin", "zoo", "--profile", "lto"])
        .expect(0);
    a_host_is_known_by_its_file("lto");
}

#[test]
fn two_interfaces_of_one_name_are_told_apart_as_far_as_it_goes() {
    let both = ZOO.host("debug", "both");
    // It fits both.
    check("zoo-grown", &both, &[]).expect(0);
    // It fits one: whose slot is meant?
    let json = check("zoo-module", &both, &["--json"]).expect(2).json();
    assert_eq!(json["verdict"], "unjudged");
    assert!(json["error"].as_str().unwrap().contains("2 interfaces of the name Zoo"), "{json:#}");
    // It fits none.
    check("alien", &both, &[]).expect(1);
}

#[test]
fn what_cannot_be_judged_is_code_2() {
    let folder = scratch();
    let text = folder.path().join("text");
    fs::write(&text, "neither").unwrap();
    let text = text.to_str().unwrap();
    let module = ZOO.module("zoo-module");
    check("zoo-module", "missing", &[]).expect(2).says("nothing is at missing");
    check("zoo-module", text, &[]).expect(2).says("neither a module nor a host");
    // A program that hosts nothing.
    check("zoo-module", env!("CARGO_BIN_EXE_hotswap"), &[]).expect(2).says("neither");
    let against = |file: &str| hotswap(&ZOO.root, &["check", file, "--against", &module, "--json"]);
    let missing = against("missing").expect(2).json();
    assert!(missing["error"].as_str().unwrap().contains("nothing is at"), "{missing:#}");
    // A host would refuse this one, whatever serves.
    let json = against(text).expect(1).json();
    assert_eq!(
        (&json["verdict"], &json["refusal"]["phase"]),
        (&"refused".into(), &"Inspected".into())
    );
    assert!(target().exists());
}
