//! The host itself: what it tells and in which order, upgrades on request, waiting, the end.

mod end;

use std::{
    fs,
    panic::panic_any,
    sync::{Arc, Mutex, OnceLock, mpsc},
    thread,
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    Approval, ErrorKind, Host, SlotConfig, Timing, Trial,
    event::{EventKind, Exit, Phase, Retirement},
};
use hotswap_tests::{Outcome, Scene, Told, file_name, fixture, patient, until};

use crate::support::{counter, label, value};

/// What was told, in short.
fn story(told: &Told, last: &str) -> Vec<String> {
    let mut story = Vec::new();
    while story.last().is_none_or(|it| it != last) {
        story.push(match told.next().kind {
            EventKind::Phase { phase, .. } => phase.to_string(),
            EventKind::Live(live) => format!("live {}", live.generation),
            EventKind::Refused(refusal) => format!("refused at {}", refusal.phase),
            EventKind::Pending { .. } => "pending".to_owned(),
            EventKind::Planned(_) => "planned".to_owned(),
            EventKind::Reported(_) => "reported".to_owned(),
            EventKind::Retired { generation, outcome: Retirement::Retained { .. } } => {
                format!("retired {generation}")
            }
            other => panic!("{other:?}"),
        });
    }
    story
}

const JUDGED: [&str; 3] = ["Staged", "Inspected", "Assessed"];
const READY: [&str; 3] = ["planned", "Loaded", "Prepared"];
const PAUSED: [&str; 3] = ["Quiescing", "Snapshotted", "Migrating"];
const OVER: [&str; 2] = ["Activated", "Committed"];

#[test]
fn events_come_in_the_order_of_the_phases() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    scene.put(&counter("label=b"));
    let last = ["live 2", "reported", "retired 1"];
    let expected = [&JUDGED[..], &READY, &PAUSED, &OVER, &last].concat();
    assert_eq!(story(&scene.told, "retired 1"), expected);
    // Without a state to hand over there is no pause.
    let plain = Scene::<dyn Counter>::of(&fixture("stateless").told("label=a"));
    plain.put(&fixture("stateless").told("label=b"));
    let expected = [&JUDGED[..], &READY, &OVER, &last].concat();
    assert_eq!(story(&plain.told, "retired 1"), expected);
    // A refusal ends the story where it happens.
    scene.put(&fixture("renamed"));
    assert_eq!(
        story(&scene.told, "reported"),
        ["Staged", "Inspected", "refused at Assessed", "reported"]
    );
    scene.put(&counter("prepare=fail"));
    let last = ["planned", "Loaded", "refused at Prepared", "reported"];
    assert_eq!(story(&scene.told, "reported"), [&JUDGED[..], &last].concat());
    scene.put(&counter("start=fail"));
    let last = ["Quiescing", "refused at Activated", "reported"];
    assert_eq!(story(&scene.told, "reported"), [&JUDGED[..], &READY, &last].concat());
}

#[test]
fn the_first_load_is_told_to_those_who_listen_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name("module"));
    fs::write(&path, counter("label=a").bytes()).unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let config = patient().slot("main", SlotConfig::artifact(&path)).on_event({
        let heard = Arc::clone(&heard);
        move |event| heard.lock().unwrap().push(event.to_string())
    });
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let _slot = host.slot::<dyn Counter>("main").unwrap();
    let expected = [&JUDGED[..], &READY, &OVER, &["live 1", "reported"]].concat();
    assert_eq!(story(&told, "reported"), expected);
    drop(host);
    let heard = heard.lock().unwrap();
    assert!(
        heard.iter().any(|it| it.contains("counter 1.0.0") && it.contains("is live")),
        "{heard:?}"
    );
}

#[test]
fn a_callback_that_panics_hurts_nobody() {
    let (sender, heard) = mpsc::channel();
    let config = patient()
        .on_event(|event| {
            if matches!(event.kind, EventKind::Live(_)) {
                panic!("a callback of the host panics")
            }
        })
        .on_event(move |event| drop(sender.send(event.to_string())));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.upgrade(&counter("label=b"));
    assert_eq!(label(&scene.slot), "b");
    // Those after it are called.
    let lives = || heard.recv_timeout(hotswap_tests::LONG).unwrap();
    until("the second is told", || lives().contains("is live as generation 2"));
}

/// Thrown by a callback.
struct Payload;

impl Drop for Payload {
    fn drop(&mut self) {
        panic!("the payload panics when it is dropped");
    }
}

