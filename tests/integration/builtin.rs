//! Modules that are linked into the program: the first generation of a slot.

use counter_api::{Counter, Failing};
use hotswap_core::{
    CallError, Host, SlotConfig, Timing,
    event::{EventKind, StateNote},
};
use hotswap_tests::{Told, file_name, fixture, patient, replace};
use meter_api::Meter;

use crate::support::{counter, label, open, value};

#[test]
fn a_builtin_module_serves_without_any_artifact() {
    let config = patient()
        .slot("main", SlotConfig::builtin::<counter::Counting>())
        .slot("gauge", SlotConfig::builtin::<meter::Gauge>());
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let slot = host.slot::<dyn Counter>("main").unwrap();
    let gauge = host.slot::<dyn Meter>("gauge").unwrap();
    // Two of them in one program, each with its own methods.
    assert_eq!(slot.pin_mut().add(2).unwrap(), 2);
    assert_eq!(gauge.pin().read().unwrap().value, 21);
    let live = told.live();
    assert_eq!(
        (&*live.release.module, live.release.artifact, live.generation),
        ("counter", None, 1)
    );
    assert!(live.to_string().contains("(built in)"), "{live}");
    let status = host.status();
    let serving = status.slots.iter().find(|it| it.name == "main").unwrap();
    assert_eq!(serving.mapped, 0);
    assert!(status.to_string().contains("meter 1.0.0 (built in), generation 1"), "{status}");
}

#[test]
fn an_artifact_takes_over_from_a_builtin_module_with_its_state() {
    for timing in [Timing::at_once(), Timing::on_request()] {
        let on_request = timing.to_string() == "on request";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file_name("module"));
        let config = patient()
            .with_timing(timing)
            .slot("main", SlotConfig::artifact(&path).with_builtin::<counter::Counting>());
        let host = Host::new(config).unwrap();
        let (slot, told) = open(&host);
        assert_eq!(label(&slot), "plain");
        slot.pin_mut().add(5).unwrap();
        // A bad artifact first: there is always something to fall back on.
        replace(&path, counter("prepare=fail").bytes());
        let text = told.refused().to_string();
        assert!(text.contains("serving 1.0.0 (generation 1), state untouched"), "{text}");
        replace(&path, counter("label=b").bytes());
        if on_request {
            told.pending();
            assert_eq!(host.apply_pending().unwrap(), 1);
        }
        let live = told.live();
        assert_eq!((live.generation, &live.state), (2, &StateNote::Kept));
        assert_eq!((label(&slot), value(&slot)), ("b".to_owned(), 5));
        // And on: with another version of the state.
        replace(&path, fixture("chain").told("label=c").bytes());
        if on_request {
            told.pending();
            assert_eq!(host.apply_pending().unwrap(), 1);
        }
        assert_eq!(told.live().state, StateNote::Migrated { from: 1, to: 3 });
        assert_eq!(value(&slot), 5);
    }
}

#[test]
fn a_panic_in_a_builtin_module_is_contained() {
    let host =
        Host::new(patient().slot("main", SlotConfig::builtin::<counter::Counting>())).unwrap();
    let slot = host.slot::<dyn Counter>("main").unwrap();
    let result = slot.pin_mut().fail_mut(Failing::Formatted(3));
    let Err(CallError::Panicked(failure)) = result else { panic!("{result:?}") };
    assert_eq!(failure.message, "told to panic with 3");
    // The program's own hook has reported the place; the module leaves that hook alone.
    assert_eq!(failure.place, "");
    assert_eq!(slot.pin_mut().add(1).unwrap(), 2);
    // A closure of the host that panics inside of it goes on in the host, here too.
    let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        slot.pin().inside(&mut || std::panic::panic_any(9_u8))
    }));
    assert_eq!(*thrown.unwrap_err().downcast::<u8>().unwrap(), 9);
    assert_eq!(value(&slot), 2);
}

#[test]
fn one_builtin_module_can_serve_several_slots() {
    let config = patient()
        .slot("one", SlotConfig::builtin::<counter::Counting>())
        .slot("two", SlotConfig::builtin::<counter::Counting>());
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let (one, two) = (host.slot::<dyn Counter>("one").unwrap(), host.slot("two").unwrap());
    one.pin_mut().add(1).unwrap();
    assert_eq!((value(&one), value(&two)), (1, 0));
    host.shutdown().unwrap();
    let retired =
        told.so_far().iter().filter(|it| matches!(it.kind, EventKind::Retired { .. })).count();
    assert_eq!(retired, 2);
}

#[test]
fn a_builtin_module_of_another_interface_is_an_error() {
    let host =
        Host::new(patient().slot("main", SlotConfig::builtin::<counter::Counting>())).unwrap();
    let error = host.slot::<dyn Meter>("main").unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), hotswap_core::ErrorKind::Artifact);
    assert!(text.contains("Meter") && text.contains("Counter"), "{text}");
}
