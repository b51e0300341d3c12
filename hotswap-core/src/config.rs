//! How a host is set up.

#[cfg(unix)]
mod admin;
mod approval;
mod conflict;
mod error;
mod folders;
mod host_build;
mod journal;
mod limits;
mod listeners;
mod panics;
mod policies;
mod rehearsal;
mod replay;
mod resolved;
mod slot_config;
mod slots;
mod strategy;
mod timing;
mod trial;
mod trust;
mod upgrades;

pub(crate) use self::timing::{Moment, Step};
pub use self::{
    approval::{Approval, Decision},
    host_build::HostBuild,
    policies::{AtCap, Retire, StateDrift},
    rehearsal::Rehearsal,
    replay::Replay,
    slot_config::SlotConfig,
    timing::{ParseWindowError, Timing, Window},
    trial::{TooFew, Trial},
};
pub(crate) use self::{
    error::ConfigError,
    resolved::{AllSettings, SlotSettings},
    slot_config::{Builtin, Place},
    trial::Health,
};
pub use crate::instance::AfterPanic;

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use hotswap_abi::__private::same_build::Packages;
use hotswap_watch::Backend;
#[cfg(feature = "cargo")]
use hotswap_watch::cargo::Request;

use self::slot_config::Settings;
use crate::{event::Event, trust::Trust};

/// How a host is set up: which slots there are, where their artifacts appear, and what happens
/// then.
///
/// Start from a preset; they differ in these points:
///
/// | | [`Config::dev`] | [`Config::production`] |
/// |---|---|---|
/// | a state's shape changed under an unchanged version | [`StateDrift::CarryByName`] | [`StateDrift::Refuse`] |
/// | deadline of a pause | 5 s | 1 s |
/// | how long callers are kept out while others are inside | 1 s | 20 ms |
/// | deadline of slow work before and after the pause | 60 s | 30 s |
/// | deadline of the first artifact | 5 min | 30 s |
/// | how long a call waits for an upgrade | 10 s | 2 s |
/// | what is written to stderr when nobody listens | builds, what is live, refusals | refusals |
/// | warning when this many generations are mapped | 200 | 20 |
/// | no more generations than this are mapped | 1,000 | 100 |
/// | the state of the last upgrade is kept, for [`Operator::abandon`](crate::Operator::abandon) | yes | no |
/// | what a [data folder](Self::with_data_dir) has: a [journal](Self::with_journal) and [floors](Self::with_floors) | no, the states of orderly ends alone | yes |
/// | a module's panic has a backtrace | where `RUST_BACKTRACE` asks for it | no |
///
/// ```
/// use hotswap_core::{Config, SlotConfig};
///
/// let arcade = SlotConfig::artifact("target/debug/libarcade.so");
/// let config = Config::dev().slot("arcade", arcade);
/// ```
#[derive(Clone)]
pub struct Config {
    slots: Vec<(String, SlotConfig)>,
    /// What holds for slots that say nothing else.
    defaults: Settings,
    pub(crate) state_drift: StateDrift,
    pub(crate) pause_deadline: Duration,
    pub(crate) longest_wait: Duration,
    pub(crate) work_deadline: Duration,
    pub(crate) first_artifact: Duration,
    pub(crate) call_budget: Duration,
    pub(crate) retained_warning: usize,
    pub(crate) generation_cap: usize,
    pub(crate) at_cap: AtCap,
    pub(crate) max_artifact_bytes: u64,
    pub(crate) private_folder: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    /// Whether the preset keeps all that may be in the data folder, or the states of orderly ends alone.
    keeps_all: bool,
    /// What was said instead.
    keeps_journal: Option<bool>,
    keeps_floors: Option<bool>,
    pub(crate) last_states: bool,
    /// Before the first try again of what was cancelled, and at most.
    pub(crate) retry_delays: (Duration, Duration),
    /// What is refused first is not waited for to be mended.
    pub(crate) one_try: bool,
    pub(crate) services: Vec<String>,
    pub(crate) lends_rust_types: bool,
    pub(crate) packages: Option<Packages>,
    pub(crate) backtraces: bool,
    pub(crate) trust: Trust,
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

impl Config {
    /// For the one who edits: keeps going whatever is saved.
    #[must_use]
    pub fn dev() -> Self {
        Self {
            state_drift: StateDrift::CarryByName,
            pause_deadline: Duration::from_secs(5),
            longest_wait: Duration::from_secs(1),
            work_deadline: Duration::from_secs(60),
            first_artifact: Duration::from_secs(300),
            call_budget: Duration::from_secs(10),
            retained_warning: 200,
            generation_cap: 1000,
            last_states: true,
            keeps_all: false,
            backtraces: true,
            reporter: Reporter::Stderr,
            ..Self::production()
        }
    }

    /// For a process that must not stop: refuses what is in doubt.
    #[must_use]
    pub fn production() -> Self {
        Self {
            slots: Vec::new(),
            defaults: Settings::default(),
            state_drift: StateDrift::Refuse,
            pause_deadline: Duration::from_secs(1),
            longest_wait: Duration::from_millis(20),
            work_deadline: Duration::from_secs(30),
            first_artifact: Duration::from_secs(30),
            call_budget: Duration::from_secs(2),
            retained_warning: 20,
            generation_cap: 100,
            at_cap: AtCap::Cancel,
            max_artifact_bytes: 1 << 30,
            private_folder: None,
            data_dir: None,
            keeps_all: true,
            keeps_journal: None,
            keeps_floors: None,
            last_states: false,
            retry_delays: (Duration::from_secs(1), Duration::from_secs(60)),
            one_try: false,
            services: Vec::new(),
            lends_rust_types: false,
            packages: None,
            backtraces: false,
            trust: Trust::Any,
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
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("slots", &self.slots)
            .field("state_drift", &self.state_drift)
            .finish_non_exhaustive()
    }
}
