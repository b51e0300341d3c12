//! What a build tells.

use std::fs;
use std::path::Path;
use std::process::Command;

use hotswap_watch::cargo::{Level, Profile, Report};

use crate::scratch::{Scratch, Watching, marked, workspace};

#[test]
fn a_first_build_and_a_save() {
    let scratch = Scratch::new();
    let watching = scratch.start();
    let first = watching.good_build();
    assert!(first.because.is_empty());
    assert!(first.has("ARCADE-one-END") && first.has("HELPER-one-END"));
    let (artifact, fresh) = first.built("arcade");
    assert!(artifact.starts_with(scratch.at("target/hotswap/debug")) && !fresh);
    let compiled = |name: &str| {
        let is_it = |r: &Report| matches!(r, Report::Compiling { package } if package == name);
        first.reports.iter().any(is_it)
    };
    assert!(compiled("arcade") && compiled("helper"), "{first:#?}");

    scratch.write("arcade/src/lib.rs", &marked("two", "helper::TEXT"));
    let second = watching.good_build();
    assert_eq!(second.because, [scratch.at("arcade/src/lib.rs")]);
    assert!(second.has("ARCADE-two-END") && second.has("HELPER-one-END"));
    assert_eq!(second.finished.built, ["arcade"]);

    scratch.write("helper/src/lib.rs", "pub static TEXT: &str = \"HELPER-two-END\";\n");
    let third = watching.good_build();
    assert_eq!(third.because, [scratch.at("helper/src/lib.rs")]);
    assert!(third.has("HELPER-two-END"));
}

#[test]
fn what_is_there_already_is_fresh() {
    let scratch = Scratch::new();
    drop(scratch.start().good_build());
    let watching = scratch.start();
    assert!(watching.good_build().built("arcade").1);
    watching.builder.build();
    let again = watching.good_build();
    assert!(again.because.is_empty() && again.built("arcade").1);
}

#[test]
fn a_mistake_is_shown_and_mended() {
    let scratch = Scratch::new();
    let watching = scratch.start();
    watching.good_build();
    scratch.write("arcade/src/lib.rs", "pub fn arcade() -> u32 {\n    \"no number\"\n}\n");
    let bad = watching.last_build();
    assert!(!bad.finished.success);
    let [error] = bad.errors()[..] else { panic!("{bad:#?}") };
    assert_eq!(error.package.as_deref(), Some("arcade"));
    for part in ["error[E0308]: mismatched types", "arcade/src/lib.rs:2:5", "\"no number\""] {
        assert!(error.rendered.contains(part), "{}", error.rendered);
    }
    assert!(!error.rendered.contains('\u{1b}'), "{}", error.rendered);
    assert_eq!((bad.finished.errors, bad.finished.warnings), (1, 0));

    scratch.write(
        "arcade/src/lib.rs",
        &format!("{}fn unused() {{}}\n", marked("mended", "helper::TEXT")),
    );
    let good = watching.good_build();
    assert!(good.has("ARCADE-mended-END"));
    assert_eq!((good.finished.errors, good.finished.warnings), (0, 1));
    let is_warning =
        |r: &Report| matches!(r, Report::Diagnostic(found) if found.level == Level::Warning);
    assert_eq!(good.reports.iter().filter(|report| is_warning(report)).count(), 1);
}

#[test]
fn colours_are_an_offer() {
    let scratch = Scratch::new();
    scratch.write("arcade/src/lib.rs", "pub fn arcade() -> u32 { \"\" }\n");
    let watching = Watching::start(scratch.request().with_colors(true));
    let bad = watching.build();
    assert!(bad.errors()[0].rendered.contains("\u{1b}["), "{bad:#?}");
}

#[test]
fn what_fails_before_the_compiler_is_told_in_cargos_words() {
    let scratch = Scratch::new();
    scratch.write("arcade/build.rs", "fn main() { panic!(\"no shader compiler here\") }\n");
    let watching = scratch.start();
    let bad = watching.build();
    let [error] = bad.errors()[..] else { panic!("{bad:#?}") };
    for part in ["failed to run custom build command for `arcade", "no shader compiler here"] {
        assert!(error.rendered.contains(part), "{}", error.rendered);
    }
    assert_eq!(error.package, None);
    assert_eq!(bad.finished.errors, 1);
    scratch.write("arcade/build.rs", "fn main() {}\n");
    watching.good_build();
}

#[test]
fn packages_are_built_in_one_go() {
    let scratch = Scratch::new();
    scratch.write("Cargo.toml", &workspace(&["arcade", "physics", "helper"], ""));
    scratch.package("physics", "cdylib", "");
    scratch.write("physics/src/lib.rs", &marked("physics", "\"\""));
    let watching = Watching::start(scratch.request().with_package("physics"));
    let first = watching.good_build();
    assert_eq!(first.finished.built.len(), 2, "{first:#?}");
    // One that fails does not keep the other one back.
    scratch.write("physics/src/lib.rs", &marked("physics two", "\"\""));
    scratch.write("arcade/src/lib.rs", "mistake\n");
    let mut told = watching.last_build();
    if !told.because.contains(&scratch.at("arcade/src/lib.rs")) {
        told = watching.last_build();
    }
    assert!(!told.finished.success);
    assert_eq!(told.errors()[0].package.as_deref(), Some("arcade"));
    scratch.write("arcade/src/lib.rs", &marked("two", "helper::TEXT"));
    let good = watching.good_build();
    assert!(good.has("ARCADE-two-END") && good.built("physics").0.is_file());
}

