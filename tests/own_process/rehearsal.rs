//! What goes wrong in a rehearsal is never loaded by the host; what goes well goes live.
//!
//! A process of its own, with a `main` of its own: the host starts this program again as a child,
//! which takes a call first in `main`.
#![expect(clippy::print_stderr, reason = "a child that is astray says so")]

use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::Path,
    process::{self, ExitCode},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    Approval, CallError, Config, Host, Rehearsal, StateDrift,
    abi::MigrateError,
    event::{
        Event, EventKind, Exit, Phase, Refusal, RehearsalReport, RehearsalStep as Step, StateNote,
        WayBack,
    },
    plan::{Change, StepBack},
    probe,
};
use hotswap_tests::{
    Fixture, Scene, Told,
    alone::{self, children},
    counting, edition, fixture, is_harmless, patient,
    versions::{FIRST, SECOND},
};

/// Set where something stands before `serve` that comes to no end.
const LATE: &str = "HOTSWAP_TESTS_LATE";

/// Set where `serve` should come back.
const SERVES_NOTHING: &str = "HOTSWAP_TESTS_SERVES_NOTHING";

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
    let tests: [(&str, fn()); 15] = [
        ("what_goes_wrong_is_never_loaded", what_goes_wrong_is_never_loaded),
        ("what_hangs_is_killed", what_hangs_is_killed),
        ("what_goes_well_is_told_and_live", what_goes_well_is_told_and_live),
        ("an_older_version_is_rehearsed_with_its_own_state", an_older_version),
        ("a_kept_state_is_rehearsed_where_a_versioned_edit_is_undone", a_versioned_edit_is_undone),
        ("whether_there_is_a_way_back_is_told", whether_there_is_a_way_back_is_told),
        ("a_hand_over_as_memory_is_rehearsed", a_hand_over_as_memory),
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

fn counter(script: &str) -> Fixture {
    fixture("counter").told(script)
}

fn chain(script: &str) -> Fixture {
    fixture("chain").told(script)
}

/// The state goes there and back in the child, with what could go wrong on the way.
fn a_hand_over_as_memory() {
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

fn rehearsed(told: &Told) -> Arc<RehearsalReport> {
    told.find(|event| match &event.kind {
        EventKind::Rehearsed { report, .. } => Some(Arc::clone(report)),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    })
}

/// Longer than any rehearsal takes, and less memory than `eat` does.
fn rehearsing() -> Config {
    let memory = 256 << 20;
    patient().with_rehearsal(
        Rehearsal::new().with_deadline(Duration::from_secs(300)).with_memory(memory),
    )
}

/// Version `a` has counted to 5.
fn counted(config: Config, first: &Fixture) -> Scene<dyn Counter> {
    let scene = Scene::<dyn Counter>::with(config, first);
    scene.slot.pin_mut().add(5).unwrap();
    scene
}

/// Libraries that are mapped into this process, or were before their files went.
fn mapped() -> BTreeSet<String> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let names = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    names.filter(|name| name.contains("hotswap-private-")).map(ToOwned::to_owned).collect()
}

/// The build is refused, and nothing of it was ever in this process; then a good one goes live.
fn refused(scene: &Scene<dyn Counter>, build: &Fixture) -> Arc<Refusal> {
    let before = mapped();
    let refusal = scene.refusal(build);
    assert_eq!(mapped(), before, "{refusal}");
    assert_eq!(children(), Vec::<String>::new());
    assert_eq!(scene.slot.pin().value().unwrap(), 5);
    refusal
}

fn phases(told: &Told) -> Vec<Phase> {
    let phase = |event: &Event| match event.kind {
        EventKind::Phase { phase, .. } => Some(phase),
        _ => None,
    };
    told.so_far().iter().filter_map(phase).collect()
}

fn report(told: &Told) -> Arc<RehearsalReport> {
    told.find(|event| match &event.kind {
        EventKind::Rehearsed { report, .. } => Some(Arc::clone(report)),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    })
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
    let config = patient().rehearsal("main", how);
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
    let host = Host::new(rehearsing().artifact("main", &path)).unwrap();
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

fn an_older_version() {
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
fn a_versioned_edit_is_undone() {
    let rehearsing = || rehearsing().with_state_drift(StateDrift::CarryByName);
    let (first, second) = (counting(FIRST), counting(SECOND));
    let journal = tempfile::tempdir().unwrap();
    for config in [rehearsing(), rehearsing().with_journal(journal.path().join("journal"))] {
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

fn whether_there_is_a_way_back_is_told() {
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
    let config = rehearsing().builtin::<counter::Counting>("main").artifact("main", &path);
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let _slot = host.slot::<dyn Counter>("main").unwrap();
    hotswap_tests::replace(&path, counter("label=b").bytes());
    let why = "the version that serves is linked into the program".to_owned();
    assert_eq!(report(&told).way_back, WayBack::Unknown { why });
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

fn no_copy() {
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

fn one_slot_alone() {
    let elsewhere = tempfile::tempdir().unwrap();
    let config = patient().artifact("another", elsewhere.path().join("libanother.so"));
    let scene = Scene::<dyn Counter>::with(
        config.rehearsal("another", Rehearsal::new()),
        &counter("label=a"),
    );
    scene.put(&counter("label=wrong"));
    // Not this one: nothing is said of it, and nothing is found.
    let what = scene.told.find(|event| match &event.kind {
        EventKind::Rehearsed { .. } | EventKind::NotRehearsed { .. } => Some(false),
        EventKind::Live(_) => Some(true),
        _ => None,
    });
    assert!(what);
}

fn each_step_of_the_state() {
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
    scene.host.approve(artifact, "a test").unwrap();
    assert_eq!(scene.slot.wait_for(2, hotswap_tests::LONG).unwrap(), 2);
    let again = |event: &Event| matches!(event.kind, EventKind::Rehearsed { .. });
    assert!(!scene.told.so_far().iter().any(again));
}

fn who_serves_too_late_is_started_once() {
    const NAME: &str = "who_serves_too_late_is_started_once";
    if env::var_os(LATE).is_none() {
        let mut again = process::Command::new(env::current_exe().unwrap());
        assert!(again.arg(NAME).env(LATE, "1").status().unwrap().success());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("module");
    fs::write(&path, counter("label=a").bytes()).unwrap();
    let config = rehearsing().builtin::<counter::Counting>("main").artifact("main", &path);
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let _slot = host.slot::<dyn Counter>("main").unwrap();
    assert_eq!(told.live().artifact, None);
    let first = told.refused();
    assert_eq!((first.phase, first.exit), (Phase::Rehearsed, Exit::Cancelled), "{first}");
    assert!(first.findings[0].contains("a child ended the process with exit code 3"), "{first}");
    // It is no host.
    assert!(first.findings[1].contains("started to rehearse an artifact, and"), "{first}");
    let second = told.refused();
    assert!(second.findings[0].contains("a child has not come to it before"), "{second}");
    assert!(mapped().is_empty());
}

/// This program, as one that somebody has started for a rehearsal of what is in a folder.
fn child_of_somebody(program: &Path, folder: &Path) -> process::Output {
    let mut child = process::Command::new(program);
    child.env("HOTSWAP_REHEARSAL", folder).env(SERVES_NOTHING, "1");
    child.uid(fs::metadata(folder).unwrap().uid()).stdin(fs::File::open(folder).unwrap());
    child.output().unwrap()
}

/// The environment names no place, and what stdin is must be the user's alone.
fn what_others_hand_over_is_not_rehearsed() {
    let (program, root) = (env::current_exe().unwrap(), tempfile::tempdir().unwrap());
    let folder = root.path().join("folder");
    fs::create_dir(&folder).unwrap();
    for (folder, mode, says) in [
        (&folder, 0o755, "found one of user "),
        (&folder, 0o770, "mode 0770"),
        (&program, 0o755, "found something else"),
    ] {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
        let output = child_of_somebody(&program, folder);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(101), "{text}");
        assert!(text.contains("this is no rehearsal: ") && text.contains(says), "{text}");
    }
    // It is the user's, and others can exchange it.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let output = child_of_somebody(&program, &folder);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("can be written by others"), "{text}");
    assert!(output.stdout.is_empty());
    // Somebody else's, which only root can hand over.
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).unwrap();
    if fs::metadata(root.path()).unwrap().uid() == 0 {
        let stdin = fs::File::open(&folder).unwrap();
        std::os::unix::fs::chown(&folder, Some(4711), None).unwrap();
        let mut child = process::Command::new(&program);
        let output = child.env("HOTSWAP_REHEARSAL", "1").stdin(stdin).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("found one of user 4711, mode 0700"), "{text}");
    }
}

/// Whoever starts a program that has more rights has set its environment and its stdin.
fn a_privileged_program_serves_nothing() {
    let root = tempfile::tempdir().unwrap();
    if fs::metadata(root.path()).unwrap().uid() != 0 {
        eprintln!("skipped: only root can make a program of root's with the bit for it");
        return;
    }
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (program, folder) = (root.path().join("program"), root.path().join("folder"));
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    // Root's own: it is no rehearsal's, and that is noticed.
    let output = child_of_somebody(&program, &folder);
    assert_ne!(output.status.code(), Some(7), "{output:?}");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
    let mut child = process::Command::new(&program);
    child.env("HOTSWAP_REHEARSAL", &folder).env(SERVES_NOTHING, "1").uid(65534).gid(65534);
    let output = child.stdin(fs::File::open(&folder).unwrap()).output().unwrap();
    let is_nosuid = output.status.code() == Some(101)
        && String::from_utf8_lossy(&output.stderr).contains("of user 65534");
    if is_nosuid {
        eprintln!("skipped: the temporary folder is mounted nosuid");
        return;
    }
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}
