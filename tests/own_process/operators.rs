//! Every verb of an operator, asked over the socket in every phase of an upgrade: it is done, or
//! answered with a reason.
//!
//! A process of its own, with a `main` of its own: a host starts it again for a rehearsal.
#![expect(clippy::print_stdout, reason = "it runs its tests by itself")]

use std::{
    env, fs,
    io::{Read as _, Write as _},
    net::Shutdown,
    os::unix::net::UnixStream,
    panic::catch_unwind,
    process,
    sync::mpsc,
    thread,
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    Approval, ArtifactHash, Config, Rehearsal, Timing, Trial,
    admin::{Client, Done, Request},
    event::Phase,
    journal::Occasion,
    plan::Intent,
    probe,
};
use hotswap_tests::{Fixture, LONG, Scene, fixture, patient, replace, until};
use tempfile::TempDir;

fn main() {
    probe::serve();
    if cfg!(not(target_os = "linux")) {
        return;
    }
    let tests: [(&str, fn()); 12] = [
        ("every_verb_in_every_phase", every_verb_in_every_phase),
        ("who_waits_hears_how_it_goes", who_waits_hears_how_it_goes),
        ("who_waits_for_one_is_not_told_of_another", who_waits_for_one_is_not_told_of_another),
        ("an_artifact_is_named_by_the_beginning_of_its_hash", names),
        ("every_answer_of_apply_names_its_artifact", every_answer_of_apply_names_its_artifact),
        ("who_waits_for_what_is_on_trial_hears_its_end", who_waits_for_what_is_on_trial),
        ("what_was_cleared_is_not_answered_with_its_past", what_was_cleared),
        ("who_waits_for_what_is_gone_is_answered", who_waits_for_what_is_gone),
        ("who_is_slow_or_waits_keeps_nobody_out", who_is_slow_or_waits_keeps_nobody_out),
        ("what_somebody_has_asked_who_has_gone_is_not_done", what_somebody_has_asked_who_has_gone),
        ("who_asks_nothing_more_is_answered", who_asks_nothing_more_is_answered),
        ("another_protocol_is_named", another_protocol_is_named),
    ];
    let wanted: Vec<_> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| name.contains(&**it));
    let mut failed = 0;
    for (name, test) in tests.into_iter().filter(|(name, _)| is_wanted(name)) {
        let good = catch_unwind(test).is_ok();
        println!("test {name} ... {}", if good { "ok" } else { "FAILED" });
        failed += i32::from(!good);
    }
    process::exit(failed);
}

/// The verbs, in the order of the table's columns.
const VERBS: [&str; 18] = [
    "status",
    "why",
    "plan",
    "check",
    "apply FILE",
    "apply",
    "approve",
    "reject",
    "pause",
    "resume",
    "commit",
    "rollback",
    "revert",
    "checkpoint",
    "clear",
    "history",
    "report",
    "note",
];

/// A host in a phase, and what lets it go on.
struct Reached {
    scene: Scene<dyn Counter>,
    release: Release,
    folder: TempDir,
}

/// What the host's thread waits for.
enum Release {
    /// Nothing: it is free.
    Free,
    /// A file.
    File,
    /// A caller, who comes out when he is told.
    Caller(mpsc::Sender<()>),
}

