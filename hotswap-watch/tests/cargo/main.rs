//! The builder, on real workspaces in scratch folders. Tests wait for reports, never for time.

mod builds;
#[cfg(target_os = "linux")]
mod limits;
mod processes;
mod refusals;
mod saves;
mod scratch;
mod seeds;
mod unnoticed;
