//! What was compiled for the host does for the first build.

use std::fs::{self, File};
use std::process::Command;

use hotswap_watch::cargo::{Profile, Report};

use crate::scratch::{Scratch, Told, Watching, marked, workspace};

/// With the host `game`, which is linked with `helper`, and with `sound`, which no module needs.
fn with_a_host(rest: &str) -> Scratch {
    let scratch = Scratch::new();
    let members = ["arcade", "helper", "sound", "game"];
    scratch.write("Cargo.toml", &workspace(&members, rest));
    scratch.package("sound", "lib", "");
    scratch.write("sound/src/lib.rs", "");
    scratch.write(
        "game/Cargo.toml",
        "[package]\nname = \"game\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         helper = { path = \"../helper\" }\nsound = { path = \"../sound\" }\n",
    );
    scratch.write("game/src/main.rs", "fn main() { println!(\"{}\", helper::TEXT); }\n");
    // Its output is compiled in, from where cargo says it is.
    scratch.write(
        "helper/build.rs",
        "fn main() {\n    println!(\"cargo:rerun-if-changed=build.rs\");\n    \
         let out = std::env::var(\"OUT_DIR\").unwrap();\n    \
         std::fs::write(out + \"/text.rs\", \"\\\"HELPER-one-END\\\"\").unwrap();\n}\n",
    );
    let text = "pub static TEXT: &str = include!(concat!(env!(\"OUT_DIR\"), \"/text.rs\"));\n";
    scratch.write("helper/src/lib.rs", text);
    scratch
}

fn cargo(scratch: &Scratch, arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).arg("--offline").current_dir(scratch.at(""));
    cargo.env_remove("CARGO_TARGET_DIR");
    cargo
}

#[track_caller]
fn build_host(scratch: &Scratch, arguments: &[&str]) {
    let status = cargo(scratch, &[&["build", "-p=game"], arguments].concat()).status().unwrap();
    assert!(status.success());
}

fn compiled(told: &Told) -> Vec<&str> {
    let compiled = told.reports.iter().filter_map(|report| match report {
        Report::Compiling { package } => Some(package.as_str()),
        _ => None,
    });
    compiled.collect()
}

/// A first build that compiles these packages.
#[track_caller]
fn check(scratch: &Scratch, profile: Profile, wanted: &[&str]) {
    let told = Watching::start(scratch.request().with_profile(profile)).good_build();
    assert!(told.has("ARCADE-one-END") && told.has("HELPER-one-END"));
    assert_eq!(compiled(&told), wanted, "{told:#?}");
    let left = fs::read_dir(scratch.at("target/hotswap")).unwrap();
    assert!(left.flatten().all(|it| it.file_name() != ".seed"));
}

#[test]
fn only_what_was_not_built_for_the_host_is_compiled() {
    let scratch = with_a_host("");
    build_host(&scratch, &[]);
    check(&scratch, Profile::Dev, &["arcade"]);
    let deps = fs::read_dir(scratch.at("target/hotswap/debug/deps")).unwrap();
    let mut deps = deps.flatten().map(|it| it.file_name().into_string().unwrap());
    assert!(deps.all(|name| !name.contains("sound") && !name.contains("game")));

    // What is there already is left as it is, and so is the host's own.
    scratch.write("helper/src/lib.rs", "pub static TEXT: &str = \"HELPER-two-END\";\n");
    build_host(&scratch, &[]);
    let told = scratch.start().good_build();
    assert!(told.has("HELPER-two-END"));
    assert_eq!(compiled(&told), ["helper", "arcade"]);
    let ran = Command::new(scratch.at("target/debug/game")).output().unwrap();
    assert_eq!(ran.stdout, b"HELPER-two-END\n");
}

#[test]
fn other_features_are_compiled() {
    let scratch = with_a_host("");
    let features = "[features]\nloud = []\n";
    let manifest = fs::read_to_string(scratch.at("helper/Cargo.toml")).unwrap();
    scratch.write("helper/Cargo.toml", &(manifest + features));
    let text = "pub static TEXT: &str = if cfg!(feature = \"loud\") { \"LOUD\" } else { \
                \"HELPER-one-END\" };\n";
    scratch.write("helper/src/lib.rs", text);
    build_host(&scratch, &["--features=helper/loud"]);
    check(&scratch, Profile::Dev, &["helper", "arcade"]);
}

