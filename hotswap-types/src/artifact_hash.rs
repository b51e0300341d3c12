//! What an artifact is known by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

/// The BLAKE3 hash of an artifact's content. Its text is 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ArtifactHash([u8; 32]);

/// Text that is not an [`ArtifactHash`].
#[derive(Clone, PartialEq, Eq, Error)]
#[error("expected an artifact hash of 64 hex digits, found {found:?}")]
pub struct ParseHashError {
    found: String,
}

hotswap_abi::debug_in_full!(ParseHashError);

impl ArtifactHash {
    /// The hash of `content`.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        blake3::hash(content).into()
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first six hex digits, for people.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..6].to_owned()
    }
}

impl From<blake3::Hash> for ArtifactHash {
    fn from(hash: blake3::Hash) -> Self {
        Self(*hash.as_bytes())
    }
}

impl fmt::Display for ArtifactHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        blake3::Hash::from(self.0).fmt(f)
    }
}

impl fmt::Debug for ArtifactHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArtifactHash({self})")
    }
}

impl FromStr for ArtifactHash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, ParseHashError> {
        text.parse::<blake3::Hash>()
            .map(Self::from)
            .map_err(|_| ParseHashError { found: text.chars().take(80).collect() })
    }
}

impl TryFrom<String> for ArtifactHash {
    type Error = ParseHashError;

    fn try_from(text: String) -> Result<Self, ParseHashError> {
        text.parse()
    }
}

impl Serialize for ArtifactHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::ArtifactHash;

    #[test]
    fn text_and_bytes_agree() {
        let hash = ArtifactHash::of(b"arcade");
        let text = hash.to_string();
        assert_eq!(text, blake3::hash(b"arcade").to_hex().as_str());
        assert_eq!(text.parse(), Ok(hash));
        assert_eq!(text.to_uppercase().parse(), Ok(hash));
        assert!(text.starts_with(&hash.short()) && hash.short().len() == 6);
    }

    #[test]
    fn other_texts_are_named_in_the_error() {
        let hash = ArtifactHash::of(b"arcade").to_string();
        for wrong in ["", "9f3c1a", &hash[1..], &format!("+{}", &hash[1..]), &"ü".repeat(32)] {
            let error = wrong.parse::<ArtifactHash>().unwrap_err().to_string();
            assert!(error.contains("64 hex digits") && error.contains(wrong), "{error}");
        }
    }
}
