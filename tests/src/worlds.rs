//! A host that is a program of its own, in one workspace with its module, as users have it: values of
//! any type are owned by the host and lent to modules of the same build.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver},
    },
    thread,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use crate::{LONG, file_name, replace, target};

/// A copy of the fixture workspace `worlds`, for one test at a time.
#[derive(Debug)]
pub struct Workspace {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

const FILES: [&str; 14] = [
    "Cargo.toml",
    "rates/Cargo.toml",
    "rates/src/lib.rs",
    "parts/Cargo.toml",
    "parts/build.rs",
    "parts/src/lib.rs",
    "world/Cargo.toml",
    "world/src/lib.rs",
    "scene-api/Cargo.toml",
    "scene-api/src/lib.rs",
    "scene/Cargo.toml",
    "scene/src/lib.rs",
    "stage/Cargo.toml",
    "stage/src/main.rs",
];

/// A file that a test adds.
pub const WEATHER: &str = "world/src/weather.rs";

impl Workspace {
    /// As the fixture is.
    ///
    /// # Panics
    /// When it cannot be copied.
    #[must_use]
    pub fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let this = Self { folder: target().join("worlds"), _alone: alone };
        let root = fs::canonicalize(env!("CARGO_MANIFEST_DIR")).expect("it is there");
        let repository = root.parent().expect("it lies in the repository").display().to_string();
        for file in FILES {
            let text = fs::read_to_string(root.join("fixtures/worlds").join(file));
            let text = text.expect("it can be read");
            let hotswap = format!("{repository}/hotswap");
            this.write(file, &text.replace("../../../../hotswap", &hotswap));
        }
        let _ = fs::remove_file(this.folder.join(WEATHER));
        let lock = this.folder.join("Cargo.lock");
        fs::copy(root.join("../Cargo.lock"), lock).expect("it can be copied");
        this
    }

    /// Writes a file, unless it is what it should be: cargo goes by the time.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, file: &str, text: &str) {
        let path = self.folder.join(file);
        if fs::read_to_string(&path).is_ok_and(|it| it == text) {
            return;
        }
        fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }

    /// Gives a file another time.
    ///
    /// # Panics
    /// When it cannot.
    pub fn set_modified(&self, file: &str, time: SystemTime) {
        let file = fs::File::options().append(true).open(self.folder.join(file));
        file.and_then(|file| file.set_modified(time)).expect("it can have any time");
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).expect("it can be read")
    }

    /// Replaces a text that a file has once.
    ///
    /// # Panics
    /// When it has not.
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert_eq!(text.matches(from).count(), 1, "{from} in {file}");
        self.write(file, &text.replace(from, to));
    }

    /// Runs cargo there.
    #[must_use]
    pub fn cargo(&self, args: &[&str]) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(args)
            .args(["--quiet", "--offline"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", target())
            .env_remove("CARGO_BUILD_TARGET");
        cargo
    }

    fn build(&self, args: &[&str]) {
        let output = self.cargo(args).output().expect("cargo can be run");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}:\n{text}");
    }

    /// The module, built as the host's builder does it.
    ///
    /// # Panics
    /// When it does not build.
    #[must_use]
    pub fn module(&self, more: &[&str]) -> Vec<u8> {
        self.build(&[&["build", "--lib", "-p=scene", "-p=stage"], more].concat());
        self.built()
    }

    /// The module that was built last.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn built(&self) -> Vec<u8> {
        fs::read(target().join("debug").join(file_name("scene"))).expect("it was built")
    }

    /// The host's program.
    ///
    /// # Panics
    /// When it does not build.
    #[must_use]
    pub fn host(&self, features: &str) -> PathBuf {
        self.build(&["build", "-p=stage", "--features", features]);
        let suffix = std::env::consts::EXE_SUFFIX;
        target().join("debug").join(format!("stage{suffix}"))
    }
}

impl Default for Workspace {
    fn default() -> Self {
        Self::new()
    }
}

/// A host that runs.
#[derive(Debug)]
pub struct Stage {
    process: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    folder: TempDir,
}

impl Stage {
    /// Runs a copy: what cargo has built is built again for the next test.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn of(program: &Path, first: &[u8], how: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let copy = folder.path().join("stage");
        fs::copy(program, &copy).expect("it can be copied");
        let artifact = folder.path().join(file_name("scene"));
        fs::write(&artifact, first).expect("it can be written");
        let mut command = Command::new(copy);
        command.arg(how);
        if how != "builtin" {
            command.arg(artifact);
        }
        Self::start(command, folder)
    }

    /// Runs it in another way.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(mut command: Command, folder: TempDir) -> Self {
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let output = BufReader::new(process.stdout.take().expect("it is a pipe"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let input = process.stdin.take();
        Self { process, input, lines, folder }
    }

    /// The next thing that it says.
    ///
    /// # Panics
    /// When it says nothing.
    #[must_use]
    pub fn line(&self) -> String {
        self.lines.recv_timeout(2 * LONG).expect("the host says something")
    }

    /// The next thing that it says, unless it says nothing for so long.
    #[must_use]
    pub fn line_within(&self, time: Duration) -> Option<String> {
        self.lines.recv_timeout(time).ok()
    }

    /// The world after one more tick.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn tick(&mut self) -> String {
        let input = self.input.as_mut().expect("it has not ended");
        input.write_all(b"\n").expect("it listens");
        self.line()
    }

    /// Puts a build there; what is said of it.
    #[must_use]
    pub fn put(&self, bytes: &[u8]) -> String {
        replace(&self.folder.path().join(file_name("scene")), bytes);
        self.line()
    }

    /// Puts a build there that is refused, with these texts.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn refused(&self, bytes: &[u8], wanted: &str, advice: &str) {
        let text = self.put(bytes);
        assert!(text.starts_with("refused ") && text.contains(wanted), "{text}\nwanted: {wanted}");
        assert!(text.contains(advice), "{text}\nwanted: {advice}");
    }

    /// Ends it in order.
    ///
    /// # Panics
    /// When it does not.
    pub fn end(mut self) {
        drop(self.input.take());
        assert_eq!(self.line(), "end");
        assert!(self.process.wait().expect("it can be waited for").success());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
