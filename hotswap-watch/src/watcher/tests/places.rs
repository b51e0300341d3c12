//! Where artifacts are, come from, and go.

use super::*;

#[test]
fn what_is_there_already_is_told() {
    let mut owner = Owner::new(Backend::Events);
    owner.write("lib.so", "one");
    owner.file("lib.so");
    owner.expect("lib.so", "one");
    owner.expect_quiet();
}

#[test]
fn replaced_by_rename() {
    let mut owner = Owner::new(Backend::Events);
    owner.write("lib.so", "0");
    owner.file("lib.so");
    for round in 0..20 {
        owner.replace("lib.so", &round.to_string());
        owner.expect("lib.so", &round.to_string());
    }
    owner.expect_quiet();
}

#[test]
fn linked_in_place_as_cargo_does() {
    let mut owner = Owner::new(Backend::Events);
    owner.file("lib.so");
    for round in 0..5 {
        let from = owner.path(&format!("hashed-{round}.so"));
        fs::write(&from, round.to_string()).unwrap();
        let _ = fs::remove_file(owner.path("lib.so"));
        fs::hard_link(from, owner.path("lib.so")).unwrap();
        owner.expect("lib.so", &round.to_string());
    }
}

#[test]
fn a_link_is_switched() {
    let mut owner = Owner::new(Backend::Events);
    fs::create_dir_all(owner.path("a")).unwrap();
    fs::create_dir_all(owner.path("b")).unwrap();
    owner.write("a/one.so", "one");
    owner.write("b/two.so", "two");
    link("a/one.so", &owner.path("inner.so"));
    link(owner.path("inner.so"), &owner.path("lib.so"));
    owner.file("lib.so");
    owner.expect("lib.so", "one");
    switch("b/two.so", &owner.path("inner.so"));
    owner.expect("lib.so", "two");
    owner.replace("b/two.so", "two again");
    owner.expect("lib.so", "two again");
    switch("a/one.so", &owner.path("lib.so"));
    owner.expect("lib.so", "one");
    owner.replace("a/one.so", "one again");
    owner.expect("lib.so", "one again");
}

#[test]
fn a_link_to_a_folder_is_switched() {
    let mut owner = Owner::new(Backend::Events);
    for release in ["1", "2", "3"] {
        fs::create_dir_all(owner.path("releases").join(release).join("lib")).unwrap();
        owner.write(&format!("releases/{release}/lib/x.so"), release);
    }
    link("releases/1", &owner.path("current"));
    owner.file("current/lib/x.so");
    owner.folder("current/lib");
    for release in ["1", "2", "3", "2"] {
        switch(format!("releases/{release}"), &owner.path("current"));
        owner.expect("current/lib/x.so", release);
        owner.expect("current/lib/x.so", release);
    }
    owner.replace("releases/2/lib/x.so", "2, mended");
    owner.expect("current/lib/x.so", "2, mended");
    owner.expect("current/lib/x.so", "2, mended");
}

#[test]
fn links_that_lead_nowhere_are_harmless() {
    let mut owner = Owner::new(Backend::Events);
    link("loop.so", &owner.path("loop.so"));
    owner.file("loop.so");
    link("missing/lib.so", &owner.path("lib.so"));
    owner.file("lib.so");
    owner.expect_quiet();
    // Something is there, where links lead in a circle, and it cannot be read.
    let is_loop = |error: &std::io::Error| error.raw_os_error() == Some(libc::ELOOP);
    let refused = &owner.refused[..];
    assert!(matches!(refused, [Incomplete::Read(error)] if is_loop(error)), "{refused:?}");
    fs::create_dir(owner.path("missing")).unwrap();
    owner.write("missing/lib.so", "there");
    owner.expect("lib.so", "there");
    fs::remove_file(owner.path("loop.so")).unwrap();
    owner.write("loop.so", "a file");
    owner.expect("loop.so", "a file");
}

#[test]
fn deleted_and_back() {
    let mut owner = Owner::new(Backend::Events);
    fs::create_dir(owner.path("out")).unwrap();
    owner.write("out/lib.so", "one");
    owner.file("out/lib.so");
    owner.expect("out/lib.so", "one");
    fs::remove_file(owner.path("out/lib.so")).unwrap();
    owner.expect_quiet();
    owner.write("out/lib.so", "two");
    owner.expect("out/lib.so", "two");
    for round in 0..20 {
        fs::remove_dir_all(owner.path("out")).unwrap();
        fs::create_dir(owner.path("out")).unwrap();
        owner.write("out/lib.so", &round.to_string());
        owner.expect("out/lib.so", &round.to_string());
    }
}

#[test]
fn parents_appear_one_by_one_or_all_at_once() {
    let mut owner = Owner::new(Backend::Events);
    owner.file("a/b/lib.so");
    owner.folder("c/d/e");
    owner.expect_quiet();
    fs::create_dir(owner.path("a")).unwrap();
    owner.expect_quiet();
    fs::create_dir(owner.path("a/b")).unwrap();
    owner.expect_quiet();
    owner.write("a/b/lib.so", "slow");
    owner.expect("a/b/lib.so", "slow");
    for round in 0..30 {
        fs::create_dir_all(owner.path("c/d/e")).unwrap();
        owner.write("c/d/e/lib.so", &round.to_string());
        owner.expect("c/d/e/lib.so", &round.to_string());
        fs::remove_dir_all(owner.path("c")).unwrap();
    }
    // A whole tree, made elsewhere and moved in.
    fs::create_dir_all(owner.path("made/d/e")).unwrap();
    owner.write("made/d/e/lib.so", "moved in");
    fs::rename(owner.path("made"), owner.path("c")).unwrap();
    owner.expect("c/d/e/lib.so", "moved in");
}

