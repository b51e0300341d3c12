//! What an upgrade waits for that is ready.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use hotswap_types::json;
use serde::Serialize;

/// What a prepared artifact waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Until {
    /// [`Host::apply_pending`](crate::Host::apply_pending).
    Request,
    /// The hours in which it may take over.
    Window {
        /// When they begin.
        #[serde(with = "json::time")]
        opens: SystemTime,
    },
    /// A moment when nobody was inside for so long.
    Quiet {
        /// For how long.
        #[serde(rename = "for_ms", with = "json::millis")]
        time: Duration,
    },
    /// Users are told before.
    Notice,
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("waits for apply"),
            Self::Window { opens } => {
                let left = opens.duration_since(SystemTime::now()).unwrap_or_default().as_secs();
                match left {
                    0 => f.write_str("window is open"),
                    1..7200 => write!(f, "window opens in {} min", left.div_ceil(60)),
                    _ => write!(f, "window opens in {} h", left.div_ceil(3600)),
                }
            }
            Self::Quiet { time } => write!(f, "waits until nobody was inside for {time:.0?}"),
            Self::Notice => f.write_str("announced to users first"),
        }
    }
}
