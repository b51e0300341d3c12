//! What people say of upgrades, and what is kept of them.

use super::{Operator, worker::Command};
use crate::{error::Error, plan::Intent, upgrade::ArtifactHash};

impl Operator {
    /// Says why an artifact is wanted, before it is put where the host finds it: its plan and its
    /// report name that in place of [`Config::with_intent`](crate::Config::with_intent). The last 64
    /// artifacts of a slot are remembered, as long as the host lives.
    ///
    /// # Errors
    /// When the slot was not opened; when the host has ended.
    pub fn intend(&self, slot: &str, artifact: ArtifactHash, intent: Intent) -> Result<(), Error> {
        self.refuse_unopened(slot)?;
        self.send(Command::Intend { slot: slot.to_owned(), artifact, intent })
    }
}
