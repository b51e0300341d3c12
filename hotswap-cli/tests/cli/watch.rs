//! Builds on every save, without a host.

use std::{fs, path::Path};

use rustix::process::Signal;

use crate::support::{Running, command, edit, hotswap, project, scratch};

fn watch(root: &Path, arguments: &[&str]) -> Running {
    let program = env!("CARGO_BIN_EXE_hotswap");
    Running::start(command(program, root).arg("watch").args(arguments))
}

#[test]
fn each_build_is_judged_as_a_host_would() {
    let folder = scratch();
    let root = project(folder.path(), "saves");
    let source = root.join("module/src/lib.rs");
    let mut watch = watch(&root, &["--json", "--drift", "refuse"]);
    let first = watch.event("artifact");
    assert_eq!((&first["package"], &first["verdict"]), (&"saves-module".into(), &"fits".into()));
    assert!(first["previous"].is_null() && watch.event("finished")["success"] == true);

    edit(&source, "Hello", "Howdy");
    let second = watch.event("artifact");
    assert_eq!((&second["verdict"], &second["state"]["fate"]), (&"fits".into(), &"kept".into()));
    assert_eq!(second["previous"]["hash"], first["artifact"]["hash"]);
    watch.event("finished");

    // A compile error is told, and it goes on.
    edit(&source, "Howdy", "Oops\" + \"");
    let error = watch.event("diagnostic");
    assert_eq!((&error["level"], &error["package"]), (&"error".into(), &"saves-module".into()));
    assert_eq!(watch.event("finished")["success"], false);

    // What would be refused is compared with what would go on.
    edit(&source, "Oops\" + \"", "Howdy");
    edit(&source, "count", "total");
    let drifted = watch.event("artifact");
    assert_eq!(drifted["verdict"], "refused", "{drifted:#}");
    assert_eq!(drifted["previous"]["hash"], second["artifact"]["hash"]);
    assert!(drifted["refusal"].to_string().contains("SavesState.count"), "{drifted:#}");
    edit(&source, "total", "count");
    edit(&source, "Howdy", "Hullo");
    let last = watch.event("artifact");
    assert_eq!((&last["verdict"], &last["state"]["fate"]), (&"fits".into(), &"kept".into()));
    assert_eq!(last["previous"]["hash"], second["artifact"]["hash"]);

    let (status, seen) = watch.end_by(Signal::INT);
    assert_eq!(status.code(), Some(0));
    assert_eq!(seen.last().unwrap(), "{\"event\":\"ended\"}");
}

/// Whether a process is there that somebody still waits for something from.
fn is_gone(pid: &str) -> bool {
    // A zombie has no command line.
    let line = fs::read(Path::new("/proc").join(pid).join("cmdline"));
    line.is_ok_and(|line| line.is_empty()) || !Path::new("/proc").join(pid).exists()
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_it_with_its_cargo() {
    for signal in [Signal::INT, Signal::TERM] {
        let folder = scratch();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir(at("src")).unwrap();
        fs::write(at("src/lib.rs"), "").unwrap();
        let package = "[package]\nname = \"stuck\"\nedition = \"2024\"\n[lib]\ncrate-type = \
                       [\"cdylib\"]\n[workspace]\n";
        fs::write(at("Cargo.toml"), package).unwrap();
        // Its cargo waits for a build script that says who it is and goes on for ever.
        let script = "fn main() {
            std::fs::write(\"pid\", std::process::id().to_string() + \"\\n\").unwrap();
            loop { std::thread::park() }
        }";
        fs::write(at("build.rs"), script).unwrap();
        let mut watch = watch(folder.path(), &["stuck", "--json"]);
        watch.event("started");
        watch.event("compiling");
        let pid = loop {
            match fs::read_to_string(at("pid")) {
                Ok(pid) if pid.ends_with('\n') => break pid.trim().to_owned(),
                _ => std::thread::yield_now(),
            }
        };
        assert!(!is_gone(&pid));
        let (status, _) = watch.end_by(signal);
        assert_eq!(status.code(), Some(0));
        assert!(is_gone(&pid), "{signal:?}: the build script goes on");
    }
}

#[test]
fn what_cannot_be_watched_is_code_2() {
    let folder = scratch();
    hotswap(folder.path(), &["watch"]).expect(2).says("there is no Cargo.toml");
    let root = project(folder.path(), "demo");
    hotswap(&root, &["watch", "demo-modul"]).expect(2).says("did you mean demo-module?");
    hotswap(&root, &["watch", "demo-interface"]).expect(2).says("no library of type cdylib");
    edit(&root.join("module/Cargo.toml"), "\"cdylib\", ", "");
    hotswap(&root, &["watch"]).expect(2).says("has no module").says("cargo hotswap add NAME");
}
