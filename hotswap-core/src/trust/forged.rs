//! Why a signature does not hold.

use hotswap_types::ArtifactHash;

use super::{day::Day, key::KeyId};

/// Why a signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Forged {
    #[error("it is no minisign signature")]
    Damaged,
    #[error("trusted keys: {trusted}   signed with: {found}")]
    Key { trusted: String, found: KeyId },
    #[error("it is of the old form, made with `minisign -l`")]
    Legacy,
    #[error("it is not the signature of this file")]
    Wrong,
    #[error("key {key} was trusted until {until}")]
    Expired { key: KeyId, until: Day },
    #[error("key {key} was revoked")]
    Revoked { key: KeyId },
    #[error("artifact {} was revoked", artifact.short())]
    RevokedArtifact { artifact: ArtifactHash },
}
