//! What serves.

use semver::Version;
use serde::{Deserialize, Serialize};

/// What serves, as it is told of something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Serving {
    /// The module's version.
    pub version: Version,
    /// The number of the generation.
    pub generation: u64,
}
