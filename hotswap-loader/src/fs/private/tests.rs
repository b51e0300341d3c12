use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use hotswap_testing::{self as testing, test};

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn only_this_user_may_enter_and_nothing_stays() {
    let base = tempfile::tempdir().unwrap();
    let deep = base.path().join("not/there/yet");
    let one = PrivateFolder::new(&deep).unwrap();
    let two = PrivateFolder::new(&deep).unwrap();
    assert!(one.path() != two.path() && one.path().is_dir() && two.path().is_dir());
    assert_eq!(mode(one.path()), 0o700);
    let (_, kept) = one.file("lib/../arcade é", "so").unwrap();
    let (_, gone) = one.file("", "so").unwrap();
    assert_eq!(mode(kept.path()), 0o600);
    let name = kept.path().file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("libarcade-") && name.ends_with(".so"), "{name}");
    let path = gone.path().to_path_buf();
    drop(gone);
    assert!(!path.exists() && kept.path().exists());
    drop(one);
    assert_eq!(fs::read_dir(&deep).unwrap().count(), 1);
}

#[test]
fn what_the_dead_left_behind_is_removed() {
    if let Some(base) = std::env::var_os("HOTSWAP_DIE_IN") {
        let folder = PrivateFolder::new(Path::new(&base)).unwrap();
        let _file = folder.file("lib", "so").unwrap();
        std::process::abort();
    }
    let base = tempfile::tempdir().unwrap();
    let living = PrivateFolder::new(base.path()).unwrap();
    let of_others = base.path().join("hotswap-private-without-a-lock");
    fs::create_dir_all(of_others.join("something")).unwrap();
    fs::set_permissions(&of_others, fs::Permissions::from_mode(0o700)).unwrap();
    let me = test!(what_the_dead_left_behind_is_removed);
    let output = testing::alone_to_death(me, "HOTSWAP_DIE_IN", base.path());
    assert!(!output.status.success());
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 3, "{output:?}");
    let new = PrivateFolder::new(base.path()).unwrap();
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 3);
    assert!(living.path().is_dir() && new.path().is_dir() && of_others.is_dir());
}

#[test]
fn many_at_once_do_not_disturb_each_other() {
    let base = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let folder = PrivateFolder::new(base.path()).unwrap();
                    let (_, file) = folder.file("lib", "so").unwrap();
                    assert!(file.path().exists());
                }
            });
        }
    });
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
}

#[test]
fn a_mount_without_execution_is_refused() {
    if std::env::var_os("HOTSWAP_NOEXEC").is_none() {
        let me = test!(a_mount_without_execution_is_refused);
        return testing::in_namespace(me, "HOTSWAP_NOEXEC");
    }
    let base = tempfile::tempdir().unwrap();
    let mount = ["-t", "tmpfs", "-o", "noexec", "none"];
    assert!(Command::new("mount").args(mount).arg(base.path()).status().unwrap().success());
    let error = PrivateFolder::new(base.path()).unwrap_err().to_string();
    assert!(error.contains("noexec") && error.contains(&*base.path().to_string_lossy()));
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
    assert!(Command::new("umount").arg(base.path()).status().unwrap().success());
}
