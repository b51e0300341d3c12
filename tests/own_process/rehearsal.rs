//! What goes wrong in a rehearsal is never loaded by the host; what goes well goes live.
//!
//! A process of its own, with a `main` of its own: the host starts this program again as a child,
//! which takes a call first in `main`.
#![expect(clippy::print_stderr, reason = "a child that is astray says so")]

#[path = "rehearsal/child.rs"]
mod child;
#[path = "rehearsal/left.rs"]
mod left;
#[path = "rehearsal/states.rs"]
mod states;
#[path = "rehearsal/support.rs"]
mod support;

use std::{
    env, fs,
    process::{self, ExitCode},
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    Approval, Host, Rehearsal, SlotConfig,
    event::{Event, EventKind, Exit, Phase, RehearsalStep as Step, StateNote, WayBack},
    probe,
};
use hotswap_tests::{Scene, Told, alone, fixture, is_harmless, patient};

use self::{
    child::{
        LATE, SERVES_NOTHING, a_privileged_program_serves_nothing,
        what_others_hand_over_is_not_rehearsed, who_serves_too_late_is_started_once,
    },
    left::{a_folder_that_was_filled_is_removed, what_has_left_the_childs_group_is_killed},
    states::{
        a_hand_over_as_memory, a_replay_compares_two_versions_of_a_state,
        a_versioned_edit_is_undone, an_older_version, each_step_of_the_state, no_copy,
        whether_there_is_a_way_back_is_told,
    },
    support::{chain, counted, counter, phases, refused, rehearsing, report},
};

fn main() -> ExitCode {
    if env::var_os(LATE).is_some() && env::var_os("HOTSWAP_REHEARSAL").is_some() {
        if let Err(error) = Host::new(patient()) {
            eprintln!("{error}");
        }
        process::exit(3);
    }
    probe::Probe::new()
        .check::<dyn Counter>("main", |counter| {
            let label = counter.pin().label()?;
            assert_ne!(label, "asserted", "a label that no build has");
            // Nobody else sees it.
            counter.pin_mut().add(1000)?;
            if label == "wrong" { Err("it calls itself wrong".into()) } else { Ok(()) }
        })
        .check::<dyn Counter>("another", |_| Err("a check of another slot".into()))
        .serve();
    if cfg!(not(target_os = "linux")) {
        return ExitCode::SUCCESS;
    }
    if env::var_os(SERVES_NOTHING).is_some() {
        return ExitCode::from(7);
    }
    let tests: [(&str, fn()); 18] = [
        ("what_goes_wrong_is_never_loaded", what_goes_wrong_is_never_loaded),
        ("what_hangs_is_killed", what_hangs_is_killed),
        ("what_has_left_the_childs_group_is_killed", what_has_left_the_childs_group_is_killed),
        ("a_folder_that_was_filled_is_removed", a_folder_that_was_filled_is_removed),
        ("what_goes_well_is_told_and_live", what_goes_well_is_told_and_live),
        ("an_older_version_is_rehearsed_with_its_own_state", an_older_version),
        ("a_kept_state_is_rehearsed_where_a_versioned_edit_is_undone", a_versioned_edit_is_undone),
        ("whether_there_is_a_way_back_is_told", whether_there_is_a_way_back_is_told),
        ("a_hand_over_as_memory_is_rehearsed", a_hand_over_as_memory),
        ("a_replay_compares_two_versions_of_a_state", a_replay_compares_two_versions_of_a_state),
        ("calls_go_on_meanwhile", calls_go_on_meanwhile),
        ("a_state_that_is_not_to_be_had_is_no_fault_of_the_artifact", no_copy),
        ("a_plan_says_of_each_step_of_the_state_whether_it_can_go_back", each_step_of_the_state),
        ("one_slot_may_have_rehearsals_alone", one_slot_alone),
        ("a_plan_has_the_rehearsal_and_a_yes_needs_no_other", a_plan_has_the_rehearsal),
        ("who_serves_too_late_is_started_once", who_serves_too_late_is_started_once),
        ("what_others_hand_over_is_not_rehearsed", what_others_hand_over_is_not_rehearsed),
        ("a_privileged_program_serves_nothing", a_privileged_program_serves_nothing),
    ];
    alone::run(&tests)
}

