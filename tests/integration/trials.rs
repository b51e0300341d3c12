//! A new version is watched once it serves, and goes back when something is wrong.

mod rollback;
mod support;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use counter_api::{Counter, Failing};
use hotswap_core::{
    AfterPanic, CallError, ErrorKind, Pin, PinMut, Reader, TooFew, Trial,
    event::{EventKind, Exit, Phase, StateNote},
};
use hotswap_tests::{LONG, Scene, as_configured, fixture, patient, until};
use tally_api::Tally;

use self::support::{begin, committed, counted, endless, goes_on, on_trial, rolled_back, short};
use crate::support::{counter, elsewhere, label, value};

#[test]
fn what_is_well_is_committed_when_its_trial_is_over() {
    let scene = counted(patient().with_trial(short().with_calls(10, LONG)));
    scene.put(&fixture("chain").told("label=b"));
    let mut phases = Vec::new();
    let live = scene.told.find(|event| match &event.kind {
        EventKind::Phase { phase, .. } => {
            phases.push(*phase);
            None
        }
        EventKind::Live(live) => Some(live.clone()),
        _ => None,
    });
    assert_eq!(phases.last(), Some(&Phase::Trial));
    assert_eq!(live.generation, 2);
    // It waits for its calls.
    let status = scene.host.status();
    let trial = status.slots[0].trial.as_ref().expect("it is on trial");
    assert_eq!((trial.previous.generation, trial.figures.panics), (1, 0));
    for part in ["on trial", "1.0.0, generation 1 is kept ready"] {
        assert!(status.to_string().contains(part), "{status}");
    }
    for _ in 0..10 {
        scene.slot.pin().value().unwrap();
    }
    let (generation, why) = committed(&scene.told);
    assert_eq!(generation, 2);
    assert!(why.starts_with("10 calls in") && why.ends_with("0 panics"), "{why}");
    assert_eq!(scene.told.retired(), (1, as_configured()));
    assert!(scene.host.status().slots[0].trial.is_none());
    goes_on(&scene, 3, 5);
}

#[test]
fn a_panic_in_one_call_of_a_hundred_goes_back_with_every_update() {
    let scene = on_trial(endless(), "label=b");
    for n in 0..100 {
        let result = elsewhere(|| match n {
            50 => scene.slot.pin_mut().fail_mut(Failing::Text).map(|()| 0),
            _ => scene.slot.pin_mut().add(1),
        });
        assert_eq!(result.is_err(), n == 50, "{result:?}");
    }
    let refusal = rolled_back(&scene, "panics  1 in");
    assert!(refusal.state.contains("downgraded from version 3 to 1"), "{refusal}");
    assert_eq!(scene.told.retired(), (2, as_configured()));
    // 5, and 1, and 99; the call that panicked has counted as well before it did.
    let count = value(&scene.slot);
    assert_eq!(count, 106);
    // The same artifact is not tried again, also when it is looked at again.
    scene.host.rescan().unwrap();
    assert_eq!(scene.told.refused().exit, Exit::RolledBack);
    goes_on(&scene, 3, count);
}

#[test]
fn the_host_and_the_module_judge_as_well() {
    let scene = on_trial(endless().with_failures(2), "label=b");
    for _ in 0..3 {
        scene.slot.count_failure();
    }
    // Counted with the next look.
    elsewhere(|| scene.slot.pin().fail(Failing::Text)).unwrap_err();
    rolled_back(&scene, "panics  1");

    for (step, says) in [
        ("fail", "verify  verify was told to fail"),
        ("panic", "verify  it panicked: verify was told to panic"),
    ] {
        let scene = on_trial(short(), &format!("label=b;verify={step}"));
        rolled_back(&scene, says);
        goes_on(&scene, 3, 6);
    }
    // It hangs when the first update is over: that would wait for it, and a call that is slow to come
    // back would be what the trial ends by.
    let trial = short().with_longest_call(Duration::from_secs(3)).with_calls(1, LONG);
    let scene = on_trial(trial, "label=b;verify=hang");
    rolled_back(&scene, "verify  it did not come back");
    goes_on(&scene, 3, 5);
}

#[test]
fn failures_that_the_host_counts_weigh() {
    let trial = Trial::new(Duration::from_secs(5)).with_longest_call(LONG).with_failures(2);
    let scene = on_trial(trial, "label=b");
    for _ in 0..3 {
        scene.slot.count_failure();
    }
    rolled_back(&scene, "failures  3 in");
    // Nothing is on trial, and nothing is counted.
    scene.slot.count_failure();
    goes_on(&scene, 3, 6);
}

