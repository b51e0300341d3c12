//! The process that a host belongs to. A child that was forked off has the host's memory and none of
//! its threads: what is asked of them there would never be answered.
//!
//! Calls need no thread of the host and go on there. Every order is an error at once, and an end
//! leaves files and libraries alone, because they are the parent's.

use std::process;

/// Something was asked in a process that was forked from the host's.
#[derive(Debug, thiserror::Error)]
#[error(
    "this process was forked from the one that made the host (process {owner}), and the host's \
     threads stayed there: nothing is upgraded, watched or kept here, and calls go on; make the \
     host after forking"
)]
pub(crate) struct Forked {
    owner: u32,
}

/// The process that has made a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner(u32);

impl Owner {
    /// This process.
    pub(crate) fn this() -> Self {
        Self(process::id())
    }

    /// Another one.
    #[cfg(test)]
    pub(crate) const fn of(process: u32) -> Self {
        Self(process)
    }

    /// Its number, where this is another process.
    pub(crate) fn elsewhere(self) -> Option<u32> {
        (self != Self::this()).then_some(self.0)
    }

    /// # Errors
    /// In a process that was forked from it.
    pub(crate) fn is_here(self) -> Result<(), Forked> {
        self.elsewhere().map_or(Ok(()), |owner| Err(Forked { owner }))
    }
}
