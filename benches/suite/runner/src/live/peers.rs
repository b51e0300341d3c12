//! The peers, each as its documentation says.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use relib_host::Module;

use crate::{
    calls::peers::ModuleExports,
    modules::{self, Artifact, PATIENCE, milliseconds, put},
};

/// hot-lib-reloader as it is by default: it waits for half a second without changes.
#[hot_lib_reloader::hot_module(dylib = "benches_by_default", lib_dir = crate::modules::scratch("by-default"))]
#[allow(static_mut_refs, missing_docs, reason = "written by hot-lib-reloader")]
mod by_default {
    #[hot_functions]
    extern "Rust" {
        pub fn hot_mark() -> u64;
    }
}

/// hot-lib-reloader with the shortest wait that can be written.
#[hot_lib_reloader::hot_module(dylib = "benches_at_once", lib_dir = crate::modules::scratch("at-once"), file_watch_debounce = 1)]
#[allow(static_mut_refs, missing_docs, reason = "written by hot-lib-reloader")]
mod at_once {
    #[hot_functions]
    extern "Rust" {
        pub fn hot_mark() -> u64;
    }
}

pub(super) struct Reloader {
    artifact: Artifact,
    path: PathBuf,
    mark: fn() -> u64,
}

impl Reloader {
    pub(super) fn by_default() -> Self {
        let path = modules::scratch("by-default").join("libbenches_by_default.so");
        Self::new(path, by_default::hot_mark)
    }

    pub(super) fn at_once() -> Self {
        let path = modules::scratch("at-once").join("libbenches_at_once.so");
        Self::new(path, at_once::hot_mark)
    }

    fn new(path: PathBuf, mark: fn() -> u64) -> Self {
        let mut artifact = Artifact::read(&modules::build("benches-reloaded", &[]));
        put(&path, artifact.marked(0));
        let reloader = Self { artifact, path, mark };
        // Loads it, and begins to watch: on a thread of its own, which tells nobody when.
        reloader.until(0, Instant::now());
        thread::sleep(Duration::from_millis(200));
        reloader
    }

    pub(super) fn run(&mut self, round: u64) -> f64 {
        let started = put(&self.path, self.artifact.marked(round));
        self.until(round, started)
    }

    /// A caller that calls now and then: one that calls at full speed keeps the reload from ever
    /// getting the lock.
    fn until(&self, round: u64, started: Instant) -> f64 {
        while (self.mark)() != round {
            assert!(started.elapsed() < PATIENCE, "hot-lib-reloader does not reload");
            thread::sleep(Duration::from_micros(20));
        }
        milliseconds(started)
    }
}

/// relib, which watches nothing: it is told. The new file has another name, because the old one is
/// still open.
pub(super) struct Relib {
    artifact: Vec<u8>,
    folder: PathBuf,
    module: Option<Module<ModuleExports>>,
}

impl Relib {
    pub(super) fn new() -> Self {
        let artifact = std::fs::read(modules::build("benches-relib", &[]));
        let mut relib = Self {
            artifact: artifact.expect("a module that was built can be read"),
            folder: modules::scratch("relib"),
            module: None,
        };
        relib.run(0);
        relib
    }

    pub(super) fn run(&mut self, round: u64) -> f64 {
        let path = self.folder.join(format!("module-{round}.so"));
        let started = put(&path, &self.artifact);
        if let Some(old) = self.module.take() {
            old.unload().unwrap_or_else(|error| panic!("relib: {error}"));
        }
        // SAFETY: on Linux there is nothing to keep.
        let module = unsafe { relib_host::load_module::<ModuleExports>(&path, ()) };
        let module = module.unwrap_or_else(|error| panic!("relib: {error}"));
        // SAFETY: both sides were built together, from one description.
        unsafe { module.exports().add(1) }.expect("the module does not panic");
        let figure = milliseconds(started);
        self.module = Some(module);
        figure
    }
}
