//! What can be asked for.

use std::{num::NonZeroU32, time::Duration};

use clap::Parser;

/// Upgrades a web server under load, and says what its callers notice. Ends with a line of JSON.
#[derive(Debug, Parser)]
#[command(name = "load")]
pub(crate) struct Options {
    /// How long, in turns of 5 s without upgrades and 5 s with them
    #[arg(long, value_name = "N", default_value = "60")]
    seconds: NonZeroU32,
    /// Callers
    #[arg(long, value_name = "N", default_value = "16")]
    connections: NonZeroU32,
    /// Requests a second of all of them together, at most
    #[arg(long, value_name = "N", default_value = "400")]
    rate: NonZeroU32,
}

impl Options {
    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.seconds.get().into())
    }

    pub(crate) const fn connections(&self) -> u32 {
        self.connections.get()
    }

    /// From one request of a connection to its next.
    pub(crate) fn pace(&self) -> Duration {
        Duration::from_secs(1) * self.connections() / self.rate.get()
    }
}
