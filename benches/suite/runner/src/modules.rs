//! The modules that are called: built by cargo, with the release profile, into the target folder
//! that this program was built into.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::{Duration, Instant},
};

/// More than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The folder of this program and of the modules.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let program = env::current_exe().expect("a program knows where it is");
        program.parent().expect("a program is in a folder").to_path_buf()
    })
}

/// A folder of the target folder, for files that a benchmark makes.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = folder().join("scratch").join(name);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// Builds a module; returns its file.
pub(crate) fn build(package: &str, features: &[&str]) -> PathBuf {
    let target = cargo(package, "release", &["--features", &features.join(",")]);
    target.join("release").join(format!("lib{}.so", package.replace('-', "_")))
}

/// A copy without debug information.
pub(crate) fn stripped(artifact: &Path) -> PathBuf {
    let copy = scratch("stripped").join(artifact.file_name().expect("an artifact has a name"));
    let status = Command::new("strip").arg("-o").args([&copy, artifact]).status();
    assert!(status.expect("binutils are there").success(), "strip has failed");
    copy
}

/// Builds a program with a profile of cargo's; returns its file.
pub(crate) fn program(package: &str, profile: &str) -> PathBuf {
    let target = cargo(package, profile, &[]);
    // Cargo's own exception.
    let folder = if profile == "dev" { "debug" } else { profile };
    target.join(folder).join(package)
}

/// Builds a package of the suite; returns the target folder.
fn cargo(package: &str, profile: &str, arguments: &[&str]) -> &'static Path {
    let target = folder().parent().expect("a profile's folder is in a target folder");
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--locked", "--quiet", "--profile", profile, "--package", package])
        .args(arguments)
        .current_dir(suite())
        .env("CARGO_TARGET_DIR", target)
        .status()
        .expect("cargo can be run");
    assert!(status.success(), "{package} does not build");
    target
}

/// Puts a file in the place of another one, at once. Where that is measured it begins here.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Instant {
    let part = path.with_extension("part");
    fs::write(&part, bytes).expect("the target folder can be written");
    let started = Instant::now();
    fs::rename(&part, path).expect("the target folder can be written");
    started
}

/// What this process has of the machine's memory.
pub(crate) fn resident_mib() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<f64>().ok());
    pages.unwrap_or_default() * rustix::param::page_size() as f64 / f64::from(1 << 20)
}

/// What has passed.
pub(crate) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The suite's sources.
pub(crate) fn suite() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the runner is part of the suite")
}

/// An artifact's bytes, which can be told apart from each other.
#[derive(Clone, Debug)]
pub(crate) struct Artifact {
    bytes: Vec<u8>,
    mark: usize,
}

impl Artifact {
    /// Reads one, with the mark that a benchmark changes.
    pub(crate) fn read(path: &Path) -> Self {
        const MARK: &[u8] = b"hotswap benchmark mark:";
        let bytes = fs::read(path).expect("a module that was built can be read");
        let mark = bytes.windows(MARK.len()).position(|window| window == MARK);
        let mark = mark.expect("the module has a mark") + 56;
        Self { bytes, mark }
    }

    /// The bytes, marked with a number.
    pub(crate) fn marked(&mut self, number: u64) -> &[u8] {
        self.bytes[self.mark..self.mark + 8].copy_from_slice(&number.to_le_bytes());
        &self.bytes
    }
}
