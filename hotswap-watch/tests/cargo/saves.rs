//! Which saves are builds, and of what.

use std::fs;
use std::thread;
use std::time::Duration;

use hotswap_watch::cargo::Report;

use crate::scratch::{Scratch, Watching, marked, workspace};

#[test]
fn twenty_saves_end_in_the_last_ones_code() {
    let scratch = Scratch::new();
    let watching = scratch.start();
    watching.good_build();
    // Over two seconds, a build may be done between two saves; all at once, hardly one is.
    for (round, pause) in [100, 0, 30].into_iter().enumerate() {
        let mark = |i| format!("round-{round}-save-{i}");
        for i in 1..=20 {
            scratch.write("arcade/src/lib.rs", &marked(&mark(i), "helper::TEXT"));
            thread::sleep(Duration::from_millis(pause));
        }
        // `build` sees to it that there is one at a time.
        let last = format!("ARCADE-{}-END", mark(20));
        while !watching.good_build().has(&last) {}
    }
    let rest = watching.rest();
    assert!(rest.is_empty(), "{rest:#?}");
}

#[test]
fn only_content_counts() {
    let scratch = Scratch::new();
    let watching = scratch.start();
    watching.good_build();
    let text = marked("one", "helper::TEXT");
    // Written again, replaced by rename, and touched.
    scratch.write("arcade/src/lib.rs", &text);
    scratch.write("new.rs", &text);
    fs::rename(scratch.at("new.rs"), scratch.at("arcade/src/lib.rs")).unwrap();
    let file = fs::File::options().append(true).open(scratch.at("arcade/src/lib.rs")).unwrap();
    file.set_modified(std::time::SystemTime::now()).unwrap();
    drop(file);
    // And what editors leave behind.
    for name in [
        "arcade/src/.lib.rs.swp",
        "arcade/src/4913",
        "arcade/src/lib.rs~",
        "arcade/src/.#lib.rs",
        "arcade/src/sedXg2v1s",
        "arcade/src/lib.rs.Xg2v1s",
        "arcade/x",
    ] {
        scratch.write(name, "x");
        fs::rename(scratch.at(name), scratch.at("beside")).unwrap();
        scratch.write(name, "x");
    }
    scratch.write("helper/src/lib.rs", "pub static TEXT: &str = \"HELPER-two-END\";\n");
    // The first one, stale or not: a build of what editors left behind would be stale by now.
    loop {
        let next = watching.build();
        assert_eq!(next.because, [scratch.at("helper/src/lib.rs")]);
        if !next.finished.stale {
            break;
        }
    }
    let rest = watching.rest();
    assert!(rest.is_empty(), "{rest:#?}");
}

#[test]
fn files_and_folders_that_are_new_are_watched() {
    let scratch = Scratch::new();
    let watching = scratch.start();
    watching.good_build();
    let lib = |modules: &str| format!("{modules}\n{}", marked("two", "extra::text()"));
    scratch.write("arcade/src/extra.rs", "pub fn text() -> &'static str { \"EXTRA-one\" }\n");
    watching.last_build();
    scratch.write("arcade/src/lib.rs", &lib("mod extra;"));
    assert!(watching.good_build().has("EXTRA-one"));
    scratch.write("arcade/src/extra.rs", "pub fn text() -> &'static str { \"EXTRA-two\" }\n");
    let told = watching.good_build();
    assert!(told.has("EXTRA-two"));

    // A folder with files in it, moved in and made in place.
    scratch.write("elsewhere/deep/text.rs", "pub fn text() -> &'static str { \"DEEP-one\" }\n");
    scratch.write("elsewhere/mod.rs", "mod deep { pub mod text; }\npub use deep::text::text;\n");
    fs::remove_file(scratch.at("arcade/src/extra.rs")).unwrap();
    fs::rename(scratch.at("elsewhere"), scratch.at("arcade/src/extra")).unwrap();
    let mut told = watching.last_build();
    while !(told.finished.success && told.has("DEEP-one")) {
        told = watching.last_build();
    }
    let deep = "arcade/src/extra/deep/text.rs";
    scratch.write(deep, "pub fn text() -> &'static str { \"DEEP-two\" }\n");
    let told = watching.good_build();
    assert_eq!(told.because, [scratch.at(deep)]);
    assert!(told.has("DEEP-two"));
}

#[test]
fn a_source_that_is_deleted_is_built_without_whatever_it_is_called() {
    let scratch = Scratch::new();
    scratch.write("arcade/src/sedXg2v1s", "ASSET-one");
    scratch.write("arcade/src/more.rs", "pub fn text() -> &'static str { \"MORE\" }\n");
    let asset = "concat!(include_str!(\"sedXg2v1s\"), \"-END\")";
    let lib = format!("mod more;\npub use more::text;\n{}", marked("one", asset));
    scratch.write("arcade/src/lib.rs", &lib);
    let watching = scratch.start();
    assert!(watching.good_build().has("ASSET-one"));
    scratch.write("arcade/src/sedXg2v1s", "ASSET-two");
    let told = watching.good_build();
    assert_eq!(told.because, [scratch.at("arcade/src/sedXg2v1s")]);
    assert!(told.has("ASSET-two"));
    for name in ["arcade/src/more.rs", "arcade/src/sedXg2v1s"] {
        fs::remove_file(scratch.at(name)).unwrap();
        let told = watching.last_build();
        assert_eq!((told.because, told.finished.success), (vec![scratch.at(name)], false));
    }
}

