//! Calls that callers have made are asked again in a rehearsal, of both versions.
//!
//! A process of its own, with a `main` of its own: the host starts this program again as a child,
//! which takes a call first in `main`.

use std::{
    fs,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use hotswap_core::{
    Config, Host, Rehearsal, Replay, SlotConfig,
    event::{EventKind, Exit, Phase, Refusal, RehearsalReport, WayBack},
    plan::{FinalState, Level, ReplayReport, Replayed},
    probe,
};
use hotswap_tests::{Fixture, LONG, Scene, alone, fixture, is_harmless, patient};
use stall_api::Stall;

#[path = "replay/busy.rs"]
mod busy;
#[path = "replay/fair.rs"]
mod fair;

fn main() -> ExitCode {
    probe::Probe::new().replay::<dyn Stall>("main").serve();
    if cfg!(not(target_os = "linux")) {
        return ExitCode::SUCCESS;
    }
    let tests: [(&str, fn()); 20] = [
        ("what_answers_alike_is_live", what_answers_alike_is_live),
        ("another_answer_is_told", another_answer_is_told),
        ("an_exact_method_refuses", an_exact_method_refuses),
        ("a_panic_in_the_700th_call_refuses", a_panic_in_the_700th_call_refuses),
        ("what_ends_the_child_is_named_by_its_call", what_ends_the_child_is_named_by_its_call),
        ("what_fails_in_the_old_version_is_not_judged", what_fails_in_the_old_version),
        ("another_state_at_the_end_is_told", another_state_at_the_end_is_told),
        ("methods_are_left_out", methods_are_left_out),
        ("values_are_left_out", values_are_left_out),
        ("slow_calls_are_replayed_in_part", slow_calls_are_replayed_in_part),
        ("a_recording_ends_in_time", a_recording_ends_in_time),
        ("a_rehearsal_is_called_off_while_calls_are_recorded", called_off),
        ("what_fails_the_second_time_is_not_judged", fair::second_time),
        ("a_state_that_the_old_version_cannot_give", fair::old_state),
        ("a_crash_of_a_thread_that_was_left_is_a_risk", fair::left_thread),
        ("texts_of_panics_are_left_out", fair::texts),
        ("calls_go_on_while_recordings_come_and_go", busy::load),
        ("an_instance_is_replaced_while_calls_are_recorded", busy::restarted),
        ("a_host_ends_while_calls_are_recorded", busy::ended),
        ("what_cannot_be_done_is_an_error", what_cannot_be_done_is_an_error),
    ];
    alone::run(&tests)
}

fn stall(script: &str) -> Fixture {
    fixture("stall").told(script)
}

fn replaying(replay: Replay) -> Config {
    let how = Rehearsal::new().with_deadline(Duration::from_secs(300));
    patient().with_rehearsal(how.with_replay(replay))
}

/// As many calls as callers make in a moment, for as long as a test may take.
fn calls(calls: u32) -> Replay {
    Replay::calls(calls).within(LONG)
}

fn scene(replay: Replay) -> Scene<dyn Stall> {
    Scene::with(replaying(replay), &stall("label=a"))
}

/// Does something while a caller asks one thing after the other.
fn called<R>(scene: &Scene<dyn Stall>, then: impl FnOnce() -> R) -> R {
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _over = Over(&is_over);
        scope.spawn(|| {
            let mut reader = scene.slot.reader();
            while !is_over.load(Ordering::Relaxed) {
                let _ = scene.slot.pin().quote("bread", 3);
                reader.sell("tea".to_owned(), 2).unwrap().unwrap();
                assert_eq!(
                    reader.sell("tea".to_owned(), 0).unwrap().unwrap_err(),
                    "nothing to sell"
                );
                reader.now().unwrap();
                let mut seen = 0;
                reader.each(&mut |_| seen += 1).unwrap();
                assert_eq!(seen, 1);
                assert_eq!(reader.mail("ada").unwrap(), 3);
            }
        });
        then()
    })
}

fn rehearsed(scene: &Scene<dyn Stall>) -> Arc<RehearsalReport> {
    scene.told.find(|event| match &event.kind {
        EventKind::Rehearsed { report, .. } => Some(Arc::clone(report)),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    })
}

