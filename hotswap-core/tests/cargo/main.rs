//! The builder, on real workspaces in scratch folders. Tests wait for reports, never for time.

mod builds;
mod processes;
mod refusals;
mod saves;
mod scratch;
