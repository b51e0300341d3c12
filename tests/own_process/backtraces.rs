//! The backtrace of a module's panic: where the host allows it and `RUST_BACKTRACE` asks for it.
//!
//! A process of its own for each: the variable is the process's.

use std::{env, process::Command};

use counter_api::{Counter, Failing};
use hotswap_core::{CallError, Config, Host, SlotConfig, event::EventKind};
use hotswap_tests::{LONG, Told, file_name, fixture, replace};

const CHILD: &str = "HOTSWAP_TESTS_CHILD";

/// Where the panics of the fixture are.
const PANICS: &str = "counter_api::Counter>::fail";

#[test]
fn a_panic_has_the_frames_that_were_asked_for() {
    match env::var(CHILD).as_deref() {
        Ok("dev") => return child(Config::dev()),
        Ok("production") => return child(Config::production()),
        _ => {}
    }
    // Not in a child: it would build beside us.
    let _ = fixture("counter");
    for (preset, variable) in [
        ("dev", None),
        ("dev", Some("0")),
        ("dev", Some("1")),
        ("dev", Some("full")),
        ("production", Some("1")),
    ] {
        let mut command = Command::new(env::current_exe().unwrap());
        let test = "a_panic_has_the_frames_that_were_asked_for";
        command.args(["--nocapture", "--exact", test]).env(CHILD, preset);
        match variable {
            Some(value) => command.env("RUST_BACKTRACE", value),
            None => command.env_remove("RUST_BACKTRACE"),
        };
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{preset}, {variable:?}: {text}");
    }
}

/// A call panics, and so does the start of the next build.
fn child(config: Config) {
    let is_production = env::var(CHILD).unwrap() == "production";
    let wanted = match env::var("RUST_BACKTRACE").as_deref() {
        _ if is_production => None,
        Err(_) | Ok("0") => None,
        Ok("full") => Some(true),
        Ok(_) => Some(false),
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file_name("module"));
    replace(&path, fixture("counter").told("label=a").bytes());
    let config =
        config.slot("main", SlotConfig::artifact(&path)).with_first_artifact_deadline(LONG);
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let slot = host.slot::<dyn Counter>("main").unwrap();
    let _ = told.live();
    let result = slot.pin().fail(Failing::Text);
    let error = result.unwrap_err();
    let CallError::Panicked(failure) = &error else { panic!("{error:?}") };
    assert_eq!(failure.message, "told to panic");
    check(&failure.backtrace, PANICS, wanted);
    let line = error.to_string();
    assert!(line.contains("counting.rs:") && !line.contains('\n'), "{line}");
    // What `main` prints, and what is told of it, have the frames below.
    let panicked =
        told.find(|event| matches!(event.kind, EventKind::Panicked(_)).then(|| event.to_string()));
    for text in [format!("{error:?}"), panicked] {
        let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
        assert!(first.ends_with(&line), "{text}");
        let frames = rest.lines().map(|line| line.strip_prefix("  ").expect("it is indented"));
        assert_eq!(frames.collect::<Vec<_>>().join("\n"), failure.backtrace);
    }

    replace(&path, fixture("counter").told("label=b;start=panic").bytes());
    let refusal = told.refused();
    assert!(refusal.findings[0].contains("start was told to panic"), "{refusal}");
    let (_, backtrace) = refusal.findings[0].split_once('\n').unwrap_or_default();
    check(backtrace, "kit::script::", wanted);
}

/// `full` is `None` where there should be none.
fn check(backtrace: &str, panics: &str, full: Option<bool>) {
    let Some(full) = full else { return assert_eq!(backtrace, "") };
    assert!(backtrace.contains(panics), "{backtrace}");
    // How Rust panics, and how the host calls.
    for other in ["std::panicking::", "hotswap_abi::guard::", "std::thread"] {
        assert_eq!(backtrace.contains(other), full, "{other} in {backtrace}");
    }
}
