//! A host ends: in order, with callers inside, asked from inside, by being dropped.

use std::{fs, thread, time::Duration};

use counter_api::Counter;
use hotswap_core::{
    CallError, ErrorKind, Host, SlotConfig,
    event::{Event, EventKind, Retirement},
};
use hotswap_tests::{Scene, Told, file_name, patient, until};

use crate::support::{counter, elsewhere, stay_inside};

#[test]
fn an_orderly_end_stops_the_instances_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let at = |name: &str| folder.path().join(file_name(name));
    let config = ["b", "a", "c"].into_iter().fold(patient(), |config, name| {
        let script = format!("label={name};log={}", log.display());
        fs::write(at(name), counter(&script).bytes()).unwrap();
        config.slot(name, SlotConfig::artifact(at(name)))
    });
    let host = Host::new(config).unwrap();
    let slots = ["c", "a", "b"].map(|name| host.slot::<dyn Counter>(name).unwrap());
    let told = Told::of(&host);
    let reader = slots[0].reader();
    reader.value().unwrap();
    host.shutdown().unwrap();
    let text = fs::read_to_string(log).unwrap();
    let stops: Vec<_> = text.lines().filter(|it| it.ends_with("stop")).collect();
    assert_eq!(stops, ["c stop", "a stop", "b stop"]);
    let retired = |event: &Event| matches!(event.kind, EventKind::Retired { .. });
    assert_eq!(told.so_far().iter().filter(|event| retired(event)).count(), 3);
    let ended = |result: Result<u64, CallError>| {
        let error = result.unwrap_err();
        assert!(matches!(error, CallError::Ended { .. }), "{error:?}");
        assert!(error.to_string().contains("has been shut down"));
    };
    for slot in &slots {
        ended(slot.pin().value());
        ended(slot.pin_mut().add(1));
        ended(slot.reader().value());
        assert_eq!(slot.wait_for(9, hotswap_tests::LONG).unwrap_err().kind(), ErrorKind::Misuse);
    }
    ended(reader.value());
}

/// An operator's clone outlives the host, and asks for events after its end, too.
#[test]
fn channels_of_events_end_with_the_host() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    let operator = scene.host.operator().clone();
    let early = operator.events();
    let reader =
        thread::spawn(move || early.into_iter().map(|event| event.kind).collect::<Vec<_>>());
    scene.host.shutdown().unwrap();
    let told = reader.join().unwrap();
    assert!(matches!(told[..], [.., EventKind::Retired { generation: 1, .. }]), "{told:?}");
    assert_eq!(operator.events().into_iter().count(), 0);
}

#[test]
fn at_the_end_callers_inside_finish() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    let (slot, told) = (scene.slot.clone(), scene.told);
    let inside = stay_inside(&slot, "busy");
    thread::scope(|scope| {
        let end = scope.spawn(|| scene.host.shutdown().unwrap());
        until("nobody new comes in", || {
            elsewhere(|| {
                matches!(
                    slot.with_budget(Duration::ZERO).pin().value(),
                    Err(CallError::Ended { .. })
                )
            })
        });
        inside.leave();
        end.join().unwrap();
    });
    let last = told.so_far().pop().unwrap();
    assert!(
        matches!(
            last.kind,
            EventKind::Retired { generation: 1, outcome: Retirement::Retained { .. } }
        ),
        "{last:?}"
    );
}

#[test]
fn at_the_end_a_caller_who_stays_is_left_behind() {
    let config = patient().with_pause_deadline(Duration::from_millis(300));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    let inside = stay_inside(&scene.slot, "stays");
    scene.host.shutdown().unwrap();
    assert!(scene.told.so_far().is_empty());
    // It was not stopped under its caller's feet.
    inside.leave();
}

#[test]
fn an_end_asked_for_from_inside_is_an_error_and_an_end() {
    let config = patient().with_pause_deadline(Duration::from_millis(300));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    let (slot, mut host) = (scene.slot.clone(), Some(scene.host));
    let mut kind = None;
    slot.pin()
        .inside(&mut || kind = host.take().map(|host| host.shutdown().unwrap_err().kind()))
        .unwrap();
    assert_eq!(kind, Some(ErrorKind::Misuse));
    assert!(matches!(slot.pin().value(), Err(CallError::Ended { .. })));
}

#[test]
fn dropping_the_host_is_an_orderly_end() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    let (slot, told) = (scene.slot.clone(), scene.told);
    drop(scene.host);
    assert!(matches!(slot.pin().value(), Err(CallError::Ended { .. })));
    assert_eq!(told.so_far().len(), 1);
}
