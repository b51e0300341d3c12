//! What is asked of a host that runs: by the program, by an operator, from any thread.

mod backups;
mod pending;
mod reports;
mod status;

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender, SyncSender},
    },
    time::Instant,
};

use hotswap_types::{ArtifactHash, Intent, escape};
use semver::Version;

pub use self::status::{
    CanaryStatus, GenerationStatus, ServingStatus, SlotStatus, Status, TrialStatus,
};

use crate::{
    error::{Error, Reason},
    event::{Event, EventKind, Pause, Refusal},
    plan::Plan,
    slot::{Over, upgrades},
    supervisor::{Command, Offered, Shared, StillWanted},
};

/// Operates a host: whoever has one can look at it, decide about upgrades, and order them.
///
/// A [`Host`](crate::Host) has one, and can give out more of them ([`Host::operator`](crate::Host::operator)),
/// to a console or to another thread. It does not keep the host: when that has ended, each order is
/// answered with an error that says so.
///
/// Orders are done by the host's own thread, one after the other, in whatever phase an upgrade is;
/// where one does not fit, the error says why. What only looks is answered at once.
///
/// ```no_run
/// # fn operate(host: &hotswap_core::Host) -> Result<(), hotswap_core::Error> {
/// let operator = host.operator().clone();
/// operator.pause(Some("shop"), "ada", "the sale goes on until six")?;
/// operator.roll_back("shop", "answers are wrong")?;
/// operator.resume(Some("shop"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Operator {
    pub(crate) shared: Arc<Shared>,
    pub(crate) commands: Sender<Command>,
    /// Orders are done only as long as this holds.
    wanted: Option<StillWanted>,
}

impl Operator {
    pub(crate) const fn new(shared: Arc<Shared>, commands: Sender<Command>) -> Self {
        Self { shared, commands, wanted: None }
    }

    /// The events from now on. [`Host::slot`](crate::Host::slot) returns after the event of a
    /// slot's first generation was told; a later generation serves, and can be waited for, before
    /// it is told. The channel ends when the host has ended.
    #[must_use]
    pub fn events(&self) -> Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// Gives up the callers inside a slot, because they hang in its module's code: a thread cannot
    /// be stopped from outside. The next upgrade of the slot waits for them no longer than a
    /// moment; one that was cancelled because of them is tried at once. Returns whether it has
    /// taken over.
    ///
    /// They stay in the old version, with its instance and what they did to its state, until they
    /// come out or the process ends. Whoever waits for a `&mut self` call of theirs gets
    /// [`CallError::Abandoned`](hotswap_abi::CallError::Abandoned). The new version begins with the
    /// state of the last upgrade ([`Config::with_last_states`](crate::Config::with_last_states)),
    /// else afresh; the event says which.
    ///
    /// # Errors
    /// When the slot was not opened; when the thread is inside a call of a slot; when the host has
    /// ended.
    pub fn abandon(&self, slot: &str) -> Result<bool, Error> {
        self.refuse_unopened(slot)?;
        self.ask(|reply| Command::Abandon(slot.to_owned(), reply))
    }

    /// Puts a new instance of the code that serves in the place of the one that does, and waits
    /// until it serves. The state goes over as in an upgrade; a poisoned instance
    /// ([`Config::with_after_panic`](crate::Config::with_after_panic)) is left with its own, and
    /// the new one begins with that of the last upgrade, or afresh. So is one whose callers were
    /// given up ([`abandon`](Self::abandon)) and are still inside: they stay in it. The event
    /// [`Restarted`](EventKind::Restarted) says which.
    ///
    /// # Errors
    /// When the slot was not opened or serves nothing yet; when the thread is inside a call of a
    /// slot; when the new instance does not start or callers do not leave in time: then the one
    /// that served stays as it is; when the host has ended.
    pub fn restart(&self, slot: &str) -> Result<(), Error> {
        self.refuse_unopened(slot)?;
        self.ask(|reply| Command::Restart(slot.to_owned(), reply))?
            .map_err(|why| Reason::NotRestarted { name: slot.to_owned(), why }.into())
    }