#[test]
fn an_editor_that_moves_the_old_file_away_has_saved_it() {
    let scratch = Scratch::new();
    let watching = scratch.start();
    watching.good_build();
    let lib = scratch.at("arcade/src/lib.rs");
    fs::rename(&lib, scratch.at("arcade/src/lib.rs~")).unwrap();
    scratch.write("arcade/src/lib.rs", &marked("moved", "helper::TEXT"));
    fs::remove_file(scratch.at("arcade/src/lib.rs~")).unwrap();
    let told = watching.good_build();
    assert_eq!(told.because, [lib]);
    assert!(told.has("ARCADE-moved-END"));
}

#[test]
fn a_new_path_dependency_is_watched_from_then_on() {
    let scratch = Scratch::new();
    let watching = scratch.start();
    watching.good_build();
    // Outside of the workspace.
    scratch.package("../outside", "lib", "");
    scratch.write("../outside/src/lib.rs", "pub static TEXT: &str = \"OUTSIDE-one\";\n");
    let needs = "helper = { path = \"../helper\" }\noutside = { path = \"../../outside\" }";
    scratch.package("arcade", "cdylib", needs);
    assert!(watching.good_build().because.contains(&scratch.at("arcade/Cargo.toml")));
    scratch.write("arcade/src/lib.rs", &marked("two", "outside::TEXT"));
    assert!(watching.good_build().has("OUTSIDE-one"));
    scratch.write("../outside/src/lib.rs", "pub static TEXT: &str = \"OUTSIDE-two\";\n");
    assert!(watching.good_build().has("OUTSIDE-two"));
    // And one that is not needed any more, is not.
    scratch.write("arcade/src/lib.rs", &marked("three", "helper::TEXT"));
    scratch.package("arcade", "cdylib", "helper = { path = \"../helper\" }");
    watching.good_build();
    scratch.write("../outside/src/lib.rs", "mistake\n");
    scratch.write("arcade/src/lib.rs", &marked("four", "helper::TEXT"));
    let mut told = watching.good_build();
    while !told.has("ARCADE-four-END") {
        told = watching.good_build();
    }
    assert_eq!(told.because, [scratch.at("arcade/src/lib.rs")]);
}

#[test]
fn a_broken_manifest_is_shown_and_mended() {
    let scratch = Scratch::new();
    let watching = scratch.start();
    watching.good_build();
    let good = fs::read_to_string(scratch.at("arcade/Cargo.toml")).unwrap();
    scratch.write("arcade/Cargo.toml", "[package\n");
    let bad = watching.last_build();
    assert!(bad.errors()[0].rendered.contains("Cargo.toml"), "{bad:#?}");
    // A package that is gone is a mistake like any other.
    scratch.write("arcade/Cargo.toml", &good.replace("\"arcade\"", "\"arcades\""));
    let bad = watching.last_build();
    assert!(bad.errors()[0].rendered.contains("did you mean arcades?"), "{bad:#?}");
    scratch.write("arcade/Cargo.toml", &good);
    scratch.write("arcade/src/lib.rs", &marked("mended", "helper::TEXT"));
    let mut told = watching.good_build();
    while !told.has("ARCADE-mended-END") {
        told = watching.good_build();
    }
}

#[test]
fn what_the_compiler_reads_elsewhere_is_watched() {
    let scratch = Scratch::new();
    scratch.write("arcade/assets/the text.txt", "ASSET-one");
    let includes = "include_str!(\"../assets/the text.txt\")";
    scratch.write("arcade/src/lib.rs", &marked("one", includes));
    let watching = scratch.start();
    assert!(watching.good_build().has("ASSET-one"));
    scratch.write("arcade/assets/the text.txt", "ASSET-two");
    let told = watching.good_build();
    assert_eq!(told.because, [scratch.at("arcade/assets/the text.txt")]);
    assert!(told.has("ASSET-two"));
}

#[test]
fn without_events_sources_are_looked_at_at_an_interval() {
    let scratch = Scratch::new();
    let request = scratch.request().with_polling(Duration::from_millis(20));
    let watching = Watching::start(request);
    watching.good_build();
    scratch.write("arcade/src/lib.rs", &marked("two", "helper::TEXT"));
    let mut told = watching.last_build();
    while !(told.finished.success && told.has("ARCADE-two-END")) {
        told = watching.last_build();
    }
}

#[test]
fn a_workspace_that_is_one_package_is_watched_without_its_targets() {
    let scratch = Scratch::new();
    scratch.write("Cargo.toml", &workspace(&[], ""));
    scratch.package("alone", "cdylib", "");
    scratch.write("alone/lib.rs", &marked("one", "\"\""));
    let manifest = fs::read_to_string(scratch.at("alone/Cargo.toml")).unwrap();
    let manifest = manifest.replace("[lib]", "[workspace]\n\n[lib]\npath = \"lib.rs\"");
    scratch.write("alone/Cargo.toml", &manifest.replace("\"alone\"", "\"arcade\""));
    let request = hotswap_watch::cargo::Request::new(scratch.at("alone"))
        .with_package("arcade")
        .with_argument("--offline")
        .with_target_folder("target/hotswap");
    let watching = Watching::start(request);
    watching.good_build();
    scratch.write("alone/tests/t.rs", "mistake");
    scratch.write("alone/target/x.rs", "mistake");
    scratch.write("alone/lib.rs", &marked("two", "\"\""));
    let told = watching.good_build();
    assert_eq!(told.because, [scratch.at("alone/lib.rs")]);
    let is_start = |report: &Report| matches!(report, Report::Started { .. });
    assert!(!watching.rest().iter().any(is_start));
}
