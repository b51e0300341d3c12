//! The host: it owns the slots, watches their artifacts, and upgrades them on a thread of its own.

mod events;
mod kept;
mod reported;
mod status;
mod worker;

pub use status::{GenerationStatus, ServingStatus, SlotStatus, Status, TrialStatus};

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use hotswap_abi::{Interface, compat::Requirement, manifest::Schema};
use parking_lot::Mutex;
use semver::Version;

use self::{
    events::Events,
    reported::Reports,
    worker::{Command, Worker},
};
use crate::{
    checkpoint::{self, Left},
    config::{Config, Place},
    error::{Error, Reason},
    event::{Event, EventKind},
    instance::Alarm,
    journal::Journal,
    probe,
    slot::{InterfaceType, Slot, SlotCore, Voice, upgrades},
    upgrade::ArtifactHash,
};

/// Manages the slots of a process.
///
/// It has a thread that does the upgrades and one for module code outside of calls, and where there
/// are artifacts to watch, one that sleeps until the file system tells something. Dropping it is an orderly end: see [`shutdown`](Self::shutdown).
pub struct Host {
    shared: Arc<Shared>,
    commands: Sender<Command>,
    worker: Option<JoinHandle<worker::Kept>>,
}

struct Shared {
    config: Config,
    slots: Mutex<BTreeMap<String, Arc<SlotCore>>>,
    events: Events,
    /// `None` where no folder was given.
    journal: Option<Mutex<Journal>>,
    reports: Mutex<Reports>,
}

impl Host {
    /// Starts a host. Slots come alive when they are first asked for.
    ///
    /// # Errors
    /// When the private folder or the watch of the file system cannot be had, or the file of the
    /// floors or the journal cannot be read, or another host has the journal. When others can write to
    /// the host's folders, or a slot's module is built from its sources, where artifacts must be
    /// signed. In a process that was started for a rehearsal and has not come to
    /// [`probe::serve`](crate::probe::serve).
    pub fn new(mut config: Config) -> Result<Self, Error> {
        if probe::is_astray() {
            return Err(Reason::Astray.into());
        }
        config.make_absolute();
        #[cfg(feature = "cargo")]
        if let Some(package) = config.unsigned_package() {
            return Err(Reason::UnsignedPackage { package: package.to_owned() }.into());
        }
        let journal = Journal::open(&config).map_err(Reason::Journal)?;
        let shared = Arc::new(Shared {
            events: Events::new(config.callbacks.clone(), config.reporter.clone()),
            journal: journal.map(Mutex::new),
            reports: Mutex::new(Reports::open(&config)),
            config,
            slots: Mutex::default(),
        });
        let (commands, inbox) = mpsc::channel();
        let worker = Worker::new(Arc::clone(&shared), &commands)?;
        let worker = thread::Builder::new()
            .name("hotswap".into())
            .spawn(move || worker.run(&inbox))
            .map_err(Reason::Thread)?;
        Ok(Self { shared, commands, worker: Some(worker) })
    }

    /// A slot by the name it was configured with. The first time this loads what is there, and
    /// waits until something works.
    ///
    /// # Errors
    /// When the name is not configured, the slot was opened for another interface before, the
    /// interface has `#[same_build]` arguments and [`Config::lend_rust_types`] was not called, the
    /// built-in module does not start, or no artifact works within the configured deadline: then
    /// the error holds the last refusal.
    pub fn slot<I: Interface + ?Sized>(&self, name: &str) -> Result<Slot<I>, Error> {
        let config = &self.shared.config;
        let Some(slot) = config.slots.get(name) else {
            let known = config.slots.keys().cloned().collect();
            return Err(Reason::UnknownSlot { name: name.to_owned(), known }.into());
        };
        Self::refuse_in_callback()?;
        let core = self.core::<I>(name)?;
        let waits = || {
            let (place, deadline) = (core.source.clone(), config.first_artifact);
            self.shared.tell(name, EventKind::WaitingForFirst { place, deadline });
        };
        let gate = core.wait_first(config.first_artifact, slot.builtin.is_some(), waits)?;
        let gate = Arc::clone(gate);
        Ok(Slot::new(core, gate, config.call_budget))
    }