fn what_goes_wrong_is_never_loaded() {
    let scene = counted(rehearsing(), &counter("label=a"));
    let table = [
        (
            counter("label=b;start=segfault"),
            "start  in its rehearsal the artifact was ended by SIGSEGV",
        ),
        (
            counter("label=b;start=abort forged"),
            "start  in its rehearsal the artifact was ended by SIGABRT",
        ),
        (
            counter("label=b;prepare=panic forged"),
            "prepare  it panicked: x\n    | 2026-11-29T00:00:00Z ERROR hotswap: forged\\u{1b}[2J",
        ),
        (
            counter("label=b;start=abort"),
            "start  in its rehearsal the artifact was ended by SIGABRT",
        ),
        (
            counter("label=b;prepare=exit"),
            "prepare  in its rehearsal the artifact ended the process with exit code 0",
        ),
        (
            counter("label=b;self_test=overflow"),
            "self_test  in its rehearsal the artifact was ended by SIGABRT",
        ),
        (
            counter("label=b;start=panic twice"),
            "start  in its rehearsal the artifact was ended by SIGABRT",
        ),
        (
            counter("label=b;start=eat"),
            "start  in its rehearsal the artifact wanted more than the 268435456 bytes of memory",
        ),
        (counter("label=b;start=scribble"), "answer  the child's is none"),
        (counter("label=b;prepare=panic"), "prepare  it panicked: prepare was told to panic at "),
        (counter("label=b;start=panic"), "start  it panicked: start was told to panic at "),
        (
            counter("label=b;self_test=panic"),
            "self_test  it panicked: self_test was told to panic at ",
        ),
        (counter("label=b;self_test=fail"), "self_test  self_test was told to fail"),
        (chain("label=b;migrate=panic"), "migration  it panicked: migrate was told to panic at "),
        (
            chain("label=b;migrate=segfault"),
            "migration  in its rehearsal the artifact was ended by SIGSEGV",
        ),
        (counter("label=wrong"), "host's checks  it calls itself wrong"),
        (
            counter("label=asserted"),
            "host's checks  it panicked: assertion `left != right` failed: a label that",
        ),
        (
            counter("label=b;state=abort"),
            "state  in its rehearsal the artifact was ended by SIGABRT",
        ),
        (counter("label=b;suspend=panic"), "state  it panicked: suspend was told to panic at "),
        (
            chain("label=b;downgrade=abort"),
            "downgrade  in its rehearsal the artifact was ended by SIGABRT",
        ),
        (
            chain("label=b;downgrade=fail"),
            "downgrade  state Count from version 3 to 2: downgrade was told to fail",
        ),
    ];
    for (i, (build, wanted)) in table.into_iter().enumerate() {
        let refusal = refused(&scene, &build);
        assert_eq!((refusal.phase, refusal.exit), (Phase::Rehearsed, Exit::Rejected), "{refusal}");
        assert!(refusal.findings[0].starts_with(wanted), "{wanted}\n{refusal}");
        for finding in &refusal.findings {
            assert!(is_harmless(finding), "{finding:?}");
        }
        if wanted.contains("memory") {
            let stderr = "stderr  memory allocation of ";
            assert!(refusal.findings.iter().any(|it| it.starts_with(stderr)), "{refusal}");
        }
        let live = scene.upgrade(&counter(&format!("label=good {i}")));
        assert_eq!(live.state, StateNote::Kept);
    }
    // What does not survive the codec is seen at once, and not in the upgrade after this one.
    let scene = counted(rehearsing(), &fixture("stateless").told("label=a"));
    let refusal = refused(&scene, &fixture("opaque"));
    assert!(refusal.findings[0].contains("comes back from its encoding as another"), "{refusal}");
}