struct Row {
    phase: &'static str,
    reach: fn() -> Reached,
    /// To each verb: `yes`, `no`, or a part of the reason why it is not done. With a `~` before it
    /// it comes when the host's thread is free again, which it is not in this phase.
    answers: [&'static str; 18],
}

const NO_PLAN: &str = "waits for approval";
const NO_TRIAL: &str = "has no version on trial";
const SERVES: &str = "it serves already";

#[rustfmt::skip]
const ROWS: [Row; 14] = [
    Row { phase: "the first version is stable", reach: stable, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "Committed", reach: committed, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, "yes", "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "Rejected", reach: rejected, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "yes", "yes", "yes", "yes",
    ]},
    Row { phase: "Assessed, while the state is copied", reach: backing_up, answers: [
        "yes", "yes", "yes", "~yes", "~yes", "~no", "~waits for approval", "~waits for approval", "yes", "no",
        "~has no version on trial", "~has no version on trial", "~yes", "~yes", "~no", "yes", "yes", "yes",
    ]},
    Row { phase: "BackedUp, while it is rehearsed", reach: rehearsing, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "AwaitingApproval", reach: awaiting, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", "yes", "yes", "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "Loaded, while it prepares", reach: preparing, answers: [
        "yes", "yes", "yes", "~yes", "~yes", "~no", "~waits for approval", "~waits for approval", "yes", "no",
        "~has no version on trial", "~has no version on trial", "~yes", "~yes", "~no", "yes", "yes", "yes",
    ]},
    Row { phase: "Prepared, until its time", reach: ready, answers: [
        "yes", "yes", "yes", "yes", "yes", "yes", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "Quiescing", reach: quiescing, answers: [
        "yes", "yes", "yes", "~yes", "~yes", "~no", "~waits for approval", "~waits for approval", "yes", "no",
        "~has no version on trial", "~has no version on trial", "~yes", "~yes", "~no", "yes", "yes", "yes",
    ]},
    Row { phase: "Snapshotted, while it migrates", reach: migrating, answers: [
        "yes", "yes", "yes", "~yes", "~yes", "~no", "~waits for approval", "~waits for approval", "yes", "no",
        "~has no version on trial", "~has no version on trial", "~yes", "~yes", "~no", "yes", "yes", "yes",
    ]},
    Row { phase: "Trial", reach: on_trial, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        "yes", "yes", "a version is on trial", "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "RolledBack", reach: rolled_back, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "yes", "yes", "yes", "yes",
    ]},
    Row { phase: "Degraded", reach: degraded, answers: [
        "yes", "yes", "yes", "yes", "no", "no", NO_PLAN, NO_PLAN, "yes", "no",
        NO_TRIAL, NO_TRIAL, "downgrade was told to fail", "yes", "no", "yes", "yes", "yes",
    ]},
    Row { phase: "paused", reach: paused, answers: [
        "yes", "yes", "yes", "yes", "yes", "no", NO_PLAN, NO_PLAN, "yes", "yes",
        NO_TRIAL, NO_TRIAL, SERVES, "yes", "no", "yes", "yes", "yes",
    ]},
];

