//! A scene: a host with one slot, `main`, whose artifact a test replaces.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use hotswap_core::{
    Config, Host, Interface, Slot, SlotConfig,
    event::{EventKind, Live, Refusal},
};
use tempfile::TempDir;

use crate::{Fixture, LONG, Told};

/// A host with one slot, `main`.
#[derive(Debug)]
pub struct Scene<I: Interface + ?Sized> {
    /// The slot.
    pub slot: Slot<I>,
    /// The host.
    pub host: Host,
    /// What it tells.
    pub told: Told,
    folder: TempDir,
}

/// A host that waits as long as the test does.
#[must_use]
pub fn patient() -> Config {
    Config::production()
        .with_first_artifact_deadline(LONG)
        .with_call_budget(LONG)
        .with_pause_deadline(LONG)
        .with_work_deadline(LONG)
}

/// The name of a library's file.
#[must_use]
pub fn file_name(stem: &str) -> String {
    format!("{}{stem}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

/// Puts a file in the place of another one, at once.
///
/// # Panics
/// When the file system does not let it.
pub fn replace(path: &Path, bytes: &[u8]) {
    let part = path.with_extension("part");
    fs::write(&part, bytes).expect("the file can be written");
    fs::rename(&part, path).expect("the file can be renamed");
}

/// Waits until something holds that nobody tells.
///
/// # Panics
/// When it does not.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < deadline, "it does not happen: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether no terminal obeys a text, and none of its lines but the first passes for one of a log.
#[must_use]
pub fn is_harmless(text: &str) -> bool {
    let is_shown = |c: char| !hotswap_core::abi::__private::text::is_obeyed(c);
    text.lines().skip(1).all(|line| line.starts_with("    | "))
        && text.chars().all(|c| c == '\n' || is_shown(c))
}

impl<I: Interface + ?Sized> Scene<I> {
    /// A first artifact is live.
    #[must_use]
    pub fn of(first: &Fixture) -> Self {
        Self::with(patient(), first)
    }

    /// A first artifact is live in a host of one's own.
    ///
    /// # Panics
    /// When it is not live.
    #[must_use]
    pub fn with(config: Config, first: &Fixture) -> Self {
        Self::with_slot(config, |slot| slot, first)
    }

    /// The same, with something of its own for the slot.
    ///
    /// # Panics
    /// When it is not live.
    #[must_use]
    pub fn with_slot(
        config: Config,
        own: impl FnOnce(SlotConfig) -> SlotConfig,
        first: &Fixture,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let artifact = folder.path().join(file_name("module"));
        fs::write(&artifact, first.bytes()).expect("the file can be written");
        let host = Host::new(config.slot("main", own(SlotConfig::artifact(artifact))))
            .expect("the host starts");
        let told = Told::of(&host);
        let slot = host.slot::<I>("main").unwrap_or_else(|error| panic!("{error}"));
        let live = told.live();
        assert_eq!(live.generation, 1);
        told.find(|event| matches!(event.kind, EventKind::Reported(_)).then_some(()));
        Self { slot, host, told, folder }
    }

    /// The scene's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the artifact lies.
    #[must_use]
    pub fn artifact(&self) -> PathBuf {
        self.folder().join(file_name("module"))
    }

    /// Puts another build there.
    pub fn put(&self, build: &Fixture) {
        replace(&self.artifact(), build.bytes());
    }

    /// Puts another build there, and waits until it is live.
    pub fn upgrade(&self, build: &Fixture) -> Live {
        self.put(build);
        self.told.live()
    }

    /// Puts another build there, and waits until it is refused.
    #[must_use]
    pub fn refusal(&self, build: &Fixture) -> Arc<Refusal> {
        self.put(build);
        self.told.refused()
    }
}
