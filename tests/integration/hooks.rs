//! Every step of a module's life fails, panics and hangs, once in the candidate and once in the
//! version that serves.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use counter_api::{Counter, Failing};
use hotswap_core::{
    AfterPanic, CallError, Config, StateDrift, Timing,
    event::{Exit, Phase, Retirement, StateNote},
};
use hotswap_tests::{Scene, as_configured, edition, fixture, patient};

use crate::support::{counter, elsewhere, label, stay_inside, value};

/// What hangs is given up soon.
fn impatient() -> Config {
    patient().with_pause_deadline(Duration::from_secs(1)).with_work_deadline(Duration::from_secs(2))
}

#[test]
fn the_steps_of_a_life_come_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let script = |label: &str| format!("label={label};log={}", log.display());
    let scene = Scene::<dyn Counter>::of(&counter(&script("a")));
    scene.upgrade(&counter(&script("b")));
    assert_eq!(scene.told.retired(), (1, as_configured()));
    let refusal = scene.refusal(&counter(&format!("{};self_test=fail", script("c"))));
    assert_eq!(refusal.phase, Phase::Activated);
    scene.host.shutdown().unwrap();
    let log = fs::read_to_string(log).unwrap();
    let steps: Vec<_> = log.lines().collect();
    assert_eq!(
        steps,
        [
            "a prepare",
            "a start",
            "a self_test", // the first load
            "b prepare",
            "a suspend",
            "a state",
            "b start",
            "b self_test",
            "a stop", // the upgrade
            "c prepare",
            "b suspend",
            "b state",
            "c start",
            "c self_test",
            "c stop",
            "b resume",
            "b stop", // the end
        ]
    );
}

/// Calls all the time, and is never turned away.
fn under_load(scene: &Scene<dyn Counter>, test: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    let before = value(&scene.slot);
    let updates: u64 = thread::scope(|scope| {
        let reads = scope.spawn(|| {
            let reader = scene.slot.reader();
            while !stop.load(Ordering::Relaxed) {
                reader.value().unwrap();
                thread::yield_now();
            }
        });
        let updates = scope.spawn(|| {
            let mut updates = 0;
            while !stop.load(Ordering::Relaxed) {
                scene.slot.pin_mut().add(1).unwrap();
                updates += 1;
                thread::yield_now();
            }
            updates
        });
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let stop = Stop(&stop);
        test();
        drop(stop);
        reads.join().unwrap();
        updates.join().unwrap()
    });
    assert_eq!(value(&scene.slot), before + updates, "no update is lost");
}

/// The candidate's steps: what refuses it, and whether the old version was suspended for it.
const CANDIDATE: &[(&str, &str, Phase, &str)] = &[
    ("prepare", "fail", Phase::Prepared, "prepare  prepare was told to fail"),
    ("prepare", "panic", Phase::Prepared, "prepare  it panicked: prepare was told to panic at "),
    ("prepare", "hang", Phase::Prepared, "prepare  it did not come back within 2s"),
    ("start", "fail", Phase::Activated, "start  start was told to fail"),
    ("start", "panic", Phase::Activated, "start  it panicked: start was told to panic at "),
    ("start", "hang", Phase::Activated, "start  it did not come back within "),
    ("self_test", "fail", Phase::Activated, "start  its self-test: self_test was told to fail"),
    ("self_test", "panic", Phase::Activated, "it panicked: self_test was told to panic at "),
    ("self_test", "hang", Phase::Activated, "it did not come back within "),
];

#[test]
fn a_candidate_that_fails_in_any_step_is_refused_and_the_old_version_goes_on() {
    let scene = Scene::<dyn Counter>::with(impatient(), &counter("label=a"));
    under_load(&scene, || {
        for (step, how, phase, finding) in CANDIDATE {
            let refusal = scene.refusal(&counter(&format!("{step}={how}")));
            let text = refusal.to_string();
            assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, *phase), "{text}");
            assert!(text.contains(finding), "{step} {how}: {text}");
            assert!(text.contains("serving 1.0.0 (generation 1), state untouched"), "{text}");
            assert!(text.contains("build it again"), "{text}");
            assert_eq!((scene.slot.generation(), label(&scene.slot)), (1, "a".to_owned()));
        }
        let live = scene.upgrade(&counter("label=good"));
        assert_eq!((live.generation, live.state), (2, StateNote::Kept));
    });
}

#[test]
fn a_candidate_without_state_that_fails_is_refused_as_well() {
    let config = impatient();
    let scene = Scene::<dyn Counter>::with(config, &fixture("stateless").told("label=a"));
    for (how, finding) in [
        ("fail", "start was told to fail"),
        ("panic", "start was told to panic"),
        ("hang", "did not come back"),
    ] {
        let refusal = scene.refusal(&fixture("stateless").told(&format!("start={how}")));
        let text = refusal.to_string();
        assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Activated), "{text}");
        assert!(text.contains(finding), "{text}");
    }
    let live = scene.upgrade(&fixture("stateless").told("label=b"));
    assert_eq!((live.generation, live.state), (2, StateNote::None));
}