#[test]
fn panics_unwind_whatever_the_profile_says() {
    let scratch = Scratch::new();
    let profiles = "[profile.dev]\npanic = \"abort\"\n[profile.fast]\ninherits = \"release\"\n\
                    panic = \"abort\"\n[profile.release]\npanic = \"abort\"\n";
    scratch.write("Cargo.toml", &workspace(&["arcade", "helper"], profiles));
    let strategy = "if cfg!(panic = \"unwind\") { \"IT-unwinds\" } else { \"IT-aborts\" }";
    scratch.write("arcade/src/lib.rs", &marked("one", &format!("({strategy})")));
    let table = [
        (Profile::Dev, "debug"),
        (Profile::Release, "release"),
        (Profile::Named("fast".into()), "fast"),
    ];
    for (profile, folder) in table {
        let told = Watching::start(scratch.request().with_profile(profile)).good_build();
        assert!(told.has("IT-unwinds") && !told.has("IT-aborts"), "{told:#?}");
        assert!(told.built("arcade").0.starts_with(scratch.at("target/hotswap").join(folder)));
    }
}

#[test]
fn a_change_of_the_interface_is_told_once() {
    let scratch = Scratch::new();
    scratch.write("Cargo.toml", &workspace(&["arcade", "helper", "api", "hotswap-abi"], ""));
    scratch.package("hotswap-abi", "lib", "");
    scratch.write("hotswap-abi/src/lib.rs", "");
    scratch.package("api", "lib", "hotswap-abi = { path = \"../hotswap-abi\" }");
    scratch.write("api/src/lib.rs", "pub static TEXT: &str = \"API-one\";\n");
    let needs = "helper = { path = \"../helper\" }\napi = { path = \"../api\" }";
    scratch.package("arcade", "cdylib", needs);
    let watching = scratch.start();
    watching.good_build();

    scratch.write("helper/src/lib.rs", "pub static TEXT: &str = \"helper\";\n");
    assert!(watching.good_build().interfaces().is_empty());
    scratch.write("api/src/lib.rs", "pub static TEXT: &str = \"API-two\";\n");
    assert_eq!(watching.good_build().interfaces(), ["api"]);
    scratch.write("api/src/lib.rs", "pub static TEXT: &str = \"API-three\";\n");
    assert!(watching.good_build().interfaces().is_empty());

    // By name, where it is another one.
    let watching = Watching::start(scratch.request().with_shared("helper"));
    watching.good_build();
    scratch.write("api/src/lib.rs", "pub static TEXT: &str = \"API-four\";\n");
    assert!(watching.good_build().interfaces().is_empty());
    scratch.write("helper/src/lib.rs", "pub static TEXT: &str = \"changed\";\n");
    assert_eq!(watching.good_build().interfaces(), ["helper"]);
}

/// Runs itself again, as a program under `cargo run` would be.
#[test]
fn the_environment_is_clean() {
    if std::env::var_os(MARKED).is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "builds::the_environment_is_clean", "--nocapture"])
            .env(MARKED, "1")
            .env("CARGO_PKG_LEAK", "1")
            .env("CARGO_MANIFEST_LEAK", "1")
            .env("CARGO_BIN_EXE_leak", "1")
            .env("CARGO_BIN_NAME", "leak")
            .env("CARGO_CRATE_NAME", "leak")
            .env("__CARGO_LEAK", "1")
            .env("MAKEFLAGS", "--jobserver-fds=7,8 -j --jobserver-auth=7,8")
            .env("CARGO_TARGET_DIR", "/nowhere/at/all")
            .env("LD_LIBRARY_PATH", "/x/debug/build/y/out:/x/debug/deps:/x/debug:/kept/lib")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{output:#?}");
        return;
    }
    let scratch = Scratch::new();
    scratch.write(
        "arcade/build.rs",
        "fn main() {\n    let all: String = std::env::vars()\n        \
         .map(|(name, value)| format!(\"{name}={value}\\n\")).collect();\n    \
         std::fs::write(\"../environment\", all).unwrap();\n}\n",
    );
    scratch.start().good_build();
    let dump = fs::read_to_string(scratch.at("environment")).unwrap();
    let value =
        |wanted: &str| dump.lines().find_map(|line| line.strip_prefix(wanted)?.strip_prefix('='));
    for name in [
        "CARGO_PKG_LEAK",
        "CARGO_MANIFEST_LEAK",
        "CARGO_BIN_EXE_leak",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "__CARGO_LEAK",
        "CARGO_TARGET_DIR",
    ] {
        assert_eq!(value(name), None, "{name}");
    }
    assert_eq!(value("CARGO_PKG_NAME"), Some("arcade"));
    assert!(value("MAKEFLAGS").is_none_or(|flags| !flags.contains("7,8")), "{dump}");
    let libraries = value("LD_LIBRARY_PATH").unwrap();
    let entries: Vec<_> = std::env::split_paths(libraries).collect();
    assert!(entries.contains(&Path::new("/kept/lib").into()), "{libraries}");
    assert!(!entries.iter().any(|entry| entry.starts_with("/x")), "{libraries}");
    assert_eq!(value(MARKED), Some("1"));
}

const MARKED: &str = "HOTSWAP_TEST_ENVIRONMENT";