#[test]
fn each_profile_has_its_folder() {
    let scratch = with_a_host("[profile.fast]\ninherits = \"release\"\n");
    build_host(&scratch, &["--profile=fast"]);
    check(&scratch, Profile::Named("fast".into()), &["arcade"]);
    check(&scratch, Profile::Dev, &["helper", "arcade"]);
}

/// As with `CARGO_TARGET_DIR`, which stands for all tests of a process.
#[test]
fn the_host_is_looked_for_where_cargo_builds_it() {
    for key in ["target-dir", "build-dir"] {
        let scratch = with_a_host("");
        scratch.write(".cargo/config.toml", &format!("[build]\n{key} = \"made\"\n"));
        build_host(&scratch, &[]);
        assert!(scratch.at("made/debug/deps").is_dir());
        check(&scratch, Profile::Dev, &["arcade"]);
    }
}

#[test]
fn a_platform_that_is_named_has_its_folder() {
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(rustc.stdout).unwrap();
    let platform = text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let scratch = with_a_host("");
    scratch.write(".cargo/config.toml", &format!("[build]\ntarget = \"{platform}\"\n"));
    build_host(&scratch, &[]);
    assert!(scratch.at("target").join(platform).join("debug/game").exists());
    check(&scratch, Profile::Dev, &["arcade"]);

    // For the host alone: its build scripts do, and its libraries have another hash.
    let scratch = with_a_host("");
    build_host(&scratch, &["--target", platform]);
    check(&scratch, Profile::Dev, &["helper", "arcade"]);
}

#[test]
fn a_draft_of_a_killed_process_is_not_used() {
    let scratch = with_a_host("");
    build_host(&scratch, &[]);
    scratch.write("target/hotswap/.seed/deps/half", "");
    scratch.write("target/hotswap/.seed/.fingerprint/half", "");
    check(&scratch, Profile::Dev, &["arcade"]);
    assert!(!scratch.at("target/hotswap/debug/deps/half").exists());

    // Also where there is nothing to copy.
    scratch.write("target/hotswap/.seed/deps/half", "");
    check(&scratch, Profile::Dev, &[]);
}

#[test]
fn a_cargo_that_holds_the_folder_does_not_hold_up_the_build() {
    let scratch = with_a_host("");
    build_host(&scratch, &[]);
    let held = File::open(scratch.at("target/debug/.cargo-lock")).unwrap();
    held.lock().unwrap();
    check(&scratch, Profile::Dev, &["helper", "arcade"]);
    drop(held);
}

#[test]
fn what_a_killed_cargo_has_left_is_compiled() {
    let scratch = with_a_host("");
    build_host(&scratch, &[]);
    // As rustc and cargo leave a unit that they are about to write again.
    for (folder, start, text) in [("deps", "libhelper-", "half"), (".fingerprint", "helper-", "")] {
        for entry in fs::read_dir(scratch.at("target/debug").join(folder)).unwrap().flatten() {
            let file = match folder {
                "deps" => entry.path(),
                _ => entry.path().join("lib-helper"),
            };
            if entry.file_name().to_string_lossy().starts_with(start) && file.is_file() {
                fs::write(file, text).unwrap();
            }
        }
    }
    check(&scratch, Profile::Dev, &["helper", "arcade"]);
}

/// A cdylib has no hash in its name: one build with other features overwrites the other's.
#[test]
fn a_module_that_was_built_for_the_host_in_two_ways_is_compiled() {
    let scratch = with_a_host("");
    let manifest = fs::read_to_string(scratch.at("arcade/Cargo.toml")).unwrap();
    scratch.write("arcade/Cargo.toml", &(manifest + "[features]\nloud = []\n"));
    let mark = "if cfg!(feature = \"loud\") { \"IT-IS-LOUD\" } else { helper::TEXT }";
    scratch.write("arcade/src/lib.rs", &marked("one", mark));
    build_host(&scratch, &["-p=arcade"]);
    check(&scratch, Profile::Dev, &[]);

    fs::remove_dir_all(scratch.at("target/hotswap")).unwrap();
    build_host(&scratch, &["-p=arcade", "--features=arcade/loud"]);
    check(&scratch, Profile::Dev, &["arcade"]);
}