fn every_verb_in_every_phase() {
    let mut wrong = Vec::new();
    for Row { phase, reach, answers } in &ROWS {
        for (verb, expected) in VERBS.into_iter().zip(answers) {
            let found = answer(reach(), verb, expected.starts_with('~'));
            let promised = expected.trim_start_matches('~');
            if found != promised && !(found.starts_with("not: ") && found.contains(promised)) {
                wrong.push(format!("{phase}: {verb}: expected {expected}, found {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells are not as promised:\n{}", wrong.len(), wrong.join("\n"));
}

/// What a host answers in a phase: at once, or when its thread is free again.
fn answer(reached: Reached, verb: &str, late: bool) -> String {
    let Reached { scene, release, folder } = reached;
    let request = request(&scene, verb);
    let client = Client::new(folder.path().join("admin"));
    let (say, heard) = mpsc::channel();
    let asking = thread::spawn(move || {
        let found = match client.ask(&request, |_| {}) {
            Ok(done) if done.yes => "yes".to_owned(),
            Ok(_) => "no".to_owned(),
            Err(error) if error.is_answer() => format!("not: {error}"),
            Err(error) => format!("no answer: {error}"),
        };
        say.send(found).expect("the test waits");
    });
    let early = if late { None } else { Some(heard.recv_timeout(LONG).expect("an answer")) };
    if late {
        // It may not be asked yet; an answer that comes too early is seen most of the time.
        let too_early = heard.recv_timeout(Duration::from_millis(20));
        assert!(too_early.is_err(), "{verb}: {too_early:?} while the host's thread is busy");
    }
    match release {
        Release::Free => {}
        Release::File => fs::write(folder.path().join("go on"), "").expect("it can be written"),
        Release::Caller(caller) => drop(caller),
    }
    let found = early.unwrap_or_else(|| heard.recv_timeout(LONG).expect("an answer"));
    asking.join().expect("it does not panic");
    drop(scene);
    found
}

/// A verb about the candidate `b`; what is offered is `c`, and what is gone back to is `a`.
fn request(scene: &Scene<dyn Counter>, verb: &str) -> Request {
    let (slot, by, why) = (None, "ada".to_owned(), "a test".to_owned());
    let hash = |build: &Fixture| ArtifactHash::of(build.bytes()).to_string();
    let candidate = scene.artifact();
    let artifact = ArtifactHash::of(&fs::read(candidate).expect("it is there")).to_string();
    let file = scene.folder().join("c");
    replace(&file, counter("label=c").bytes());
    match verb {
        "status" => Request::Status { slot },
        "why" => Request::Why { slot },
        "plan" => Request::Plan { slot },
        "check" => Request::Check { slot, file },
        "apply FILE" => {
            Request::Apply { slot, file: Some(file), wait: false, intent: Intent::default() }
        }
        "apply" => Request::Apply { slot, file: None, wait: false, intent: Intent::default() },
        "approve" => Request::Approve { artifact, by },
        "reject" => Request::Reject { artifact, by, why },
        "pause" => Request::Pause { slot, by, why },
        "resume" => Request::Resume { slot },
        "commit" => Request::Commit { slot, why },
        "rollback" => Request::Rollback { slot, why },
        "revert" => {
            let first = scene.host.history().expect("it has a journal").pop();
            let first =
                first.map_or_else(|| hash(&counter("label=a")), |it| it.artifact.to_string());
            Request::Revert { slot, to: first, why }
        }
        "checkpoint" => Request::Checkpoint { slot },
        "clear" => Request::Clear { artifact },
        "history" => Request::History { slot, most: 10 },
        "report" => Request::Report { slot, artifact: None },
        "note" => {
            Request::Note { slot, artifact: None, by, problem: "none".to_owned(), solution: None }
        }
        other => panic!("no verb {other}"),
    }
}

fn counter(script: &str) -> Fixture {
    fixture("counter").told(script)
}

fn chain(script: &str) -> Fixture {
    fixture("chain").told(script)
}

/// A host with a journal that answers operators; `a` is its first version.
fn host(change: impl FnOnce(Config) -> Config, first: &str) -> Reached {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let first = first.replace("FILE", &go_on(&folder));
    let config =
        patient().with_journal(folder.path().join("journal")).admin(folder.path().join("admin"));
    let scene = Scene::<dyn Counter>::with(change(config), &counter(&first));
    Reached { scene, release: Release::Free, folder }
}

fn go_on(folder: &TempDir) -> String {
    folder.path().join("go on").display().to_string()
}

impl Reached {
    fn phase(&self) -> Option<Phase> {
        self.scene.host.status().slots[0].phase
    }

    /// Puts a candidate there, and waits until it has come to a phase and the host's thread waits.
    fn until(self, candidate: &Fixture, phase: Phase, release: Release) -> Self {
        self.scene.put(candidate);
        until("it comes so far", || self.phase() == Some(phase));
        Self { release, ..self }
    }
}

fn stable() -> Reached {
    host(|config| config, "label=a")
}

fn committed() -> Reached {
    let reached = stable();
    reached.scene.upgrade(&counter("label=b"));
    reached
}

fn rejected() -> Reached {
    let reached = stable();
    let _ = reached.scene.refusal(&counter("label=b;start=fail"));
    reached
}

fn backing_up() -> Reached {
    let reached = host(|config| config, "label=a;state=wait FILE");
    reached.until(&counter("label=b"), Phase::Assessed, Release::File)
}

fn rehearsing() -> Reached {
    let rehearsal = Rehearsal::new().with_deadline(LONG);
    let reached = host(|config| config.with_rehearsal(rehearsal), "label=a");
    reached.until(&counter("label=b;prepare=hang"), Phase::Rehearsed, Release::Free)
}

fn awaiting() -> Reached {
    let reached = host(|config| config.with_approval(Approval::by_call()), "label=a");
    reached.until(&counter("label=b"), Phase::AwaitingApproval, Release::Free)
}

fn preparing() -> Reached {
    let reached = stable();
    let candidate = counter(&format!("label=b;prepare=wait {}", go_on(&reached.folder)));
    reached.until(&candidate, Phase::Loaded, Release::File)
}

fn ready() -> Reached {
    let reached = host(|config| config.with_timing(Timing::on_request()), "label=a");
    reached.scene.put(&counter("label=b"));
    reached.scene.told.pending();
    reached
}

fn quiescing() -> Reached {
    let reached = stable();
    let slot = reached.scene.slot.clone();
    let (enter, entered) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    thread::spawn(move || {
        slot.pin().inside(&mut || {
            enter.send(()).expect("the test waits");
            let _ = held.recv();
        })
    });
    entered.recv().expect("it goes inside");
    reached.until(&counter("label=b"), Phase::Prepared, Release::Caller(release))
}

fn migrating() -> Reached {
    let reached = stable();
    let candidate = chain(&format!("label=b;migrate=wait {}", go_on(&reached.folder)));
    reached.until(&candidate, Phase::Prepared, Release::File)
}

fn on_trial() -> Reached {
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let reached = host(|config| config.with_trial(trial), "label=a");
    reached.scene.upgrade(&counter("label=b"));
    reached
}

fn rolled_back() -> Reached {
    let reached = on_trial();
    reached.scene.host.roll_back("main", "a test").expect("it goes back");
    reached
}

fn degraded() -> Reached {
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let reached = host(|config| config.with_trial(trial), "label=a;resume=panic");
    reached.scene.upgrade(&chain("label=b;downgrade=fail"));
    let _ = reached.scene.host.roll_back("main", "a test").expect_err("it does not go back");
    reached
}

fn paused() -> Reached {
    let reached = stable();
    reached.scene.host.pause(None, "ada", "a test").expect("it can be paused");
    reached.scene.put(&counter("label=b"));
    let held = || reached.scene.host.status().slots[0].held.len() == 1;
    until("it is held", held);
    reached
}

/// Asks, and collects what is told meanwhile.
fn ask(reached: &Reached, request: &Request) -> (Result<Done, String>, Vec<String>) {
    let mut told = Vec::new();
    let client = Client::new(reached.folder.path().join("admin"));
    let answer = client.ask(request, |text| told.push(text.to_owned()));
    (answer.map_err(|error| error.to_string()), told)
}

fn apply_and_wait(reached: &Reached, candidate: &Fixture) -> (Done, Vec<String>) {
    let file = reached.scene.folder().join("offered");
    replace(&file, candidate.bytes());
    let slot = Some("main".to_owned());
    let request = Request::Apply { slot, file: Some(file), wait: true, intent: Intent::default() };
    let (answer, told) = ask(reached, &request);
    (answer.unwrap_or_else(|why| panic!("{why}: {told:#?}")), told)
}

fn who_waits_hears_how_it_goes() {
    let trial = Trial::new(Duration::from_millis(100)).with_longest_call(LONG);
    let reached = host(|config| config.with_trial(trial), "label=a");
    let (done, told) = apply_and_wait(&reached, &counter("label=b"));
    assert!(done.yes, "{done:#?}");
    assert_eq!(done.value["outcome"], "committed");
    assert!(
        done.text.starts_with("counter 1.0.0 (") && done.text.contains("/offered: committed"),
        "{done:#?}"
    );
    assert!(told.iter().any(|line| line.contains("it is on trial as generation 2")), "{told:#?}");

    let (done, _) = apply_and_wait(&reached, &counter("label=c;start=fail"));
    assert!(!done.yes && done.text.contains("start was told to fail"), "{done:#?}");
    assert_eq!(done.value["outcome"], "refused");
    // What serves is nothing to wait for.
    let (done, told) = apply_and_wait(&reached, &counter("label=b"));
    assert!(done.yes && told.is_empty(), "{done:#?} {told:#?}");

    let bad = chain("label=d;verify=fail");
    let (done, _) = apply_and_wait(&reached, &bad);
    assert_eq!(
        (done.yes, done.value["outcome"].as_str()),
        (false, Some("rolled_back")),
        "{done:#?}"
    );
    let (why, _) = ask(&reached, &Request::Why { slot: None });
    let why = why.expect("it answers");
    assert!(
        why.text.contains("rolled back chain") && why.text.contains("serving 1.0.0"),
        "{why:#?}"
    );
}

fn who_waits_for_one_is_not_told_of_another() {
    let Reached { scene, folder, .. } = on_trial();
    let file = scene.folder().join("offered");
    replace(&file, counter("label=c").bytes());
    let client = Client::new(folder.path().join("admin"));
    let slot = Some("main".to_owned());
    let request = Request::Apply { slot, file: Some(file), wait: true, intent: Intent::default() };
    let waiting = thread::spawn(move || client.ask(&request, |_| {}));
    let status = || scene.host.status().slots.remove(0);
    until("it waits for the end of the trial", || status().held.len() == 1);
    // Another one is committed, and then it is on trial itself.
    scene.host.commit("main", "a test").expect("the other one is on trial");
    until("it is on trial", || status().serving.is_some_and(|it| it.generation == 3));
    scene.host.roll_back("main", "a test").expect("it is on trial");
    let done = waiting.join().expect("it does not panic").expect("it is answered");
    assert!(!done.yes && done.value["outcome"] == "rolled_back", "{done:#?}");
    let artifact = ArtifactHash::of(counter("label=c").bytes()).to_string();
    assert!(done.text.contains(&artifact[..6]), "{done:#?}");
}

fn names() {
    let reached = awaiting();
    let hash = ArtifactHash::of(counter("label=b").bytes()).to_string();
    let approve =
        |artifact: &str| Request::Approve { artifact: artifact.to_owned(), by: "ada".to_owned() };
    let why = |artifact: &str| ask(&reached, &approve(artifact)).0.unwrap_err();
    assert!(why("zz").contains("no artifact that this could mean begins with zz"), "{}", why("zz"));
    assert!(why("").contains("say which artifact is meant"), "{}", why(""));
    let done = ask(&reached, &approve(&hash[..6])).0.expect("it waits");
    assert!(done.yes, "{done:#?}");
    let unknown = ask(&reached, &Request::Status { slot: Some("nobody".to_owned()) }).0;
    assert_eq!(unknown.unwrap_err(), "no slot nobody is open; there are: main");
    drop(reached.scene);
    let gone = Client::new(reached.folder.path().join("admin"));
    let error = gone.ask(&Request::Status { slot: None }, |_| {}).unwrap_err();
    assert!(!error.is_answer() && error.to_string().contains("there is no such file"), "{error}");
}

/// Whether an answer to `apply` says which artifact it is about, to people and to scripts.
#[track_caller]
fn is_named(done: &Done, build: &Fixture, module: &str, version: &str, file: &str) {
    let hash = ArtifactHash::of(build.bytes()).to_string();
    let named = format!("{module} {version} ({}…)", &hash[..6]);
    assert!(done.text.contains(&named) && done.text.contains(file), "{named}, {file}: {done:#?}");
    let value = |key: &str| done.value[key].as_str().unwrap_or_default().to_owned();
    assert_eq!([value("artifact"), value("module")], [hash, module.to_owned()], "{done:#?}");
    assert_eq!(value("version"), version, "{done:#?}");
    assert!(value("path").ends_with(file), "{done:#?}");
}

fn apply(reached: &Reached, candidate: &Fixture, wait: bool) -> Request {
    let file = reached.scene.folder().join("offered");
    replace(&file, candidate.bytes());
    Request::Apply { slot: None, file: Some(file), wait, intent: Intent::default() }
}

fn every_answer_of_apply_names_its_artifact() {
    let (b, c) = (counter("label=b"), counter("label=c;start=fail"));
    let applied = |reached: &Reached, build: &Fixture, wait| {
        let (answer, _) = ask(reached, &apply(reached, build, wait));
        answer.unwrap_or_else(|why| panic!("{why}"))
    };
    for reach in [stable, rejected, rehearsing, awaiting, ready, on_trial, rolled_back, paused] {
        let reached = reach();
        for build in [&counter("label=a"), &b, &c] {
            let done = applied(&reached, build, false);
            is_named(&done, build, "counter", "1.0.0", "/offered");
        }
    }
    let reached = stable();
    for build in [&b, &c] {
        let done = applied(&reached, build, true);
        is_named(&done, build, "counter", "1.0.0", "/offered");
    }
    // What is no module has no name, but a hash and a place.
    let file = reached.scene.folder().join("offered");
    fs::write(&file, "no module").expect("it can be written");
    let request =
        Request::Apply { slot: None, file: Some(file), wait: true, intent: Intent::default() };
    let done = ask(&reached, &request).0.expect("it is answered");
    let hash = ArtifactHash::of(b"no module").to_string();
    assert!(done.text.contains(&hash[..6]) && done.text.contains("/offered"), "{done:#?}");
    // Without a file as well.
    let reached = ready();
    let request = Request::Apply { slot: None, file: None, wait: false, intent: Intent::default() };
    let done = ask(&reached, &request).0.expect("it is answered");
    let hash = ArtifactHash::of(b.bytes()).to_string();
    let file = reached.scene.artifact().display().to_string();
    assert!(done.text.contains(&hash[..6]) && done.text.contains(&file), "{done:#?}");
    assert!(done.text.contains("counter 1.0.0"), "{done:#?}");
    assert_eq!(done.value["slots"][0]["artifact"], hash.as_str(), "{done:#?}");
}

fn who_waits_for_what_is_on_trial() {
    for (commits, outcome) in [(true, "committed"), (false, "rolled_back")] {
        let reached = on_trial();
        let b = counter("label=b");
        let request = apply(&reached, &b, true);
        let client = Client::new(reached.folder.path().join("admin"));
        let (say, heard) = mpsc::channel();
        let waiting = thread::spawn(move || {
            client.ask(&request, |text| say.send(text.to_owned()).expect("the test waits"))
        });
        let told = heard.recv_timeout(LONG).expect("how it stands");
        assert!(told.contains("it is on trial as generation 2"), "{told}");
        let host = &reached.scene.host;
        let ended =
            if commits { host.commit("main", "a test") } else { host.roll_back("main", "a test") };
        ended.expect("it is on trial");
        let done = waiting.join().expect("it does not panic").expect("it is answered");
        assert_eq!((done.yes, done.value["outcome"].as_str()), (commits, Some(outcome)));
        is_named(&done, &b, "counter", "1.0.0", "/offered");
    }
}

fn what_was_cleared() {
    let rehearsal = Rehearsal::new().with_deadline(Duration::from_secs(1));
    let reached = host(|config| config.with_rehearsal(rehearsal), "label=a");
    let b = counter("label=b;prepare=hang");
    let refusal = reached.scene.refusal(&b);
    assert_eq!(refusal.phase, Phase::Rehearsed);
    let artifact = ArtifactHash::of(b.bytes()).to_string();
    assert!(ask(&reached, &Request::Clear { artifact }).0.expect("it was rejected").yes);
    let done = ask(&reached, &apply(&reached, &b, false)).0.expect("it is answered");
    assert_eq!(done.value["outcome"], "under_way", "{done:#?}");
}

fn who_waits_for_what_is_gone() {
    type Goes = fn(&std::path::Path);
    let cases: [(Goes, &str); 2] = [
        (|file| fs::remove_file(file).expect("it is there"), "withdrawn"),
        (|file| replace(file, counter("label=d").bytes()), "superseded"),
    ];
    for (goes, outcome) in cases {
        let reached = on_trial();
        let c = counter("label=c");
        let request = apply(&reached, &c, true);
        let client = Client::new(reached.folder.path().join("admin"));
        let waiting = thread::spawn(move || client.ask(&request, |_| {}));
        let status = || reached.scene.host.status().slots.remove(0);
        until("it waits for the end of the trial", || status().held.len() == 1);
        goes(&reached.scene.folder().join("offered"));
        reached.scene.host.commit("main", "a test").expect("another one is on trial");
        let done = waiting.join().expect("it does not panic").expect("it is answered");
        assert_eq!((done.yes, done.value["outcome"].as_str()), (false, Some(outcome)), "{done:#?}");
        is_named(&done, &c, "counter", "1.0.0", "/offered");
    }
}

fn connect(reached: &Reached) -> UnixStream {
    UnixStream::connect(reached.folder.path().join("admin")).expect("a host listens")
}

fn who_is_slow_or_waits_keeps_nobody_out() {
    let reached = on_trial();
    let request = apply(&reached, &counter("label=c"), true);
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let client = Client::new(reached.folder.path().join("admin"));
            let request = request.clone();
            thread::spawn(move || client.ask(&request, |_| {}).map(|done| done.yes))
        })
        .collect();
    let mut slow: Vec<_> = (0..40).map(|_| connect(&reached)).collect();
    for _ in 0..3 {
        for slow in &mut slow {
            slow.write_all(b" ").expect("nobody has hung up");
        }
        let (status, _) = ask(&reached, &Request::Status { slot: None });
        assert!(status.expect("it is answered").yes);
    }
    // One that was slow is answered as well.
    let last = slow.last_mut().expect("there are some");
    last.write_all(b"{\"verb\":\"status\"}\n").expect("nobody has hung up");
    let mut answer = String::new();
    last.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("{\"done\":"), "{answer}");
    // More than there are places for who waits: nobody is turned away.
    let crowd: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = connect(&reached);
            stream.write_all(b"{\"verb\":\"status\"}\n").expect("nobody has hung up");
            stream
        })
        .collect();
    for mut stream in crowd {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it is answered");
        assert!(answer.starts_with("{\"done\":"), "{answer}");
    }
    reached.scene.host.commit("main", "a test").expect("it is on trial");
    until("the next one is on trial", || {
        reached.scene.host.status().slots[0].serving.as_ref().is_some_and(|it| it.generation == 3)
    });
    reached.scene.host.commit("main", "a test").expect("it is on trial");
    for waiting in waiting {
        assert!(waiting.join().expect("it does not panic").expect("it is answered"));
    }
}

