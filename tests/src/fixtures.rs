//! The fixtures: built by one cargo on first use, changed by the tests without another build.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// A built fixture, as bytes that a test may change before it lets a host see them.
#[derive(Clone, Debug)]
pub struct Fixture {
    bytes: Vec<u8>,
}

/// A fixture as it was built. The first use builds all of them.
///
/// # Panics
/// When it cannot be built or read.
#[must_use]
pub fn fixture(name: &str) -> Fixture {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let _alone = alone();
        // `foreign` would have the others built with its features.
        let apart = ["meter-aborts", "dynamic-std", "foreign", "foreign-api"];
        let apart = apart.map(|name| ["--exclude", name]);
        let folder = build(&[&["build", "--workspace"], apart.as_flattened()].concat(), &[]);
        // Only the crate itself: what it depends on unwinds, and may.
        build(&["rustc", "--package", "meter-aborts", "--lib", "--", "-C", "panic=abort"], &[]);
        let path = format!("link-arg=-Wl,-rpath,{}", std_folder().display());
        let shared = ["-C", "prefer-dynamic", "-C", &path];
        build(&[&["rustc", "--package", "dynamic-std", "--lib", "--"], &shared[..]].concat(), &[]);
        folder
    });
    Fixture { bytes: read(folder, name) }
}

/// The fixture `drift`, whose source a test has changed, built anew.
///
/// # Panics
/// When it cannot be built or read.
#[must_use]
pub fn pasted(source: &str) -> Fixture {
    let _ = fixture("drift");
    let _alone = alone();
    let file = target().join("pasted.rs");
    fs::write(&file, source).expect("the target folder can be written");
    let folder =
        build(&["build", "--package", "pasted", "--features", "pasted"], &[("PASTED", &file)]);
    Fixture { bytes: read(&folder, "pasted") }
}

/// A module that counts over a state `Count`, which these items declare, with its `Counts`.
///
/// # Panics
/// When it cannot be built or read.
#[must_use]
pub fn counting(items: &str) -> Fixture {
    pasted(&format!(
        "use std::collections::{{BTreeMap, HashMap}};\n\
         use hotswap_abi::{{HotState, Migrate, MigrateError, Shape}};\n\
         use kit::counting::Counts;\n\
         use serde::{{Deserialize, Serialize}};\n\
         {items}\nkit::counting!(Count);\n"
    ))
}

/// A fixture that has editions, built with these features.
///
/// # Panics
/// When it cannot be built or read.
#[must_use]
pub fn edition(name: &str, features: &[&str]) -> Fixture {
    let _alone = alone();
    let features = features.join(",");
    let folder = build(&["build", "--package", name, "--features", &features], &[]);
    Fixture { bytes: read(&folder, name) }
}

/// A fixture, built for speed.
///
/// # Panics
/// When it cannot be built or read.
#[must_use]
pub fn optimized(name: &str) -> Fixture {
    let _alone = alone();
    build(&["build", "--release", "--package", name], &[]);
    Fixture { bytes: read(&target().join("release"), name) }
}

impl Fixture {
    /// Writes a script into the file (see `fixtures/kit`): `label=b;start=panic`.
    ///
    /// # Panics
    /// When the file has no place for it.
    #[must_use]
    pub fn told(mut self, script: &str) -> Self {
        const MARK: &[u8] = b"hotswap test script:";
        const LEN: usize = 640;
        let place = self.bytes.windows(MARK.len()).position(|window| window == MARK);
        let start = place.expect("the fixture has a script") + MARK.len();
        assert!(script.len() < LEN - MARK.len(), "the script is too long");
        self.bytes[start..start + LEN - MARK.len()].fill(0);
        self.bytes[start..start + script.len()].copy_from_slice(script.as_bytes());
        self
    }

    /// Replaces a text in the manifest by one of the same length.
    ///
    /// # Panics
    /// When it is not there.
    #[must_use]
    pub fn with_manifest_text(self, from: &str, to: &str) -> Self {
        assert_eq!(from.len(), to.len());
        let len = u16::try_from(from.len()).expect("a short text").to_le_bytes();
        let from = [&len, from.as_bytes()].concat();
        let to = [&len, to.as_bytes()].concat();
        self.damaged(|bytes| {
            let manifest = manifest(bytes);
            let found = bytes[manifest..].windows(from.len()).position(|window| window == from);
            let start = manifest + found.expect("the manifest has the text");
            bytes[start..start + to.len()].copy_from_slice(&to);
        })
    }

    /// Changes the bytes after the manifest's beginning.
    #[must_use]
    pub fn with_manifest(self, change: impl FnOnce(&mut [u8])) -> Self {
        self.damaged(|bytes| {
            let manifest = manifest(bytes);
            change(&mut bytes[manifest..]);
        })
    }

    /// Changes the bytes.
    #[must_use]
    pub fn damaged(mut self, damage: impl FnOnce(&mut Vec<u8>)) -> Self {
        damage(&mut self.bytes);
        self
    }

    /// The file's content.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Where the manifest begins. Its magic alone is in the code of the decoder as well.
fn manifest(bytes: &[u8]) -> usize {
    let head =
        [&b"HOTSWAP\0"[..], &hotswap_abi::__private::manifest::FORMAT.to_le_bytes()].concat();
    bytes.windows(head.len()).position(|window| window == head).expect("it has a manifest")
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    let (prefix, suffix) = (env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let path = folder.join(format!("{prefix}{}{suffix}", name.replace('-', "_")));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Where the compiler's shared libraries are.
fn std_folder() -> PathBuf {
    let mut command = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let output = command.args(["--print", "target-libdir"]).output().expect("rustc can be run");
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end())
}

/// `<the target folder of the running program>/fixtures`.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn target() -> PathBuf {
    let program = env::current_exe().expect("a program knows where it is");
    let profile = program.ancestors().skip(1).find(|it| !it.ends_with("deps"));
    let target = profile.and_then(Path::parent);
    let target =
        target.expect("cargo puts programs into <target>/<profile>, tests into deps there");
    let folder = target.join("fixtures");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// One test program at a time.
fn alone() -> fs::File {
    let lock = fs::File::create(target().join("tests.lock")).expect("the lock file can be made");
    lock.lock().expect("the lock file can be locked");
    lock
}

fn build(args: &[&str], vars: &[(&str, &Path)]) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    same_versions(&source);
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["--quiet"])
        .args(args)
        .current_dir(&source)
        .env("CARGO_TARGET_DIR", target())
        .env_remove("CARGO_BUILD_TARGET")
        .envs(vars.iter().copied())
        .output()
        .expect("cargo can be run");
    assert!(
        output.status.success(),
        "the fixtures do not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    target().join("debug")
}

/// The versions of the root workspace, so that nothing has to be looked up.
fn same_versions(source: &Path) {
    let (ours, theirs) = (source.join("../../Cargo.lock"), source.join("Cargo.lock"));
    let modified = |path: &Path| fs::metadata(path).and_then(|it| it.modified()).ok();
    if modified(&theirs).is_none() || modified(&ours) > modified(&theirs) {
        // Without one cargo makes it.
        let _ = fs::copy(ours, theirs);
    }
}
