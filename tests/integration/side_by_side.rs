//! Two versions serve side by side: the new one gets a share of the calls, and is promoted or rolled
//! back by what they come to.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use hotswap_core::{
    Config, ErrorKind, Host, Pin, SlotConfig, Strategy, TooFew, Trial,
    event::{EventKind, Exit, Live},
};
use hotswap_tests::{Fixture, LONG, Scene, as_configured, fixture, patient, until};
use tally_api::Tally;

use crate::support::elsewhere;

const MS: Duration = Duration::from_millis(1);

fn till(script: &str) -> Fixture {
    fixture("till").told(script)
}

/// Shares with which it is not a matter of chance whether both versions get calls.
const SHARES: [f64; 2] = [0.25, 0.75];

fn config(strategy: Strategy, trial: Trial) -> Config {
    patient().with_strategy(strategy).with_trial(trial.with_longest_call(LONG))
}

/// A trial whose steps are over as soon as the calls say so.
fn short() -> Trial {
    Trial::new(MS).with_calls(0, LONG)
}

type Tallied = Scene<dyn Tally>;

/// Two threads call until it is said how the next artifact comes out.
fn under_calls<T>(scene: &Tallied, then: impl FnOnce() -> T) -> (T, Calls) {
    let calls = Calls::default();
    let ends = AtomicBool::new(false);
    let result = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !ends.load(Ordering::Relaxed) {
                    calls.note(&scene.slot.pin().take(1));
                }
            });
        }
        let result = then();
        ends.store(true, Ordering::Relaxed);
        result
    });
    (result, calls)
}

#[derive(Debug, Default)]
struct Calls {
    made: AtomicU64,
    errs: AtomicU64,
    failed: AtomicU64,
}

