//! Rows that run in a process of their own: this program again, for one row.

use std::{
    env, fs,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use tempfile::TempDir;

use super::setting::Way;

/// Runs one row and prints its line.
pub(super) const ROW: &str = "--row";
/// Is a part of a row: something that does not survive.
pub(super) const PART: &str = "--part";

const SMALL: &str = "FAULTS_SMALL_DISK";

/// How such a process came out.
pub(super) enum Ended {
    /// It has printed this.
    Printed { text: String, as_promised: bool },
    /// It was not started, for this reason.
    Skipped(&'static str),
}

/// Runs a row.
pub(super) fn run(row: &str, way: Way) -> Ended {
    if let Some(why) = missing(way) {
        return Ended::Skipped(why);
    }
    // The processes share what is built.
    let _ = crate::fixture("counter");
    let disk = tempfile::tempdir().expect("a folder can be made");
    let output = command(way, &disk)
        .args([ROW, row])
        .stderr(Stdio::null())
        .output()
        .expect("this program can be run again");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.is_empty() {
        text = format!("DIFFERS  {row}  its process has ended: {}", output.status);
    }
    Ended::Printed { text, as_promised: output.status.success() }
}

fn command(way: Way, disk: &TempDir) -> Command {
    let this = env::current_exe().expect("a program knows where it is");
    let mut command = match way {
        Way::Process => return Command::new(this),
        Way::OwnLimits => unshare(&["-Ur"]),
        Way::SmallDisk => {
            let mut command = unshare(&["-Urm", "sh", "-c"]);
            command.arg("mount -t tmpfs -o size=16m faults \"$0\" && exec \"$@\"");
            command.arg(disk.path()).env(SMALL, disk.path());
            command
        }
    };
    command.arg(this);
    command
}

fn unshare(args: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(args);
    command
}

/// Why a process cannot be started in this way here.
fn missing(way: Way) -> Option<&'static str> {
    let works = |args: &[&str]| {
        let mut command = unshare(args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|it| it.success())
    };
    match way {
        Way::Process => None,
        Way::OwnLimits => {
            (!works(&["-Ur", "true"])).then_some("needs user namespaces (unshare -Ur)")
        }
        Way::SmallDisk => (!works(&["-Urm", "mount", "-t", "tmpfs", "faults", "/mnt"]))
            .then_some("needs mounts in user namespaces (unshare -Urm)"),
    }
}

/// The small file system of a row that has one.
pub(super) fn small_disk() -> PathBuf {
    env::var_os(SMALL).expect("the row has a small file system").into()
}

/// Leaves no room on the small file system; removed, the file gives it back.
pub(super) fn fill(disk: &Path) -> PathBuf {
    use std::io::Write as _;
    let path = disk.join("filler");
    let mut file = fs::File::create(&path).expect("a file can be made");
    while file.write_all(&[1; 4096]).is_ok() {}
    path
}

/// Changes how the small file system is mounted.
pub(super) fn remount(disk: &Path, option: &str) {
    let status =
        Command::new("mount").args(["-o", &format!("remount,{option}")]).arg(disk).status();
    assert!(status.is_ok_and(|it| it.success()), "it can be mounted with {option}");
}

/// Runs a part that does not survive.
pub(super) fn part(part: &str, folder: &Path) -> ExitStatus {
    let this = env::current_exe().expect("a program knows where it is");
    let mut command = Command::new(this);
    command.args([PART, part]).arg(folder).stderr(Stdio::null()).stdout(Stdio::null());
    command.status().expect("this program can be run again")
}

/// How a process has ended, in words.
pub(super) fn how(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("killed by signal {signal}"),
        (None, code) => format!("ended with {}", code.unwrap_or_default()),
    }
}