#[test]
fn a_late_failure_counts_against_the_version_that_answered() {
    let build = |label| fixture("stateless").told(label);
    let trial = endless().with_failures(4);
    let scene = Scene::<dyn Counter>::with(patient().with_trial(trial), &build("label=a"));
    let failures =
        || scene.host.status().slots[0].trial.as_ref().map(|trial| trial.figures.failures);

    let (reader, pin) = (scene.slot.reader(), scene.slot.pin());
    assert_eq!((reader.label().unwrap(), pin.label().unwrap()), ("a".into(), "a".into()));
    scene.upgrade(&build("label=b"));
    assert_eq!((failures(), pin.label().unwrap()), (Some(0), "a".into()));
    // What the old version has answered, found wrong by now in whatever way.
    for _ in 0..10 {
        Pin::count_failure(&pin);
        Reader::count_failure(&reader);
        scene.slot.count_failure();
        scene.slot.count_failure_of(1);
    }
    drop(pin);
    let frame = scene.slot.pin_mut();
    Reader::count_failure(&reader);
    assert_eq!(failures(), Some(0));

    // And what the new one answers, another instance of it as well.
    PinMut::count_failure(&frame);
    drop(frame);
    Pin::count_failure(&scene.slot.pin());
    scene.host.operator().restart("main").unwrap();
    assert_eq!((reader.label().unwrap(), failures()), ("b".into(), Some(2)));
    Reader::count_failure(&reader);
    scene.slot.count_failure();
    assert_eq!(failures(), Some(4));
    scene.slot.count_failure_of(2);
    elsewhere(|| scene.slot.pin().fail(Failing::Text)).unwrap_err();
    let refusal = scene.told.refused();
    assert!(refusal.to_string().contains("panics  1"), "{refusal}");
    assert_eq!((refusal.exit, label(&scene.slot)), (Exit::RolledBack, "a".to_owned()));
    // Who judges later still counts against nobody else.
    scene.slot.count_failure_of(2);
    Reader::count_failure(&reader);
    assert_eq!(failures(), None);
}

#[test]
fn the_hosts_health_is_asked_during_the_trial_and_after_a_rollback() {
    let (is_well, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (well, count) = (Arc::clone(&is_well), Arc::clone(&asked));
    let trial = Trial::new(Duration::from_secs(600)).with_longest_call(Duration::from_secs(10));
    let trial = trial.with_health(move || {
        count.fetch_add(1, Ordering::SeqCst);
        if well.load(Ordering::SeqCst) { Ok(()) } else { Err("the lamp is red".to_owned()) }
    });
    let scene = on_trial(trial, "label=b");
    until("it was asked", || asked.load(Ordering::SeqCst) > 1);
    is_well.store(false, Ordering::SeqCst);
    let refusal = rolled_back(&scene, "health  the lamp is red");
    let after = "after the rollback: health  the lamp is red";
    assert!(refusal.findings.iter().any(|it| it == after), "{refusal}");
    goes_on(&scene, 3, 6);
}

#[test]
fn too_few_calls_are_what_they_are_configured_to_be() {
    let strict = short().with_calls(1000, Duration::from_millis(1)).with_too_few(TooFew::RollBack);
    rolled_back(&on_trial(strict, "label=b"), "and 1000 were wanted");
    let lax = short().with_calls(1000, Duration::from_millis(1));
    let (generation, why) = committed(&on_trial(lax, "label=b").told);
    assert!(generation == 2 && why.contains("and 1000 were wanted"), "{why}");
}

#[test]
fn calls_are_compared_with_those_of_the_version_before() {
    let scene = counted(patient().with_trial(short().with_slower(3.0).with_calls(200, LONG)));
    let call = |then: &mut dyn FnMut()| {
        for _ in 0..200 {
            scene.slot.pin().inside(then).unwrap();
        }
    };
    call(&mut || {});
    scene.upgrade(&fixture("chain").told("label=b"));
    elsewhere(|| call(&mut || thread::sleep(Duration::from_millis(2))));
    rolled_back(&scene, "calls take");
}

#[test]
fn an_artifact_that_comes_meanwhile_waits_until_the_trial_is_over() {
    let scene = on_trial(endless(), "label=b");
    scene.put(&counter("label=c"));
    scene.put(&counter("label=d"));
    scene.host.operator().commit("main", "it looks good").unwrap();
    assert_eq!(committed(&scene.told), (2, "it looks good".to_owned()));
    let live = scene.told.live();
    assert_eq!((live.generation, live.state), (3, StateNote::Downgraded { from: 3, to: 1 }));
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("d".to_owned(), 6));
    scene.put(&counter("label=e"));
    scene.host.operator().roll_back("main", "not so good").unwrap();
    assert_eq!(scene.told.refused().exit, Exit::RolledBack);
    assert_eq!(scene.told.live().generation, 4);
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("e".to_owned(), 6));
}

