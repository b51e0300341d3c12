//! What a host cannot be made with.

use hotswap_types::ErrorKind;

use crate::trust::Writable;

/// What is wrong with a configuration, or with the folders and keys that it names.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("slot {name} is configured twice, with {first} and with {second}: keep one of them")]
    ConfiguredTwice { name: String, first: String, second: String },
    #[error("{setting} has nowhere to write to: {needs}")]
    NotKept { setting: &'static str, needs: &'static str },
    #[error("the trial of slot {name} cannot be judged: {why}")]
    Trial { name: String, why: String },
    #[error("the strategy of slot {name} cannot be followed: {why}")]
    Strategy { name: String, why: String },
    #[error("the replay of slot {name} cannot be done: {why}")]
    Replay { name: String, why: String },
    #[error("two modules have one name: {first}, and {second}; give each a name of its own")]
    TwoModules { first: String, second: String },
    #[cfg(feature = "cargo")]
    #[error(
        "package {package} is built by this host, and nobody signs it: build it elsewhere, or \
         take artifacts from everybody with Trust::Any"
    )]
    UnsignedPackage { package: String },
    #[error("the host's own folders must be its user's alone, and {found}; {advice}")]
    Writable { found: String, advice: String },
    #[error("artifacts must be signed, and {found}; {advice}")]
    NoKeys { found: String, advice: String },
    #[error(
        "slot {name} takes signed artifacts of any module: name the one that it is for with \
         SlotConfig::with_module"
    )]
    UnnamedModule { name: String },
}

impl ConfigError {
    pub(crate) const fn kind(&self) -> ErrorKind {
        match self {
            Self::Writable { .. } | Self::NoKeys { .. } => ErrorKind::System,
            Self::ConfiguredTwice { .. }
            | Self::NotKept { .. }
            | Self::Trial { .. }
            | Self::Strategy { .. }
            | Self::Replay { .. }
            | Self::TwoModules { .. }
            | Self::UnnamedModule { .. } => ErrorKind::Misuse,
            #[cfg(feature = "cargo")]
            Self::UnsignedPackage { .. } => ErrorKind::Misuse,
        }
    }

    pub(crate) fn writable(writable: &Writable) -> Self {
        Self::Writable { found: writable.to_string(), advice: writable.advice() }
    }
}
