//! Subscribers that panic, call the module that logs, or belong to one thread.

use std::thread;

use chatter_api::Chatter;
use counter_api::Counter;
use hotswap_core::{event::StateNote, sync_log_filters};
use hotswap_tests::{Heard, Scene, edition};
use tracing::info;
use tracing_subscriber::prelude::*;

use super::support::{chatter, stage};

#[test]
fn a_subscriber_that_panics_costs_the_event_and_no_more() {
    let stage = stage("info");
    let scene = Scene::<dyn Chatter>::of(&chatter(""));
    stage.heard.hook(|line| assert!(line.text() != "bad", "the subscriber does not like it"));
    for _ in 0..3 {
        assert_eq!(stage.texts(&scene, "bad"), ["bad"]);
    }
    assert_eq!(stage.texts(&scene, "good"), ["good"]);
    stage.heard.unhook();
    assert_eq!(stage.texts(&scene, "doubled"), ["doubled: doubled"]);
}

/// The state has gone over by then.
#[test]
fn a_subscriber_that_panics_as_an_upgrade_ends_costs_no_state() {
    let stage = stage("info");
    let mover = |script: &str| edition("mover", &[]).told(script);
    let scene = Scene::<dyn Counter>::of(&mover("label=a"));
    assert_eq!(scene.slot.pin_mut().add(5).unwrap(), 5);
    stage.heard.hook_exits(|span| {
        let is_step = thread::current().name() == Some("hotswap-step");
        assert!(!(is_step && span == "upgrade"), "the subscriber does not like it");
    });
    let live = scene.upgrade(&mover("label=b"));
    stage.heard.unhook();
    assert_eq!(live.state, StateNote::Moved);
    assert_eq!(scene.slot.pin().label().unwrap(), "b");
    assert_eq!(scene.slot.pin_mut().add(1).unwrap(), 6);
    assert_eq!(scene.upgrade(&mover("label=c")).state, StateNote::Moved);
    assert_eq!(scene.slot.pin_mut().add(1).unwrap(), 7);
}

#[test]
fn a_subscriber_may_call_a_module_that_logs() {
    let stage = stage("info");
    let scene = Scene::<dyn Chatter>::of(&chatter(""));
    let slot = scene.slot.clone();
    stage.heard.hook(move |_| {
        slot.pin().say("in the subscriber").unwrap();
        slot.pin().say("doubled").unwrap();
    });
    assert_eq!(stage.texts(&scene, "hello"), ["hello"]);
    // For an event of the host the module is heard, once.
    let _ = stage.heard.take();
    info!("of the host");
    let texts = stage.heard.texts();
    assert_eq!(texts, ["of the host", "in the subscriber", "doubled: doubled"]);
    stage.heard.unhook();
}

#[test]
fn a_thread_with_a_subscriber_of_its_own_is_heard_there() {
    let stage = stage("info");
    let scene = Scene::<dyn Chatter>::of(&chatter(""));
    let own = Heard::default();
    let subscriber = tracing_subscriber::registry().with(own.clone());
    tracing::subscriber::with_default(subscriber, || {
        sync_log_filters();
        scene.slot.pin().say("levels").unwrap();
        scene.slot.pin().say("doubled").unwrap();
    });
    assert_eq!(own.texts(), ["1", "2", "3", "4", "5", "doubled: doubled"]);
    assert_eq!(stage.texts(&scene, "levels"), ["1", "2", "3"]);
}
