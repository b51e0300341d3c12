//! What a rehearsal does with a state: it goes over, and back.

use std::{
    fs,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    CallError, Host, Rehearsal, Replay, SlotConfig, StateDrift,
    abi::MigrateError,
    event::{EventKind, Exit, Phase, RehearsalStep as Step, StateNote, WayBack},
    plan::{Change, FinalState, Replayed, StepBack},
};
use hotswap_tests::{
    Fixture, LONG, Told, counting, edition, fixture, patient,
    versions::{FIRST, SECOND},
};

use super::support::{chain, counted, counter, refused, rehearsed, rehearsing, report};

/// What recorded calls have made of two versions of a state is compared in the older one.
pub(crate) fn a_replay_compares_two_versions_of_a_state() {
    let replay = Replay::calls(50).within(LONG).only(["add", "value"]);
    let how = Rehearsal::new().with_deadline(LONG).with_replay(replay);
    let scene = counted(patient().with_rehearsal(how), &counter("label=a"));
    // Its downgrade makes up what version 3 does not have.
    for (generation, build, lost) in
        [(2, chain("label=b"), vec!["notes[0].text"]), (3, counter("label=c"), vec![])]
    {
        scene.put(&build);
        let report = loop {
            scene.slot.pin_mut().add(3).unwrap();
            let events = scene.told.so_far();
            let found = events.iter().find_map(|event| match &event.kind {
                EventKind::Rehearsed { report, .. } => Some(Arc::clone(report)),
                EventKind::Refused(refusal) => panic!("{refusal}"),
                _ => None,
            });
            if let Some(report) = found {
                break report;
            }
        };
        let Some(Replayed::Done(replay)) = &report.replay else { panic!("{report}") };
        assert_eq!((replay.calls, &*replay.differences), (50, &[][..]), "{report}");
        let found: Vec<_> = match &replay.state {
            FinalState::Different { fields } => fields.iter().map(|it| &*it.at).collect(),
            state => (*state == FinalState::Equal).then(Vec::new).expect("it is compared"),
        };
        assert_eq!(found, lost, "{report}");
        assert_eq!(scene.slot.wait_for(generation, LONG).unwrap(), generation);
    }
}

/// The state goes there and back in the child, with what could go wrong on the way.
pub(crate) fn a_hand_over_as_memory() {
    let mover = |script: &str| edition("mover", &[]).told(script);
    let scene = counted(rehearsing(), &mover("label=a"));
    for script in ["arrived=abort", "arrived=fail", "beside=panic", "arrived=segfault"] {
        let refusal = refused(&scene, &mover(&format!("label=b;{script}")));
        let text = refusal.to_string();
        assert!(text.contains(&Step::Move.to_string()), "{text}");
    }
    scene.put(&mover("label=c"));
    let report = rehearsed(&scene.told);
    assert_eq!(report.steps.last().map(|it| it.step), Some(Step::Move), "{report}");
    assert_eq!(report.way_back, WayBack::Works);
    assert_eq!(scene.told.live().state, StateNote::Moved);
    // The way back is the serving version's.
    scene.upgrade(&mover("label=d;resume=panic"));
    scene.put(&mover("label=e"));
    let report = rehearsed(&scene.told);
    let WayBack::Impossible { why } = &report.way_back else { panic!("{report}") };
    assert!(why[0].contains("handed back as memory"), "{report}");
}

pub(crate) fn no_copy() {
    let config = rehearsing().with_pause_deadline(Duration::from_millis(200));
    let folder = tempfile::tempdir().unwrap();
    let go = folder.path().join("go");
    fs::write(&go, "").unwrap();
    let script = format!("label=a;state=wait {}", go.display());
    let scene = counted(config.clone(), &counter(&script));
    // From here on its own `state` hangs, in an instance that is in use.
    fs::remove_file(&go).unwrap();
    let refusal = scene.refusal(&counter("label=b"));
    assert_eq!((refusal.phase, refusal.exit), (Phase::BackedUp, Exit::Cancelled), "{refusal}");
    assert_eq!(scene.slot.pin().value().unwrap(), 5);
    let added = scene.slot.pin_mut().add(1);
    assert!(matches!(added, Err(CallError::Abandoned { .. })), "{added:?}");
    fs::write(&go, "").unwrap();

    // Somebody else has it for himself.
    let scene = counted(config, &counter("label=a"));
    let (enter, entered) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    let slot = scene.slot.clone();
    let inside = thread::spawn(move || {
        slot.pin_mut().inside_mut(&mut || {
            enter.send(()).unwrap();
            let _ = held.recv();
        })
    });
    entered.recv().unwrap();
    let refusal = scene.refusal(&counter("label=b"));
    assert_eq!((refusal.phase, refusal.exit), (Phase::BackedUp, Exit::Cancelled), "{refusal}");
    assert!(refusal.findings[0].contains("let go of the instance"), "{refusal}");
    drop(release);
    inside.join().unwrap().unwrap();
    // Tried again by itself.
    assert_eq!(scene.told.live().generation, 2);
}

