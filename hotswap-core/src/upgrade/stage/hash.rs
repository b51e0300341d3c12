//! What an artifact is known by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// The BLAKE3 hash of an artifact's content. Its text is 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    pub fn of(content: &[u8]) -> Self {
        Self(*blake3::hash(content).as_bytes())
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first six hex digits, for people.
    pub fn short(&self) -> String {
        self.0[..3].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl From<[u8; 32]> for ArtifactHash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ArtifactHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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
        parse(text)
            .map(Self)
            .ok_or_else(|| ParseHashError { found: text.chars().take(80).collect() })
    }
}

impl Serialize for ArtifactHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ArtifactHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(bytes)
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