/// What is told of a build that goes live.
fn replayed(scene: &Scene<dyn Stall>, build: &Fixture) -> ReplayReport {
    called(scene, || {
        scene.put(build);
        let report = rehearsed(scene);
        let Some(Replayed::Done(replay)) = &report.replay else { panic!("{report}") };
        assert!(is_harmless(&report.to_string()), "{report}");
        let _ = scene.told.live();
        replay.clone()
    })
}

fn refused(scene: &Scene<dyn Stall>, build: &Fixture) -> Arc<Refusal> {
    let refusal = called(scene, || scene.refusal(build));
    assert_eq!((refusal.phase, refusal.exit), (Phase::Rehearsed, Exit::Rejected), "{refusal}");
    refusal
}

fn risks(scene: &Scene<dyn Stall>) -> Vec<(Level, String)> {
    let plan = scene.host.status().slots[0].plan.clone().unwrap();
    plan.risks.iter().map(|risk| (risk.level, risk.reason.clone())).collect()
}

fn what_answers_alike_is_live() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let scene = scene(calls(1000));
    let replay = replayed(&scene, &stall(&format!("label=b;log={}", log.display())));
    assert_eq!((replay.calls, replay.differences), (1000, vec![]));
    assert_eq!(replay.state, FinalState::Equal);
    // The time is another one for each.
    assert_eq!(replay.noise.len(), 1, "{:?}", replay.noise);
    let now = &replay.noise[0];
    assert_eq!((&*now.method, now.differ), ("now", now.calls));
    let not: Vec<_> = replay.not_recorded.iter().map(|it| &*it.method).collect();
    assert_eq!(not, ["each", "mail"]);
    // In the rehearsal, for the replay, and here.
    let text = fs::read_to_string(log).unwrap_or_default();
    assert_eq!(text.lines().filter(|line| *line == "b start").count(), 3, "{text}");
    assert!(!text.contains("mail in a rehearsal"), "{text}");
}

fn another_answer_is_told() {
    let scene = scene(calls(1000));
    let replay = replayed(&scene, &stall("label=b;price=330"));
    assert_eq!(replay.differences.len(), 1, "{replay:?}");
    let difference = &replay.differences[0];
    assert_eq!((&*difference.of.method, difference.of.differ), ("quote", difference.of.calls));
    assert!(difference.of.calls > 100 && difference.first <= 5, "{difference}");
    let values = difference.values.as_ref().unwrap();
    let values = (&*values.arguments, &*values.serving, &*values.candidate);
    assert_eq!(values, ("\"bread\", 3", "900", "990"));
    assert_eq!(replay.state, FinalState::Equal);
    let told = difference.to_string();
    assert!(told.ends_with("quote(\"bread\", 3): 900 → 990"), "{told}");
    assert!(risks(&scene).contains(&(Level::Medium, told)), "{:?}", risks(&scene));
}

fn an_exact_method_refuses() {
    let scene = scene(calls(200).exact(["quote", "now"]));
    let refusal = refused(&scene, &stall("label=b;price=330"));
    let finding = &refusal.findings[0];
    assert!(finding.starts_with("replay  quote answers differently in "), "{refusal}");
    assert!(finding.ends_with("quote(\"bread\", 3): 900 → 990"), "{refusal}");
    assert_eq!(refusal.findings.len(), 1, "the time is not judged: {refusal}");
    // What answers alike is live.
    let _ = replayed(&scene, &stall("label=c"));
}

fn a_panic_in_the_700th_call_refuses() {
    let scene = scene(calls(1000).only(["quote"]));
    let refusal = refused(&scene, &stall("label=b;panics=700"));
    let finding = &refusal.findings[0];
    let wanted = "replay  call 700 of 1000, quote(\"bread\", 3): it panicked: told to panic at ";
    assert!(finding.starts_with(wanted), "{refusal}");
    assert!(finding.ends_with("; the version that serves answers it"), "{refusal}");
    // One call later nobody has asked it.
    let _ = replayed(&scene, &stall("label=c;panics=1001"));
}

fn what_ends_the_child_is_named_by_its_call() {
    let how = Rehearsal::new().with_deadline(Duration::from_secs(5));
    let config = patient().with_rehearsal(how.with_replay(calls(100).only(["quote"])));
    let scene = Scene::with(config, &stall("label=a"));
    for (script, wanted) in [
        ("label=b;aborts=70", "the artifact was ended by SIGABRT, it aborts"),
        ("label=b;hangs=70", "the artifact did not come back within 5s"),
    ] {
        let refusal = refused(&scene, &stall(script));
        let wanted = format!("replay  in call 70 of 100, quote, {wanted}");
        assert_eq!(refusal.findings[0], wanted, "{refusal}");
    }
}