    /// Says yes to an artifact whose plan waits for it
    /// ([`Config::with_approval`](crate::Config::with_approval)): it is judged once more, and goes
    /// on. Who says so goes into the event. Returns when the upgrade is over, however it came out.
    ///
    /// # Errors
    /// When no such artifact waits; while a version of its slot is on trial: it waits on, until that is
    /// committed or rolled back; when the thread is inside a call of a slot, or an event callback; when
    /// the host has ended.
    pub fn approve(&self, artifact: ArtifactHash, by: impl Into<String>) -> Result<(), Error> {
        let known =
            self.ask(|reply| Command::Approve { artifact, by: escape::input(by), reply })?;
        match known {
            Ok(true) => Ok(()),
            Ok(false) => Err(Reason::NoPlan { artifact }.into()),
            Err(why) => Err(Reason::NotApproved { artifact, why }.into()),
        }
    }

    /// Says no to an artifact whose plan waits for it: it is rejected until it changes or is
    /// [cleared](Self::clear).
    ///
    /// # Errors
    /// As for [`approve`](Self::approve).
    pub fn reject(
        &self,
        artifact: ArtifactHash,
        by: impl Into<String>,
        why: impl Into<String>,
    ) -> Result<(), Error> {
        let known = self.ask(|reply| {
            let (by, why) = (escape::input(by), escape::input(why));
            Command::Reject { artifact, by, why, reply }
        })?;
        if known { Ok(()) } else { Err(Reason::NoPlan { artifact }.into()) }
    }

    /// Ends the trial of a slot's version: it is the stable one, and has all calls. `why` goes into the
    /// event.
    ///
    /// # Errors
    /// When the slot has no version on trial ([`Config::with_trial`](crate::Config::with_trial)); when the
    /// canary that is to serve all calls says itself that it is not well
    /// ([`verify`](hotswap_abi::Module::verify)), and then it is rolled back; when the thread is inside a
    /// call of a slot, or an event callback; when the host has ended.
    pub fn commit(&self, slot: &str, why: impl Into<String>) -> Result<(), Error> {
        let (name, why) = (slot.to_owned(), escape::input(why));
        let ended = self.ask(|reply| Command::Commit { slot: name, why, reply })?;
        let ended = ended.ok_or_else(|| Reason::NoTrial { name: slot.to_owned() })?;
        ended.map_err(|why| Reason::NotCommitted { name: slot.to_owned(), why }.into())
    }

    /// Ends the step that the canary of a slot is in
    /// ([`Config::with_strategy`](crate::Config::with_strategy)): it gets the share of the next step, or
    /// after the last one all calls, for good. `why` goes into the event.
    ///
    /// # Errors
    /// When the slot has no canary; when it is to serve all calls and says itself that it is not well, as
    /// for [`commit`](Self::commit); when the thread is inside a call of a slot, or an event callback;
    /// when the host has ended.
    pub fn promote(&self, slot: &str, why: impl Into<String>) -> Result<(), Error> {
        let (name, why) = (slot.to_owned(), escape::input(why));
        let ended = self.ask(|reply| Command::Promote { slot: name, why, reply })?;
        let ended = ended.ok_or_else(|| Reason::NoCanary { name: slot.to_owned() })?;
        ended.map_err(|why| Reason::NotCommitted { name: slot.to_owned(), why }.into())
    }

    /// Ends the trial of a slot's version: the one before serves again. Its artifact is rejected,
    /// and `why` says why.
    ///
    /// # Errors
    /// As for [`commit`](Self::commit); and when callers do not leave the version: then it is tried
    /// again by itself.
    pub fn roll_back(&self, slot: &str, why: impl Into<String>) -> Result<(), Error> {
        let (name, why) = (slot.to_owned(), escape::input(why));
        let ended = self.ask(|reply| Command::RollBack { slot: name, why, reply })?;
        let ended = ended.ok_or_else(|| Reason::NoTrial { name: slot.to_owned() })?;
        ended.map_err(|why| Reason::NotRolledBack { name: slot.to_owned(), why }.into())
    }

