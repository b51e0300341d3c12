//! What a host with a journal is asked for: backups, and ways back long after a commit.

use hotswap_types::escape;
use parking_lot::Mutex;

use super::Operator;
use crate::{
    error::{Error, Reason},
    journal::{Backup, Journal, RevertTarget},
    supervisor::Command,
};

impl Operator {
    /// Backs up the state of a slot, and comes back when it is on disk. From then on it is
    /// acknowledged: whatever ends the process, the next run goes on with it or with a later one. Only
    /// within a trial it may be of a version of the state that the version before, which then serves
    /// again, cannot read: [`Recovered`](crate::event::Recovered) names it, and it stays on disk.
    ///
    /// `&self` calls go on meanwhile, `&mut self` calls wait for the time of the encoding; an
    /// interface without `&mut self` methods is closed for that time.
    ///
    /// # Errors
    /// When the host has no journal ([`Config::with_journal`](crate::Config::with_journal)), the slot
    /// was not opened or has no state, callers do not leave in time, or the disk is full: the error
    /// says so, and the backups before are as they were. When the thread is inside a call of a slot,
    /// or an event callback; when the host has ended.
    pub fn checkpoint(&self, slot: &str) -> Result<Backup, Error> {
        self.journal()?;
        self.refuse_unopened(slot)?;
        self.ask(|reply| Command::Checkpoint(slot.to_owned(), reply))?
            .map_err(|why| Reason::NotBackedUp { name: slot.to_owned(), why }.into())
    }

    /// The backups of a slot, the newest first.
    ///
    /// # Errors
    /// When the host has no journal.
    pub fn backups(&self, slot: &str) -> Result<Vec<Backup>, Error> {
        Ok(self.journal()?.lock().backups(slot))
    }

    /// Puts a backup in the place of the state that serves, and waits until it is: a new instance of
    /// the same code begins with it, as
    /// [`Start::Restored`](hotswap_abi::Start::Restored), migrated where it is older. The
    /// state that served is backed up first. The event
    /// [`Restarted`](crate::event::EventKind::Restarted) says from when it is.
    ///
    /// # Errors
    /// As for [`checkpoint`](Self::checkpoint); when there is no such backup, or the module cannot
    /// begin with it: then what served goes on, with its state.
    pub fn restore(&self, slot: &str, backup: u64) -> Result<(), Error> {
        self.journal()?;
        self.refuse_unopened(slot)?;
        let name = slot.to_owned();
        self.ask(|reply| Command::Restore { slot: slot.to_owned(), backup, reply })?
            .map_err(|why| Reason::NotRestored { name, number: backup, why }.into())
    }

    /// Goes back to an artifact that was committed before, named by its hash or its version, and
    /// waits until it serves. It is an upgrade like any other, with a trial where the slot has one;
    /// the state goes back through the serving module's
    /// [`Migrate::downgrade`](hotswap_abi::Migrate::downgrade). A floor is passed once.
    ///
    /// When it is committed, the artifact that served is not taken again, also not by a later run,
    /// until [`clear`](Self::clear); `why` says why.
    ///
    /// # Errors
    /// As for [`checkpoint`](Self::checkpoint); when the artifact is not kept
    /// ([`Config::with_kept_artifacts`](crate::Config::with_kept_artifacts)), serves already, or is
    /// refused; while a version is on trial: then what serves goes on.
    pub fn revert_to(
        &self,
        slot: &str,
        earlier: impl Into<RevertTarget>,
        why: impl Into<String>,
    ) -> Result<(), Error> {
        self.journal()?;
        self.refuse_unopened(slot)?;
        let (earlier, why) = (earlier.into(), escape::input(why));
        let (name, to) = (slot.to_owned(), earlier.to_string());
        self.ask(|reply| Command::Revert { slot: slot.to_owned(), earlier, why, reply })?
            .map_err(|why| Reason::NotReverted { name, to, why }.into())
    }

    fn journal(&self) -> Result<&Mutex<Journal>, Error> {
        self.shared.journal.as_ref().ok_or_else(|| Reason::NoJournal.into())
    }
}
