//! What can be asked for.

use std::num::{NonZeroU32, NonZeroUsize};

use clap::Parser;
use hotswap_core::Retire;

/// Upgrades one slot again and again under load, and counts what is left. Ends with a line of JSON.
#[derive(Debug, Parser)]
#[command(name = "soak")]
pub(crate) struct Options {
    /// Artifacts, every tenth a bad one
    #[arg(long, value_name = "N", default_value = "10000")]
    upgrades: NonZeroU32,
    /// Callers at full speed
    #[arg(long, value_name = "N", default_value = "4")]
    threads: NonZeroUsize,
    /// Keep the code of old generations instead of unloading it
    #[arg(long)]
    retain: bool,
}

impl Options {
    pub(crate) fn upgrades(&self) -> u64 {
        self.upgrades.get().into()
    }

    pub(crate) const fn threads(&self) -> usize {
        self.threads.get()
    }

    pub(crate) const fn retire(&self) -> Retire {
        if self.retain { Retire::Retain } else { Retire::Unload }
    }
}