#[test]
fn a_candidate_that_comes_back_too_late_is_stopped_and_changes_nothing() {
    let scene = Scene::<dyn Counter>::with(impatient(), &counter("label=a"));
    let (go, log) = (scene.folder().join("go"), scene.folder().join("log"));
    let script = format!("label=late;start=wait {};log={}", go.display(), log.display());
    assert_eq!(scene.refusal(&counter(&script)).phase, Phase::Activated);
    scene.upgrade(&counter("label=b"));
    fs::write(go, "").unwrap();
    hotswap_tests::until("the late one is stopped", || {
        fs::read_to_string(&log).unwrap().contains("late stop")
    });
    assert_eq!((scene.slot.generation(), label(&scene.slot)), (2, "b".to_owned()));
    scene.upgrade(&counter("label=c"));
}

#[test]
fn a_serving_version_that_panics_in_its_steps_goes_on_and_is_tried_again() {
    for step in ["suspend", "state"] {
        let scene = Scene::<dyn Counter>::with(
            impatient(),
            &counter(&format!("label=a;{step}=panic once")),
        );
        under_load(&scene, || {
            scene.put(&counter("label=b"));
            let refusal = scene.told.refused();
            let text = refusal.to_string();
            assert_eq!(
                (refusal.exit, refusal.phase),
                (Exit::Cancelled, Phase::Snapshotted),
                "{text}"
            );
            let finding =
                format!("the serving version's {step}  it panicked: {step} was told to panic");
            assert!(text.contains(&finding), "{text}");
            assert!(text.contains("the candidate is not to blame"), "{text}");
            // By itself.
            assert_eq!(scene.told.live().generation, 2);
        });
    }
}

#[test]
fn a_serving_version_that_panics_in_resume_goes_on() {
    let scene = Scene::<dyn Counter>::with(impatient(), &counter("label=a;resume=panic"));
    under_load(&scene, || {
        let text = scene.refusal(&counter("start=fail")).to_string();
        assert!(text.contains("start was told to fail"), "{text}");
        assert!(text.contains("the old version's `resume`: it panicked"), "{text}");
        assert_eq!(label(&scene.slot), "a");
        assert_eq!(scene.upgrade(&counter("label=b")).generation, 2);
    });
}

fn abandoned<T: std::fmt::Debug>(result: Result<T, CallError>) {
    assert!(matches!(result, Err(CallError::Abandoned { .. })), "{result:?}");
}

#[test]
fn a_serving_version_that_hangs_in_suspend_or_resume_is_given_up() {
    for (script, bad, finding) in [
        ("suspend=hang", "label=b", "calls of this slot are refused: its `suspend` hangs"),
        ("resume=hang", "start=fail", "the old version's `resume`: it did not come back"),
    ] {
        let config = impatient().with_state_drift(StateDrift::StartAfresh);
        let scene = Scene::<dyn Counter>::with(config, &counter(script));
        scene.slot.pin_mut().add(5).unwrap();
        scene.put(&counter(bad));
        let text = scene.told.refused().to_string();
        assert!(text.contains(finding), "{text}");
        // Nobody can touch the instance any more; the host lives, and says what is the matter.
        abandoned(elsewhere(|| scene.slot.pin().value()));
        abandoned(elsewhere(|| scene.slot.pin_mut().add(1)));
        abandoned(elsewhere(|| scene.slot.reader().value()));
        // The host starts afresh where it can: the next good build is live.
        scene.put(&counter("label=good"));
        let live = scene.told.live();
        let StateNote::Dropped { why } = &live.state else { panic!("{:?}", live.state) };
        assert!(why[0].contains("hangs in it"), "{why:?}");
        assert_eq!(label(&scene.slot), "good");
        let (retired, outcome) = scene.told.retired();
        assert!(retired == 1 && matches!(outcome, Retirement::Abandoned { .. }), "{outcome:?}");
    }
}

#[test]
fn a_serving_version_that_hangs_in_state_can_still_be_read() {
    let scene = Scene::<dyn Counter>::with(impatient(), &counter("label=a;state=hang"));
    scene.slot.pin_mut().add(5).unwrap();
    scene.put(&counter("label=b"));
    let refusal = scene.told.refused();
    assert_eq!((refusal.exit, refusal.phase), (Exit::Cancelled, Phase::Snapshotted));
    let text = refusal.to_string();
    assert!(
        text.contains("`&mut self` calls of this slot are refused: its `state` hangs"),
        "{text}"
    );
    assert_eq!(value(&scene.slot), 5);
    abandoned(elsewhere(|| scene.slot.pin_mut().add(1)));
    abandoned(elsewhere(|| scene.slot.pin().add(1)));
    // Its state cannot be had: without leave to drop it, the next build is refused.
    let refusal = scene.refusal(&counter("label=c"));
    let text = refusal.to_string();
    assert!(text.contains("hangs in it") && text.contains("restart the host"), "{text}");
    assert_eq!(value(&scene.slot), 5);
}

