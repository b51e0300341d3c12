//! What events and plans are written like, for scripts.

use std::fmt::Debug;

use hotswap_types::{ArtifactHash, Holder, ModuleVersion, Phase, StateNote};
use serde::{Deserialize, Serialize};

use crate::{
    event::{Exit, Refusal, WayBack},
    journal::RevertTarget,
    plan::Change,
};

fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

/// Written like that, and read again.
fn both_ways<T: Serialize + for<'de> Deserialize<'de> + Debug>(value: &T, text: &str) {
    assert_eq!(written(value), text);
    let read: T = serde_json::from_str(text).unwrap();
    assert_eq!(format!("{read:?}"), format!("{value:?}"));
}

#[test]
fn what_has_kinds_says_which_it_is() {
    let version = |text: &str| text.parse::<semver::Version>().unwrap();
    both_ways(&Change::First, r#"{"kind":"first"}"#);
    let interface = Change::Interface { from: version("1.0.0"), to: version("1.1.0-rc.1+7") };
    both_ways(&interface, r#"{"kind":"interface","from":"1.0.0","to":"1.1.0-rc.1+7"}"#);
    let why = vec!["no".to_owned()];
    both_ways(&StateNote::AsBefore { why }, r#"{"kind":"as_before","why":["no"]}"#);
    let way = WayBack::Unknown { why: "no".to_owned() };
    both_ways(&way, r#"{"kind":"unknown","why":"no"}"#);
    both_ways(&Phase::AwaitingApproval, r#""awaiting_approval""#);
    both_ways(&Exit::RolledBack, r#""rolled_back""#);
    both_ways(&RevertTarget::Version(version("1.2.3")), r#""1.2.3""#);
    let hash = ArtifactHash::of(b"it");
    both_ways(&RevertTarget::Artifact(hash), &format!("{:?}", hash.to_string()));
    let held = [Holder::Serves, Holder::Image { why: "it stays".to_owned() }];
    let text = r#"[{"kind":"serves"},{"kind":"image","by":{"why":"it stays"}}]"#;
    assert_eq!(written(&held), text);
}

#[test]
fn a_refusal_names_its_module_where_it_is_known() {
    let refusal = Refusal {
        slot: "main".to_owned(),
        module: Some(ModuleVersion::new("counter", "1.0.0".parse().unwrap())),
        artifact: None,
        path: "/srv/lib.so".to_owned(),
        phase: Phase::Loaded,
        exit: Exit::Cancelled,
        serving: None,
        state: "state untouched".to_owned(),
        findings: vec!["it hangs".to_owned()],
        advice: "wait".to_owned(),
        again: false,
        tried_again: false,
    };
    let text = r#"{"slot":"main","module":{"name":"counter","version":"1.0.0"},"artifact":null,"path":"/srv/lib.so","phase":"loaded","exit":"cancelled","serving":null,"state":"state untouched","findings":["it hangs"],"advice":"wait","tried_again":false}"#;
    both_ways(&refusal, text);
    let unknown = Refusal { module: None, ..refusal };
    assert!(written(&unknown).contains(r#""module":null"#));
}
