//! Processes: those that are ended, and those that are waited for.

#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::env;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use hotswap_watch::cargo::{Builder, Report};

use crate::scratch::{Scratch, Watching, marked, until};

/// Processes that were started for something in this folder.
fn processes_for(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let all = fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        if pid == std::process::id() {
            return None;
        }
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(folder).then(|| format!("{pid}: {line}"))
    });
    lines.collect()
}

fn is_gone(pid: &str) -> bool {
    // A zombie that nobody waits for has no command line.
    fs::read(Path::new("/proc").join(pid).join("cmdline")).is_ok_and(|line| line.is_empty())
        || !Path::new("/proc").join(pid).exists()
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "looks at /proc")]
fn a_save_ends_the_build_it_makes_stale() {
    let scratch = Scratch::new();
    scratch.can_hold();
    scratch.write("hold", "");
    let watching = scratch.start();
    let script = scratch.held();
    assert!(!is_gone(&script));
    scratch.write("arcade/src/lib.rs", &marked("two", "helper::TEXT"));
    let stale = watching.build();
    assert!(stale.finished.stale && !stale.finished.success, "{stale:#?}");
    assert!(stale.errors().is_empty() && stale.finished.built.is_empty(), "{stale:#?}");
    // The next one runs; of the last one nothing does.
    assert_ne!(scratch.held(), script);
    assert!(is_gone(&script));
    fs::remove_file(scratch.at("hold")).unwrap();
    let good = watching.good_build();
    assert_eq!(good.because, [scratch.at("arcade/src/lib.rs")]);
    assert!(good.has("ARCADE-two-END"));
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "looks at /proc")]
fn a_save_that_changes_nothing_leaves_the_build_alone() {
    let scratch = Scratch::new();
    scratch.can_hold();
    scratch.write("hold", "");
    let watching = scratch.start();
    let script = scratch.held();
    scratch.write("arcade/src/lib.rs", &marked("one", "helper::TEXT"));
    scratch.write("arcade/src/.lib.rs.swp", "x");
    // Seen after the saves, if they were seen: asking for a build does not disturb one.
    watching.builder.build();
    fs::remove_file(scratch.at("hold")).unwrap();
    let told = watching.build();
    assert!(told.finished.success && !told.finished.stale, "{told:#?}");
    assert!(is_gone(&script));
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "looks at /proc")]
fn dropping_the_builder_leaves_no_process_behind() {
    let scratch = Scratch::new();
    scratch.can_hold();
    scratch.write("hold", "");
    let watching = scratch.start();
    scratch.held();
    let root = scratch.at("target");
    assert!(processes_for(&root).len() >= 2, "{:?}", processes_for(&root));
    let rest = watching.rest();
    assert_eq!(processes_for(&root), Vec::<String>::new());
    let is_end = |report: &Report| matches!(report, Report::Finished(_));
    assert!(!rest.iter().any(is_end), "{rest:#?}");
}

#[test]
fn a_build_script_that_does_not_want_to_end_is_killed() {
    let scratch = Scratch::new();
    scratch.can_hold();
    // A shell that ignores SIGTERM, in the place of a compiler or a script.
    scratch.write(
        "arcade/build.rs",
        "use std::{path::Path, process::Command};\n\
         fn main() {\n    println!(\"cargo:rerun-if-changed=src\");\n    \
         if !Path::new(\"../hold\").exists() { return }\n    \
         let script = \"trap '' TERM; echo $$ > ../pid.new; mv ../pid.new ../pid; \\\n    \
         while [ -e ../hold ]; do sleep 0.02; done\";\n    \
         Command::new(\"sh\").args([\"-c\", script]).status().unwrap();\n}\n",
    );
    scratch.write("hold", "");
    let watching = scratch.start();
    let script = scratch.held();
    scratch.write("arcade/src/lib.rs", &marked("two", "helper::TEXT"));
    assert!(watching.build().finished.stale);
    until(|| is_gone(script.trim()));
    scratch.held();
    fs::remove_file(scratch.at("hold")).unwrap();
    assert!(watching.good_build().has("ARCADE-two-END"));
}