#[test]
fn a_folder_on_the_way_is_replaced() {
    let mut owner = Owner::new(Backend::Events);
    for version in ["app", "app.new"] {
        fs::create_dir_all(owner.path(version).join("some/lib")).unwrap();
        owner.write(&format!("{version}/some/lib/x.so"), version);
    }
    owner.file("app/some/lib/x.so");
    owner.expect("app/some/lib/x.so", "app");
    fs::rename(owner.path("app"), owner.path("app.old")).unwrap();
    fs::rename(owner.path("app.new"), owner.path("app")).unwrap();
    owner.expect("app/some/lib/x.so", "app.new");
    owner.replace("app/some/lib/x.so", "later");
    owner.expect("app/some/lib/x.so", "later");
}

#[test]
fn relative_paths_are_taken_from_the_start() {
    let mut owner = Owner::new(Backend::Events);
    let here = std::env::current_dir().unwrap();
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = up.join(owner.path("x/../lib.so").strip_prefix("/").unwrap());
    assert!(relative.is_relative());
    fs::create_dir(owner.path("x")).unwrap();
    let source = Source::file(&relative).unwrap();
    let given = source.path().to_path_buf();
    assert!(given.is_absolute());
    owner.watcher.add(source).unwrap();
    owner.write("lib.so", "one");
    let found = owner.next(PATIENCE).unwrap();
    assert_eq!(found, (given, b"one".to_vec()));
    assert!(Source::file("").is_err());
}

#[test]
fn a_folder_with_several_libraries() {
    let mut owner = Owner::new(Backend::Events);
    fs::create_dir_all(owner.path("lib/deeper")).unwrap();
    owner.write("lib/one.so", "1");
    owner.folder("lib");
    owner.expect("lib/one.so", "1");
    owner.write("lib/two.so", "2");
    owner.expect("lib/two.so", "2");
    owner.write("elsewhere.so", "3");
    link("../elsewhere.so", &owner.path("lib/three.so"));
    owner.expect("lib/three.so", "3");
    owner.replace("elsewhere.so", "3, mended");
    owner.expect("lib/three.so", "3, mended");
    owner.write("lib/deeper/four.so", "4");
    owner.write("lib/notes.txt", "5");
    fs::create_dir(owner.path("lib/folder.so")).unwrap();
    owner.expect_quiet();
    assert_eq!(owner.refused.len(), 0, "{:?}", owner.refused);
    owner.replace("lib/two.so", "2, mended");
    let found = owner.next(PATIENCE);
    assert_eq!(found, Some((owner.path("lib/two.so"), b"2, mended".to_vec())));
}

#[test]
fn touched_without_a_change() {
    let mut owner = Owner::new(Backend::Events);
    owner.write("lib.so", "one");
    owner.file("lib.so");
    owner.expect("lib.so", "one");
    owner.expect_quiet();
    let file = fs::File::options().append(true).open(owner.path("lib.so")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    drop(file);
    // Told, with the hash that the owner knows already.
    owner.expect("lib.so", "one");
    owner.expect_quiet();
}

#[test]
fn removed_sources_are_told_of_no_longer() {
    let mut owner = Owner::new(Backend::Events);
    let (one, _two) = (owner.file("one.so"), owner.file("two.so"));
    owner.watcher.remove(one);
    owner.write("one.so", "1");
    owner.write("two.so", "2");
    let found = owner.next(PATIENCE).unwrap();
    assert_eq!(found.0, owner.path("two.so"));
    owner.expect_quiet();
}

#[test]
fn a_rescan_tells_everything_and_goes_on() {
    let mut owner = Owner::new(Backend::Events);
    owner.write("lib.so", "one");
    owner.file("lib.so");
    owner.expect("lib.so", "one");
    owner.expect_quiet();
    owner.watcher.rescan();
    owner.expect("lib.so", "one");
    owner.replace("lib.so", "two");
    owner.expect("lib.so", "two");
}

/// In namespaces of its own, where it may mount something.
#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn mounted_by_itself_and_written_elsewhere() {
    use std::process::Command;
    const ALONE: &str = "HOTSWAP_TESTS_ALONE";
    let done = |command: &mut Command| command.status().is_ok_and(|it| it.success());
    if std::env::var_os(ALONE).is_none() {
        if !done(Command::new("unshare").args(["-Urm", "true"])) {
            return println!("skipped: no such namespaces here");
        }
        let mut again = Command::new("unshare");
        again.arg("-Urm").arg(std::env::current_exe().unwrap()).env(ALONE, "1");
        let name = "watcher::tests::places::mounted_by_itself_and_written_elsewhere";
        return assert!(done(again.args(["--exact", name, "--nocapture"])));
    }
    let mut owner = Owner::new(Backend::Events);
    fs::create_dir(owner.path("outside")).unwrap();
    owner.write("outside/lib.so", "one");
    owner.write("lib.so", "");
    let paths = [owner.path("outside/lib.so"), owner.path("lib.so")];
    if !done(Command::new("mount").arg("--bind").args(&paths)) {
        return println!("skipped: nothing can be mounted here");
    }
    owner.file("lib.so");
    owner.expect("lib.so", "one");
    owner.write("outside/lib.so", "two");
    owner.expect("lib.so", "two");
    assert!(done(Command::new("umount").arg(owner.path("lib.so"))));
}
