//! The host: it owns the slots, watches their artifacts, and upgrades them on a thread of its own.
//!
//! # What a host leaves alone
//! - An idle host sets no timer. The worker blocks without a deadline while nothing is scheduled,
//!   and so does the watcher. Only while an operator waits for the end of an upgrade the host
//!   checks twice a second whether its client is still there (`admin/await_end.rs`).
//! - The program's panic hook, signal handlers and environment are not changed. A library has a
//!   hook of its own, set when the host attaches to it; a module that is linked in keeps the
//!   program's.
//! - The environment decides little: `RUST_BACKTRACE` where the configuration allows it, the usual
//!   variables for temporary folders, and `HOTSWAP_REHEARSAL`, which says that a process is a
//!   rehearsal's child and nothing else.
//! - Threads that write for the host block SIGXFSZ, so that a limit on file sizes is an error
//!   there.
//! - The host never gives up a hanging call by itself (`Operator::abandon`). A thread in a debugger
//!   looks like one that hangs, and giving it up costs the state that its instance holds.

mod interface;
mod pending;

use std::{
    fmt, mem,
    sync::{
        Arc, OnceLock,
        mpsc::{self, Receiver},
    },
    thread::{self, JoinHandle},
};

use hotswap_abi::{
    __private::{compat::Requirement, manifest::Schema},
    Interface,
};
use hotswap_loader::fs::Spared;
use parking_lot::Mutex;

#[cfg(unix)]
use crate::admin::Admin;
use crate::{
    checkpoint::{self, EarlierState},
    config::{Config, ConfigError, SlotSettings},
    error::{Error, Reason},
    event::{Event, EventKind},
    floors::Floors,
    instance::OnPanic,
    journal::Journal,
    machine::owner::Owner,
    operator::{Operator, Status},
    rehearsal::is_unserved_child,
    report::Report,
    slot::{InterfaceType, OnUnload, Slot, SlotCore},
    supervisor::{Command, Events, Pauses, Reports, Shared, ShutdownState, Worker},
};

/// Manages the slots of a process.
///
/// It has a thread that does the upgrades and one for module code outside of calls, and where there
/// are artifacts to watch, one that sleeps until the file system tells something. Dropping it is an
/// orderly end: see [`shutdown`](Self::shutdown).
///
/// ```no_run
/// use hotswap_core::{Config, Host, SlotConfig};
///
/// # fn main() -> Result<(), hotswap_core::Error> {
/// let shop = SlotConfig::folder("/srv/shop");
/// let host = Host::new(Config::production().slot("shop", shop))?;
/// println!("{}", host.status());
/// host.shutdown()?;
/// # Ok(())
/// # }
/// ```
pub struct Host {
    operator: Operator,
    #[cfg(unix)]
    admin: Option<Admin>,
    worker: Option<JoinHandle<Option<ShutdownState>>>,
}

impl Host {
    /// Starts a host. Slots come alive when they are first asked for.
    ///
    /// # Errors
    /// When a slot is configured twice; when two modules have one name; when something is to be kept,
    /// and there is no data folder. When the private folder or the watch of the file system cannot be
    /// had, or the file of the floors or the journal cannot be read, or another host has the journal.
    /// When others can write to the host's folders, or a slot's module is built from its sources, where
    /// artifacts must be signed. In a process that was started for a rehearsal and has not come to
    /// [`probe::serve`](crate::probe::serve).
    pub fn new(mut config: Config) -> Result<Self, Error> {
        if is_unserved_child() {
            return Err(Reason::RehearsalNotServed.into());
        }
        config.check_slots()?;
        config.check_data_dir()?;
        config.check_trials()?;
        config.check_replays()?;
        config.make_absolute();
        // Journal and reports may be written here.
        let _spared = Spared::begin();
        #[cfg(feature = "cargo")]
        if let Some(package) = config.unsigned_package() {
            let package = package.to_owned();
            return Err(ConfigError::UnsignedPackage { package }.into());
        }
        config.check_trust()?;
        config.check_folders()?;
        let settings = config.resolve();
        let journal = Journal::open(&config).map_err(Reason::Journal)?;
        let shared = Arc::new(Shared {
            owner: Owner::this(),
            events: Events::new(config.callbacks.clone(), config.reporter.clone()),
            pauses: Pauses::default(),
            journal: journal.map(Mutex::new),
            reports: Mutex::new(Reports::open(&config)),
            floors: Mutex::new(Floors::open(&config).map_err(Reason::Floors)?),
            config,
            settings,
            slots: Mutex::default(),
            over: OnceLock::new(),
        });
        let (commands, inbox) = mpsc::channel();
        let worker = Worker::new(Arc::clone(&shared), &commands)?;
        let worker = thread::Builder::new()
            .name("hotswap".into())
            .spawn(move || worker.run(&inbox))
            .map_err(Reason::Thread)?;
        let operator = Operator::new(shared, commands);
        #[cfg_attr(not(unix), expect(unused_mut, reason = "nobody is answered there"))]
        let mut host = Self {
            operator,
            #[cfg(unix)]
            admin: None,
            worker: Some(worker),
        };
        #[cfg(unix)]
        host.answer_operators()?;
        Ok(host)
    }

