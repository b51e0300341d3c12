//! How a host is set up.

#[cfg(unix)]
mod admin;
mod approval;
mod conflict;
mod error;
mod folders;
mod host_build;
mod journal;
mod policies;
mod rehearsal;
mod timing;
mod trial;

pub(crate) use self::timing::{Moment, Step};
pub use self::{
    approval::{Approval, Decision},
    host_build::HostBuild,
    policies::{AtCap, Retire, StateDrift},
    rehearsal::Rehearsal,
    timing::{ParseWindowError, Timing, Window},
    trial::{TooFew, Trial},
};
pub(crate) use self::{conflict::Conflict, error::ConfigError, trial::Health};
pub use crate::instance::AfterPanic;

use std::{
    any::TypeId, collections::BTreeMap, env, ffi::OsStr, fmt, path::PathBuf, sync::Arc,
    time::Duration,
};

use hotswap_abi::{
    __private::{
        module::{Export, TRACE_FULL, TRACE_NONE, TRACE_SHORT},
        same_build::Packages,
    },
    HotModule,
};
use hotswap_types::{Intent, bounded, escape::shown};
use hotswap_watch::Backend;

use crate::{event::Event, instance::PanicPolicy, trust::Trust};

#[cfg(feature = "cargo")]
use hotswap_watch::cargo::Request;

/// How a host is set up: which slots there are, where their artifacts appear, and what happens
/// then.
///
/// Start from a preset; they differ in these points:
///
/// | | [`Config::dev`] | [`Config::production`] |
/// |---|---|---|
/// | a state's shape changed under an unchanged version | [`StateDrift::CarryByName`] | [`StateDrift::Refuse`] |
/// | deadline of a pause | 5 s | 1 s |
/// | deadline of slow work before and after the pause | 60 s | 30 s |
/// | deadline of the first artifact | 5 min | 30 s |
/// | how long a call waits for an upgrade | 10 s | 2 s |
/// | what is written to stderr when nobody listens | builds, what is live, refusals | refusals |
/// | warning when this many generations are mapped | 200 | 20 |
/// | no more generations than this are mapped | 1,000 | 100 |
/// | the state of the last upgrade is kept, for [`Host::abandon`](crate::Operator::abandon) | yes | no |
/// | a module's panic has a backtrace | where `RUST_BACKTRACE` asks for it | no |
///
/// ```
/// use hotswap_core::Config;
///
/// let config = Config::dev().artifact("arcade", "target/debug/libarcade.so");
/// ```
#[derive(Clone)]
pub struct Config {
    pub(crate) slots: BTreeMap<String, SlotConfig>,
    /// What was said twice, of which one would go unheard.
    pub(crate) conflicts: Vec<Conflict>,
    pub(crate) state_drift: StateDrift,
    pub(crate) timing: Timing,
    pub(crate) pause_deadline: Duration,
    pub(crate) work_deadline: Duration,
    pub(crate) first_artifact: Duration,
    pub(crate) call_budget: Duration,
    pub(crate) retained_warning: usize,
    pub(crate) retire: Retire,
    pub(crate) panics: PanicPolicy,
    pub(crate) trial: Option<Trial>,
    pub(crate) rehearsal: Option<Rehearsal>,
    pub(crate) approval: Option<Approval>,
    pub(crate) intent: Intent,
    pub(crate) generation_cap: usize,
    pub(crate) at_cap: AtCap,
    pub(crate) max_artifact_bytes: u64,
    pub(crate) private_folder: Option<PathBuf>,
    pub(crate) checkpoints: Option<PathBuf>,
    pub(crate) last_states: bool,
    /// What is refused first is not waited for to be mended.
    /// Before the first try again of what was cancelled, and at most.
    pub(crate) retry_delays: (Duration, Duration),
    pub(crate) one_try: bool,
    pub(crate) services: Vec<String>,
    pub(crate) lends_rust_types: bool,
    pub(crate) packages: Option<Packages>,
    pub(crate) backtraces: bool,
    pub(crate) trust: Trust,
    pub(crate) floors: Option<PathBuf>,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) admin: Option<PathBuf>,
    pub(crate) kept_backups: usize,
    pub(crate) kept_artifacts: usize,
    pub(crate) activation_tries: u32,
    pub(crate) checkpoint_interval: Option<Duration>,
    pub(crate) kept_reports: usize,
    pub(crate) backend: Backend,
    pub(crate) callbacks: Vec<Callback>,
    pub(crate) reporter: Reporter,
    #[cfg(feature = "cargo")]
    pub(crate) cargo: Request,
}