fn what_fails_in_the_old_version() {
    let quoted = || calls(100).only(["quote"]);
    // In the program it is past its 50th call, and the child starts it anew.
    let panicking = || {
        let scene: Scene<dyn Stall> = Scene::with(replaying(quoted()), &stall("label=a;panics=50"));
        let quotes = (0..60).map(|_| scene.slot.pin().quote("bread", 3));
        assert_eq!(quotes.filter(Result::is_err).count(), 1);
        scene
    };
    let replay = replayed(&panicking(), &stall("label=b"));
    let difference = &replay.differences[0];
    assert_eq!((difference.first, difference.of.differ), (50, 1), "{difference}");
    let values = difference.values.as_ref().unwrap();
    assert!(values.serving.starts_with("it panicked: told to panic at "), "{difference}");
    // Both panic.
    assert_eq!(replayed(&panicking(), &stall("label=b;panics=50")).differences, []);
    // What ends the child is the old version.
    let scene = Scene::with(replaying(quoted()), &stall("label=a;aborts=50"));
    called(&scene, || {
        scene.put(&stall("label=b"));
        let report = rehearsed(&scene);
        let Some(Replayed::Not { why }) = &report.replay else { panic!("{report}") };
        assert_eq!(why, "the version that serves was ended by SIGABRT, it aborts");
        assert_eq!(report.way_back, WayBack::Works);
        let _ = scene.told.live();
    });
}

fn another_state_at_the_end_is_told() {
    let scene = scene(calls(200));
    called(&scene, || {
        scene.put(&stall("label=b;skims=1"));
        let report = rehearsed(&scene);
        let Some(Replayed::Done(replay)) = &report.replay else { panic!("{report}") };
        assert_eq!(replay.differences, []);
        let FinalState::Different { fields } = &replay.state else { panic!("{report}") };
        let [field] = &**fields else { panic!("{report}") };
        assert_eq!(field.at, "takings");
        let number = |text: &Option<String>| text.as_ref().unwrap().parse::<u64>().unwrap();
        let (serving, candidate) = (number(&field.serving), number(&field.candidate));
        assert!(serving > candidate && serving - candidate <= 200, "{field}");
        let _ = scene.told.live();
    });
    let risk = risks(&scene).into_iter().find(|(_, why)| why.contains("another state: takings: "));
    assert_eq!(risk.unwrap().0, Level::Medium);
}

fn methods_are_left_out() {
    for replay in [calls(100).except(["quote"]), calls(100).only(["sell", "now", "each"])] {
        let scene = scene(replay);
        let replay = replayed(&scene, &stall("label=b;price=330;panics=1"));
        assert_eq!((replay.calls, replay.differences), (100, vec![]));
    }
}

fn values_are_left_out() {
    let scene = scene(calls(200).without_values());
    let report = called(&scene, || {
        scene.put(&stall("label=b;price=330;skims=1"));
        let report = rehearsed(&scene);
        let _ = scene.told.live();
        report
    });
    let Some(Replayed::Done(replay)) = &report.replay else { panic!("{report}") };
    assert_eq!(replay.differences[0].values, None);
    let FinalState::Different { fields } = &replay.state else { panic!("{report}") };
    assert_eq!((&*fields[0].at, &fields[0].serving), ("takings", &None));
    let json = serde_json::to_string(&*report).unwrap();
    for text in [report.to_string(), json, format!("{:?}", risks(&scene))] {
        assert!(!text.contains("bread") && !text.contains("990"), "{text}");
    }
    let refusal = refused(&scene, &stall("label=c;price=330;panics=20"));
    let text = refusal.to_string();
    assert!(text.contains("call ") && text.contains(", quote: it panicked at "), "{text}");
    assert!(!text.contains("bread") && !text.contains("told to"), "{text}");
}

