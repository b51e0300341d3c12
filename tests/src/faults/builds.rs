//! Builds by the host: what is saved, and how cargo and its surroundings are, is not as it mostly is.
//! The host of these rows is another one in the same process, which builds its module.

use std::{
    env,
    fs::{self, File},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
    thread,
    time::Duration,
};

use adder_api::Adder;
use hotswap_core::{Config, Host, Slot, cargo::Report, event::EventKind};

use super::{
    place::unhurried,
    row::{Group, Happened, Row, Setting, Way},
};
use crate::{Outcome, Sources, Told, surroundings, until};

pub(super) fn group() -> Group {
    let row = |name, does: fn() -> Happened, outcome, says| {
        Row::new(name, move |_| does(), outcome, says).after_building(build_dependencies)
    };
    Group {
        title: "builds (another host in the same process, which builds its module)",
        setting: Setting::counter(unhurried),
        rows: vec![
            row(
                "first build takes longer than a first artifact may",
                slow_build,
                "progress, then live",
                &[" crates, ", "adder(build)", "state fresh"],
            ),
            row(
                "sources do not compile for longer than a first artifact may take",
                broken_sources,
                "waiting, then live",
                &["waiting for a build of adder that compiles", "state fresh"],
            ),
            row("save with the time of days ago", old_time, "live", &["state kept"]),
            row(
                "file in a folder that a build script names",
                named_folder,
                "live",
                &["state kept"],
            ),
            row(
                "build script that writes a source each time",
                rewritten_source,
                "rewritten, then live",
                &["module/src/made.rs", "state kept"],
            ),
            row(
                "needed library has changed",
                changed_library,
                "library changed, then cancelled at Loaded",
                &["libhotswap_number.so", "restart the host"],
            ),
            row("builds where SIGCHLD is ignored", ignored_children, "live", &["state kept"])
                .apart(Way::Process),
            row(
                "builds where something else waits for every child",
                reaped,
                "live",
                &["state kept"],
            )
            .apart(Way::Process),
            row("build-dir in the configuration", build_dir, "live", &["state kept"]),
            row("configuration above the workspace", configuration_above, "live", &["state kept"]),
            row("source that is mounted by itself", mounted_source, "live", &["state kept"])
                .apart(Way::SmallDisk),
            row(
                "cargo is stopped",
                stopped_cargo,
                "stopped, then live",
                &["was stopped", "state fresh"],
            ),
            row(
                "package cache is locked at the start",
                locked_cache,
                "waiting, then live",
                &["waits for another cargo", "package cache", "state fresh"],
            ),
        ],
    }
}

/// A first artifact may take so long, once it is built.
const SHORT: Duration = Duration::from_secs(2);
/// What the module does with each number.
const ADDS: &str = "+= number;";
const TENFOLD: &str = "+= number * 10;";
const BY_VARIABLE: &str = "+= number * env!(\"FACTOR\").parse::<i64>().unwrap();";

/// A host that builds its module.
struct Building {
    slot: Slot<dyn Adder>,
    told: Told,
    _host: Host,
}

impl Building {
    fn start(config: Config) -> Self {
        Self::open(Host::new(config).expect("it starts"), |_| ()).0
    }

    /// Opens the slot; something happens while it has nothing to serve.
    fn open<T>(host: Host, meanwhile: impl FnOnce(&Told) -> T) -> (Self, T) {
        let told = Told::of(&host);
        let (slot, happened) = thread::scope(|scope| {
            let slot = scope.spawn(|| host.slot::<dyn Adder>("adder"));
            let happened = meanwhile(&told);
            (slot.join().expect("it does not panic"), happened)
        });
        let slot = slot.unwrap_or_else(|error| panic!("{error}"));
        (Self { slot, told, _host: host }, happened)
    }

    /// Waits for a version that multiplies by this, or is refused.
    fn multiplies_by(&self, factor: i64) -> Happened {
        let add = |number| self.slot.pin_mut().add(number).expect("it serves");
        let found = || -add("0") + add("1");
        loop {
            match self.told.outcome().1 {
                Outcome::Live(_) if found() != factor => {}
                outcome => return Happened::of(&outcome),
            }
        }
    }
}

/// Waits for something that a host says.
fn said(told: &Told, word: &str, what: impl Fn(&EventKind) -> bool) -> Happened {
    told.find(|event| what(&event.kind).then(|| Happened::new(word, event)))
}

/// What a row builds is little; what that depends on takes longer than any row may.
fn build_dependencies() {
    drop(Building::start(Sources::new("row-first", "0.1.20").config()));
}

