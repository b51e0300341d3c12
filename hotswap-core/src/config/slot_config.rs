//! What a configuration has of one slot.

use std::{any::TypeId, fmt, path::PathBuf};

use hotswap_abi::{__private::module::Export, HotModule, Manifest};
use hotswap_types::{Intent, Strategy, escape};

use super::{
    AfterPanic, approval::Approval, policies::Retire, rehearsal::Rehearsal, timing::Timing,
    trial::Trial,
};
use crate::instance::PanicPolicy;

/// One slot: where its artifacts come from, and what is otherwise for it than for the whole host.
///
/// A setting has the same name here and on [`Config`](super::Config), which has the defaults.
///
/// ```
/// use std::time::Duration;
/// use hotswap_core::{Config, Retire, SlotConfig, Trial};
///
/// let prices = SlotConfig::folder("/srv/prices")
///     .with_trial(Trial::new(Duration::from_secs(30)))
///     .with_retire(Retire::Unload);
/// let config = Config::production().slot("prices", prices);
/// ```
#[derive(Debug, Clone)]
pub struct SlotConfig {
    pub(super) source: Option<Place>,
    /// The module that the slot takes; any, if `None`.
    pub(super) module: Option<String>,
    pub(super) builtin: Option<Builtin>,
    pub(super) own: Settings,
}

/// What may differ for each slot; what is `None` was not said.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) retire: Option<Retire>,
    pub(super) panics: Option<PanicPolicy>,
    pub(super) strategy: Option<Strategy>,
    pub(super) trial: Option<Trial>,
    pub(super) rehearsal: Option<Rehearsal>,
    pub(super) approval: Option<Approval>,
    pub(super) timing: Option<Timing>,
    pub(super) intent: Option<Intent>,
}

impl SlotConfig {
    /// Artifacts appear at one path. It need not exist yet; a relative path is taken from the
    /// current folder when the host is made.
    #[must_use]
    pub fn artifact(path: impl Into<PathBuf>) -> Self {
        Self::new(Some(Place::File(path.into())))
    }

    /// Artifacts appear in a folder, beside those of other modules: the slot takes those of the
    /// module that has the slot's name, or the one given to [`with_module`](Self::with_module). The
    /// module has one file there: another one is refused, with both names, until the first is gone.
    #[must_use]
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::new(Some(Place::Folder(path.into())))
    }

    /// The module is built from its sources, whenever they change: a package of the workspace of the
    /// current folder. Several packages are built together.
    ///
    /// [`Config::build`](super::Config::build) tells cargo more.
    #[cfg(feature = "cargo")]
    #[must_use]
    pub fn cargo(package: impl Into<String>) -> Self {
        Self::new(Some(Place::Package(package.into())))
    }

    /// The module is linked into the program, and is not replaced.
    #[must_use]
    pub fn builtin<M: HotModule>() -> Self {
        Self::new(None).with_builtin::<M>()
    }

    const fn new(source: Option<Place>) -> Self {
        let own = Settings {
            retire: None,
            panics: None,
            strategy: None,
            trial: None,
            rehearsal: None,
            approval: None,
            timing: None,
            intent: None,
        };
        Self { source, module: None, builtin: None, own }
    }

    /// The slot's first generation is linked into the program: there is always something to serve,
    /// also before there is an artifact.
    #[must_use]
    pub fn with_builtin<M: HotModule>(mut self) -> Self {
        self.builtin = Some(Builtin {
            export: M::export(),
            manifest: M::MANIFEST,
            interface: TypeId::of::<M::Interface>(),
        });
        self
    }

    /// The one module that the slot takes, by its crate's name.
    #[must_use]
    pub fn with_module(mut self, module: impl Into<String>) -> Self {
        self.module = Some(module.into());
        self
    }

    /// As [`Config::with_retire`](super::Config::with_retire).
    #[must_use]
    pub const fn with_retire(mut self, retire: Retire) -> Self {
        self.own.retire = Some(retire);
        self
    }

    /// As [`Config::with_after_panic`](super::Config::with_after_panic).
    #[must_use]
    pub const fn with_after_panic(mut self, exclusive: AfterPanic, shared: AfterPanic) -> Self {
        self.own.panics = Some(PanicPolicy { shared, exclusive });
        self
    }

    /// As [`Config::with_strategy`](super::Config::with_strategy).
    #[must_use]
    pub fn with_strategy(mut self, strategy: Strategy) -> Self {
        self.own.strategy = Some(strategy);
        self
    }

    /// As [`Config::with_trial`](super::Config::with_trial).
    #[must_use]
    pub fn with_trial(mut self, trial: Trial) -> Self {
        self.own.trial = Some(trial);
        self
    }

    /// As [`Config::with_rehearsal`](super::Config::with_rehearsal).
    #[must_use]
    pub fn with_rehearsal(mut self, rehearsal: Rehearsal) -> Self {
        self.own.rehearsal = Some(rehearsal);
        self
    }

    /// As [`Config::with_approval`](super::Config::with_approval).
    #[must_use]
    pub fn with_approval(mut self, approval: Approval) -> Self {
        self.own.approval = Some(approval);
        self
    }

    /// As [`Config::with_timing`](super::Config::with_timing).
    #[must_use]
    pub fn with_timing(mut self, timing: Timing) -> Self {
        self.own.timing = Some(timing);
        self
    }

    /// As [`Config::with_intent`](super::Config::with_intent).
    #[must_use]
    pub fn with_intent(mut self, intent: Intent) -> Self {
        self.own.intent = Some(intent);
        self
    }

    /// Where its module comes from, for messages.
    pub(super) fn origin(&self) -> String {
        let source = self.source.as_ref().map(ToString::to_string);
        source.or_else(|| self.builtin.map(|it| it.to_string())).unwrap_or_default()
    }
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
            Self::File(path) => escape::path(path).fmt(f),
            Self::Folder(path) => write!(f, "folder {}", escape::path(path)),
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

impl fmt::Display for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Manifest::decode(self.manifest) {
            Ok(it) => write!(f, "the built-in module {} {}", it.module, it.version),
            Err(_) => f.write_str("a built-in module"),
        }
    }
}
