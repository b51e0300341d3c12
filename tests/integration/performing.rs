//! The program itself has done what an operator asks over the socket.

use std::time::Duration;

use counter_api::Counter;
use hotswap_core::{
    Trial,
    admin::{Done, Operation, Reply},
};
use hotswap_tests::{LONG, Scene, patient, replace};
use serde_json::{Value, json};

use crate::support::counter;

/// As the body of an HTTP request would say it; the answer, and what was told meanwhile.
fn perform(scene: &Scene<dyn Counter>, body: Value) -> (Result<Done, String>, Vec<String>) {
    let mut told = Vec::new();
    let operation: Operation = serde_json::from_value(body).unwrap();
    let answer = scene.host.operator().perform(operation, |line| told.push(line.to_owned()));
    (answer, told)
}

#[test]
fn an_operation_is_answered_as_over_the_socket() {
    let trial = Trial::new(Duration::from_millis(1)).with_longest_call(LONG);
    let scene = Scene::with(patient().with_trial(trial), &counter("label=a"));
    let (status, _) = perform(&scene, json!({ "verb": "status" }));
    assert_eq!(status.unwrap().value["slots"][0]["serving"]["generation"], 1);

    let file = scene.folder().join("offered");
    replace(&file, counter("label=b").bytes());
    let (applied, told) = perform(&scene, json!({ "verb": "apply", "file": file, "wait": true }));
    let applied = applied.unwrap();
    assert!(applied.yes && applied.value["outcome"] == "committed", "{applied:#?}");
    assert!(told.iter().any(|line| line.contains("on trial as generation 2")), "{told:#?}");
    let reply = serde_json::to_value(Reply::Done(applied)).unwrap();
    assert_eq!(reply["done"]["yes"], true);

    let (unknown, told) = perform(&scene, json!({ "verb": "rollback", "slot": "bank", "why": "" }));
    assert_eq!(unknown, Err("no slot bank is open; there are: main".to_owned()));
    assert!(told.is_empty(), "{told:#?}");
}
