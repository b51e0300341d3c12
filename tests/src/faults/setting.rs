//! Where a row happens: a host of this kind, a process of this kind.

use std::path::Path;

use hotswap_core::Config;

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
        Self { module, script: "", config, signed: false }
    }

    pub(super) const fn scripted(self, script: &'static str) -> Self {
        Self { script, ..self }
    }

    /// Builds are signed when they are put there.
    pub(super) const fn signed(self) -> Self {
        Self { signed: true, ..self }
    }

    /// A build that does all it should.
    pub(super) fn good(&self, label: &str) -> Fixture {
        fixture(self.module).told(&format!("label={label}"))
    }
}
