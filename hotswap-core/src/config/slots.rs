//! Which slots there are, and where their artifacts come from.

use std::{any::TypeId, path::PathBuf, time::Duration};

use hotswap_abi::HotModule;
use hotswap_watch::Backend;
#[cfg(feature = "cargo")]
use hotswap_watch::cargo::Request;

use super::{
    Config,
    slot_config::{Builtin, Conflict, Place, SlotConfig},
};

impl Config {
    /// A slot whose artifacts appear at one path. It need not exist yet; a relative path is taken
    /// from the current folder when the host is made.
    #[must_use]
    pub fn artifact(self, slot: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.with_source(slot.into(), Place::File(path.into()))
    }

    /// A slot whose artifacts appear in a folder, beside those of other modules: it takes those
    /// of the module that has the slot's name, or the one given to [`module`](Self::module). The
    /// module has one file there: another one is refused, with both names, until the first is gone.
    #[must_use]
    pub fn folder(self, slot: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.with_source(slot.into(), Place::Folder(path.into()))
    }

    /// A slot whose module is built from its sources, whenever they change: the package of the
    /// slot's name, in the workspace of the current folder. Several packages are built together.
    ///
    /// [`build`](Self::build) tells cargo more.
    #[cfg(feature = "cargo")]
    #[must_use]
    pub fn cargo_package(mut self, package: impl Into<String>) -> Self {
        let package = package.into();
        self = self.with_source(package.clone(), Place::Package(package.clone()));
        self.cargo = self.cargo.with_package(package);
        self
    }

    /// How packages are built: profile, target folder, arguments.
    /// ```no_run
    /// use hotswap_core::{Config, cargo::Profile};
    ///
    /// let config = Config::dev()
    ///     .cargo_package("arcade")
    ///     .build(|request| request.with_profile(Profile::Release));
    /// ```
    #[cfg(feature = "cargo")]
    #[must_use]
    pub fn build(mut self, change: impl FnOnce(Request) -> Request) -> Self {
        self.cargo = change(self.cargo);
        self
    }

    /// The one module that a slot takes, by its crate's name.
    #[must_use]
    pub fn module(mut self, slot: impl Into<String>, module: impl Into<String>) -> Self {
        let (slot, module) = (slot.into(), module.into());
        let before = self.slot(slot.as_str()).module.replace(module.clone());
        if let Some(before) = before.filter(|before| *before != module) {
            self.conflicts.push(Conflict::of(slot, &before, &module));
        }
        self
    }

    /// A slot's first generation, linked into the program: there is always something to serve,
    /// also without any artifact.
    #[must_use]
    pub fn builtin<M: HotModule>(mut self, slot: impl Into<String>) -> Self {
        let slot = slot.into();
        let builtin = Builtin {
            export: M::export(),
            manifest: M::MANIFEST,
            interface: TypeId::of::<M::Interface>(),
        };
        if let Some(before) = self.slot(slot.as_str()).builtin.replace(builtin) {
            self.conflicts.push(Conflict::of(slot, &before, &builtin));
        }
        self
    }

    /// Looks at the artifacts at an interval, where the file system sends no events.
    #[must_use]
    pub const fn with_polling(mut self, interval: Duration) -> Self {
        self.backend = Backend::Poll(interval);
        self
    }

    /// A service that the host offers to modules that require it
    /// (`#[hot_module(requires("…"))]`).
    #[must_use]
    pub fn with_service(mut self, name: impl Into<String>) -> Self {
        self.services.push(name.into());
        self
    }

    fn with_source(mut self, slot: String, source: Place) -> Self {
        let now = source.to_string();
        if let Some(before) = self.slot(slot.as_str()).source.replace(source) {
            self.conflicts.push(Conflict::of(slot, &before, &now));
        }
        self
    }

    pub(super) fn slot(&mut self, slot: impl Into<String>) -> &mut SlotConfig {
        self.slots.entry(slot.into()).or_default()
    }
}
