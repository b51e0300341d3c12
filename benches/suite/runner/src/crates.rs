//! Crates that are written into the target folder, saved and built, each into a folder of its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use crate::modules::{self, milliseconds};

/// A crate whose source is saved again and again.
#[derive(Debug)]
pub(crate) struct Crate {
    folder: PathBuf,
    source: &'static str,
}

impl Crate {
    /// A module of hotswap, with the suite's lock file; its name is `saved`.
    pub(crate) fn module(folder: &str) -> Self {
        let suite = modules::suite().display();
        let dependencies = format!(
            "benches-api = {{ path = \"{suite}/api\" }}\n\
             hotswap-abi = {{ path = \"{suite}/../../hotswap-abi\" }}\n"
        );
        let written = Self::write(folder, &dependencies, include_str!("crates/module.txt"));
        fs::copy(modules::suite().join("Cargo.lock"), written.folder.join("Cargo.lock"))
            .expect("the suite has a lock file");
        written
    }

    /// A plain library of the same code.
    pub(crate) fn plain(folder: &str) -> Self {
        Self::write(folder, "", include_str!("crates/plain.txt"))
    }

    fn write(folder: &str, dependencies: &str, source: &'static str) -> Self {
        let folder = modules::scratch(folder);
        let manifest = format!(
            "[workspace]\n\n[package]\nname = \"saved\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\n{dependencies}"
        );
        fs::create_dir_all(folder.join("src")).expect("the target folder can be written");
        fs::write(folder.join("Cargo.toml"), manifest).expect("the target folder can be written");
        let written = Self { folder, source };
        written.save(0);
        written
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where it is built.
    pub(crate) fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Saves a change: a method adds another number.
    pub(crate) fn save(&self, number: u64) {
        let source = self.source.replace("NUMBER", &number.to_string());
        fs::write(self.folder.join("src/lib.rs"), source).expect("the source can be written");
    }

    /// Builds it; how long that takes in milliseconds.
    pub(crate) fn build(&self, arguments: &[&str], rustflags: &str) -> f64 {
        let started = Instant::now();
        let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--quiet"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.target())
            .env("RUSTFLAGS", rustflags)
            .status()
            .expect("cargo can be run");
        assert!(status.success(), "the saved crate does not build");
        milliseconds(started)
    }

    /// Forgets all that was built.
    pub(crate) fn clean(&self) {
        // Not there at first.
        let _ = fs::remove_dir_all(self.target());
    }
}