    /// The events from now on. [`slot`](Self::slot) returns after the event of a slot's first
    /// generation was told; a later generation serves, and can be waited for, before it is told.
    #[must_use]
    pub fn events(&self) -> Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// Lets every prepared artifact take over, e.g. at the end of a frame, and waits until it has
    /// or has failed. Returns how many have.
    ///
    /// # Errors
    /// At once when the thread is inside a call of a slot, since the upgrade would wait for it;
    /// when the host has ended.
    pub fn apply_pending(&self) -> Result<usize, Error> {
        self.refuse_inside()?;
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Command::Apply(reply))?;
        answer.recv().map_err(|_| Reason::Ended.into())
    }

    /// Gives up the callers inside a slot, because they hang in its module's code: a thread cannot
    /// be stopped from outside. The next upgrade of the slot waits for them no longer than a moment;
    /// one that was cancelled because of them is tried at once. Returns whether it has taken over.
    ///
    /// They stay in the old version, with its instance and what they did to its state, until they
    /// come out or the process ends. Whoever waits for a `&mut self` call of theirs gets
    /// [`CallError::Abandoned`](hotswap_abi::CallError::Abandoned). The new version begins with the
    /// state of the last upgrade ([`Config::with_last_states`]), else afresh; the event says which.
    ///
    /// # Errors
    /// When the slot was not opened; when the thread is inside a call of a slot; when the host has
    /// ended.
    pub fn abandon(&self, slot: &str) -> Result<bool, Error> {
        self.refuse_inside()?;
        self.refuse_unopened(slot)?;
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Command::Abandon(slot.to_owned(), reply))?;
        answer.recv().map_err(|_| Reason::Ended.into())
    }

    /// Puts a new instance of the code that serves in the place of the one that does, and waits until
    /// it serves. The state goes over as in an upgrade; a poisoned instance
    /// ([`Config::with_after_panic`]) is left with its own, and the new one begins with that of the
    /// last upgrade, or afresh. The event [`Restarted`](EventKind::Restarted) says which.
    ///
    /// # Errors
    /// When the slot was not opened or serves nothing yet; when the thread is inside a call of a
    /// slot; when the new instance does not start or callers do not leave in time: then the one
    /// that served stays as it is; when the host has ended.
    pub fn restart(&self, slot: &str) -> Result<(), Error> {
        self.refuse_inside()?;
        self.refuse_unopened(slot)?;
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Command::Restart(slot.to_owned(), reply))?;
        match answer.recv() {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(Reason::NotRestarted { name: slot.to_owned(), why }.into()),
            Err(_) => Err(Reason::Ended.into()),
        }
    }

    /// Says yes to an artifact whose plan waits for it ([`Config::with_approval`]): it is judged once
    /// more, and goes on. Who says so goes into the event. Returns when the upgrade is over, however
    /// it came out.
    ///
    /// # Errors
    /// When no such artifact waits; when the thread is inside a call of a slot, or an event callback;
    /// when the host has ended.
    pub fn approve(&self, artifact: ArtifactHash, by: impl Into<String>) -> Result<(), Error> {
        self.refuse_inside()?;
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Command::Approve { artifact, by: by.into(), reply })?;
        Self::decided(artifact, answer.recv())
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
        self.refuse_inside()?;
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Command::Reject { artifact, by: by.into(), why: why.into(), reply })?;
        Self::decided(artifact, answer.recv())
    }

    fn decided(artifact: ArtifactHash, known: Result<bool, mpsc::RecvError>) -> Result<(), Error> {
        match known {
            Ok(true) => Ok(()),
            Ok(false) => Err(Reason::NoPlan { artifact }.into()),
            Err(_) => Err(Reason::Ended.into()),
        }
    }

    /// Ends the trial of a slot's version: it is the stable one. `why` goes into the event.
    ///
    /// # Errors
    /// When the slot has no version on trial ([`Config::with_trial`]); when the thread is inside a
    /// call of a slot, or an event callback; when the host has ended.
    pub fn commit(&self, slot: &str, why: impl Into<String>) -> Result<(), Error> {
        self.refuse_inside()?;
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Command::Commit { slot: slot.to_owned(), why: why.into(), reply })?;
        match answer.recv() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Reason::NoTrial { name: slot.to_owned() }.into()),
            Err(_) => Err(Reason::Ended.into()),
        }
    }

    /// Ends the trial of a slot's version: the one before serves again. Its artifact is rejected, and
    /// `why` says why.
    ///
    /// # Errors
    /// As for [`commit`](Self::commit); and when callers do not leave the version: then it is tried
    /// again by itself.
    pub fn roll_back(&self, slot: &str, why: impl Into<String>) -> Result<(), Error> {
        self.refuse_inside()?;
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Command::RollBack { slot: slot.to_owned(), why: why.into(), reply })?;
        let name = slot.to_owned();
        match answer.recv() {
            Ok(Some(Ok(()))) => Ok(()),
            Ok(Some(Err(why))) => Err(Reason::NotRolledBack { name, why }.into()),
            Ok(None) => Err(Reason::NoTrial { name }.into()),
            Err(_) => Err(Reason::Ended.into()),
        }
    }

    /// Looks at all artifacts again.
    ///
    /// # Errors
    /// When the host has ended.
    pub fn rescan(&self) -> Result<(), Error> {
        self.send(Command::Rescan)
    }

    /// Forgets that an artifact was rejected, by this run or, where there is a journal, by an earlier
    /// one, and looks at all artifacts again. Returns whether it
    /// was.
    ///
    /// # Errors
    /// When the host has ended. At once when the thread is inside a call of a slot, or the caller is
    /// an event callback: the answer comes after an upgrade that waits for it.
    pub fn clear(&self, artifact: ArtifactHash) -> Result<bool, Error> {
        self.refuse_inside()?;
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Command::Clear(artifact, reply))?;
        answer.recv().map_err(|_| Reason::Ended.into())
    }

    /// Lets this version of a module serve although a newer one has served before
    /// ([`Config::with_floors`]), and looks at all artifacts again. It is allowed once, and by this
    /// host: when the version is committed it is the new floor; a host that starts anew before that
    /// has to be told again.
    ///
    /// # Errors
    /// As for [`clear`](Self::clear).
    pub fn allow_downgrade(
        &self,
        module: impl Into<String>,
        version: Version,
    ) -> Result<(), Error> {
        self.refuse_inside()?;
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Command::AllowDowngrade { module: module.into(), version, reply })?;
        answer.recv().map_err(|_| Reason::Ended.into())
    }

    /// What each slot serves, what waits, and what was refused last.
    #[must_use]
    pub fn status(&self) -> Status {
        let slots = self.shared.slots.lock();
        Status { slots: slots.values().map(|slot| SlotStatus::new(slot)).collect() }
    }

    /// An orderly end: no upgrade begins any more, calls that come get
    /// [`CallError::Ended`](hotswap_abi::CallError::Ended), those inside finish, each instance is
    /// stopped, in the order in which the slots were opened, and the host's threads end. With
    /// [`Config::with_checkpoints`] or [`Config::with_journal`] each state is kept for the next start.
    ///
    /// Waits for callers inside at most for the pause deadline; an instance that is still in use
    /// then is left as it is.
    ///
    /// # Errors
    /// At once when the caller is inside a call of a slot, or an event callback, since the end would
    /// wait for it: nobody is let in any more, and the host ends on its own thread when that call
    /// has come out. When a state could not be kept: the host has ended.
    pub fn shutdown(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(worker) = self.worker.take() else { return Ok(()) };
        let inside = self.refuse_inside();
        if inside.is_err() {
            // The worker may be waiting for this thread, and goes on when it has come out.
            for slot in self.shared.slots.lock().values() {
                slot.end();
            }
        }
        let _ = self.commands.send(Command::End);
        inside?;
        // What a panic of ours leaves undone has been reported by its hook.
        let kept = worker.join().unwrap_or(Ok(()));
        kept.map_err(|lost| Reason::NotKept { lost }.into())
    }

    fn send(&self, command: Command) -> Result<(), Error> {
        self.commands.send(command).map_err(|_| Reason::Ended.into())
    }

    /// The slot's core; opened, if it was not before.
    fn core<I: Interface + ?Sized>(&self, name: &str) -> Result<Arc<SlotCore>, Error> {
        let schema = Schema::decode(I::schema()).expect("`#[interface]` writes a sound schema");
        let config = &self.shared.config.slots[name];
        let mut requirement = Requirement::new(schema);
        requirement.services.clone_from(&self.shared.config.services);
        requirement.module = match (&config.module, &config.source) {
            (Some(module), _) => Some(module.clone()),
            (None, Some(Place::Folder(_))) => Some(name.to_owned()),
            _ => None,
        };
        let mut slots = self.shared.slots.lock();
        if let Some(core) = slots.get(name) {
            let first = &core.requirement;
            if first.schema != requirement.schema {
                return Err(Reason::OtherInterface {
                    name: name.to_owned(),
                    first: first.interface_name().to_owned(),
                    second: requirement.interface_name().to_owned(),
                }
                .into());
            }
            return Ok(Arc::clone(core));
        }
        if requirement.schema.lends_rust_types() && !self.shared.config.lends_rust_types {
            return Err(Reason::NotOptedIn {
                name: name.to_owned(),
                interface: requirement.interface_name().to_owned(),
                method: requirement.schema.first_same_build().unwrap_or_default(),
            }
            .into());
        }
        let source = config.source.as_ref().map_or_else(|| "nothing".into(), ToString::to_string);
        let (checkpoint, used) = match self.left_for(name)? {
            Left::Checkpoint(checkpoint) => (Some(checkpoint), None),
            Left::Used(used) => (None, Some(used)),
            Left::Nothing => (None, None),
        };
        let interface = InterfaceType::of::<I>();
        let (commands, slot) = (self.commands.clone(), name.to_owned());
        let voice: Voice = Arc::new(move |resident, news| {
            // Fails only when the worker has ended.
            let _ = commands.send(Command::News(slot.clone(), Arc::clone(resident), news));
        });
        let (commands, slot) = (self.commands.clone(), name.to_owned());
        let alarm: Alarm = Arc::new(move |generation| {
            // Fails only when the worker has ended.
            let _ = commands.send(Command::Panicked(slot.clone(), generation));
        });
        let core = SlotCore::new(name, requirement, interface, source, checkpoint, voice, alarm);
        let core = Arc::new(core);
        slots.insert(name.to_owned(), Arc::clone(&core));
        // A callback may ask for the host's status.
        drop(slots);
        if let Some(used) = used {
            self.shared.tell(name, EventKind::NoCheckpoint { used });
        }
        self.send(Command::Open(Arc::clone(&core)))?;
        Ok(core)
    }

    /// What an earlier run has left for a slot.
    fn left_for(&self, name: &str) -> Result<Left, Error> {
        let Some(folder) = &self.shared.config.checkpoints else { return Ok(Left::Nothing) };
        if self.shared.journal.as_ref().is_some_and(|it| it.lock().has_backups(name)) {
            return Ok(Left::Nothing);
        }
        checkpoint::look(folder, name)
            .map_err(|source| Reason::Checkpoint { name: name.to_owned(), source }.into())
    }

    /// The worker cannot wait for itself, and event callbacks run there; one that runs on the thread
    /// of a caller is refused as well.
    fn refuse_in_callback() -> Result<(), Error> {
        if upgrades() { Err(Reason::Callback.into()) } else { Ok(()) }
    }

    fn refuse_unopened(&self, slot: &str) -> Result<(), Error> {
        let slots = self.shared.slots.lock();
        if slots.contains_key(slot) {
            return Ok(());
        }
        let known = slots.keys().cloned().collect();
        Err(Reason::UnknownSlot { name: slot.to_owned(), known }.into())
    }

    fn refuse_inside(&self) -> Result<(), Error> {
        Self::refuse_in_callback()?;
        let slots = self.shared.slots.lock();
        let inside = slots.values().find(|slot| slot.gate().is_some_and(|gate| gate.is_inside()));
        match inside {
            Some(slot) => Err(Reason::Inside { name: slot.name.to_string() }.into()),
            None => Ok(()),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // What was lost was told.
        let _ = self.end();
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("status", &self.status()).finish_non_exhaustive()
    }
}
