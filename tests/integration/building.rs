//! Modules that are built from their sources: a save, and the running host has the new code.

mod debugger;

use std::{
    thread,
    time::{Duration, Instant},
};

use adder_api::Adder;
use hotswap_core::{
    ErrorKind, Host, SlotConfig,
    cargo::{Level, Report},
    event::{EventKind, Exit, Phase, StateNote},
    harness::Harness,
};
use hotswap_tests::{Sources, Told, patient};

/// The next report that `pick` takes.
fn report<T>(told: &Told, mut pick: impl FnMut(&Report) -> Option<T>) -> T {
    told.find(|event| match &event.kind {
        EventKind::Build(report) => pick(report),
        _ => None,
    })
}

#[test]
fn a_save_is_built_and_live_and_a_typo_is_shown_and_survived() {
    let sources = Sources::new("saved", "0.1.1");
    let host = Host::new(sources.config()).unwrap();
    let told = Told::of(&host);
    let adder = host.slot::<dyn Adder>("adder").unwrap();
    assert_eq!(adder.pin_mut().add("4").unwrap(), 4);

    // A code change: the state is kept. The workspace's profile says that panics abort; built they
    // unwind.
    sources.edit(Sources::MODULE, "+= number;", "+= number * 10;");
    let live = told.find(|event| match &event.kind {
        EventKind::Live(live) if live.generation == 2 => Some(live.clone()),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    });
    assert_eq!(live.state, StateNote::Kept);
    assert_eq!(adder.pin_mut().add("1").unwrap(), 14);
    assert!(adder.pin_mut().add("one").unwrap_err().to_string().contains("not a number"));

    // A typo: shown in rustc's words, and what ran goes on.
    sources.edit(Sources::MODULE, "+= number * 10;", "+= nmber;");
    let error = report(&told, |report| match report {
        Report::Diagnostic(it) if it.level == Level::Error => Some(it.rendered.clone()),
        _ => None,
    });
    assert!(error.contains("cannot find value `nmber`"), "{error}");
    let failed = report(&told, |report| match report {
        Report::Finished(finished) if !finished.stale => Some(finished.clone()),
        _ => None,
    });
    assert!(!failed.success && failed.errors > 0, "{failed}");
    assert_eq!(adder.pin_mut().add("1").unwrap(), 24);

    // Mended; and the interface is touched, which the host is linked with, too.
    sources.edit(Sources::MODULE, "+= nmber;", "+= number * 100;");
    let live = told.find(|event| match &event.kind {
        EventKind::Live(live) if live.generation == 3 => Some(live.clone()),
        _ => None,
    });
    assert_eq!(live.state, StateNote::Kept);
    assert_eq!(adder.pin_mut().add("1").unwrap(), 124);
    sources.edit("api/src/lib.rs", "/// Adds numbers up.", "/// Adds numbers up, all of them.");
    let changed = report(&told, |report| match report {
        Report::InterfaceChanged { package } => Some(package.clone()),
        _ => None,
    });
    assert_eq!(changed, "adder-api");
    host.shutdown().unwrap();
}

#[test]
fn a_first_artifact_is_waited_for_until_the_sources_compile() {
    let sources = Sources::new("first", "0.1.5");
    sources.edit(Sources::MODULE, "+= number;", "+= nmber;");
    let deadline = Duration::from_secs(3);
    let config = sources.config().with_first_artifact_deadline(deadline);
    let begun = Instant::now();
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    thread::scope(|scope| {
        let slot = scope.spawn(|| host.slot::<dyn Adder>("adder"));
        let text = told.find(|event| {
            matches!(event.kind, EventKind::WaitingForBuild { .. }).then(|| event.to_string())
        });
        assert!(text.ends_with("waiting for a build of adder that compiles"), "{text}");
        // The time that would be up, and half of it once more.
        thread::sleep((deadline * 3 / 2).saturating_sub(begun.elapsed()));
        assert!(!slot.is_finished());
        sources.edit(Sources::MODULE, "+= nmber;", "+= number;");
        let adder = slot.join().unwrap().unwrap();
        assert_eq!(adder.pin_mut().add("4").unwrap(), 4);
    });
}

#[test]
fn a_library_that_has_changed_is_told_and_no_module_runs_with_the_old_one() {
    let sources = Sources::new("linked", "0.1.6");
    sources.multiply_by_a_library("1");
    let host = Host::new(sources.config()).unwrap();
    let told = Told::of(&host);
    let adder = host.slot::<dyn Adder>("adder").unwrap();
    assert_eq!(adder.pin_mut().add("4").unwrap(), 4);

    // The library alone: the module is the same file as before.
    sources.number_of_the_library("10");
    let library = told.find(|event| match &event.kind {
        EventKind::LibraryChanged { library, .. } => Some(library.clone()),
        _ => None,
    });
    assert_eq!(library, "libhotswap_number.so");
    // A new module would run with the old one.
    sources.edit(Sources::MODULE, "+= number *", "+= 2 * number *");
    let refusal = told.find(|event| match &event.kind {
        EventKind::Refused(refusal) => Some(refusal.clone()),
        EventKind::Live(live) if live.generation > 1 => panic!("{event}"),
        _ => None,
    });
    assert_eq!((refusal.exit, refusal.phase), (Exit::Cancelled, Phase::Loaded));
    let text = refusal.to_string();
    assert!(text.contains("it needs libhotswap_number.so, whose file "), "{text}");
    assert!(text.contains("restart the host"), "{text}");
    assert_eq!(adder.pin_mut().add("4").unwrap(), 8);
    // With the library as it was nothing is wrong any more.
    sources.number_of_the_library("1");
    sources.edit(Sources::MODULE, "+= 2 * number *", "+= 3 * number *");
    told.find(|event| match &event.kind {
        EventKind::Live(live) if live.generation > 1 => Some(()),
        _ => None,
    });
    assert_eq!(adder.pin_mut().add("1").unwrap(), 11);
}

#[test]
fn a_package_that_is_not_there_is_an_error_that_names_those_that_are() {
    let sources = Sources::new("misnamed", "0.1.2");
    let config = patient()
        .slot("addr", SlotConfig::cargo("addr"))
        .build(|request| request.with_folder(sources.folder()));
    let error = Host::new(config).unwrap_err().to_string();
    assert!(error.contains("no package addr") && error.contains("did you mean adder?"), "{error}");
}

#[test]
fn the_harness_builds_a_package_and_tells_what_the_compiler_finds() {
    let sources = Sources::new("harness", "0.1.3");
    let harness = Harness::package("adder")
        .configure(|config| config.build(|request| sources.request(request)));
    let adder = harness.start::<dyn Adder>().unwrap();
    assert_eq!(adder.slot().pin_mut().add("4").unwrap(), 4);
    let state = adder.end().unwrap().unwrap();
    sources.edit(Sources::MODULE, "+= number;", "+= nmber;");
    let error = harness.start::<dyn Adder>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Artifact);
    let text = error.to_string();
    assert!(text.starts_with("the package adder does not build:\nerror[E0425]"), "{text}");
    sources.edit(Sources::MODULE, "+= nmber;", "+= number * 10;");
    let adder = harness.restore::<dyn Adder>(&state).unwrap();
    assert_eq!(adder.slot().pin_mut().add("1").unwrap(), 14);
}
