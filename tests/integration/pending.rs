//! Upgrades that are ready, applied on request: in one slot or all, by a thread or a task.

use std::{
    fs,
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use counter_api::Counter;
use hotswap_core::{
    Config, ErrorKind, Host, Slot, SlotConfig, Timing,
    admin::{Client, Operation},
    plan::Intent,
};
use hotswap_tests::{LONG, Scene, Told, file_name, patient, replace, until};
use tokio::runtime::Builder;

use crate::support::{closing, counter, is_closed, label, stay_inside};

fn on_request(config: Config) -> Config {
    config.with_timing(Timing::on_request())
}

/// A slot where an upgrade from `a` to `b` is pending.
fn ready(config: Config) -> Scene<dyn Counter> {
    let scene = Scene::<dyn Counter>::with(on_request(config), &counter("label=a"));
    scene.put(&counter("label=b"));
    scene.told.pending();
    scene
}

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn of_one_slot_what_is_ready_is_applied_and_that_of_others_waits_on() {
    const NAMES: [&str; 4] = ["one", "two", "three", "four"];
    let folder = tempfile::tempdir().unwrap();
    let at = |name| folder.path().join(file_name(name));
    let socket = folder.path().join("admin");
    let config = on_request(patient()).admin(&socket);
    let config = NAMES.into_iter().fold(config, |config, name| {
        fs::write(at(name), counter("label=a").bytes()).unwrap();
        config.slot(name, SlotConfig::artifact(at(name)))
    });
    let host = Host::new(config).unwrap();
    let slots: [Slot<dyn Counter>; 4] = NAMES.map(|name| host.slot(name).unwrap());
    let labels = || slots.each_ref().map(label).join(" ");
    let told = Told::of(&host);
    for name in NAMES {
        replace(&at(name), counter("label=b").bytes());
        told.pending();
    }
    assert!(host.apply_pending_in("two").unwrap());
    assert_eq!(labels(), "a b a a");
    assert!(!host.apply_pending_in("two").unwrap(), "there is none any more");
    let runtime = Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(host.apply_pending_in_async("one")).unwrap());
    assert_eq!(labels(), "b b a a");
    let ask = |slot: &str| {
        let (slot, intent) = (Some(slot.to_owned()), Intent::default());
        let request = Operation::Apply { slot, file: None, wait: false, intent };
        Client::new(&socket).ask(&request, |_| {})
    };
    let done = ask("three").unwrap();
    assert!(done.yes && done.value["slots"].as_array().unwrap().len() == 1, "{done:#?}");
    assert_eq!(labels(), "b b b a");
    let error = ask("five").unwrap_err().to_string();
    assert!(error.contains("no slot five is open"), "{error}");
    for error in [
        host.apply_pending_in("five").unwrap_err(),
        runtime.block_on(host.apply_pending_in_async("five")).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert!(error.to_string().contains("five"), "{error}");
    }
    assert_eq!(runtime.block_on(host.apply_pending_async()).unwrap(), 1);
    assert_eq!(labels(), "b b b b");
}

#[test]
fn a_task_that_applies_what_is_pending_leaves_its_only_thread_to_others() {
    let scene = ready(closing());
    let visitor = stay_inside(&scene.slot, "visitor");
    let runtime = Builder::new_current_thread().build().unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let applying = runtime.spawn({
        let (applying, is_over) = (scene.host.apply_pending_async(), Arc::clone(&is_over));
        async move {
            let applied = applying.await;
            is_over.store(true, Ordering::Relaxed);
            applied
        }
    });
    until("the upgrade closes the gate", || is_closed(&scene.slot));
    let another = runtime.spawn(async move {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        is_over.load(Ordering::Relaxed)
    });
    let was_over = runtime.block_on(another).unwrap();
    assert!(!was_over && is_closed(&scene.slot), "the other task ends while the upgrade waits");
    visitor.leave();
    assert_eq!(runtime.block_on(applying).unwrap().unwrap(), 1);
    assert_eq!(label(&scene.slot), "b");
}

#[test]
fn a_future_that_is_dropped_cancels_no_upgrade() {
    for polls in [false, true] {
        let scene = ready(closing());
        let visitor = stay_inside(&scene.slot, "visitor");
        {
            let mut applying = pin!(scene.host.apply_pending_async());
            if polls {
                assert!(poll_once(applying.as_mut()).is_pending());
            }
        }
        visitor.leave();
        assert_eq!(scene.told.live().generation, 2);
    }
}

/// With the first poll: nothing would wake the task later.
#[test]
fn what_cannot_be_applied_is_an_error_of_the_future() {
    let scene = ready(patient());
    let refused = |operator: &hotswap_core::Operator, what: &str| {
        let Poll::Ready(Err(error)) = poll_once(pin!(operator.apply_pending_async())) else {
            panic!("{what}: no error at once");
        };
        assert!(error.to_string().contains(what), "{error}");
    };
    scene.slot.pin().inside(&mut || refused(scene.host.operator(), "inside a call")).unwrap();
    assert_eq!(label(&scene.slot), "a");
    let operator = scene.host.operator().clone();
    let waits = operator.apply_pending_async();
    assert!(scene.slot.wait_for(2, LONG).is_ok());
    scene.host.shutdown().unwrap();
    refused(&operator, "was shut down");
    assert!(matches!(poll_once(pin!(waits)), Poll::Ready(Ok(1))), "it was answered before");
}
