//! Two slots, and whether one is closed.

use std::{fs, path::PathBuf};

use hotswap_core::{Config, Host, Slot, SlotConfig};
use tempfile::TempDir;

/// Two slots, `left` and `right`, that take builds of one file.
pub(super) struct Two {
    pub(super) host: Host,
    pub(super) folder: TempDir,
}

impl Two {
    pub(super) fn of(config: Config, first: &hotswap_tests::Fixture) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| folder.path().join(name);
        for name in ["left", "right"] {
            fs::write(at(name), first.bytes()).unwrap();
        }
        let config = config
            .slot("left", SlotConfig::artifact(at("left")))
            .slot("right", SlotConfig::artifact(at("right")));
        Self { host: Host::new(config).unwrap(), folder }
    }

    pub(super) fn slots<I: hotswap_core::Interface + ?Sized>(&self) -> [Slot<I>; 2] {
        ["left", "right"].map(|name| self.host.slot(name).unwrap())
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
