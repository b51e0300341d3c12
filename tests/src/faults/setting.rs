//! Where a row happens: a host of this kind, a process of this kind.

use std::path::Path;

use hotswap_core::{Config, SlotConfig};

use crate::{Fixture, fixture};

/// A host, and the build that serves first in its slot.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    /// The fixture of the first build and of all good ones.
    pub(super) module: &'static str,
    /// What is written into the first build beside its label.
    pub(super) script: &'static str,
    /// How the host is set up; it is given a folder of its own.
    pub(super) config: fn(&Path) -> Config,
    /// Whether builds are signed when they are put there.
    pub(super) signed: bool,
    /// Whether the slot takes this module alone; where builds are signed it does.
    pub(super) names_module: bool,
}

/// How a process is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As it is.
    Process,
    /// In a user namespace, where limits of the kernel can be set.
    OwnLimits,
    /// In a user namespace with a small file system of its own.
    SmallDisk,
}

impl Setting {
    /// Builds that count over these settings.
    pub(super) const fn counter(config: fn(&Path) -> Config) -> Self {
        Self::of("counter", config)
    }

    /// Builds of a fixture.
    pub(super) const fn of(module: &'static str, config: fn(&Path) -> Config) -> Self {
        Self { module, script: "", config, signed: false, names_module: false }
    }

    pub(super) const fn scripted(self, script: &'static str) -> Self {
        Self { script, ..self }
    }

    /// Builds are signed when they are put there.
    pub(super) const fn signed(self) -> Self {
        Self { signed: true, names_module: true, ..self }
    }

    /// The slot takes this module alone.
    pub(super) const fn naming_the_module(self) -> Self {
        Self { names_module: true, ..self }
    }

    /// How the host in a folder is set up, with the slot whose artifact lies there.
    pub(super) fn host(&self, folder: &Path, artifact: &Path) -> Config {
        let slot = SlotConfig::artifact(artifact);
        let slot = if self.names_module { slot.with_module(self.module) } else { slot };
        (self.config)(folder).slot("main", slot)
    }

    /// A build that does all it should.
    pub(super) fn good(&self, label: &str) -> Fixture {
        fixture(self.module).told(&format!("label={label}"))
    }
}