pub(crate) fn an_older_version() {
    let scene = counted(rehearsing(), &chain("label=a"));
    // What serves writes the older version: in the host, where its code is.
    let live = scene.upgrade(&counter("label=b"));
    assert_eq!(live.state, StateNote::Downgraded { from: 3, to: 1 });
    assert_eq!(scene.slot.pin().value().unwrap(), 5);
    let scene = counted(rehearsing(), &chain("label=a;downgrade=fail"));
    let refusal = refused(&scene, &counter("label=b"));
    assert_eq!((refusal.phase, refusal.exit), (Phase::BackedUp, Exit::Rejected), "{refusal}");
    assert!(refusal.findings[0].contains("downgrade was told to fail"), "{refusal}");
}

/// What serves cannot go back, so the last state of the version before is what goes over.
pub(crate) fn a_versioned_edit_is_undone() {
    let rehearsing = || rehearsing().with_state_drift(StateDrift::CarryByName);
    let (first, second) = (counting(FIRST), counting(SECOND));
    let journal = tempfile::tempdir().unwrap();
    for config in [rehearsing(), rehearsing().with_data_dir(journal.path())] {
        let scene = counted(config, &first);
        scene.upgrade(&second);
        scene.slot.pin_mut().add(100).unwrap();
        let refusal = scene.refusal(&first.clone().told("start=abort"));
        assert_eq!(refusal.phase, Phase::Rehearsed, "{refusal}");
        scene.put(&first);
        let report = rehearsed(&scene.told);
        assert!(report.steps.iter().any(|it| it.step == Step::Migrate), "{report}");
        let live = scene.told.live();
        assert!(matches!(live.state, StateNote::TakenBack { to: 1, .. }), "{live}");
        assert_eq!(scene.slot.pin().value().unwrap(), 5);
    }
}

pub(crate) fn whether_there_is_a_way_back_is_told() {
    let irreversible = "this step is irreversible: `Migrate::downgrade` is not implemented";
    let way_back = |first: &Fixture, next: &Fixture| {
        let scene = counted(rehearsing(), first);
        scene.put(next);
        let report = report(&scene.told);
        assert_eq!(scene.told.live().generation, 2);
        (report.way_back.clone(), report.state.is_some())
    };
    let (back, had_state) =
        way_back(&counter("label=a"), &chain(&format!("downgrade={irreversible}")));
    let WayBack::Impossible { why } = back else { panic!("{back:?}") };
    assert!(why[0].contains(irreversible) && had_state, "{why:?}");
    let stateless = fixture("stateless");
    assert_eq!(
        way_back(&stateless.clone().told("label=a"), &stateless.told("label=b")),
        (WayBack::Works, false)
    );
    let (back, _) = way_back(&counter("label=a"), &counter("label=b"));
    assert_eq!(back, WayBack::Works);
    // The one that serves is nobody's file.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("module");
    let config =
        rehearsing().slot("main", SlotConfig::artifact(&path).with_builtin::<counter::Counting>());
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let _slot = host.slot::<dyn Counter>("main").unwrap();
    hotswap_tests::replace(&path, counter("label=b").bytes());
    let why = "the version that serves is linked into the program".to_owned();
    assert_eq!(report(&told).way_back, WayBack::Unknown { why });
}

pub(crate) fn each_step_of_the_state() {
    let irreversible = MigrateError::irreversible();
    let steps = |config, first: &Fixture, next: &Fixture| {
        let scene = counted(config, first);
        scene.put(next);
        let plan = scene.told.find(|event| match &event.kind {
            EventKind::Planned(plan) if plan.from.is_some() => Some(Arc::clone(plan)),
            EventKind::Refused(refusal) => panic!("{refusal}"),
            _ => None,
        });
        let steps = plan.changes.iter().find_map(|change| match change {
            Change::State { steps, .. } => Some(steps.clone()),
            _ => None,
        });
        let steps = steps.expect("the state has another version");
        steps.iter().map(|step| (step.from, step.to, step.back)).collect::<Vec<_>>()
    };
    let up = |first, second| [(1, 2, first), (2, 3, second)];
    let first = counter("label=a");
    assert_eq!(
        steps(rehearsing(), &first, &chain("label=b")),
        up(StepBack::Works, StepBack::Works)
    );
    assert_eq!(
        steps(rehearsing(), &first, &chain(&format!("downgrade={irreversible}"))),
        up(StepBack::Untried, StepBack::Impossible)
    );
    assert_eq!(
        steps(rehearsing(), &first, &chain(&format!("first_downgrade={irreversible}"))),
        up(StepBack::Impossible, StepBack::Works)
    );
    assert_eq!(
        steps(patient(), &first, &chain("label=b")),
        up(StepBack::Untried, StepBack::Untried)
    );
    assert_eq!(
        steps(rehearsing(), &chain("label=a"), &counter("label=b")),
        [(3, 2, StepBack::Works), (2, 1, StepBack::Works)]
    );
}
