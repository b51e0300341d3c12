//! A check of the host's own, which the child of a rehearsal makes.

use std::{error::Error, sync::Arc};

use hotswap_gate::Gate;

use crate::{
    instance::Generation,
    slot::{InterfaceType, SlotCore},
};

/// What a check finds wrong.
pub type CheckError = Box<dyn Error + Send + Sync>;

pub(super) type Run = Box<dyn Fn(&Arc<SlotCore>, &Arc<Gate<Generation>>) -> Result<(), CheckError>>;

/// A slot that the program names, with a check of its own or without.
pub(super) struct Check {
    pub(super) slot: String,
    pub(super) interface: InterfaceType,
    /// `None` where the slot is named for a replay alone.
    pub(super) run: Option<Run>,
}
