//! Helpers of the integration tests: fixtures that are built by cargo, and scenes in which a host
//! serves them.

pub mod alone;
pub mod damage;
pub mod faults;
#[cfg(target_os = "linux")]
pub mod surroundings;
pub mod versions;
pub mod worlds;

mod fixtures;
mod heard;
mod scene;
mod sources;
mod told;

pub use fixtures::{Fixture, counting, edition, fixture, optimized, pasted, target};
pub use heard::{Heard, Line};
pub use scene::{Scene, file_name, is_harmless, patient, replace, until};
pub use sources::Sources;
pub use told::{Outcome, Told, as_configured};

use std::time::Duration;

/// How long a test waits for what must happen.
pub const LONG: Duration = Duration::from_secs(600);