    /// A slot by the name it was configured with. The first time this loads what is there, and
    /// waits until something works. A module that is built from its sources is waited for as long
    /// as that takes, also while they do not compile; events say how far it has come.
    ///
    /// ```no_run
    /// # #[hotswap_core::abi::interface] pub trait Shop { fn count(&self) -> u64; fn sell(&mut self, n: u64); }
    /// # fn serve(host: &hotswap_core::Host) -> Result<(), hotswap_core::Error> {
    /// let shop = host.slot::<dyn Shop>("shop")?;
    /// match shop.pin().count() {
    ///     Ok(count) => println!("{count} things"),
    ///     Err(error) => println!("not counted: {error}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the name is not configured, the slot was opened for another interface before, the
    /// interface has `#[same_build]` arguments and [`Config::lend_rust_types`] or
    /// [`Config::with_host_build`] was not called, the built-in module does not start, or no artifact
    /// works within the configured deadline: then the error holds the last refusal.
    pub fn slot<I: Interface + ?Sized>(&self, name: &str) -> Result<Slot<I>, Error> {
        let (config, settings) = (&self.operator.shared.config, &self.operator.shared.settings);
        let Some(slot) = settings.get(name) else {
            let known = settings.keys().cloned().collect();
            return Err(Reason::UnknownSlot { name: name.to_owned(), known }.into());
        };
        Operator::refuse_in_callback()?;
        let core = self.core::<I>(name, slot)?;
        let waits = || {
            let (place, deadline) = (core.settings.source_text.clone(), config.first_artifact);
            self.operator.shared.tell(name, EventKind::WaitingForFirst { place, deadline });
        };
        let gate = core.wait_first(config.first_artifact, slot.builtin.is_some(), waits)?;
        let gate = Arc::clone(gate);
        Ok(Slot::new(core, gate, config.call_budget))
    }

    /// Looks at this host, decides about its upgrades and orders them. A clone of it can be given to
    /// a thread or a console of its own.
    #[must_use]
    pub const fn operator(&self) -> &Operator {
        &self.operator
    }

    /// As [`Operator::status`].
    #[must_use]
    pub fn status(&self) -> Status {
        self.operator.status()
    }

    /// As [`Operator::events`]. A callback hears them as well
    /// ([`Config::on_event`]), and so does `tracing`.
    ///
    /// ```no_run
    /// use hotswap_core::event::EventKind;
    ///
    /// # fn listen(host: &hotswap_core::Host) {
    /// for event in host.events() {
    ///     match &event.kind {
    ///         EventKind::Live(live) => println!("{}: {live}", event.slot),
    ///         EventKind::Refused(refusal) => println!("{}: {refusal}", event.slot),
    ///         _ => {}
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn events(&self) -> Receiver<Event> {
        self.operator.events()
    }

    /// As [`Operator::report`].
    #[must_use]
    pub fn report(&self, slot: &str) -> Option<Arc<Report>> {
        self.operator.report(slot)
    }

    /// As [`Operator::rescan`].
    ///
    /// # Errors
    /// When the host has ended.
    pub fn rescan(&self) -> Result<(), Error> {
        self.operator.rescan()
    }

    /// An orderly end: no upgrade begins any more, calls that come get
    /// [`CallError::Ended`](hotswap_abi::CallError::Ended), those inside finish, each instance is
    /// stopped, in the order in which the slots were opened, and the host's threads end. With
    /// [`Config::with_data_dir`] each state is kept for the next start.
    ///
    /// Waits for callers inside at most for the pause deadline; an instance that is still in use
    /// then is left as it is.
    ///
    /// # Errors
    /// At once when the caller is inside a call of a slot, or an event callback, since the end would
    /// wait for it: nobody is let in any more, and the host ends on its own thread when that call
    /// has come out. When a state could not be kept, or the host's own thread has panicked: the host
    /// has ended. In a process that was forked
    /// after [`new`](Self::new): the host is its parent's, and goes on there.
    pub fn shutdown(mut self) -> Result<(), Error> {
        self.end()
    }