/// Who gets the reporter's lines.
#[derive(Clone)]
pub(crate) enum Reporter {
    /// Nobody listens to events: refusals are written to stderr.
    Refusals,
    /// Nobody listens to events: all that a developer wants to see is written to stderr.
    Stderr,
    /// The program takes the lines.
    Lines(Arc<dyn Fn(&str) + Send + Sync>),
}

pub(crate) type Callback = Arc<dyn Fn(&Event) + Send + Sync>;

#[derive(Debug, Clone, Default)]
pub(crate) struct SlotConfig {
    pub(crate) source: Option<Place>,
    /// The module that the slot takes; any, if `None`.
    pub(crate) module: Option<String>,
    pub(crate) builtin: Option<Builtin>,
    /// The host's, if `None`.
    pub(crate) retire: Option<Retire>,
    /// The host's, if `None`.
    pub(crate) panics: Option<PanicPolicy>,
    /// The host's, if `None`.
    pub(crate) trial: Option<Trial>,
    /// The host's, if `None`.
    pub(crate) rehearsal: Option<Rehearsal>,
    /// The host's, if `None`.
    pub(crate) approval: Option<Approval>,
    /// The host's, if `None`.
    pub(crate) timing: Option<Timing>,
    /// The host's, if `None`.
    pub(crate) intent: Option<Intent>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Folder(PathBuf),
    /// Built by cargo.
    #[cfg(feature = "cargo")]
    Package(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => shown(path).fmt(f),
            Self::Folder(path) => write!(f, "folder {}", shown(path)),
            #[cfg(feature = "cargo")]
            Self::Package(package) => write!(f, "package {package}, built by cargo"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Builtin {
    pub(crate) export: &'static Export,
    pub(crate) manifest: &'static [u8],
    pub(crate) interface: TypeId,
}

impl Config {
    /// For the one who edits: keeps going whatever is saved.
    #[must_use]
    pub fn dev() -> Self {
        Self {
            state_drift: StateDrift::CarryByName,
            pause_deadline: Duration::from_secs(5),
            work_deadline: Duration::from_secs(60),
            first_artifact: Duration::from_secs(300),
            call_budget: Duration::from_secs(10),
            retained_warning: 200,
            generation_cap: 1000,
            last_states: true,
            backtraces: true,
            reporter: Reporter::Stderr,
            ..Self::production()
        }
    }

    /// For a process that must not stop: refuses what is in doubt.
    #[must_use]
    pub fn production() -> Self {
        Self {
            slots: BTreeMap::new(),
            conflicts: Vec::new(),
            state_drift: StateDrift::Refuse,
            timing: Timing::at_once(),
            pause_deadline: Duration::from_secs(1),
            work_deadline: Duration::from_secs(30),
            first_artifact: Duration::from_secs(30),
            call_budget: Duration::from_secs(2),
            retained_warning: 20,
            retire: Retire::Retain,
            panics: PanicPolicy::GO_ON,
            trial: None,
            rehearsal: None,
            approval: None,
            intent: Intent::default(),
            generation_cap: 100,
            at_cap: AtCap::Cancel,
            max_artifact_bytes: 1 << 30,
            private_folder: None,
            checkpoints: None,
            last_states: false,
            retry_delays: (Duration::from_secs(1), Duration::from_secs(60)),
            one_try: false,
            services: Vec::new(),
            lends_rust_types: false,
            packages: None,
            backtraces: false,
            trust: Trust::Any,
            floors: None,
            journal: None,
            admin: None,
            kept_backups: 5,
            kept_artifacts: 5,
            activation_tries: 2,
            checkpoint_interval: None,
            kept_reports: 100,
            backend: Backend::Events,
            callbacks: Vec::new(),
            reporter: Reporter::Refusals,
            #[cfg(feature = "cargo")]
            cargo: Request::new("."),
        }
    }

    /// A slot whose artifacts appear at one path. It need not exist yet; a relative path is taken
    /// from the current folder when the host is made.
    #[must_use]
    pub fn artifact(self, slot: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.with_source(slot.into(), Place::File(path.into()))
    }

    /// A slot whose artifacts appear in a folder, beside those of other modules: it takes those
    /// of the module that has the slot's name, or the one given to [`module`](Self::module).
    #[must_use]
    pub fn folder(self, slot: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        self.with_source(slot.into(), Place::Folder(path.into()))
    }

    /// A slot whose module is built from its sources, whenever they change: the package of the
    /// slot's name, in the workspace of the current folder. Several packages are built together.
    ///
    /// [`build`](Self::build) tells cargo more.
    #[cfg(feature = "cargo")]
    #[must_use]
    pub fn cargo_package(mut self, package: impl Into<String>) -> Self {
        let package = package.into();
        self = self.with_source(package.clone(), Place::Package(package.clone()));
        self.cargo = self.cargo.with_package(package);
        self
    }

    /// How packages are built: profile, target folder, arguments.
    /// ```no_run
    /// use hotswap_core::{Config, cargo::Profile};
    ///
    /// let config = Config::dev()
    ///     .cargo_package("arcade")
    ///     .build(|request| request.with_profile(Profile::Release));
    /// ```
    #[cfg(feature = "cargo")]
    #[must_use]
    pub fn build(mut self, change: impl FnOnce(Request) -> Request) -> Self {
        self.cargo = change(self.cargo);
        self
    }

    /// Takes the reporter's lines, for a program that owns the terminal. Each is a line or several,
    /// without a line feed at its end, and comes on the host's own thread.
    #[must_use]
    pub fn with_reporter(mut self, lines: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.reporter = Reporter::Lines(Arc::new(lines));
        self
    }

    /// The one module that a slot takes, by its crate's name.
    #[must_use]
    pub fn module(mut self, slot: impl Into<String>, module: impl Into<String>) -> Self {
        let (slot, module) = (slot.into(), module.into());
        let before = self.slot(slot.as_str()).module.replace(module.clone());
        if let Some(before) = before.filter(|before| *before != module) {
            self.conflicts.push(Conflict::of(slot, &before, &module));
        }
        self
    }

    /// A slot's first generation, linked into the program: there is always something to serve,
    /// also without any artifact.
    #[must_use]
    pub fn builtin<M: HotModule>(mut self, slot: impl Into<String>) -> Self {
        let slot = slot.into();
        let builtin = Builtin {
            export: M::export(),
            manifest: M::MANIFEST,
            interface: TypeId::of::<M::Interface>(),
        };
        if let Some(before) = self.slot(slot.as_str()).builtin.replace(builtin) {
            self.conflicts.push(Conflict::of(slot, &before, &builtin));
        }
        self
    }

    /// What happens when the shape of a state has changed, and its version has not.
    #[must_use]
    pub const fn with_state_drift(mut self, drift: StateDrift) -> Self {
        self.state_drift = drift;
        self
    }

    /// When a prepared artifact takes over: at once, unless told otherwise.
    #[must_use]
    pub fn with_timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// The same for one slot.
    #[must_use]
    pub fn timing(mut self, slot: impl Into<String>, timing: Timing) -> Self {
        self.slot(slot).timing = Some(timing);
        self
    }

    /// The longest pause, from the first call that has to wait to the last: past it the upgrade is
    /// cancelled, and everybody goes on with the old version.
    #[must_use]
    pub const fn with_pause_deadline(mut self, deadline: Duration) -> Self {
        self.pause_deadline = bounded(deadline);
        self
    }

    /// The longest that module code may take outside of a pause: to load, prepare, start, stop.
    #[must_use]
    pub const fn with_work_deadline(mut self, deadline: Duration) -> Self {
        self.work_deadline = bounded(deadline);
        self
    }

    /// How long [`Host::slot`](crate::Host::slot) waits for a first artifact that works. The time
    /// begins when nothing is being built: neither while cargo compiles the module nor while its
    /// sources do not compile does it run.
    #[must_use]
    pub const fn with_first_artifact_deadline(mut self, deadline: Duration) -> Self {
        self.first_artifact = bounded(deadline);
        self
    }

    /// How long a call waits while its slot is being upgraded, before it gets
    /// [`CallError::Draining`](hotswap_abi::CallError::Draining). For the end of somebody else's
    /// `&mut self` call it waits as long as that takes.
    #[must_use]
    pub const fn with_call_budget(mut self, budget: Duration) -> Self {
        self.call_budget = budget;
        self
    }

    /// Warns when a slot has this many generations mapped, and at every multiple of it.
    #[must_use]
    pub const fn with_retained_warning(mut self, generations: usize) -> Self {
        self.retained_warning = generations;
        self
    }

    /// What becomes of generations that are no longer needed: [`Retire::Retain`] unless told
    /// otherwise.
    #[must_use]
    pub const fn with_retire(mut self, retire: Retire) -> Self {
        self.retire = retire;
        self
    }

    /// The same for one slot, by its name.
    #[must_use]
    pub fn retire(mut self, slot: impl Into<String>, retire: Retire) -> Self {
        self.slot(slot).retire = Some(retire);
        self
    }

    /// What a panic means: in a `&mut self` call, which may have left its instance half changed, and
    /// in a `&self` call. [`AfterPanic::GoOn`] for both unless told otherwise.
    ///
    /// An instance that does not go on is left with its state. The one in its place begins with the
    /// state of the last upgrade, as [`Start::Restored`](hotswap_abi::Start::Restored), or
    /// afresh where there was none; the event says which.
    #[must_use]
    pub const fn with_after_panic(mut self, exclusive: AfterPanic, shared: AfterPanic) -> Self {
        self.panics = PanicPolicy { shared, exclusive };
        self
    }

    /// The same for one slot, by its name.
    #[must_use]
    pub fn after_panic(
        mut self,
        slot: impl Into<String>,
        exclusive: AfterPanic,
        shared: AfterPanic,
    ) -> Self {
        self.slot(slot).panics = Some(PanicPolicy { shared, exclusive });
        self
    }

    /// Has somebody say yes to each upgrade, by its [`Plan`](crate::Plan). Unless told so nobody is
    /// asked.
    ///
    /// What waits is replaced by a newer artifact of its slot.
    #[must_use]
    pub fn with_approval(mut self, approval: Approval) -> Self {
        self.approval = Some(approval);
        self
    }

    /// The same for one slot, by its name.
    #[must_use]
    pub fn approval(mut self, slot: impl Into<String>, approval: Approval) -> Self {
        self.slot(slot).approval = Some(approval);
        self
    }

    /// Why upgrades are wanted of which [`Host::intend`](crate::Operator::intend) says nothing else.
    #[must_use]
    pub fn with_intent(mut self, intent: Intent) -> Self {
        self.intent = intent;
        self
    }

    /// The same for one slot, by its name.
    #[must_use]
    pub fn intent(mut self, slot: impl Into<String>, intent: Intent) -> Self {
        self.slot(slot).intent = Some(intent);
        self
    }

    /// Has each new version watched once it serves, and keeps the one before ready until it is
    /// committed. Unless told so an upgrade is committed at once.
    ///
    /// An artifact that appears meanwhile waits until the trial is over.
    #[must_use]
    pub fn with_trial(mut self, trial: Trial) -> Self {
        self.trial = Some(trial);
        self
    }

    /// The same for one slot, by its name.
    #[must_use]
    pub fn trial(mut self, slot: impl Into<String>, trial: Trial) -> Self {
        self.slot(slot).trial = Some(trial);
        self
    }

    /// Has each new version tried in a child process, on a copy of the state, before this process
    /// loads it. Unless told so nothing is rehearsed.
    ///
    /// The program has to call [`probe::serve`](crate::probe::serve) first in `main`.
    #[must_use]
    pub const fn with_rehearsal(mut self, rehearsal: Rehearsal) -> Self {
        self.rehearsal = Some(rehearsal);
        self
    }

    /// The same for one slot, by its name.
    #[must_use]
    pub fn rehearsal(mut self, slot: impl Into<String>, rehearsal: Rehearsal) -> Self {
        self.slot(slot).rehearsal = Some(rehearsal);
        self
    }

    /// The most generations of a slot that may be mapped at a time: the one that serves, the next
    /// one, and those that something holds. 0 for no such limit; an upgrade needs 2.
    ///
    /// With [`AtCap::Cancel`], as it is unless told otherwise, an upgrade that finds so many is
    /// cancelled, and the refusal says who holds them.
    #[must_use]
    pub const fn with_generation_cap(mut self, generations: usize) -> Self {
        self.generation_cap = generations;
        self
    }

    /// What happens at [`with_generation_cap`](Self::with_generation_cap).
    #[must_use]
    pub const fn with_at_cap(mut self, at_cap: AtCap) -> Self {
        self.at_cap = at_cap;
        self
    }

    /// Keeps the encoded state of each slot's last upgrade in memory: what is left of it if its
    /// instance hangs and has to be given up ([`Host::abandon`](crate::Operator::abandon)). Where a
    /// panic has an instance [replaced](Self::with_after_panic) it is kept in any case.
    #[must_use]
    pub const fn with_last_states(mut self, keep: bool) -> Self {
        self.last_states = keep;
        self
    }

    /// Refuses artifacts of more bytes.
    #[must_use]
    pub const fn with_max_artifact_bytes(mut self, bytes: u64) -> Self {
        self.max_artifact_bytes = bytes;
        self
    }

    /// Where private copies are kept, in a folder of mode 0700. Unless told otherwise that is
    /// `XDG_RUNTIME_DIR`, the folder of the [journal](Self::with_journal), or a folder for this user
    /// in the system's temporary folder, whichever can be used first. It must not be mounted
    /// `noexec`.
    #[must_use]
    pub fn with_private_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.private_folder = Some(folder.into());
        self
    }

    /// Keeps state over a restart: an orderly end ([`Host::shutdown`](crate::Host::shutdown), or
    /// the host's drop) writes each slot's state into this folder, and at the next start the module
    /// begins with it, as [`Start::Restored`](hotswap_abi::Start::Restored), migrated or
    /// carried by name like in an upgrade.
    ///
    /// A state is restored once. After a crash there is none of that run: the module starts afresh,
    /// the host says so, and the state that the run had begun with is in
    /// `<slot>.snapshot.used`; without that ending it is taken at the next start.
    #[must_use]
    pub fn with_checkpoints(mut self, folder: impl Into<PathBuf>) -> Self {
        self.checkpoints = Some(folder.into());
        self
    }

    /// Whom artifacts are taken from; from everybody who can write them unless told otherwise.
    #[must_use]
    pub fn with_trust(mut self, trust: impl Into<Trust>) -> Self {
        self.trust = trust.into();
        self
    }

    /// Keeps for each module the newest version that has ever served, in this folder, and refuses
    /// artifacts of the module that are older: an old build is not brought back by who can put
    /// files there, signed or not. [`Host::allow_downgrade`](crate::Operator::allow_downgrade) lets one
    /// through.
    ///
    /// The floor is raised when an upgrade is committed, not before. A module that is linked into
    /// the program neither has one nor raises it. One host, one folder.
    #[must_use]
    pub fn with_floors(mut self, folder: impl Into<PathBuf>) -> Self {
        self.floors = Some(folder.into());
        self
    }

    /// A service that the host offers to modules that require it
    /// (`#[hot_module(requires("…"))]`).
    #[must_use]
    pub fn with_service(mut self, name: impl Into<String>) -> Self {
        self.services.push(name.into());
        self
    }

    /// Opens slots whose interface has `#[same_build]` arguments: there a module works on the
    /// host's own values, of any type, in place. The book has a chapter on it.
    ///
    /// An artifact is taken only where compiler, target, profile, features, dependencies and the
    /// sources of local packages are those of the host: those below the interface, as both sides'
    /// builds of it have noted them, and every other package that host and module both have, as the
    /// module and [`with_host_build`](Self::with_host_build) describe them. The first difference is
    /// named. Code of such a module stays mapped for ever, so that function pointers, vtables and
    /// `&'static` data that it leaves in a value stay valid.
    ///
    /// # Safety
    /// For as long as the host lives, what cannot be seen in a build must hold:
    /// - Artifacts are what cargo has built. Nobody has edited one, its manifest or a compiled
    ///   dependency, nor set back the time of a source.
    /// - What the sources do not show is the same on both sides: what build scripts and macros read
    ///   from elsewhere, where it decides about types.
    /// - Safety of the lent types does not rest on a static or a thread-local being the only one of
    ///   its kind: each library has its own. The same goes for addresses of functions and
    ///   constants.
    /// - No value of a type that the module's own crate, or one that the host does not have, defines
    ///   is found in what is lent by its `TypeId` (`Any`, an entity system) once an edit has changed
    ///   that type: the compiler gives it the same `TypeId` as before. The plan and an event name
    ///   such types; keep them in a package that the host has, or restart the host.
    /// - Nothing that belongs to a thread of a module, as its guard of a lock or an entry in its
    ///   thread-locals, is left in what is lent.
    /// - A module keeps no pointer to what was lent after the call, and does not hand out `unsafe`
    ///   promises about it that the host does not keep.
    #[must_use]
    #[expect(unsafe_code, reason = "its caller promises what no check can see")]
    pub const unsafe fn lend_rust_types(mut self) -> Self {
        self.lends_rust_types = true;
        self
    }

    /// How this program is built: [`host_build!()`](crate::host_build), in its own crate. Slots whose
    /// interface has `#[same_build]` arguments need it.
    ///
    /// An entity system, or anything else that finds values by their `TypeId`, holds types of
    /// packages that the interface has never heard of. So every package that the program and a
    /// module both have is compared.
    #[must_use]
    pub fn with_host_build(mut self, build: HostBuild) -> Self {
        self.packages = Some(build.packages());
        self
    }

    /// Whether a module's panic has a backtrace in its error or refusal, where the environment
    /// variable `RUST_BACKTRACE` asks for it: `1` for the frames of the module, `full` for all.
    ///
    /// To take one, a module maps its whole file, with its debug information, and keeps it mapped.
    /// So there is none where generations are unloaded ([`Retire::Unload`]).
    #[must_use]
    pub const fn with_backtraces(mut self, backtraces: bool) -> Self {
        self.backtraces = backtraces;
        self
    }

    /// Looks at the artifacts at an interval, where the file system sends no events.
    #[must_use]
    pub const fn with_polling(mut self, interval: Duration) -> Self {
        self.backend = Backend::Poll(interval);
        self
    }

    /// How long what was cancelled waits to be tried again: `first`, then twice as long each time
    /// up to `most`; ten times. For tests of hosts.
    #[doc(hidden)]
    #[must_use]
    pub const fn with_retry_delays(mut self, first: Duration, most: Duration) -> Self {
        self.retry_delays = (first, most);
        self
    }

    /// Called with every event, on the host's own thread: hand over and return.
    ///
    /// A host with a callback or a channel counts as one that listens: refusals are then no longer
    /// written to stderr. A callback that picks some events should show
    /// [`Refused`](crate::event::EventKind::Refused) among them.
    #[must_use]
    pub fn on_event(mut self, callback: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.callbacks.push(Arc::new(callback));
        self
    }

    /// A slot whose first artifact is refused, or does not build, is given up at once.
    pub(crate) const fn with_one_try(mut self) -> Self {
        self.one_try = true;
        self
    }

    /// The current folder may change later.
    pub(crate) fn make_absolute(&mut self) {
        if let Trust::Minisign(minisign) = &mut self.trust {
            minisign.make_absolute();
        }
        for slot in self.slots.values_mut() {
            if let Some(Place::File(path) | Place::Folder(path)) = &mut slot.source
                && let Ok(absolute) = std::path::absolute(&*path)
            {
                *path = absolute;
            }
        }
        for folder in [
            &mut self.checkpoints,
            &mut self.floors,
            &mut self.journal,
            &mut self.admin,
            &mut self.private_folder,
        ]
        .into_iter()
        .flatten()
        {
            if let Ok(absolute) = std::path::absolute(&*folder) {
                *folder = absolute;
            }
        }
    }

    /// Nobody signs what a host builds by itself.
    #[cfg(feature = "cargo")]
    pub(crate) fn unsigned_package(&self) -> Option<&str> {
        let mut places = self.slots.values().map(|slot| &slot.source);
        match self.trust {
            Trust::Any => None,
            Trust::Minisign(_) => places.find_map(|place| match place {
                Some(Place::Package(package)) => Some(package.as_str()),
                _ => None,
            }),
        }
    }

    /// What becomes of a slot's generations.
    pub(crate) fn retire_of(&self, slot: &str) -> Retire {
        self.slots.get(slot).and_then(|slot| slot.retire).unwrap_or(self.retire)
    }

    /// What panics in a slot's calls mean.
    pub(crate) fn panics_of(&self, slot: &str) -> PanicPolicy {
        self.slots.get(slot).and_then(|slot| slot.panics).unwrap_or(self.panics)
    }

    /// Who says yes to a slot's upgrades.
    pub(crate) fn approval_of(&self, slot: &str) -> Option<&Approval> {
        self.slots.get(slot).and_then(|slot| slot.approval.as_ref()).or(self.approval.as_ref())
    }

    /// Why a slot's upgrades are wanted.
    pub(crate) fn timing_of(&self, slot: &str) -> &Timing {
        self.slots.get(slot).and_then(|slot| slot.timing.as_ref()).unwrap_or(&self.timing)
    }

    pub(crate) fn intent_of(&self, slot: &str) -> &Intent {
        self.slots.get(slot).and_then(|slot| slot.intent.as_ref()).unwrap_or(&self.intent)
    }

    /// How new versions of a slot are watched.
    pub(crate) fn trial_of(&self, slot: &str) -> Option<&Trial> {
        self.slots.get(slot).and_then(|slot| slot.trial.as_ref()).or(self.trial.as_ref())
    }

    /// How new versions of a slot are rehearsed.
    pub(crate) fn rehearsal_of(&self, slot: &str) -> Option<&Rehearsal> {
        let own = self.slots.get(slot).and_then(|slot| slot.rehearsal.as_ref());
        own.or(self.rehearsal.as_ref())
    }

    /// Whether the state of a slot's last upgrade is kept.
    pub(crate) fn keeps_last_state(&self, slot: &str) -> bool {
        self.last_states || self.panics_of(slot).poisons()
    }

    /// What modules are told of backtraces.
    pub(crate) fn traces(&self, slot: &str) -> u8 {
        let may = self.backtraces && self.retire_of(slot) == Retire::Retain;
        if may { traces(env::var_os("RUST_BACKTRACE").as_deref()) } else { TRACE_NONE }
    }

    fn with_source(mut self, slot: String, source: Place) -> Self {
        let now = source.to_string();
        if let Some(before) = self.slot(slot.as_str()).source.replace(source) {
            self.conflicts.push(Conflict::of(slot, &before, &now));
        }
        self
    }

    fn slot(&mut self, slot: impl Into<String>) -> &mut SlotConfig {
        self.slots.entry(slot.into()).or_default()
    }
}

/// What std's own hook takes the variable's value for.
fn traces(variable: Option<&OsStr>) -> u8 {
    match variable {
        None => TRACE_NONE,
        Some(value) if value == "0" => TRACE_NONE,
        Some(value) if value == "full" => TRACE_FULL,
        Some(_) => TRACE_SHORT,
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("slots", &self.slots)
            .field("state_drift", &self.state_drift)
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_which_frames() {
        let table = [
            (None, TRACE_NONE),
            (Some("0"), TRACE_NONE),
            (Some("1"), TRACE_SHORT),
            (Some("full"), TRACE_FULL),
        ];
        for (value, wanted) in table {
            assert_eq!(traces(value.map(OsStr::new)), wanted, "{value:?}");
        }
        assert!(Config::dev().backtraces && !Config::production().backtraces);
    }
}