fn slow_build() -> Happened {
    let sources = Sources::new("row-slow", "0.1.21");
    let script = "fn main() {\n    println!(\"cargo::rerun-if-changed=build.rs\");\n    \
                  std::thread::sleep(std::time::Duration::from_secs(5));\n}\n";
    sources.write("module/build.rs", script);
    let host = Host::new(sources.config().with_first_artifact_deadline(SHORT)).expect("it starts");
    let (building, progress) = Building::open(host, |told| {
        said(told, "progress", |kind| match kind {
            EventKind::Build(Report::Progress(progress)) => {
                progress.compiling.iter().any(|name| name == "adder(build)")
            }
            _ => false,
        })
    });
    progress.then(building.multiplies_by(1))
}

fn broken_sources() -> Happened {
    let sources = Sources::new("row-broken", "0.1.22");
    sources.edit(Sources::MODULE, ADDS, "+= nmber;");
    let host = Host::new(sources.config().with_first_artifact_deadline(SHORT)).expect("it starts");
    let (building, waiting) = Building::open(host, |told| {
        let waiting =
            said(told, "waiting", |kind| matches!(kind, EventKind::WaitingForBuild { .. }));
        // Past the deadline.
        thread::sleep(SHORT * 3 / 2);
        sources.edit(Sources::MODULE, "+= nmber;", ADDS);
        waiting
    });
    waiting.then(building.multiplies_by(1))
}

/// The build is live, and so is one after an edit.
fn edited(sources: &Sources, edit: impl FnOnce()) -> Happened {
    let building = Building::start(sources.config());
    edit();
    building.multiplies_by(10)
}

fn old_time() -> Happened {
    let sources = Sources::new("row-old-time", "0.1.23");
    let edit = || sources.edit_with_old_time(Sources::MODULE, ADDS, TENFOLD);
    edited(&sources, edit)
}

fn named_folder() -> Happened {
    let sources = Sources::new("row-folder", "0.1.24");
    let script = "fn main() {\n    println!(\"cargo::rerun-if-changed=../factors\");\n    \
                  let text = std::fs::read_to_string(\"../factors/one\").unwrap();\n    \
                  println!(\"cargo::rustc-env=FACTOR={text}\");\n}\n";
    sources.write("module/build.rs", script);
    sources.write("factors/one", "1");
    sources.edit(Sources::MODULE, ADDS, BY_VARIABLE);
    edited(&sources, || sources.write("factors/one", "10"))
}

fn rewritten_source() -> Happened {
    let sources = Sources::new("row-rewritten", "0.1.25");
    let script = "fn main() {\n    let now = std::time::SystemTime::now()\n        \
                  .duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();\n    \
                  std::fs::write(\"src/made.rs\", format!(\"pub const MADE: u128 = {now};\\n\"))\
                  .unwrap();\n}\n";
    sources.write("module/build.rs", script);
    sources.write("module/src/made.rs", "pub const MADE: u128 = 0;\n");
    sources.edit(Sources::MODULE, "use std::borrow::Cow;", "mod made;\nuse std::borrow::Cow;");
    sources.edit(Sources::MODULE, ADDS, "+= number * (made::MADE > 0) as i64;");
    let building = Building::start(sources.config());
    let rewritten = said(&building.told, "rewritten", |kind| {
        matches!(kind, EventKind::Build(Report::Rewritten { .. }))
    });
    sources.edit(Sources::MODULE, "+= number *", "+= 10 * number *");
    rewritten.then(building.multiplies_by(10))
}

fn changed_library() -> Happened {
    let sources = Sources::new("row-library", "0.1.26");
    sources.multiply_by_a_library("1");
    let building = Building::start(sources.config());
    sources.number_of_the_library("10");
    let changed = said(&building.told, "library changed", |kind| {
        matches!(kind, EventKind::LibraryChanged { .. })
    });
    sources.edit(Sources::MODULE, "+= number *", "+= 2 * number *");
    changed.then(building.multiplies_by(20))
}

fn ignored_children() -> Happened {
    surroundings::ignore_children();
    let sources = Sources::new("row-ignored", "0.1.32");
    edited(&sources, || sources.edit(Sources::MODULE, ADDS, TENFOLD))
}

fn reaped() -> Happened {
    surroundings::reap_children();
    let sources = Sources::new("row-reaped", "0.1.33");
    edited(&sources, || sources.edit(Sources::MODULE, ADDS, TENFOLD))
}

fn build_dir() -> Happened {
    let sources = Sources::new("row-build-dir", "0.1.27");
    sources.write(".cargo/config.toml", "[build]\nbuild-dir = \"between\"\n");
    edited(&sources, || sources.edit(Sources::MODULE, ADDS, TENFOLD))
}