/// What hangs in `state` still reads the instance: nobody may have that for himself, not even to tell it
/// that it ends.
#[test]
fn a_restart_leaves_alone_what_hangs_in_state() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let config = impatient().with_state_drift(StateDrift::StartAfresh).with_data_dir(folder.path());
    let script = format!("label=a;state=hang;log={}", log.display());
    let scene = Scene::<dyn Counter>::with(config, &counter(&script));
    scene.slot.pin_mut().add(5).unwrap();
    let error = scene.host.operator().checkpoint("main").unwrap_err().to_string();
    assert!(error.contains("did not come back"), "{error}");
    assert_eq!(value(&scene.slot), 5);
    scene.host.operator().restart("main").unwrap();
    assert_eq!(value(&scene.slot), 0);
    let told = scene.told.so_far();
    let text = "its own code hangs in its instance";
    assert!(told.iter().any(|event| event.to_string().contains(text)), "{told:?}");
    let log = fs::read_to_string(log).unwrap();
    let steps: Vec<_> = log.lines().filter(|step| !step.contains("prepare")).collect();
    assert_eq!(steps, ["a start", "a self_test", "a state", "a start", "a self_test"]);
}

#[test]
fn an_old_version_that_does_not_stop_is_abandoned_and_told() {
    for (how, why) in
        [("panic", "its `stop`: it panicked"), ("hang", "its `stop`: it did not come back")]
    {
        let scene =
            Scene::<dyn Counter>::with(impatient(), &counter(&format!("label=a;stop={how}")));
        under_load(&scene, || {
            scene.upgrade(&counter("label=b"));
            let (number, outcome) = scene.told.retired();
            let Retirement::Abandoned { why: found } = outcome else { panic!("{outcome:?}") };
            assert!(number == 1 && found.contains(why), "{found}");
            assert_eq!(scene.upgrade(&counter("label=c")).generation, 3);
        });
    }
}

/// Module code drops what `prepare` has kept, also where nothing comes of it.
#[test]
fn a_restore_does_not_wait_for_the_drop_of_what_prepare_has_kept() {
    let folder = tempfile::tempdir().unwrap();
    let config = impatient().with_data_dir(folder.path());
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a;untaken=hang"));
    let backup = scene.host.operator().checkpoint("main").unwrap();
    let stays = stay_inside(&scene.slot, "the one who stays");
    let error = scene.host.operator().restore("main", backup.number).unwrap_err().to_string();
    for part in ["the one who stays", "what its `prepare` kept: it did not come back"] {
        assert!(error.contains(part), "{error}");
    }
    stays.leave();
    scene.host.operator().restore("main", backup.number).unwrap();
    scene.host.shutdown().unwrap();
}

/// What was slow may come back when it was given up: its instance is stopped then, and nobody waits for
/// that for ever.
#[test]
fn what_was_given_up_and_comes_back_is_not_stopped_by_the_hosts_own_thread() {
    let folder = tempfile::tempdir().unwrap();
    let (go, log) = (folder.path().join("go"), folder.path().join("log"));
    let config = impatient().with_state_drift(StateDrift::StartAfresh);
    let script = format!("label=a;suspend=wait {};stop=hang;log={}", go.display(), log.display());
    let scene = Scene::<dyn Counter>::with(config, &counter(&script));
    let refusal = scene.refusal(&counter("label=b")).to_string();
    assert!(refusal.contains("its `suspend` hangs"), "{refusal}");
    fs::write(&go, "").unwrap();
    let said = || fs::read_to_string(&log).unwrap();
    hotswap_tests::until("it comes back", || said().contains("suspend goes on"));
    let live = scene.upgrade(&counter("label=c"));
    assert_eq!(live.generation, 2);
    hotswap_tests::until("it is stopped", || said().contains("a stop"));
    assert_eq!(scene.upgrade(&counter("label=d")).generation, 3);
    scene.host.shutdown().unwrap();
}

/// A candidate that was started beside a version whose state does not go over as memory any more is
/// prepared anew.
#[test]
fn a_candidate_that_is_prepared_anew_does_not_hang_the_host_with_what_it_had_kept() {
    let config = impatient()
        .with_timing(Timing::on_request())
        .with_after_panic(AfterPanic::Refuse, AfterPanic::GoOn);
    let mover = |script: &str| edition("mover", &[]).told(script);
    let scene = Scene::<dyn Counter>::with(config, &mover("label=a"));
    scene.put(&mover("label=b;untaken=hang"));
    scene.told.pending();
    let stays = stay_inside(&scene.slot, "the one who stays");
    assert_eq!(scene.host.apply_pending().unwrap(), 0);
    assert!(scene.told.refused().to_string().contains("the one who stays"));
    stays.leave();
    elsewhere(|| scene.slot.pin_mut().fail_mut(Failing::Text)).unwrap_err();
    assert_eq!(scene.host.apply_pending().unwrap(), 0);
    let refusal = scene.told.refused();
    assert_eq!(refusal.phase, Phase::Prepared, "{refusal}");
    assert!(refusal.findings[0].starts_with("drop  it did not come back"), "{refusal}");
}