    /// Looks at all artifacts again.
    ///
    /// # Errors
    /// When the host has ended.
    pub fn rescan(&self) -> Result<(), Error> {
        self.send(Command::Rescan)
    }

    /// Forgets that an artifact was rejected, by this run or, where there is a journal, by an
    /// earlier one, and looks at all artifacts again. Returns whether it was.
    ///
    /// # Errors
    /// When the host has ended. At once when the thread is inside a call of a slot, or the caller
    /// is an event callback: the answer comes after an upgrade that waits for it.
    pub fn clear(&self, artifact: ArtifactHash) -> Result<bool, Error> {
        self.ask(|reply| Command::Clear(artifact, reply))
    }

    /// Lets this version of a module serve although a newer one has served before
    /// ([`Config::with_floors`](crate::Config::with_floors)), and looks at all artifacts again. It
    /// is allowed once, and by this host: when the version is committed it is the new floor; a host
    /// that starts anew before that has to be told again.
    ///
    /// # Errors
    /// As for [`clear`](Self::clear).
    pub fn allow_downgrade(
        &self,
        module: impl Into<String>,
        version: Version,
    ) -> Result<(), Error> {
        self.ask(|reply| Command::AllowDowngrade { module: module.into(), version, reply })
    }

    /// Lets no upgrade of a slot, or of any with `None`, begin by itself from now on. What has
    /// begun goes on, also a trial and a rollback; what appears meanwhile is looked at when the
    /// pause is [over](Self::resume). A slot's first version still comes. What somebody asks for
    /// goes on as well: an approval, [`offer`](Self::offer),
    /// [`apply_pending`](Self::apply_pending), [`revert_to`](Self::revert_to).
    ///
    /// A pause ends with the host.
    ///
    /// # Errors
    /// When no slot of this name is configured.
    pub fn pause(
        &self,
        slot: Option<&str>,
        by: impl Into<String>,
        why: impl Into<String>,
    ) -> Result<(), Error> {
        self.refuse_unknown(slot)?;
        let pause = Pause { by: escape::input(by), why: escape::input(why), since: Instant::now() };
        self.shared.pauses.begin(slot, pause.clone());
        self.shared.tell(slot.unwrap_or_default(), EventKind::Paused(pause));
        Ok(())
    }

    /// Ends the pause of a slot, or all pauses with `None`; returns whether there was one. A slot
    /// that is paused with all of them stays so.
    ///
    /// # Errors
    /// When no slot of this name is configured, or the host has ended.
    pub fn resume(&self, slot: Option<&str>) -> Result<bool, Error> {
        self.refuse_unknown(slot)?;
        let was_paused = self.shared.pauses.end(slot);
        if was_paused {
            self.shared.tell(slot.unwrap_or_default(), EventKind::Resumed);
            self.send(Command::Resumed)?;
        }
        Ok(was_paused)
    }

    /// Takes an artifact through an upgrade now, wherever it lies, also while upgrades are
    /// [paused](Self::pause), and comes back when it serves or something else is to happen first:
    /// the answer says how it stands. It is judged as one that appears by itself.
    ///
    /// # Errors
    /// When the slot was not opened, or cannot follow the intent's strategy; when no slot of the host
    /// takes artifacts; when the thread is inside a call of a slot, or an event callback; when the host
    /// has ended.
    pub fn offer(
        &self,
        slot: &str,
        path: impl Into<PathBuf>,
        intent: Intent,
    ) -> Result<Offered, Error> {
        self.refuse_strategy(slot, &intent)?;
        let (name, path) = (slot.to_owned(), path.into());
        let path = std::path::absolute(&path).unwrap_or(path);
        self.ask(|reply| Command::Offer { slot: name, path, intent, reply })?
            .map_err(|why| Reason::NotOffered { name: slot.to_owned(), why }.into())
    }

