//! Whom a host takes artifacts from.

use super::{Config, Place, error::ConfigError};
use crate::trust::Trust;

impl Config {
    /// Whom artifacts are taken from; from everybody who can write them unless told otherwise.
    #[must_use]
    pub fn with_trust(mut self, trust: impl Into<Trust>) -> Self {
        self.trust = trust.into();
        self
    }

    /// Nobody signs what a host builds by itself.
    #[cfg(feature = "cargo")]
    pub(crate) fn unsigned_package(&self) -> Option<&str> {
        let mut places = self.slots.iter().map(|(_, slot)| &slot.source);
        match self.trust {
            Trust::Any => None,
            Trust::Minisign(_) => places.find_map(|place| match place {
                Some(Place::Package(package)) => Some(package.as_str()),
                _ => None,
            }),
        }
    }

    /// Expects keys that can be had, and that a slot for signed artifacts names its module: any
    /// signed module would fit it else.
    pub(crate) fn check_trust(&self) -> Result<(), ConfigError> {
        let Trust::Minisign(minisign) = &self.trust else { return Ok(()) };
        minisign.check_keys().map_err(|no_keys| {
            let advice = no_keys.advice.clone();
            ConfigError::NoKeys { found: no_keys.to_string(), advice }
        })?;
        let unnamed = self
            .slots
            .iter()
            .find(|(_, slot)| matches!(slot.source, Some(Place::File(_))) && slot.module.is_none());
        match unnamed {
            Some((name, _)) => Err(ConfigError::UnnamedModule { name: name.clone() }),
            None => Ok(()),
        }
    }
}
