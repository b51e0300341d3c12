//! Runs of the program, and workspaces that it has made.

use std::{
    env, fs,
    io::{self, BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        LazyLock,
        mpsc::{self, Receiver},
    },
    thread,
    time::Duration,
};

use serde_json::Value;

/// Far longer than anything takes.
pub(crate) const LONG: Duration = Duration::from_secs(900);

/// Where hotswap is built for the workspaces of these tests.
pub(crate) fn target() -> PathBuf {
    static MADE: LazyLock<PathBuf> = LazyLock::new(|| {
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (target, built) = (tmp.join("cli"), tmp.with_file_name("quickstart").join("build"));
        fs::create_dir_all(&target).unwrap();
        fs::create_dir_all(&built).unwrap();
        // Hosts build their modules there. Shared with the tour's module: what all of them depend
        // on is built once.
        match std::os::unix::fs::symlink(built, target.join("hotswap")) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => panic!("{error}"),
            _ => target,
        }
    });
    MADE.clone()
}

/// The same, but for what hosts build: that begins anew.
#[cfg(unix)]
pub(crate) fn fresh_target(folder: &Path) -> PathBuf {
    let (all, fresh) = (target(), folder.join("target"));
    fs::create_dir_all(all.join("debug")).unwrap();
    fs::create_dir(&fresh).unwrap();
    std::os::unix::fs::symlink(all.join("debug"), fresh.join("debug")).unwrap();
    fresh
}

/// This checkout of hotswap.
pub(crate) fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What a run has said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The answer as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// It has said this, on one of the two ways.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text) || self.err.contains(text), "{text}: {self:#?}");
        self
    }
}

/// A command with what all commands of these tests have.
pub(crate) fn command(program: impl AsRef<Path>, folder: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(folder).stdin(Stdio::null());
    command.env("CARGO_TARGET_DIR", target()).env("CARGO_NET_OFFLINE", "true");
    command.env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    command.env_remove("CARGO_BUILD_TARGET").env_remove("CLICOLOR_FORCE");
    command
}

fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// `hotswap …` in a folder.
pub(crate) fn hotswap(folder: &Path, arguments: &[&str]) -> Ran {
    ran(command(env!("CARGO_BIN_EXE_hotswap"), folder).args(arguments))
}

/// `cargo …` in a folder, `cargo hotswap …` too.
pub(crate) fn cargo(folder: &Path, arguments: &[&str]) -> Ran {
    let bin = Path::new(env!("CARGO_BIN_EXE_cargo-hotswap")).parent().unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(bin.to_owned()).chain(env::split_paths(&path));
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = command(cargo, folder);
    ran(command.env("PATH", env::join_paths(paths).unwrap()).args(arguments))
}

/// A folder of a test's own.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A workspace that `cargo hotswap new` has made, with the versions of this checkout.
pub(crate) fn project(folder: &Path, name: &str) -> PathBuf {
    project_of(folder, name, &[])
}

/// The same, of another form.
pub(crate) fn project_of(folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let checkout = checkout();
    let new = ["hotswap", "new", name, "--path", checkout.to_str().unwrap()];
    cargo(folder, &[&new, arguments].concat()).expect(0);
    let root = folder.join(name);
    fs::copy(checkout.join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
    root
}

/// All files of a folder with their texts, by path.
pub(crate) fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Replaces a text that must be there, as an editor does.
#[track_caller]
pub(crate) fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

/// A program that runs beside the test, in a process group of its own; killed with it when dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    pub(crate) seen: Vec<String>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let read = |from: Box<dyn Read + Send>| {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(from).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        };
        read(Box::new(child.stdout.take().unwrap()));
        read(Box::new(child.stderr.take().unwrap()));
        Self { child, lines, seen: Vec::new() }
    }

    /// The next line that this is true of.
    #[track_caller]
    pub(crate) fn line(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        loop {
            match self.lines.recv_timeout(LONG) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if is_it(&line) {
                        return line;
                    }
                }
                Err(error) => panic!("{error}: {:#?}", self.seen),
            }
        }
    }

    /// The next event of `watch --json` of this kind.
    #[track_caller]
    pub(crate) fn event(&mut self, kind: &str) -> Value {
        let of_kind = |line: &str| serde_json::from_str::<Value>(line).unwrap()["event"] == kind;
        serde_json::from_str(&self.line(of_kind)).unwrap()
    }

    /// Sends it a signal, it alone, and waits for its end.
    #[cfg(unix)]
    pub(crate) fn end_by(mut self, signal: rustix::process::Signal) -> (ExitStatus, Vec<String>) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        let status = self.child.wait().unwrap();
        let mut seen = std::mem::take(&mut self.seen);
        seen.extend(self.lines.iter());
        (status, seen)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        #[cfg(unix)]
        if matches!(self.child.try_wait(), Ok(None)) {
            let pid = rustix::process::Pid::from_child(&self.child);
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