fn configuration_above() -> Happened {
    let sources = Sources::new("row-above/below", "0.1.28");
    let set = |factor: &str| {
        sources.write("../.cargo/config.toml", &format!("[env]\nFACTOR = \"{factor}\"\n"));
    };
    set("1");
    sources.edit(Sources::MODULE, ADDS, BY_VARIABLE);
    edited(&sources, || set("10"))
}

/// As a container has it: one file is mounted, and is written on the other side.
fn mounted_source() -> Happened {
    const OUTSIDE: &str = "outside.rs";
    let sources = Sources::new("row-mounted", "0.1.29");
    let (outside, module) = (sources.at(OUTSIDE), sources.at(Sources::MODULE));
    fs::copy(&module, &outside).expect("it can be copied");
    let mounted = Command::new("mount").arg("--bind").args([&outside, &module]).status();
    assert!(mounted.is_ok_and(|it| it.success()), "it can be mounted");
    let happened = edited(&sources, || sources.edit(OUTSIDE, ADDS, TENFOLD));
    assert!(Command::new("umount").arg(module).status().is_ok_and(|it| it.success()));
    happened
}

fn stopped_cargo() -> Happened {
    let sources = Sources::new("row-stopped", "0.1.30");
    // It waits, and says who has started it.
    let script = "fn main() {\n    println!(\"cargo::rerun-if-changed=build.rs\");\n    \
                  let cargo = std::os::unix::process::parent_id().to_string();\n    \
                  std::fs::write(\"../cargo.new\", cargo).unwrap();\n    \
                  std::fs::rename(\"../cargo.new\", \"../cargo\").unwrap();\n    \
                  while std::path::Path::new(\"../cargo\").exists() {\n        \
                  std::thread::sleep(std::time::Duration::from_millis(5));\n    }\n}\n";
    sources.write("module/build.rs", script);
    let note = sources.at("cargo");
    let host = Host::new(sources.config()).expect("it starts");
    let (building, stopped) = Building::open(host, |told| {
        until("the script runs", || note.exists());
        let cargo = fs::read_to_string(&note).expect("it can be read");
        signal("-STOP", &cargo);
        let stopped = said(
            told,
            "stopped",
            |kind| matches!(kind, EventKind::Build(Report::Stopped { pid }) if pid.to_string() == cargo),
        );
        fs::remove_file(&note).expect("it can be removed");
        // With all that it has started, which has been stopped with it.
        signal("-CONT", &format!("-{cargo}"));
        stopped
    });
    stopped.then(building.multiplies_by(1))
}

fn signal(signal: &str, to: &str) {
    let sent = Command::new("kill").args([signal, "--", to]).status();
    assert!(sent.is_ok_and(|it| it.success()), "it can be signalled");
}

/// Another cargo has the lock while the host looks at the workspace.
fn locked_cache() -> Happened {
    let sources = Sources::new("row-locked", "0.1.31");
    // A home of its own for that look: nobody else is disturbed, nor disturbs.
    let home = sources.at("home");
    sources.write("home/.package-cache", "");
    symlink(cargo_home().join("registry"), home.join("registry")).expect("there can be links");
    sources.write(
        "cargo.sh",
        &format!(
            "#!/bin/sh\n[ \"$1\" = metadata ] && export CARGO_HOME='{}'\nexec cargo \"$@\"\n",
            home.display()
        ),
    );
    let cargo = sources.at("cargo.sh");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("it can have any mode");
    let lock = File::options().append(true).open(home.join(".package-cache")).expect("it is there");
    lock.lock().expect("it can be locked");
    let (sender, heard) = mpsc::channel();
    let config = sources.config().build(|request| request.with_cargo(cargo));
    let config = config.on_event(move |event| {
        if matches!(event.kind, EventKind::Build(Report::WaitingForLock { .. })) {
            let _ = sender.send(event.to_string());
        }
    });
    let (host, waiting) = thread::scope(|scope| {
        let host = scope.spawn(|| Host::new(config));
        let waiting = heard.recv().expect("the host waits");
        lock.unlock().expect("it can be unlocked");
        (host.join().expect("it does not panic").expect("it starts"), waiting)
    });
    let (building, ()) = Building::open(host, |_| ());
    Happened::new("waiting", waiting).then(building.multiplies_by(1))
}

fn cargo_home() -> PathBuf {
    let home = || Path::new(&env::var_os("HOME").expect("a user has a home")).join(".cargo");
    env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}