    /// The plan for an artifact, as if it had appeared now, or how it would be refused. It is
    /// judged from its bytes: nothing of it runs, it is not rehearsed, and nothing comes of it.
    ///
    /// # Errors
    /// As for [`offer`](Self::offer).
    pub fn judge(
        &self,
        slot: &str,
        path: impl Into<PathBuf>,
    ) -> Result<Result<Arc<Plan>, Arc<Refusal>>, Error> {
        self.refuse_unopened(slot)?;
        let (name, path) = (slot.to_owned(), path.into());
        let path = std::path::absolute(&path).unwrap_or(path);
        self.ask(|reply| Command::Judge { slot: name, path, reply })?
            .map_err(|why| Reason::NotOffered { name: slot.to_owned(), why }.into())
    }

    /// What each slot serves, what waits, and what was refused last.
    #[must_use]
    pub fn status(&self) -> Status {
        let slots = self.shared.slots.lock();
        let pauses = &self.shared.pauses;
        Status {
            forked_from: self.shared.owner.elsewhere(),
            failed: self.shared.over.get() == Some(&Over::Died),
            paused: pauses.of_all(),
            slots: slots.values().map(|slot| SlotStatus::new(slot, &self.shared.pauses)).collect(),
        }
    }

    /// The same, for somebody who may go away: an order of his that has not begun by then is not
    /// done.
    #[cfg(unix)]
    pub(crate) fn only_while(&self, wanted: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { wanted: Some(Arc::new(wanted)), ..self.clone() }
    }

    pub(crate) fn send(&self, command: Command) -> Result<(), Error> {
        self.shared.owner.is_here()?;
        self.commands.send(command).map_err(|_| self.shared.why_over().into())
    }

    /// Has the worker do something, and waits until it is done.
    pub(crate) fn ask<T>(
        &self,
        command: impl FnOnce(SyncSender<T>) -> Command,
    ) -> Result<T, Error> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.order(command(reply))?;
        answer.recv().map_err(|_| self.shared.why_over().into())
    }

    /// Has the worker do something that may wait for callers.
    fn order(&self, command: Command) -> Result<(), Error> {
        self.shared.owner.is_here()?;
        self.refuse_inside()?;
        self.send(match &self.wanted {
            Some(wanted) => Command::IfWanted(Arc::clone(wanted), Box::new(command)),
            None => command,
        })
    }

    /// The worker cannot wait for itself, and event callbacks run there; one that runs on the
    /// thread of a caller is refused as well.
    pub(crate) fn refuse_in_callback() -> Result<(), Error> {
        if upgrades() { Err(Reason::Callback.into()) } else { Ok(()) }
    }

    fn refuse_unknown(&self, slot: Option<&str>) -> Result<(), Error> {
        let slots = &self.shared.settings;
        match slot.filter(|slot| !slots.contains_key(*slot)) {
            None => Ok(()),
            Some(slot) => {
                let known = slots.keys().cloned().collect();
                Err(Reason::UnknownSlot { name: slot.to_owned(), known }.into())
            }
        }
    }

    /// Expects a slot that can follow the strategy that an upgrade is to have.
    fn refuse_strategy(&self, slot: &str, intent: &Intent) -> Result<(), Error> {
        self.refuse_unopened(slot)?;
        let slots = self.shared.slots.lock();
        let unfit = slots.get(slot).zip(intent.strategy.as_ref());
        match unfit.and_then(|(slot, strategy)| slot.unfit(strategy)) {
            None => Ok(()),
            Some(why) => Err(Reason::NotByStrategy { name: slot.to_owned(), why }.into()),
        }
    }

    pub(crate) fn refuse_unopened(&self, slot: &str) -> Result<(), Error> {
        let slots = self.shared.slots.lock();
        if slots.contains_key(slot) {
            return Ok(());
        }
        let known = slots.keys().cloned().collect();
        Err(Reason::UnknownSlot { name: slot.to_owned(), known }.into())
    }

    pub(crate) fn refuse_inside(&self) -> Result<(), Error> {
        Self::refuse_in_callback()?;
        let slots = self.shared.slots.lock();
        let inside = slots.values().find(|slot| slot.gate().is_some_and(|gate| gate.is_inside()));
        match inside {
            Some(slot) => Err(Reason::Inside { name: slot.name.to_string() }.into()),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operator").field("status", &self.status()).finish_non_exhaustive()
    }
}
