//! Every verb of an operator, asked over the socket in every phase of an upgrade: it is done, or
//! answered with a reason.
//!
//! A process of its own, with a `main` of its own: a host starts it again for a rehearsal.
#![expect(clippy::print_stdout, reason = "it runs its tests by itself")]

use std::{env, fs, panic::catch_unwind, process, sync::mpsc, thread, time::Duration};

use counter_api::Counter;
use hotswap_core::{
    Approval, ArtifactHash, Config, Rehearsal, Timing, Trial,
    admin::{Client, Done, Request},
    event::Phase,
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
    let tests: [(&str, fn()); 4] = [
        ("every_verb_in_every_phase", every_verb_in_every_phase),
        ("who_waits_hears_how_it_goes", who_waits_hears_how_it_goes),
        ("who_waits_for_one_is_not_told_of_another", who_waits_for_one_is_not_told_of_another),
        ("an_artifact_is_named_by_the_beginning_of_its_hash", names),
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
        done.text.contains("counter 1.0.0 (") && done.text.contains("is committed"),
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
