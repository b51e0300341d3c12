//! Who may be the child of a rehearsal, and when it has to say so.

use std::{
    env, fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::Path,
    process,
};

use counter_api::Counter;
use hotswap_core::{
    Host, SlotConfig,
    event::{Exit, Phase},
};
use hotswap_tests::Told;

use super::support::{counter, mapped, rehearsing};

/// Set where something stands before `serve` that comes to no end.
pub(crate) const LATE: &str = "HOTSWAP_TESTS_LATE";

/// Set where `serve` should come back.
pub(crate) const SERVES_NOTHING: &str = "HOTSWAP_TESTS_SERVES_NOTHING";

pub(crate) fn who_serves_too_late_is_started_once() {
    const NAME: &str = "who_serves_too_late_is_started_once";
    if env::var_os(LATE).is_none() {
        let mut again = process::Command::new(env::current_exe().unwrap());
        assert!(again.arg(NAME).env(LATE, "1").status().unwrap().success());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("module");
    fs::write(&path, counter("label=a").bytes()).unwrap();
    let config =
        rehearsing().slot("main", SlotConfig::artifact(&path).with_builtin::<counter::Counting>());
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let _slot = host.slot::<dyn Counter>("main").unwrap();
    assert_eq!(told.live().release.artifact, None);
    let first = told.refused();
    assert_eq!((first.phase, first.exit), (Phase::Rehearsed, Exit::Cancelled), "{first}");
    assert!(first.findings[0].contains("a child ended the process with exit code 3"), "{first}");
    // It is no host.
    assert!(first.findings[1].contains("started to rehearse an artifact, and"), "{first}");
    let second = told.refused();
    assert!(second.findings[0].contains("a child has not come to it before"), "{second}");
    assert!(mapped().is_empty());
}

/// This program, as one that somebody has started for a rehearsal of what is in a folder.
fn child_of_somebody(program: &Path, folder: &Path) -> process::Output {
    let mut child = process::Command::new(program);
    child.env("HOTSWAP_REHEARSAL", folder).env(SERVES_NOTHING, "1");
    child.uid(fs::metadata(folder).unwrap().uid()).stdin(fs::File::open(folder).unwrap());
    child.output().unwrap()
}

/// The environment names no place, and what stdin is must be the user's alone.
pub(crate) fn what_others_hand_over_is_not_rehearsed() {
    let (program, root) = (env::current_exe().unwrap(), tempfile::tempdir().unwrap());
    let folder = root.path().join("folder");
    fs::create_dir(&folder).unwrap();
    for (folder, mode, says) in [
        (&folder, 0o755, "found one of user "),
        (&folder, 0o770, "mode 0770"),
        (&program, 0o755, "found something else"),
    ] {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
        let output = child_of_somebody(&program, folder);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(101), "{text}");
        assert!(text.contains("this is no rehearsal: ") && text.contains(says), "{text}");
    }
    // It is the user's, and others can exchange it.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let output = child_of_somebody(&program, &folder);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("can be written by others"), "{text}");
    assert!(output.stdout.is_empty());
    // Somebody else's, which only root can hand over.
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).unwrap();
    if fs::metadata(root.path()).unwrap().uid() == 0 {
        let stdin = fs::File::open(&folder).unwrap();
        std::os::unix::fs::chown(&folder, Some(4711), None).unwrap();
        let mut child = process::Command::new(&program);
        let output = child.env("HOTSWAP_REHEARSAL", "1").stdin(stdin).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("found one of user 4711, mode 0700"), "{text}");
    }
}

/// Whoever starts a program that has more rights has set its environment and its stdin.
pub(crate) fn a_privileged_program_serves_nothing() {
    let root = tempfile::tempdir().unwrap();
    if fs::metadata(root.path()).unwrap().uid() != 0 {
        eprintln!("skipped: only root can make a program of root's with the bit for it");
        return;
    }
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (program, folder) = (root.path().join("program"), root.path().join("folder"));
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    // Root's own: it is no rehearsal's, and that is noticed.
    let output = child_of_somebody(&program, &folder);
    assert_ne!(output.status.code(), Some(7), "{output:?}");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();
    let mut child = process::Command::new(&program);
    child.env("HOTSWAP_REHEARSAL", &folder).env(SERVES_NOTHING, "1").uid(65534).gid(65534);
    let output = child.stdin(fs::File::open(&folder).unwrap()).output().unwrap();
    let is_nosuid = output.status.code() == Some(101)
        && String::from_utf8_lossy(&output.stderr).contains("of user 65534");
    if is_nosuid {
        eprintln!("skipped: the temporary folder is mounted nosuid");
        return;
    }
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}
