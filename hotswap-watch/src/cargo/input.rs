//! What reaches the builder's thread.

use super::event::Seen;
use super::process::ProcessEvent;
use crate::error::WatchError;

#[derive(Debug)]
pub(super) enum Input {
    Seen(Seen),
    Trouble(WatchError),
    /// From the cargo of this number.
    Process(u64, ProcessEvent),
    Asked,
    Again,
    Stop,
}
