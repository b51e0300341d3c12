//! Which slots there are, and what their artifacts need.

use std::time::Duration;

use hotswap_watch::Backend;
#[cfg(feature = "cargo")]
use hotswap_watch::cargo::Request;

use super::{Config, SlotConfig};

impl Config {
    /// A slot, by the name that [`Host::slot`](crate::Host::slot) is asked for.
    #[must_use]
    pub fn slot(mut self, name: impl Into<String>, slot: SlotConfig) -> Self {
        self.slots.push((name.into(), slot));
        self
    }

    /// How packages are built: profile, target folder, arguments.
    ///
    /// ```no_run
    /// use hotswap_core::{Config, SlotConfig, cargo::Profile};
    ///
    /// let config = Config::dev()
    ///     .slot("arcade", SlotConfig::cargo("arcade"))
    ///     .build(|request| request.with_profile(Profile::Release));
    /// ```
    #[cfg(feature = "cargo")]
    #[must_use]
    pub fn build(mut self, change: impl FnOnce(Request) -> Request) -> Self {
        self.cargo = change(self.cargo);
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
}