/// All of them would take longer than the rehearsal may.
fn slow_calls_are_replayed_in_part() {
    let how = Rehearsal::new().with_deadline(Duration::from_secs(15));
    let config = patient().with_rehearsal(how.with_replay(calls(1000).only(["quote"])));
    let scene = Scene::with(config, &stall("label=a;slow=20"));
    let replay = replayed(&scene, &stall("label=b;price=330"));
    assert!((1..1000).contains(&replay.calls), "{replay:?}");
    assert_eq!(replay.differences[0].of.differ, replay.calls);
}

fn a_recording_ends_in_time() {
    let within = Duration::from_millis(300);
    let scene = scene(Replay::calls(1000).within(within));
    scene.put(&stall("label=b"));
    let report = rehearsed(&scene);
    let Some(Replayed::Done(replay)) = &report.replay else { panic!("{report}") };
    assert!(replay.recorded >= within, "{report}");
    // Nobody has called.
    assert_eq!((replay.calls, &replay.state), (0, &FinalState::Equal));
    let _ = scene.told.live();
    let none = risks(&scene).into_iter().find(|(_, why)| why.contains("none came in"));
    assert_eq!(none.unwrap().0, Level::Low);
    // Too few.
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                scene.slot.pin().label().unwrap();
                thread::sleep(Duration::from_millis(10));
            }
        });
        scene.put(&stall("label=c"));
        let report = rehearsed(&scene);
        is_over.store(true, Ordering::Relaxed);
        let Some(Replayed::Done(replay)) = &report.replay else { panic!("{report}") };
        assert!(replay.calls <= 30 && replay.recorded >= within, "{report}");
        let differences: Vec<_> = replay.differences.iter().map(|it| &*it.of.method).collect();
        assert!(replay.calls == 0 || differences == ["label"], "{report}");
    });
    let _ = scene.told.live();
}

fn called_off() {
    // Nobody calls, so that it would be recorded for ever.
    let scene = scene(calls(1).within(Duration::MAX));
    scene.put(&stall("label=b"));
    scene.told.find(|event| {
        matches!(event.kind, EventKind::Phase { phase: Phase::BackedUp, .. }).then_some(())
    });
    scene.put(&stall("label=c"));
    scene.told.find(|event| matches!(event.kind, EventKind::Superseded { .. }).then_some(()));
    // The calls are the newer one's.
    let (mut asked, mut live) = (0, None);
    while live.is_none() {
        scene.slot.pin().quote("bread", 3).unwrap();
        asked += 1;
        live = scene.told.so_far().into_iter().find_map(|event| match event.kind {
            EventKind::Live(live) if live.generation == 2 => Some(live),
            _ => None,
        });
    }
    assert!(asked > 0 && scene.slot.pin().label().unwrap() == "c");
}

fn what_cannot_be_done_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("module");
    fs::write(&path, stall("label=a").bytes()).unwrap();
    let slot = |replay| {
        Host::new(replaying(replay).slot("main", SlotConfig::artifact(&path)))
            .and_then(|host| host.slot::<dyn Stall>("main").map(drop))
    };
    for (replay, wanted) in [
        (Replay::calls(0), "it has 0 calls: expected 1 to 50000"),
        (Replay::calls(60_000), "it has 60000 calls: expected 1 to 50000"),
        (calls(1).within(Duration::ZERO), "it has no time to record calls"),
        (calls(1).only(["quot"]), "has no method quot, which the slot's replay names"),
        (calls(1).except(["quot"]), "has no method quot, which the slot's replay names"),
        (calls(1).exact(["quot"]), "has no method quot, which the slot's replay names"),
    ] {
        let error = slot(replay).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    slot(calls(1)).unwrap();
    // A program that does not name the interface replays nothing, and says so.
    let config = replaying(calls(1));
    let host = Host::new(config.slot("other", SlotConfig::artifact(&path))).unwrap();
    let told = hotswap_tests::Told::of(&host);
    let other = host.slot::<dyn Stall>("other").unwrap();
    let _ = told.live();
    hotswap_tests::replace(&path, stall("label=b").bytes());
    let report = loop {
        other.pin().quote("bread", 3).unwrap();
        let events = told.so_far();
        let found = events.iter().find_map(|event| match &event.kind {
            EventKind::Rehearsed { report, .. } => Some(Arc::clone(report)),
            _ => None,
        });
        if let Some(report) = found {
            break report;
        }
    };
    let Some(Replayed::Not { why }) = &report.replay else { panic!("{report}") };
    assert!(why.contains("does not name the interface of slot other"), "{why}");
}
