//! Somebody wants upgrades not to begin by themselves for a while.

use std::{fmt, time::Instant};

use hotswap_types::json;
use serde::Serialize;

/// Upgrades of a slot do not begin by themselves, since somebody has said so
/// ([`Operator::pause`](crate::Operator::pause)).
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Pause {
    /// Who has said so.
    pub by: String,
    /// Why.
    pub why: String,
    /// Since when.
    #[serde(rename = "for_ms", with = "json::since")]
    pub since: Instant,
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, why, since } = self;
        write!(f, "paused by {by} {} s ago", since.elapsed().as_secs())?;
        if why.is_empty() { Ok(()) } else { write!(f, ": {why}") }
    }
}