#[test]
fn what_a_callback_throws_may_panic_when_it_is_dropped() {
    let config = patient()
        .on_event(|event| {
            if matches!(event.kind, EventKind::Live(_)) {
                panic_any(Payload)
            }
        })
        .with_approval(Approval::ask(|_| panic_any(Payload)))
        .with_trial(Trial::new(hotswap_tests::LONG).with_health(|| panic_any(Payload)));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.put(&counter("label=b"));
    let waits = || scene.host.status().slots[0].awaiting.clone();
    until("it waits for somebody's word", || waits().is_some());
    scene.host.operator().approve(waits().unwrap().artifact, "ada").unwrap();
    assert_eq!(scene.told.live().generation, 2);
    let refusal = scene.told.refused();
    assert_eq!(refusal.exit, Exit::RolledBack);
    assert!(refusal.to_string().contains("health  it panicked"), "{refusal}");
    assert_eq!(label(&scene.slot), "a");
}

#[test]
fn status_tells_what_serves_and_what_was_refused() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    let first = scene.host.status();
    let slot = &first.slots[0];
    let serving = slot.serving.as_ref().unwrap();
    assert_eq!((&*slot.name, &*serving.release.module, serving.generation), ("main", "counter", 1));
    assert_eq!(serving.release.version.to_string(), "1.0.0");
    assert!(
        serving.release.artifact.is_some() && slot.last_refusal.is_none() && slot.pending.is_none()
    );
    assert_eq!((slot.mapped, slot.phase), (1, None));
    let refusal = scene.refusal(&counter("start=fail"));
    scene.upgrade(&counter("label=b"));
    let status = scene.host.status();
    let slot = &status.slots[0];
    assert_eq!(slot.last_refusal.as_ref().unwrap().artifact, refusal.artifact);
    assert_eq!(slot.serving.as_ref().unwrap().generation, 2);
    // What failed to start is mapped as well: nothing is unloaded.
    assert_eq!((slot.mapped, slot.phase), (3, None));
    let text = status.to_string();
    for part in ["main: counter 1.0.0 (", "generation 2", "3 mapped", "last refused counter 1.0.0"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(format!("{:?}", scene.host).contains("main"));
}

#[test]
fn the_phase_of_an_upgrade_that_is_under_way_is_in_the_status() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    let go = scene.folder().join("go");
    scene.put(&counter(&format!("label=b;prepare=wait {}", go.display())));
    until("it prepares", || scene.host.status().slots[0].phase == Some(Phase::Loaded));
    // Nothing is closed while it prepares.
    assert_eq!(scene.slot.with_budget(Duration::ZERO).pin().label().unwrap(), "a");
    fs::write(go, "").unwrap();
    assert_eq!(scene.told.live().generation, 2);
}

#[test]
fn many_generations_are_told() {
    let config = patient().with_retained_warning(3);
    let scene = Scene::<dyn Counter>::with(config, &counter("label=1"));
    for n in 2..=6 {
        scene.upgrade(&counter(&format!("label={n}")));
        if n % 3 == 0 {
            let warning = scene.told.find(|event| match event.kind {
                EventKind::ManyGenerations { retained } => Some((retained, event.to_string())),
                _ => None,
            });
            assert!(warning.0 == n && warning.1.contains("restart"), "{warning:?}");
        }
    }
}

#[test]
fn on_request_an_upgrade_waits_until_it_is_asked_for() {
    let config = patient().with_timing(Timing::on_request());
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.slot.pin_mut().add(1).unwrap();
    assert_eq!(scene.host.apply_pending().unwrap(), 0);
    scene.put(&counter("label=b"));
    let expected = [&JUDGED[..], &READY, &["pending"]].concat();
    assert_eq!(story(&scene.told, "pending"), expected);
    // The state of the moment when it is applied goes over.
    scene.slot.pin_mut().add(1).unwrap();
    assert_eq!(label(&scene.slot), "a");
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("b".to_owned(), 2));
    let expected = [&PAUSED[..], &OVER, &["live 2", "reported"]].concat();
    assert_eq!(story(&scene.told, "reported"), expected);
    // The latest of several.
    for name in ["c", "d"] {
        scene.put(&counter(&format!("label={name}")));
        scene.told.pending();
    }
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    assert_eq!((label(&scene.slot), scene.slot.generation()), ("d".to_owned(), 3));
    // One that fails then is refused, and the old version goes on.
    scene.put(&counter("start=fail"));
    scene.told.find(|event| matches!(event.kind, EventKind::Pending { .. }).then_some(()));
    assert_eq!(scene.host.apply_pending().unwrap(), 0);
    assert_eq!(scene.told.refused().phase, Phase::Activated);
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("d".to_owned(), 2));
}

