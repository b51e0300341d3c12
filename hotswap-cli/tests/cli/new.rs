//! A new workspace: what is written, what is refused, and that a first edit goes live.

use std::{collections::BTreeSet, fs};

#[cfg(unix)]
use crate::support::fresh_target;
use crate::support::{
    Running, cargo, checkout, command, edit, files, hotswap, project, project_of, scratch,
};

/// The number at a line's end.
fn number(line: &str) -> u64 {
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_first_edit_goes_live_and_the_state_stays() {
    let folder = scratch();
    let root = project(folder.path(), "demo");
    let program = std::env::var_os("CARGO").unwrap();
    let mut run = Running::start(command(program, &root).args(["run", "--quiet"]));
    run.line(|line| line == "Hello number 3");

    edit(&root.join("module/src/lib.rs"), "Hello number", "Howdy, this is");
    let before = number(&run.seen.last().unwrap().clone());
    let howdy = run.line(|line| line.starts_with("Howdy, this is "));
    assert!(number(&howdy) > before, "{howdy}");
    assert!(run.seen.iter().any(|line| line.contains("state kept")), "{:#?}", run.seen);

    // A typo is shown, and survived.
    edit(&root.join("module/src/lib.rs"), "Howdy, this is", "Oops\", \"");
    run.line(|line| line.contains("error"));
    let after = run.line(|line| line.starts_with("Howdy, this is "));
    assert!(number(&after) > number(&howdy));

    edit(&root.join("module/src/lib.rs"), "Oops\", \"", "Well, this is");
    run.line(|line| line.starts_with("Well, this is "));
    cargo(&root, &["test", "--quiet", "--workspace"]).expect(0).says("1 passed");
}

/// A first build takes what was compiled for the host, and a restart what the run before has left.
#[cfg(unix)]
#[test]
fn one_package_does_as_well() {
    let folder = scratch();
    let root = project_of(folder.path(), "solo", &["--single"]);
    let target = fresh_target(folder.path());
    let cargo = std::env::var_os("CARGO").unwrap();
    let start = || {
        let mut command = command(&cargo, &root);
        Running::start(command.env("CARGO_TARGET_DIR", &target).args(["run", "--quiet"]))
    };
    let mut run = start();
    run.line(|line| line == "Hello number 2");
    // With their times, so that they were not compiled again.
    let times = |folder: &str| -> BTreeSet<_> {
        let files = fs::read_dir(target.join(folder)).unwrap().map(Result::unwrap);
        let core =
            files.filter(|it| it.file_name().to_str().unwrap().starts_with("libhotswap_core-"));
        core.map(|it| (it.file_name(), it.metadata().unwrap().modified().unwrap())).collect()
    };
    let copied = times("hotswap/debug/deps");
    assert!(!copied.is_empty() && copied.is_subset(&times("debug/deps")), "{copied:#?}");

    edit(&root.join("src/lib.rs"), "Hello number", "Howdy, this is");
    run.line(|line| line.starts_with("Howdy, this is "));
    // What the host is linked with cannot be replaced.
    edit(
        &root.join("src/lib.rs"),
        "fn tick(&mut self) -> String",
        "fn tick(&mut self) -> Box<str>",
    );
    edit(&root.join("src/lib.rs"), "self.state.count)\n", "self.state.count).into()\n");
    run.line(|line| line.contains("and restart"));
    let last = run.line(|line| line.starts_with("Howdy, this is "));

    let (status, seen) = run.end_by(rustix::process::Signal::INT);
    assert!(status.success(), "{status}: {seen:#?}");
    let lines = seen.iter().filter(|line| line.starts_with("Howdy, this is ")).map(|it| number(it));
    let last = lines.max().unwrap_or(0).max(number(&last));
    let mut run = start();
    let first = run.line(|line| line.starts_with("Howdy, this is "));
    assert_eq!(number(&first), last + 1, "{seen:#?} {:#?}", run.seen);
}

/// The world is the host's, so the module may be any other; a changed world is refused.
#[test]
fn a_world_of_the_host_stays_over_an_edit() {
    let folder = scratch();
    let root = project_of(folder.path(), "globe", &["--world"]);
    let program = std::env::var_os("CARGO").unwrap();
    let mut run = Running::start(command(program, &root).args(["run", "--quiet"]));
    run.line(|line| line == "Hello number 3");
    let module = root.join("module/src/lib.rs");
    edit(&module, "Hello number", "Howdy, this is");
    let howdy = run.line(|line| line.starts_with("Howdy, this is "));
    assert!(number(&howdy) > 3, "{howdy}");

    edit(&module, "world.count += 1;", "panic!(\"no count\");");
    run.line(|line| line.starts_with("no update: ") && line.contains("no count"));
    edit(&module, "panic!(\"no count\");", "world.count += 1;");
    let after = run.line(|line| line.starts_with("Howdy, this is "));
    assert!(number(&after) > number(&howdy), "{after}");

    edit(&root.join("world/src/lib.rs"), "pub count: u64,", "pub count: u64,\n    pub more: u8,");
    run.line(|line| line.contains("sources of globe-world  changed: src/lib.rs"));
    let last = run.line(|line| line.starts_with("Howdy, this is "));
    assert!(number(&last) > number(&after), "{last}");
    drop(run);

    // Another module of the same world.
    cargo(&root, &["hotswap", "add", "boss", "--interface", "globe-world"]).expect(0);
    cargo(&root, &["test", "--quiet", "--workspace"]).expect(0).says("1 passed");
}

#[test]
fn what_is_written_is_small_and_in_form() {
    let folder = scratch();
    let ran = hotswap(folder.path(), &["new", "my-game", "--path", checkout().to_str().unwrap()]);
    let ran = ran.expect(0).says("cd my-game && cargo run").says("module/src/lib.rs");
    ran.says("hotswap add NAME");
    let root = folder.path().join("my-game");
    let names: Vec<_> = files(&root).into_iter().map(|(name, _)| name).collect();
    let wanted = [
        ".gitignore",
        "Cargo.toml",
        "host/Cargo.toml",
        "host/src/main.rs",
        "interface/Cargo.toml",
        "interface/src/lib.rs",
        "module/Cargo.toml",
        "module/src/lib.rs",
        "module/tests/state.rs",
    ];
    assert_eq!(names, wanted);
    let solo = project_of(folder.path(), "solo", &["--single"]);
    let names: Vec<_> = files(&solo).into_iter().map(|(name, _)| name).collect();
    let wanted =
        [".gitignore", "Cargo.lock", "Cargo.toml", "src/lib.rs", "src/main.rs", "tests/state.rs"];
    assert_eq!(names, wanted);
    let globe = project_of(folder.path(), "globe", &["--world"]);
    let names: Vec<_> = files(&globe).into_iter().map(|(name, _)| name).collect();
    let wanted = [
        ".gitignore",
        "Cargo.lock",
        "Cargo.toml",
        "host/Cargo.toml",
        "host/src/main.rs",
        "module/Cargo.toml",
        "module/src/lib.rs",
        "world/Cargo.toml",
        "world/src/lib.rs",
    ];
    assert_eq!(names, wanted);
    // As a new project is formatted: without a configuration of ours.
    fs::copy(checkout().join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
    cargo(
        &root,
        &["fmt", "--check", "-p", "my-game", "-p", "my-game-interface", "-p", "my-game-module"],
    )
    .expect(0);
    cargo(&solo, &["fmt", "--check"]).expect(0);
    cargo(&globe, &["fmt", "--check", "-p", "globe", "-p", "globe-module", "-p", "globe-world"])
        .expect(0);
    for (name, text) in files(&root).into_iter().chain(files(&solo)).chain(files(&globe)) {
        assert!(!text.contains("{{") && !text.contains("}}"), "{name}: {text}");
        assert!(name == "Cargo.lock" || text.lines().count() < 60, "{name} is long");
    }
}

/// What was compiled for the host does for the module: it asks for nothing with other features.
#[test]
fn the_module_needs_no_crate_with_other_features() {
    let folder = scratch();
    let root = project(folder.path(), "demo");
    let crates = |package: &str| -> BTreeSet<String> {
        let form = ["--prefix=none", "--format={p} {f}", "--edges=normal,build", "--no-dedupe"];
        let ran = cargo(&root, &[&["tree", "--offline", "-p", package], &form[..]].concat());
        ran.expect(0).out.lines().map(str::to_owned).collect()
    };
    let (host, module) = (crates("demo"), crates("demo-module"));
    let other: Vec<_> = module.difference(&host).collect();
    assert!(matches!(other[..], [only] if only.starts_with("demo-module v0.1.0 ")), "{other:#?}");
}

#[test]
fn a_path_stays_as_it_was_given() {
    let folder = scratch();
    std::os::unix::fs::symlink(checkout(), folder.path().join("hotswap")).unwrap();
    hotswap(folder.path(), &["new", "demo", "--path", "hotswap"]).expect(0);
    let manifest = fs::read_to_string(folder.path().join("demo/Cargo.toml")).unwrap();
    assert!(manifest.contains("hotswap-abi = { path = \"../hotswap/hotswap-abi\" }"), "{manifest}");
    cargo(&folder.path().join("demo"), &["metadata", "--no-deps", "--format-version=1"]).expect(0);
}

#[test]
fn without_a_path_it_depends_on_a_release() {
    let folder = scratch();
    hotswap(folder.path(), &["new", "demo"]).expect(0).says("--path");
    let manifest = fs::read_to_string(folder.path().join("demo/Cargo.toml")).unwrap();
    let wanted = format!("hotswap-core = \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(manifest.contains(&wanted), "{manifest}");
}

#[test]
fn a_folder_elsewhere_is_made_with_those_above() {
    let folder = scratch();
    std::os::unix::fs::symlink(checkout(), folder.path().join("hotswap")).unwrap();
    let asked = ["new", "games/new/demo/", "--path", "hotswap"];
    hotswap(folder.path(), &asked).expect(0).says("cd games/new/demo/ && cargo run");
    let root = folder.path().join("games/new/demo");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let wanted = "hotswap-abi = { path = \"../../../hotswap/hotswap-abi\" }";
    assert!(manifest.contains(wanted), "{manifest}");
    assert!(fs::read_to_string(root.join("host/Cargo.toml")).unwrap().contains("name = \"demo\""));
    cargo(&root, &["metadata", "--no-deps", "--format-version=1"]).expect(0);
    hotswap(&root, &["new", "missing/../../other"]).expect(0);
    assert!(folder.path().join("games/new/other/Cargo.toml").exists());
    assert!(!root.join("missing").exists());
}

#[test]
fn an_empty_folder_is_filled() {
    let folder = scratch();
    fs::create_dir(folder.path().join("demo")).unwrap();
    hotswap(folder.path(), &["new", "demo"]).expect(0);
    assert!(folder.path().join("demo/host/src/main.rs").exists());
}

/// Refused with code 1, and the folder is as it was.
#[test]
fn what_would_do_harm_is_refused() {
    let folder = scratch();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("full")).unwrap();
    fs::write(at("full/mine.txt"), "mine").unwrap();
    fs::write(at("file"), "mine").unwrap();
    std::os::unix::fs::symlink("nowhere", at("link")).unwrap();
    let before = fs::read_dir(folder.path()).unwrap().count();
    hotswap(folder.path(), &["new", "demo", "--world", "--single"]).expect(2);
    let table: [(&[&str], &str); 9] = [
        (&["full"], "exists and is not empty"),
        (&["file"], "exists and is no folder"),
        (&["link"], "exists and is no folder"),
        (&["2d"], "must begin with a letter"),
        (&["a b"], "is no letter"),
        (&["full/.."], "it is empty"),
        (&["fn"], "use it themselves"),
        (&["demo", "--path", "full"], "is no checkout of hotswap"),
        (&["demo", "--path", "missing"], "is no checkout of hotswap"),
    ];
    for (arguments, why) in table {
        let ran = hotswap(folder.path(), &[&["new"], arguments].concat()).expect(1);
        assert!(ran.out.is_empty() && ran.err.starts_with("error: "), "{ran:#?}");
        ran.says(why);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before);
    assert_eq!(fs::read_dir(at("full")).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_stays_as_it_is() {
    // The kernel lets nobody write there, root neither.
    hotswap("/proc".as_ref(), &["new", "demo"]).expect(2).says("nothing was changed");
    hotswap("/proc".as_ref(), &["new", "games/demo"]).expect(2).says("nothing was changed");
}