fn what_hangs_is_killed() {
    let how = Rehearsal::new().with_deadline(Duration::from_secs(3));
    let config = patient().with_rehearsal(how);
    let private = tempfile::tempdir().unwrap();
    let scene = counted(config.with_private_folder(private.path()), &counter("label=a"));
    for step in ["prepare", "start", "self_test", "state"] {
        let refusal = refused(&scene, &counter(&format!("label=b;{step}=hang")));
        assert_eq!((refusal.phase, refusal.exit), (Phase::Rehearsed, Exit::Rejected), "{refusal}");
        let wanted = format!("{step}  in its rehearsal the artifact did not come back within 3s");
        assert_eq!(refusal.findings[0], wanted);
    }
    assert_eq!(scene.upgrade(&counter("label=good")).generation, 2);
    // Nothing is left of them.
    let folders = fs::read_dir(private.path()).unwrap().map(|it| it.unwrap().path());
    let files: Vec<_> = folders.flat_map(|folder| fs::read_dir(folder).unwrap()).collect();
    let left = files.iter().map(|it| it.as_ref().unwrap().path());
    let left: Vec<_> = left.filter(|it| it.is_dir()).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn what_goes_well_is_told_and_live() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("module");
    fs::write(&path, counter("label=a").bytes()).unwrap();
    let host = Host::new(rehearsing().slot("main", SlotConfig::artifact(&path))).unwrap();
    let told = Told::of(&host);
    let slot = host.slot::<dyn Counter>("main").unwrap();
    let first = report(&told);
    let steps: Vec<_> = first.steps.iter().map(|it| it.step).collect();
    use Step::{
        Checks, Downgrade, Encode, Load, Migrate, Prepare, Return, SelfTest, Snapshot, Start,
    };
    assert_eq!(steps, [Load, Prepare, Start, SelfTest, Checks, Snapshot, Encode]);
    assert_eq!(first.state, None);
    assert_eq!(first.way_back, WayBack::Unknown { why: "nothing serves yet".to_owned() });
    assert_eq!(told.live().generation, 1);

    slot.pin_mut().add(5).unwrap();
    let log = folder.path().join("log");
    let script = format!("label=b;log={}", log.display());
    hotswap_tests::replace(&path, chain(&script).bytes());
    slot.wait_for(2, hotswap_tests::LONG).unwrap();
    assert_eq!(slot.pin().value().unwrap(), 5);
    // Twice, in two processes.
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(log.lines().filter(|line| *line == "b migrate 1 to 2").count(), 2, "{log}");
    drop(host);
    let events = told.so_far();
    let phases: Vec<_> = events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Phase { phase, .. } => Some(phase),
            _ => None,
        })
        .collect();
    let wanted = [
        Phase::Staged,
        Phase::Inspected,
        Phase::Assessed,
        Phase::BackedUp,
        Phase::Rehearsed,
        Phase::Loaded,
    ];
    assert_eq!(phases[..wanted.len()], wanted);
    let second = events.iter().find_map(|event| match &event.kind {
        EventKind::Rehearsed { report, .. } => Some(report),
        _ => None,
    });
    let second = second.unwrap();
    let steps: Vec<_> = second.steps.iter().map(|it| it.step).collect();
    let all =
        [Load, Prepare, Migrate, Start, SelfTest, Checks, Snapshot, Encode, Downgrade, Return];
    assert_eq!(steps, all);
    assert_eq!(second.way_back, WayBack::Works);
    assert!(second.state.is_some_and(|bytes| bytes > 0) && second.peak_memory > 1 << 20);
    assert!(second.to_string().contains("; the way back works"), "{second}");
}

fn calls_go_on_meanwhile() {
    let scene = counted(rehearsing(), &counter("label=a"));
    let go = scene.folder().join("go");
    scene.put(&counter(&format!("label=b;start=wait {}", go.display())));
    let backed_up = |event: &Event| {
        matches!(event.kind, EventKind::Phase { phase: Phase::BackedUp, .. }).then_some(())
    };
    scene.told.find(backed_up);
    // The child stands in `start`, for as long as we like.
    for _ in 0..1000 {
        scene.slot.pin_mut().add(1).unwrap();
    }
    assert_eq!(phases(&scene.told), []);
    fs::write(go, "").unwrap();
    let live = scene.told.live();
    // No update is lost: what goes over is taken in the pause.
    assert_eq!((live.state, scene.slot.pin().value().unwrap()), (StateNote::Kept, 1005));
}

fn one_slot_alone() {
    let elsewhere = tempfile::tempdir().unwrap();
    let another = SlotConfig::artifact(elsewhere.path().join("libanother.so"));
    let config = patient().slot("another", another.with_rehearsal(Rehearsal::new()));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.put(&counter("label=wrong"));
    // Not this one: nothing is said of it, and nothing is found.
    let what = scene.told.find(|event| match &event.kind {
        EventKind::Rehearsed { .. } | EventKind::NotRehearsed { .. } => Some(false),
        EventKind::Live(_) => Some(true),
        _ => None,
    });
    assert!(what);
}

fn a_plan_has_the_rehearsal() {
    let config = rehearsing().with_approval(Approval::by_call());
    let scene = counted(config, &counter("label=a"));
    scene.put(&chain("label=b"));
    let awaiting = |event: &Event| match &event.kind {
        EventKind::Phase { phase: Phase::AwaitingApproval, artifact } => Some(*artifact),
        EventKind::Live(live) => panic!("nobody has said yes to {live}"),
        _ => None,
    };
    let artifact = scene.told.find(awaiting);
    let plan = scene.host.status().slots[0].awaiting.clone().unwrap();
    assert_eq!(plan.rehearsal.as_ref().unwrap().way_back, WayBack::Works);
    let text = plan.to_string();
    assert!(text.contains("\n## Rehearsal\n\nrehearsed in ") && !text.contains("not rehearsed"));
    scene.host.operator().approve(artifact, "a test").unwrap();
    assert_eq!(scene.slot.wait_for(2, hotswap_tests::LONG).unwrap(), 2);
    let again = |event: &Event| matches!(event.kind, EventKind::Rehearsed { .. });
    assert!(!scene.told.so_far().iter().any(again));
}