#[test]
fn an_upgrade_asked_for_from_inside_a_call_is_an_error_at_once() {
    let config = patient().with_timing(Timing::on_request());
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.put(&counter("label=b"));
    scene.told.pending();
    let errors = Mutex::new(Vec::new());
    let ask = || {
        let error = scene.host.apply_pending().unwrap_err();
        errors.lock().unwrap().push((error.kind(), error.to_string()));
    };
    scene.slot.pin().inside(&mut || ask()).unwrap();
    scene.slot.pin_mut().inside_mut(&mut || ask()).unwrap();
    let pin = scene.slot.pin();
    ask();
    drop(pin);
    let errors = errors.into_inner().unwrap();
    assert_eq!(errors.len(), 3);
    for (kind, text) in errors {
        assert!(kind == ErrorKind::Misuse && text.contains("inside a call of slot main"), "{text}");
    }
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
}

#[test]
fn what_an_event_callback_cannot_ask_for_is_an_error_at_once() {
    static HOST: OnceLock<(Host, hotswap_core::Slot<dyn Counter>)> = OnceLock::new();
    let (sender, answers) = mpsc::channel();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name("module"));
    fs::write(&path, counter("label=a").bytes()).unwrap();
    let config = patient().slot("main", SlotConfig::artifact(&path)).on_event(move |event| {
        let (EventKind::Live(_), Some((host, slot))) = (&event.kind, HOST.get()) else { return };
        let texts = [
            host.apply_pending().unwrap_err().to_string(),
            host.slot::<dyn Counter>("main").unwrap_err().to_string(),
            host.operator().clear("00".repeat(32).parse().unwrap()).unwrap_err().to_string(),
            slot.wait_for(99, hotswap_tests::LONG).unwrap_err().to_string(),
        ];
        // What does not wait is allowed, a call as well.
        host.rescan().unwrap();
        let label = slot.pin().label().unwrap();
        sender.send((texts, label, host.status().slots.len())).unwrap();
    });
    let host = Host::new(config).unwrap();
    let slot = host.slot::<dyn Counter>("main").unwrap();
    HOST.set((host, slot)).unwrap();
    hotswap_tests::replace(&path, counter("label=b").bytes());
    let (texts, label, slots) = answers.recv_timeout(hotswap_tests::LONG).unwrap();
    for text in texts {
        assert!(text.contains("an event callback asked for this"), "{text}");
    }
    assert_eq!((&*label, slots), ("b", 1));
}

#[test]
fn a_caller_waits_for_a_generation() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    assert_eq!(scene.slot.wait_for(1, Duration::ZERO).unwrap(), 1);
    thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let generation = scene.slot.wait_for(2, hotswap_tests::LONG).unwrap();
            (generation, scene.slot.pin().label().unwrap())
        });
        scene.put(&counter("label=b"));
        assert_eq!(waits.join().unwrap(), (2, "b".to_owned()));
    });
    // A later one will do.
    let _ = scene.told.live();
    scene.upgrade(&counter("label=c"));
    assert_eq!(scene.slot.wait_for(2, Duration::ZERO).unwrap(), 3);
    // In vain, with the reason.
    let _ = scene.refusal(&counter("start=fail"));
    let error = scene.slot.wait_for(4, Duration::from_millis(50)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let text = error.to_string();
    for part in ["generation 4 of slot main", "50ms", "3 is", "start was told to fail"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // From inside it would wait for itself.
    scene
        .slot
        .pin()
        .inside(&mut || {
            let error = scene.slot.wait_for(4, hotswap_tests::LONG).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Misuse);
        })
        .unwrap();
}

#[test]
fn several_hosts_in_one_process_do_not_know_each_other() {
    let one = Scene::<dyn Counter>::of(&counter("label=a"));
    let other = Scene::<dyn Counter>::of(&counter("label=a"));
    one.slot.pin_mut().add(1).unwrap();
    one.upgrade(&counter("label=b"));
    assert_eq!((other.slot.generation(), value(&other.slot)), (1, 0));
    drop(one);
    assert!(other.told.so_far().iter().all(|event| !matches!(event.kind, EventKind::Live(_))));
    let outcome = {
        other.put(&counter("label=c"));
        other.told.outcome().1
    };
    assert!(matches!(outcome, Outcome::Live(_)), "{outcome:?}");
}