#[test]
fn waiting_for_another_cargo_is_told_once() {
    let scratch = Scratch::new();
    scratch.can_hold();
    scratch.write("hold", "");
    let other = Command::new("cargo")
        .args(["build", "--offline", "--target-dir"])
        .arg(scratch.at("target/hotswap"))
        .current_dir(scratch.at("arcade"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    scratch.held();
    let watching = scratch.start();
    let what = loop {
        match watching.next() {
            Report::WaitingForLock { what } if what.contains("directory") => break what,
            // The package cache is that of all cargos, also those of other tests.
            Report::Started { .. } | Report::WaitingForLock { .. } => {}
            report => panic!("{report:?}"),
        }
    };
    fs::remove_file(scratch.at("hold")).unwrap();
    let other = other.wait_with_output().unwrap();
    assert!(other.status.success(), "{}", String::from_utf8_lossy(&other.stderr));
    let rest = std::iter::from_fn(|| match watching.next() {
        Report::Finished(finished) => {
            assert!(finished.success);
            None
        }
        report => Some(report),
    });
    let rest: Vec<_> = rest.collect();
    let is_again = |report: &Report| matches!(report, Report::WaitingForLock { what: again } if *again == what);
    assert!(!rest.iter().any(is_again), "{rest:#?}");
}

#[test]
fn a_long_build_says_how_far_it_is() {
    let scratch = Scratch::new();
    scratch.can_hold();
    scratch.write("hold", "");
    let watching = scratch.start();
    let progress = loop {
        if let Report::Progress(progress) = watching.next() {
            break progress;
        }
    };
    // Two libraries, a build script and its run; the script holds the rest up.
    assert_eq!(progress.total, 4, "{progress:?}");
    assert_eq!(progress.packages, ["arcade"]);
    assert!((1..4).contains(&progress.done), "{progress:?}");
    assert!(progress.compiling.contains(&"arcade(build)".to_owned()), "{progress:?}");
    fs::remove_file(scratch.at("hold")).unwrap();
    let mut told = watching.next();
    while !matches!(&told, Report::Finished(it) if it.success) {
        told = watching.next();
    }
}

#[test]
fn a_start_that_waits_for_another_cargo_says_so() {
    let scratch = Scratch::new();
    // A home of its own: nobody else is disturbed, nor disturbs.
    scratch.write("home/.package-cache", "");
    let home = scratch.at("home");
    let script = format!("#!/bin/sh\nexport CARGO_HOME='{}'\nexec cargo \"$@\"\n", home.display());
    scratch.write("cargo.sh", &script);
    make_program(&scratch.at("cargo.sh"));
    let lock = File::options().append(true).open(home.join(".package-cache")).unwrap();
    lock.lock().unwrap();
    let (sender, reports) = mpsc::channel();
    let request = scratch.request().with_cargo(scratch.at("cargo.sh"));
    let sink = move |report| drop(sender.send(report));
    let starting = thread::spawn(move || Builder::start(request, sink));
    let told = reports.recv().unwrap();
    assert!(matches!(&told, Report::WaitingForLock { what } if what == "package cache"), "{told}");
    assert!(!starting.is_finished());
    lock.unlock().unwrap();
    let builder = starting.join().unwrap().unwrap();
    assert!(reports.iter().any(|told| matches!(&told, Report::Finished(it) if it.success)));
    drop(builder);
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "looks at /proc")]
fn a_cargo_that_was_stopped_is_told() {
    let scratch = Scratch::new();
    scratch.can_hold();
    scratch.write("hold", "");
    let watching = scratch.start();
    let script = scratch.held();
    let status = fs::read_to_string(format!("/proc/{script}/status")).unwrap();
    let cargo = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim();
    signal("-STOP", cargo);
    let pid = loop {
        if let Report::Stopped { pid } = watching.next() {
            break pid;
        }
    };
    assert_eq!(pid.to_string(), cargo);
    signal("-CONT", &format!("-{pid}"));
    fs::remove_file(scratch.at("hold")).unwrap();
    let mut told = watching.next();
    while !matches!(&told, Report::Finished(it) if it.success) {
        assert!(!matches!(told, Report::Stopped { .. }), "{told}");
        told = watching.next();
    }
}

/// In a terminal, where the system stops what reads it in the background.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "runs `script` as Linux has it")]
fn what_asks_in_a_terminal_has_an_error_and_does_not_wait() {
    const ALONE: &str = "HOTSWAP_TESTS_TERMINAL";
    let name = "processes::what_asks_in_a_terminal_has_an_error_and_does_not_wait";
    if env::var_os(ALONE).is_none() {
        if !Command::new("script").arg("--version").status().is_ok_and(|it| it.success()) {
            return println!("skipped: there is no `script`");
        }
        let this = env::current_exe().unwrap();
        let line = format!("'{}' --exact {name} --nocapture", this.display());
        let mut terminal = Command::new("script");
        terminal.args(["-qec", &line, "/dev/null"]).env(ALONE, "1").stdin(Stdio::null());
        return assert!(terminal.status().unwrap().success());
    }
    assert!(File::open("/dev/tty").is_ok());
    let scratch = Scratch::new();
    scratch.write(
        "arcade/build.rs",
        "use std::io::Read;\nfn main() {\n    let mut tty = std::fs::File::open(\"/dev/tty\")\
         .expect(\"/dev/tty\");\n    tty.read(&mut [0]).unwrap();\n}\n",
    );
    let watching: Watching = scratch.start();
    let told = watching.last_build();
    let text = &told.errors()[0].rendered;
    assert!(text.contains("No such device"), "{text}");
    assert!(text.contains("cargo has no terminal here"), "{text}");
}

fn signal(signal: &str, to: &str) {
    assert!(Command::new("kill").args([signal, "--", to]).status().unwrap().success());
}

#[cfg(unix)]
fn make_program(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}