/// The host's thread is busy; of two who ask meanwhile one has gone when it is free again.
fn what_somebody_has_asked_who_has_gone() {
    let reached = preparing();
    let mut gone = connect(&reached);
    gone.write_all(b"{\"verb\":\"checkpoint\"}\n").expect("nobody has hung up");
    // It waits for the host's thread then, or is not read yet: neither is done.
    thread::sleep(Duration::from_millis(50));
    drop(gone);
    let mut stays = connect(&reached);
    stays.write_all(b"{\"verb\":\"checkpoint\"}\n").expect("nobody has hung up");
    fs::write(reached.folder.path().join("go on"), "").expect("it can be written");
    let mut answer = String::new();
    stays.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("{\"done\":{\"yes\":true"), "{answer}");
    let backups = reached.scene.host.backups("main").expect("it has a journal");
    let asked_for = backups.iter().filter(|it| it.occasion == Occasion::Checkpoint);
    assert_eq!(asked_for.count(), 1, "{backups:#?}");
}

fn who_asks_nothing_more_is_answered() {
    let reached = stable();
    let mut stream = connect(&reached);
    stream.write_all(b"{\"verb\":\"checkpoint\"}\n").expect("nobody has hung up");
    stream.shutdown(Shutdown::Write).expect("it is connected");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("{\"done\":{\"yes\":true"), "{answer}");
}

fn another_protocol_is_named() {
    let reached = stable();
    let mut stream = connect(&reached);
    let request = b"{\"protocol\":9,\"hotswap\":\"9.1.0\",\"verb\":\"checkpoint\",\"new\":true}\n";
    stream.write_all(request).expect("nobody has hung up");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.contains("hotswap 9.1.0 asks with protocol 9"), "{answer}");
    assert!(reached.scene.host.backups("main").expect("it has a journal").is_empty());
}