    #[cfg(unix)]
    fn answer_operators(&mut self) -> Result<(), Error> {
        let config = &self.operator.shared.config;
        let Some(path) = &config.admin else { return Ok(()) };
        let admin = Admin::start(path, self.operator.clone())
            .map_err(|error| Reason::Admin(Box::new(error)))?;
        self.admin = Some(admin);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(worker) = self.worker.take() else { return Ok(()) };
        if let Err(forked) = self.operator.shared.owner.is_here() {
            // There is no such thread here, and files and libraries are the other process's.
            mem::forget((worker, Arc::clone(&self.operator.shared)));
            #[cfg(unix)]
            mem::forget(self.admin.take());
            return Err(forked.into());
        }
        let inside = self.operator.refuse_inside();
        if inside.is_err() {
            // The worker may be waiting for this thread, and goes on when it has come out.
            self.operator.shared.end_slots();
        }
        let _ = self.operator.commands.send(Command::End);
        #[cfg(unix)]
        if let Some(admin) = self.admin.take_if(|_| inside.is_err()) {
            // Who is being answered may wait for the worker.
            admin.let_go();
        }
        inside?;
        let kept = worker.join().ok().flatten();
        #[cfg(unix)]
        drop(self.admin.take());
        let Some(kept) = kept else {
            self.operator.shared.end_slots();
            self.operator.shared.events.end();
            return Err(Reason::Died.into());
        };
        kept.map_err(|lost| Reason::NotKept { lost }.into())
    }

    /// The slot's core; opened, if it was not before.
    fn core<I: Interface + ?Sized>(
        &self,
        name: &str,
        settings: &Arc<SlotSettings>,
    ) -> Result<Arc<SlotCore>, Error> {
        let schema = Schema::decode(I::schema()).expect("`#[interface]` writes a sound schema");
        let mut requirement = Requirement::new(schema);
        requirement.services.clone_from(&self.operator.shared.config.services);
        requirement.packages.clone_from(&self.operator.shared.config.packages);
        requirement.module.clone_from(&settings.module);
        let mut slots = self.operator.shared.slots.lock();
        if let (Some(over), false) = (self.operator.shared.over.get(), slots.contains_key(name)) {
            return Err(over.reason().into());
        }
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
        interface::check::<I>(name, &requirement, &self.operator.shared.config, settings)?;
        let (checkpoint, used) = match self.left_for(name)? {
            EarlierState::Checkpoint(checkpoint) => (Some(checkpoint), None),
            EarlierState::Used(used) => (None, Some(used)),
            EarlierState::Nothing => (None, None),
        };
        let interface = InterfaceType::of::<I>();
        let (commands, slot) = (self.operator.commands.clone(), name.to_owned());
        let on_unload: OnUnload = Arc::new(move |resident, news| {
            // Fails only when the worker has ended.
            let _ = commands.send(Command::Unload(slot.clone(), Arc::clone(resident), news));
        });
        let (commands, slot) = (self.operator.commands.clone(), name.to_owned());
        let on_panic: OnPanic = Arc::new(move |generation| {
            // Fails only when the worker has ended.
            let _ = commands.send(Command::Panicked(slot.clone(), generation));
        });
        let settings = Arc::clone(settings);
        let core =
            SlotCore::new(name, requirement, interface, settings, checkpoint, on_unload, on_panic);
        let core = Arc::new(core);
        #[cfg(feature = "cargo")]
        if matches!(core.settings.source, Some(crate::config::Place::Package(_))) {
            // Until the worker knows better.
            core.set_building(true);
        }
        slots.insert(name.to_owned(), Arc::clone(&core));
        // A callback may ask for the host's status.
        drop(slots);
        if let Some(used) = used {
            self.operator.shared.tell(name, EventKind::NoCheckpoint { used });
        }
        self.operator.send(Command::Open(Arc::clone(&core)))?;
        Ok(core)
    }

    /// What an earlier run has left for a slot.
    fn left_for(&self, name: &str) -> Result<EarlierState, Error> {
        let Some(folder) = &self.operator.shared.config.checkpoints() else {
            return Ok(EarlierState::Nothing);
        };
        if self.operator.shared.journal.as_ref().is_some_and(|it| it.lock().has_backups(name)) {
            return Ok(EarlierState::Nothing);
        }
        let file = checkpoint::path(folder, name);
        let checked = self.operator.shared.config.trust.check_own_file(&file);
        checked.map_err(|writable| ConfigError::writable(&writable))?;
        checkpoint::look(folder, name)
            .map_err(|source| Reason::Checkpoint { name: name.to_owned(), source }.into())
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
