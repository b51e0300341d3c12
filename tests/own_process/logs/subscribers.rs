//! Subscribers that panic, call the module that logs, or belong to one thread.

use std::thread;

use chatter_api::Chatter;
use counter_api::Counter;
use hotswap_core::{
    CallError, SlotConfig,
    event::{EventKind, StateNote},
    sync_log_filters,
};
use hotswap_tests::{Heard, LONG, Scene, edition, file_name, patient, until};
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

/// Nobody waits for a host whose own thread is gone, and what serves goes on.
#[test]
fn a_subscriber_that_panics_on_the_hosts_own_thread_ends_that_and_each_wait() {
    let stage = stage("info");
    let other = tempfile::tempdir().unwrap();
    let config =
        patient().slot("other", SlotConfig::artifact(other.path().join(file_name("module"))));
    let scene = Scene::<dyn Chatter>::with(config, &chatter(""));
    let waits = thread::scope(|scope| {
        // Opened before that thread is gone, and waited for.
        let opened = scope.spawn(|| scene.host.slot::<dyn Counter>("other").unwrap_err());
        let next = scope.spawn(|| scene.slot.wait_for(3, LONG).unwrap_err());
        until("the other slot is opened", || scene.host.status().slots.len() == 2);
        stage.heard.hook_exits(|span| {
            let is_worker = thread::current().name() == Some("hotswap");
            assert!(!(is_worker && span == "upgrade"), "the subscriber does not like it");
        });
        scene.put(&chatter("label=b"));
        [opened.join().unwrap(), next.join().unwrap()]
    });
    stage.heard.unhook();
    let is_it = |error: &hotswap_core::Error| {
        assert!(error.to_string().starts_with("the host's own thread has panicked"), "{error}");
    };
    waits.iter().for_each(is_it);
    scene.told.find(|event| matches!(event.kind, EventKind::WorkerDied).then_some(()));
    let status = scene.host.status();
    assert!(status.failed && status.to_string().starts_with("the host's own thread"), "{status}");
    // Neither an order nor a slot waits for it afterwards.
    is_it(&scene.host.operator().restart("main").unwrap_err());
    is_it(&scene.host.slot::<dyn Counter>("other").unwrap_err());
    assert_eq!(stage.texts(&scene, "good"), ["good"]);
    let Scene { host, slot, .. } = scene;
    let events = host.events();
    is_it(&host.shutdown().unwrap_err());
    assert_eq!(events.into_iter().count(), 0);
    assert!(matches!(slot.pin().say("good"), Err(CallError::Ended { .. })));
}

#[test]
fn a_slot_is_not_opened_in_a_host_whose_own_thread_is_gone() {
    let stage = stage("info");
    let other = tempfile::tempdir().unwrap();
    let config =
        patient().slot("other", SlotConfig::artifact(other.path().join(file_name("module"))));
    let scene = Scene::<dyn Chatter>::with(config, &chatter(""));
    stage.heard.hook_exits(|span| {
        let is_worker = thread::current().name() == Some("hotswap");
        assert!(!(is_worker && span == "upgrade"), "the subscriber does not like it");
    });
    scene.put(&chatter("label=b"));
    scene.told.find(|event| matches!(event.kind, EventKind::WorkerDied).then_some(()));
    stage.heard.unhook();
    for _ in 0..2 {
        let error = scene.host.slot::<dyn Counter>("other").unwrap_err();
        assert!(error.to_string().starts_with("the host's own thread has panicked"), "{error}");
    }
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
