//! Faults in calls: a panic stays where it belongs, and no wait is for oneself.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::Barrier,
    thread,
    time::Duration,
};

use counter_api::{Counter, Failing};
use echo_api::{Echo, Engine, Names, Point};
use hotswap_core::{
    CallError, Config, Host, Slot, SlotConfig,
    event::{Exit, Phase},
};
use hotswap_tests::{Outcome, Scene, fixture, patient, replace, until};

use crate::support::{
    Inside, closing, counter, elsewhere, is_closed, label, open, stay_inside, value,
};

#[test]
fn a_panic_is_an_error_with_its_message_and_its_place() {
    let scene = Scene::<dyn Counter>::of(&counter(""));
    for (how, message) in [
        (Failing::Text, "told to panic"),
        (Failing::Formatted(7), "told to panic with 7"),
        (Failing::NoText, "a payload that is no text"),
        (Failing::DropPanics, "a payload that is no text"),
    ] {
        let before = value(&scene.slot);
        for method in ["fail", "fail_mut"] {
            let result = match method {
                "fail" => scene.slot.pin().fail(how),
                _ => scene.slot.pin_mut().fail_mut(how),
            };
            let Err(CallError::Panicked(failure)) = result else { panic!("{result:?}") };
            assert_eq!(&*failure.module, "counter 1.0.0 (generation 1)");
            assert_eq!(failure.method, format!("Counter::{method}"));
            assert!(failure.message.ends_with(message), "{how:?}: {failure:?}");
            let (file, line) = failure.place.split_once(".rs:").expect("file:line:column");
            assert!(file.ends_with("counting") && line.starts_with(|c: char| c.is_ascii_digit()));
            let text = failure.to_string();
            for part in [&*failure.module, method, &failure.message, &failure.place] {
                assert!(text.contains(part), "{text}");
            }
        }
        // What the method did before its panic stays done; the host goes on.
        assert_eq!(value(&scene.slot), before + 1);
    }
    assert_eq!(scene.slot.pin_mut().add(10).unwrap(), 14);
    assert_eq!(scene.upgrade(&counter("label=b")).generation, 2);
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("b".to_owned(), 14));
}

#[derive(Debug, PartialEq)]
struct Mine(u32);

#[test]
fn a_panic_of_the_hosts_own_closure_goes_on_in_the_host() {
    let scene = Scene::<dyn Counter>::of(&counter(""));
    let thrown = |call: &mut dyn FnMut(&mut dyn FnMut())| {
        let payload = catch_unwind(AssertUnwindSafe(|| call(&mut || panic_any(Mine(7)))));
        *payload.unwrap_err().downcast::<Mine>().expect("its own payload")
    };
    assert_eq!(thrown(&mut |then| drop(scene.slot.pin().inside(then))), Mine(7));
    assert_eq!(thrown(&mut |then| drop(scene.slot.reader().inside(then))), Mine(7));
    assert_eq!(thrown(&mut |then| drop(scene.slot.pin_mut().inside_mut(then))), Mine(7));
    // Nobody is left inside, and no lock is left taken.
    assert_eq!(scene.slot.pin_mut().add(1).unwrap(), 1);
    scene.upgrade(&counter("label=b"));
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("b".to_owned(), 1));
}

struct Trouble;

impl Engine for Trouble {
    fn draw(&mut self, _: &mut [Point]) -> usize {
        panic!("the canvas is torn")
    }
    fn name(&self, of: &dyn Names) -> String {
        of.name(13)
    }
}

#[test]
fn a_panic_of_what_is_lent_goes_on_where_it_came_from() {
    let scene = Scene::<dyn Echo>::of(&fixture("echo"));
    let slot = &scene.slot;
    let payload = catch_unwind(AssertUnwindSafe(|| slot.pin_mut().draw(&mut Trouble)));
    assert_eq!(*payload.unwrap_err().downcast::<&str>().unwrap(), "the canvas is torn");
    // The module's own panic, in what it lent to the host's engine: the module is to blame.
    let result = slot.pin().ask(&Trouble);
    let Err(CallError::Panicked(failure)) = result else { panic!("{result:?}") };
    assert!(failure.message.contains("nobody is called 13"), "{failure:?}");
    assert!(failure.place.contains("echo/src/lib.rs:"), "{failure:?}");
    assert_eq!(slot.pin_mut().count().unwrap(), 1);
}

#[test]
fn a_call_that_would_need_the_lock_its_thread_holds_is_refused() {
    let scene = Scene::<dyn Counter>::of(&counter(""));
    let slot = &scene.slot;
    let reentrant = |result: Result<u64, CallError>| {
        assert!(matches!(result, Err(CallError::Reentrant { .. })), "{result:?}");
    };
    let mut calls = 0;
    slot.pin_mut()
        .inside_mut(&mut || {
            reentrant(slot.pin_mut().add(1));
            reentrant(slot.pin().add(1));
            reentrant(slot.reader().value());
            calls += 1;
        })
        .unwrap();
    slot.pin()
        .inside(&mut || {
            reentrant(slot.pin_mut().add(1));
            assert_eq!(slot.pin().value().unwrap(), 0);
            assert_eq!(slot.reader().value().unwrap(), 0);
            calls += 1;
        })
        .unwrap();
    assert_eq!(calls, 2);
    assert_eq!(slot.pin_mut().add(1).unwrap(), 1);
}