impl Calls {
    fn note<T, E, C>(&self, answer: &Result<Result<T, E>, C>) {
        self.made.fetch_add(1, Ordering::Relaxed);
        match answer {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => _ = self.errs.fetch_add(1, Ordering::Relaxed),
            Err(_) => _ = self.failed.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// The next version serves all calls; the steps that were told before.
fn steps_to_live(scene: &Tallied) -> (Vec<(usize, usize)>, Live) {
    let mut steps = Vec::new();
    let live = scene.told.find(|event| match &event.kind {
        EventKind::Step { step, .. } => {
            steps.push(*step);
            None
        }
        EventKind::Refused(refusal) => panic!("{refusal}"),
        EventKind::Live(live) => Some(live.clone()),
        _ => None,
    });
    (steps, live)
}

#[test]
fn what_is_well_gets_more_calls_step_by_step_and_then_all() {
    let scene = Tallied::with(config(Strategy::gradual(SHARES), short()), &till("label=a"));
    let ((steps, live), calls) = under_calls(&scene, || {
        scene.put(&till("label=b"));
        steps_to_live(&scene)
    });
    assert_eq!(steps, [(1, 2), (2, 2)]);
    assert_eq!((live.generation, live.pause), (2, None));
    assert_eq!((calls.failed.into_inner(), calls.errs.into_inner()), (0, 0));
    let why = scene.told.find(|event| match &event.kind {
        EventKind::Committed { generation: 2, why, .. } => Some(why.clone()),
        _ => None,
    });
    assert!(why.contains("calls failed, of the stable version 0 of"), "{why}");
    assert_eq!(elsewhere(|| scene.slot.pin().label()).unwrap(), "b");
    assert_eq!(scene.told.retired().0, 1);
    // Its slot takes the next one.
    let ((_, live), _) = under_calls(&scene, || {
        scene.put(&till("label=c"));
        steps_to_live(&scene)
    });
    assert_eq!(live.generation, 3);
}

#[test]
fn one_call_in_twenty_that_fails_is_found_before_the_second_step() {
    let scene = Tallied::with(config(Strategy::gradual(SHARES), short()), &till("label=a"));
    let (refusal, calls) = under_calls(&scene, || {
        scene.put(&till("label=b;errs=20"));
        scene.told.find(|event| match &event.kind {
            EventKind::Step { step, .. } => {
                assert_eq!(*step, (1, 2));
                None
            }
            EventKind::Refused(refusal) => Some(refusal.clone()),
            EventKind::Live(live) => panic!("{live:?}"),
            _ => None,
        })
    });
    assert_eq!(refusal.exit, Exit::RolledBack);
    assert!(refusal.findings[0].starts_with("failures  "), "{refusal}");
    assert_eq!(calls.failed.into_inner(), 0);
    assert!(calls.errs.into_inner() > 0);
    let status = scene.host.status().slots.remove(0);
    assert_eq!((status.serving.map(|it| it.generation), status.canary.is_none()), (Some(1), true));
    assert_eq!(status.quarantined.len(), 1);
    assert_eq!(scene.told.retired().0, 2);
    // The next one has a number of its own.
    let ((_, live), _) = under_calls(&scene, || {
        scene.put(&till("label=c"));
        steps_to_live(&scene)
    });
    assert_eq!(live.generation, 3);
}

#[test]
fn a_panic_of_the_new_version_ends_it_at_once() {
    let trial = Trial::new(LONG);
    let scene = Tallied::with(config(Strategy::gradual([0.5]), trial), &till("label=a"));
    scene.put(&till("label=b;panics=3"));
    let refusal = thread::scope(|scope| {
        scope.spawn(|| {
            // From then on no call fails any more.
            while scene.slot.pin().add(1).is_ok() {}
            until("it is rolled back", || scene.host.status().slots[0].last_refusal.is_some());
            for _ in 0..100 {
                scene.slot.pin().add(1).unwrap();
            }
        });
        scene.told.find(|event| match &event.kind {
            EventKind::Refused(refusal) => Some(refusal.clone()),
            _ => None,
        })
    });
    assert_eq!(refusal.exit, Exit::RolledBack);
    assert!(refusal.findings[0].starts_with("panics  1 in"), "{refusal}");
    assert!(refusal.findings[1].contains("told to panic"), "{refusal}");
}

#[test]
fn too_few_calls_are_waited_for_until_somebody_says_how_it_goes_on() {
    let trial = Trial::new(MS).with_calls(1000, MS);
    let scene = Tallied::with(config(Strategy::gradual(SHARES), trial), &till("label=a"));
    let waits = || {
        scene.told.find(|event| match &event.kind {
            EventKind::StepWaits { step, open, .. } => Some((*step, open.join("; "))),
            EventKind::Refused(refusal) => panic!("{refusal}"),
            _ => None,
        })
    };
    scene.put(&till("label=b"));
    let (step, open) = waits();
    assert_eq!(step, (1, 2));
    assert!(open.starts_with("0 calls in this step, and 1000 were wanted"), "{open}");
    let status = scene.host.status();
    let beside = status.slots[0].canary.clone().unwrap();
    assert_eq!((beside.generation, beside.step, beside.steps), (2, 1, 2));
    assert!(status.to_string().contains("WAITS for promote, commit or rollback"), "{status}");
    for _ in 0..100 {
        scene.slot.pin().take(1).unwrap().unwrap();
    }
    scene.host.operator().promote("main", "enough").unwrap();
    let (step, open) = waits();
    assert_eq!(step, (2, 2));
    assert!(open.starts_with("0 calls in this step"), "{open}");
    scene.host.operator().promote("main", "enough").unwrap();
    assert_eq!(scene.told.live().generation, 2);
    let none = scene.host.operator().promote("main", "again").unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Misuse);

    scene.put(&till("label=c"));
    waits();
    scene.host.operator().commit("main", "it is urgent").unwrap();
    assert_eq!(scene.told.live().generation, 3);

    scene.put(&till("label=d"));
    waits();
    scene.host.operator().roll_back("main", "not today").unwrap();
    assert_eq!(scene.told.refused().findings, ["not today"]);
    assert_eq!(elsewhere(|| scene.slot.pin().label()).unwrap(), "c");
}

#[test]
fn what_nobody_decides_is_rolled_back_at_its_deadline() {
    let strategy = Strategy::parallel().with_manual_promotion().with_deadline(MS * 50);
    let trial = Trial::new(MS).with_too_few(TooFew::Commit);
    let scene = Tallied::with(config(strategy, trial), &till("label=a"));
    scene.put(&till("label=b"));
    let refusal = scene.told.refused();
    assert!(refusal.findings[0].starts_with("its deadline is over in step 1 of 1"), "{refusal}");
}

#[test]
fn a_preview_alone_meets_a_version_in_parallel() {
    let trial = Trial::new(LONG);
    let scene = Tallied::with(config(Strategy::parallel(), trial), &till("label=a"));
    assert!(scene.slot.preview().is_none());
    scene.put(&till("label=b"));
    until("it is the canary", || scene.host.status().slots[0].canary.is_some());
    for _ in 0..1000 {
        assert_eq!(scene.slot.pin().label().unwrap(), "a");
        assert_eq!(scene.slot.preview().unwrap().label().unwrap(), "b");
    }
    let inside = scene.slot.pin();
    assert!(scene.slot.preview().is_none(), "the thread is inside the other one");
    drop(inside);
    scene.host.operator().promote("main", "it looks well").unwrap();
    assert_eq!(scene.told.live().generation, 2);
    assert!(scene.slot.preview().is_none());
    assert_eq!(scene.slot.pin().label().unwrap(), "b");
}

#[test]
fn the_pins_of_a_key_change_over_once_as_the_share_grows() {
    let strategy = Strategy::gradual([0.2, 0.4, 0.6, 0.8]).with_manual_promotion();
    let scene = Tallied::with(config(strategy, Trial::new(LONG)), &till("label=a"));
    scene.put(&till("label=b"));
    until("it is the canary", || scene.host.status().slots[0].canary.is_some());
    let labels = || -> Vec<bool> {
        (0..1000_u32)
            .map(|key| scene.slot.pin_for(key.to_le_bytes()).label().unwrap() == "b")
            .collect()
    };
    let mut before = labels();
    for _ in 0..3 {
        assert_eq!(labels(), before, "a key stays where it is");
        scene.host.operator().promote("main", "next").unwrap();
        let now = labels();
        let is_back = before.iter().zip(&now).any(|(before, now)| *before && !now);
        assert!(!is_back, "no key goes back");
        let count = |keys: &[bool]| keys.iter().filter(|key| **key).count();
        assert!(count(&now) > count(&before));
        before = now;
    }
}

#[test]
fn a_key_sees_one_version_in_a_million_calls_and_at_most_one_change() {
    let strategy = Strategy::gradual([0.1, 0.3, 0.5, 0.7, 0.9]).with_manual_promotion();
    let scene = Tallied::with(config(strategy, Trial::new(LONG)), &till("label=a"));
    scene.put(&till("label=b"));
    until("it is the canary", || scene.host.status().slots[0].canary.is_some());
    let made = AtomicU64::new(0);
    let (slot, made) = (&scene.slot, &made);
    thread::scope(|scope| {
        for key in ["ada", "grace", "barbara", "frances"] {
            scope.spawn(move || {
                let mut before = 1;
                for _ in 0..250_000 {
                    let now = Pin::generation(&slot.pin_for(key)).unwrap();
                    assert!(now >= before, "{key} goes back");
                    before = now;
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for step in 1..=4 {
            until("a fifth of the calls are made", || {
                made.load(Ordering::Relaxed) > step * 200_000
            });
            scene.host.operator().promote("main", "next").unwrap();
        }
    });
    assert_eq!(made.load(Ordering::Relaxed), 1_000_000);
    assert_eq!(scene.host.status().slots[0].canary.as_ref().map(|it| it.step), Some(5));
}

#[test]
fn a_rollback_under_eight_threads_fails_no_call_and_leaves_nobody_on_the_version() {
    let scene = Tallied::with(config(Strategy::gradual([0.5]), Trial::new(LONG)), &till("label=a"));
    scene.put(&till("label=b"));
    until("it is the canary", || scene.host.status().slots[0].canary.is_some());
    let (is_over, made, beside) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let (slot, is_over, made, beside) = (&scene.slot, &is_over, &made, &beside);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(move || {
                for _ in 0..50_000 {
                    let was_over = is_over.load(Ordering::SeqCst);
                    let pin = slot.pin();
                    pin.add(1).unwrap();
                    let is_beside = Pin::generation(&pin).unwrap() == 2;
                    assert!(!(was_over && is_beside), "no call goes there any more");
                    beside.fetch_add(is_beside.into(), Ordering::Relaxed);
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        until("many calls are made", || made.load(Ordering::Relaxed) > 100_000);
        scene.host.operator().roll_back("main", "the test").unwrap();
        is_over.store(true, Ordering::SeqCst);
    });
    assert!(beside.load(Ordering::Relaxed) > 10_000);
    assert_eq!(scene.told.refused().exit, Exit::RolledBack);
    assert_eq!(scene.told.retired(), (2, as_configured()));
}

/// How it ended is reported, and it is not to blame.
#[test]
fn an_end_of_the_host_calls_it_off() {
    let scene = Tallied::with(config(Strategy::gradual([0.5]), Trial::new(LONG)), &till("label=a"));
    let log = scene.folder().join("log");
    scene.put(&till(&format!("label=b;log={}", log.display())));
    until("it is the canary", || scene.host.status().slots[0].canary.is_some());
    scene.host.shutdown().unwrap();
    let report = scene.told.so_far().into_iter().find_map(|event| match event.kind {
        EventKind::Reported(report) => Some(report),
        _ => None,
    });
    let report = report.expect("it is reported");
    assert_eq!(report.findings, ["the host has ended within its trial"]);
    assert_eq!(std::fs::read_to_string(log).unwrap().matches("b stop").count(), 1);
}

#[test]
fn a_module_with_a_state_is_upgraded_smoothly() {
    let tally = |script: &str| fixture("tally").told(script);
    let scene = Tallied::with(config(Strategy::gradual(SHARES), short()), &tally("label=a"));
    scene.slot.pin().add(7).unwrap();
    scene.put(&tally("label=b"));
    let live = scene.told.live();
    assert!(live.pause.is_some());
    assert_eq!(scene.slot.pin().total().unwrap(), 7);
}

#[test]
fn a_strategy_that_cannot_be_followed_is_an_error() {
    let slot = |strategy| SlotConfig::artifact("/a.so").with_strategy(strategy);
    let why = |slot| {
        let error = Host::new(Config::production().slot("main", slot)).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        error.to_string()
    };
    let rising = slot(Strategy::gradual([0.5, 0.1])).with_trial(short());
    assert!(why(rising).contains("0.1 is not above 0.5 and below 1"));
    assert!(why(slot(Strategy::parallel())).contains("SlotConfig::with_trial"));

    let config = config(Strategy::parallel(), short()).slot("main", SlotConfig::artifact("/a.so"));
    let host = Host::new(config).unwrap();
    let error = host.slot::<dyn counter_api::Counter>("main").map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misuse);
    assert!(error.to_string().contains("take `&mut self`"), "{error}");
}