#[test]
fn what_is_not_on_trial_is_neither_committed_nor_rolled_back() {
    let scene = counted(patient().with_trial(endless()));
    for result in
        [scene.host.operator().commit("main", ""), scene.host.operator().roll_back("main", "")]
    {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert!(error.to_string().contains("no version on trial"), "{error}");
    }
    let pin = scene.slot.pin();
    assert!(scene.host.operator().commit("main", "").unwrap_err().to_string().contains("inside"));
    drop(pin);
}

#[test]
fn an_end_during_the_trial_stops_both() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let script = |label: &str| format!("label={label};log={}", log.display());
    let config = patient().with_trial(endless());
    let scene = Scene::<dyn Counter>::with(config, &counter(&script("a")));
    scene.upgrade(&fixture("chain").told(&script("b")));
    scene.host.shutdown().unwrap();
    let log = fs::read_to_string(log).unwrap();
    assert!(log.ends_with("a stop\nb stop\n"), "{log}");
}

#[test]
fn panics_of_instances_that_were_restarted_count() {
    let trial = endless().with_panics(1);
    let config =
        patient().with_trial(trial).with_after_panic(AfterPanic::restart(), AfterPanic::GoOn);
    let scene = counted(config);
    begin(&scene, "label=b");
    elsewhere(|| scene.slot.pin_mut().fail_mut(Failing::Text)).unwrap_err();
    scene.told.find(|event| matches!(event.kind, EventKind::Restarted(_)).then_some(()));
    assert_eq!(value(&scene.slot), 5);
    elsewhere(|| scene.slot.pin_mut().add(2)).unwrap();
    let error = elsewhere(|| scene.slot.pin().fail(Failing::Text)).unwrap_err();
    assert!(matches!(error, CallError::Panicked(_)));
    rolled_back(&scene, "panics  2 in");
    goes_on(&scene, 3, 7);
}

#[test]
fn a_floor_is_raised_when_the_trial_is_over() {
    let data = tempfile::tempdir().unwrap();
    let config = patient().with_trial(endless()).with_data_dir(data.path()).with_journal(false);
    let build = |version: &str, label: &str| {
        counter(&format!("label={label}")).with_manifest_text("1.0.0", version)
    };
    let scene = Scene::<dyn Counter>::with(config, &build("1.0.0", "a"));
    scene.upgrade(&build("1.2.0", "b"));
    scene.host.operator().roll_back("main", "by hand").unwrap();
    assert_eq!(scene.told.refused().exit, Exit::RolledBack);
    // Not below a floor: none was raised.
    scene.upgrade(&build("1.1.0", "c"));
    scene.host.operator().commit("main", "by hand").unwrap();
    scene.put(&build("1.0.0", "d"));
    let refusal = scene.told.refused();
    assert!(refusal.to_string().contains("1.1.0"), "{refusal}");
}

#[test]
fn an_err_counts_as_a_failure_unless_it_is_expected() {
    let trial = Trial::new(Duration::from_secs(5)).with_longest_call(LONG).with_failures(2);
    let config = patient().with_trial(trial);
    let scene = Scene::<dyn Tally>::with(config, &fixture("tally").told("label=a"));
    // Nothing is on trial, and nothing is counted.
    elsewhere(|| scene.slot.pin().take(1)).unwrap().unwrap_err();
    scene.upgrade(&fixture("tally").told("label=b"));
    elsewhere(|| {
        let (pin, reader) = (scene.slot.pin(), scene.slot.reader());
        for _ in 0..10 {
            pin.take_if(1).unwrap().unwrap_err();
            assert_eq!(pin.add(1).unwrap(), reader.total().unwrap());
            reader.take(1).unwrap().unwrap();
        }
        let failures =
            || scene.host.status().slots[0].trial.as_ref().map(|trial| trial.figures.failures);
        assert_eq!(failures(), Some(0));
        pin.take(1).unwrap().unwrap_err();
        reader.take(1).unwrap().unwrap_err();
        assert_eq!(failures(), Some(2));
        pin.take(1).unwrap().unwrap_err();
    });
    let refusal = scene.told.refused();
    assert!(refusal.findings[0].starts_with("failures  3 in"), "{refusal}");
}
