//! Where operators ask a host.

use std::path::PathBuf;

use super::Config;

impl Config {
    /// Answers operators at a Unix socket of mode 0600, for the host's own user and root: the
    /// program `hotswap` asks there what serves and why, and approves, commits, goes back
    /// ([`admin`](crate::admin) has the protocol). The file is made when the host starts, in the place
    /// of one that a host has left behind that has ended, and goes with it.
    ///
    /// ```no_run
    /// use hotswap_core::{Config, Host, SlotConfig};
    ///
    /// let config = Config::production()
    ///     .slot("shop", SlotConfig::folder("/srv/shop"))
    ///     .admin("/run/shop/admin.sock");
    /// let host = Host::new(config)?;
    /// # Ok::<(), hotswap_core::Error>(())
    /// ```
    #[must_use]
    pub fn admin(mut self, path: impl Into<PathBuf>) -> Self {
        self.admin = Some(path.into());
        self
    }
}