#[test]
fn a_nested_call_stays_on_its_generation_while_an_upgrade_waits() {
    let scene = Scene::<dyn Counter>::with(closing(), &counter("label=a"));
    let slot = &scene.slot;
    let mut nested = Vec::new();
    slot.pin()
        .inside(&mut || {
            scene.put(&counter("label=b"));
            until("the upgrade closes the gate", || is_closed(slot));
            nested.push(slot.pin().label().unwrap());
            slot.pin().inside(&mut || nested.push(slot.reader().label().unwrap())).unwrap();
        })
        .unwrap();
    assert_eq!(nested, ["a", "a"]);
    assert_eq!(scene.told.live().generation, 2);
    assert_eq!(slot.pin().label().unwrap(), "b");
}

#[test]
fn slots_that_wait_for_each_other_are_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("module.so");
    std::fs::write(&path, counter("").bytes()).unwrap();
    let config = patient()
        .slot("left", SlotConfig::artifact(&path))
        .slot("right", SlotConfig::artifact(&path));
    let host = Host::new(config).unwrap();
    let left = host.slot::<dyn Counter>("left").unwrap();
    let right = host.slot::<dyn Counter>("right").unwrap();
    let both_inside = Barrier::new(2);
    let cross = |from: &Slot<dyn Counter>, to: &Slot<dyn Counter>| {
        let mut crossed = None;
        let call = from.pin_mut().inside_mut(&mut || {
            both_inside.wait();
            crossed = Some(to.pin_mut().add(1));
        });
        call.unwrap();
        crossed.unwrap()
    };
    let results = thread::scope(|scope| {
        let one = scope.spawn(|| cross(&left, &right));
        let other = scope.spawn(|| cross(&right, &left));
        [one.join().unwrap(), other.join().unwrap()]
    });
    let cycles = results.iter().filter(|it| matches!(it, Err(CallError::Cycle { .. }))).count();
    let good = results.iter().filter(|it| it.is_ok()).count();
    assert_eq!((cycles, good), (1, 1), "{results:?}");
    let text = results.iter().find_map(|it| it.as_ref().err()).unwrap().to_string();
    assert!(text.contains("left") && text.contains("right"), "{text}");
    assert_eq!(value(&left) + value(&right), 1);
}

#[test]
fn a_pin_that_is_held_too_long_cancels_the_upgrade_and_it_is_tried_again() {
    let config = closing().with_pause_deadline(Duration::from_secs(1));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    let inside = stay_inside(&scene.slot, "the one who stays");
    scene.put(&counter("label=b"));
    // While the upgrade waits, calls wait within their budget.
    until("the upgrade closes the gate", || is_closed(&scene.slot));
    let refusal = scene.told.refused();
    assert_eq!((refusal.exit, refusal.phase), (Exit::Cancelled, Phase::Quiescing));
    let text = refusal.to_string();
    for part in ["cancelled counter 1.0.0", "the one who stays", "generation 1", "tried again"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The old version goes on, and the upgrade succeeds by itself when the pin is gone.
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("a".to_owned(), 5));
    inside.leave();
    let live = loop {
        match scene.told.outcome().1 {
            Outcome::Live(live) => break live,
            Outcome::Refused(it) if it.exit == Exit::Cancelled => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(live.generation, 2);
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("b".to_owned(), 5));
}

#[test]
fn a_call_waits_out_a_pause_within_its_budget() {
    let wait = tempfile::tempdir().unwrap();
    let go = wait.path().join("go");
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    scene.put(&counter(&format!("label=b;start=wait {}", go.display())));
    until("the upgrade closes the gate", || is_closed(&scene.slot));
    let short = scene.slot.with_budget(Duration::from_millis(1));
    let error = elsewhere(|| short.pin().value().unwrap_err());
    let text = error.to_string();
    assert!(text.contains("main") && text.contains("being upgraded"), "{text}");
    thread::scope(|scope| {
        let waits = scope.spawn(|| scene.slot.pin_mut().add(1));
        let reads = scope.spawn(|| scene.slot.reader().label());
        std::fs::write(go, "").unwrap();
        assert_eq!(waits.join().unwrap().unwrap(), 1);
        assert_eq!(reads.join().unwrap().unwrap(), "b");
    });
    assert!(scene.told.live().pause.is_some());
}

#[test]
fn what_was_cancelled_is_not_tried_again_once_another_artifact_took_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let config = patient()
        .with_pause_deadline(Duration::from_millis(300))
        .slot("main", SlotConfig::artifact(at("main")))
        .slot("clock", SlotConfig::artifact(at("clock")));
    for name in ["main", "clock"] {
        std::fs::write(at(name), counter("label=a").bytes()).unwrap();
    }
    let host = Host::new(config).unwrap();
    let (slot, told) = open(&host);
    let clock = host.slot::<dyn Counter>("clock").unwrap();
    assert_eq!(told.live().generation, 1);
    let cancelled = |name: &str| {
        replace(&at(name), counter("label=b").bytes());
        let refusal = told.refused();
        assert_eq!((&*refusal.slot, refusal.exit), (name, Exit::Cancelled), "{refusal}");
    };
    let inside = [stay_inside(&slot, "inside"), stay_inside(&clock, "inside")];
    cancelled("main");
    replace(&at("main"), fixture("renamed").bytes());
    assert_eq!(told.refused().exit, Exit::Rejected);
    // The other slot's upgrade is cancelled later, so tried again later: by then nothing has come.
    cancelled("clock");
    inside.into_iter().for_each(Inside::leave);
    let (name, outcome) = told.outcome();
    assert!(name == "clock" && matches!(outcome, Outcome::Live(_)), "{name}: {outcome:?}");
    replace(&at("main"), counter("label=c").bytes());
    assert_eq!(told.live().generation, 2);
}

#[test]
fn both_presets_serve() {
    for config in [Config::dev(), Config::production()] {
        let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
        assert_eq!(scene.slot.pin().label().unwrap(), "a");
    }
}
