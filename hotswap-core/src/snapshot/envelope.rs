//! The format of a snapshot's file. Pure: bytes in, its parts or damage out.
//!
//! `"HOTSNAP\0"`, the format's number (u16), the version of hotswap that writes it (its length as a
//! byte, and a text: every later format keeps that), when it was taken (u64, milliseconds since 1970), the
//! length of the manifest (u32) and the manifest as it stands in an artifact, the length of the
//! state (u64) and the state, and the BLAKE3 hash of all that. Numbers are little-endian.
//!
//! The bytes are taken as hostile: every length is checked against what is there. The hash tells a
//! whole file from a damaged one; it is no signature.

use std::{
    io::{self, Write},
    time::{Duration, SystemTime},
};

use hotswap_abi::{
    __private::{compat::compatible, manifest::ABI},
    Manifest, ManifestError,
};
use semver::Version;

use crate::written::{OWN, writer};

const MAGIC: [u8; 8] = *b"HOTSNAP\0";
pub(super) const FORMAT: u16 = 2;
const HASH: usize = blake3::OUT_LEN;
#[expect(clippy::cast_possible_truncation, reason = "a version is short")]
const OWN_LENGTH: u8 = OWN.len() as u8;

/// Why bytes are no snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
    #[error("it does not begin like one")]
    Magic,
    #[error("it has format {found}, this version of hotswap reads format {FORMAT}")]
    Format { found: u16, hotswap: Option<String> },
    #[error("it ends before its {0}")]
    Short(&'static str),
    #[error("{0} bytes stand behind its end")]
    Long(usize),
    #[error("its content does not have the hash that it names")]
    Hash,
    #[error("the manifest in it is damaged")]
    Manifest(#[source] ManifestError),
    #[error("the module that wrote it has no state")]
    Stateless,
    #[error("it was written with hotswap-abi {found}, which this version, {ABI}, does not read")]
    Abi { found: Version },
}

/// What a file of a snapshot holds.
pub(super) struct Parts {
    pub(super) manifest: Manifest,
    pub(super) state: Vec<u8>,
    pub(super) taken: SystemTime,
}

/// Writes a snapshot.
pub(super) fn encode(
    manifest: &Manifest,
    state: &[u8],
    taken: SystemTime,
    out: &mut dyn Write,
) -> io::Result<()> {
    let since = taken.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let taken = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let manifest = manifest.encoded();
    let length = u32::try_from(manifest.len()).map_err(io::Error::other)?;
    let mut hasher = blake3::Hasher::new();
    let parts: [&[u8]; 9] = [
        &MAGIC,
        &FORMAT.to_le_bytes(),
        &[OWN_LENGTH],
        OWN.as_bytes(),
        &taken.to_le_bytes(),
        &length.to_le_bytes(),
        manifest,
        &(state.len() as u64).to_le_bytes(),
        state,
    ];
    for part in parts {
        hasher.update(part);
        out.write_all(part)?;
    }
    out.write_all(hasher.finalize().as_bytes())
}

/// How many bytes a snapshot has as a file.
pub(super) fn size(manifest: &Manifest, state: &[u8]) -> u64 {
    let numbers = MAGIC.len() + 2 + 1 + OWN.len() + 8 + 4 + 8 + HASH;
    (numbers + manifest.encoded().len() + state.len()) as u64
}

/// Reads a snapshot.
pub(super) fn decode(bytes: &[u8]) -> Result<Parts, Damage> {
    let mut left = bytes;
    if !left.starts_with(&MAGIC) {
        return Err(Damage::Magic);
    }
    left = &left[MAGIC.len()..];
    let found = u16::from_le_bytes(take(&mut left, "format")?);
    let hotswap = take(&mut left, "writer")
        .and_then(|[length]: [u8; 1]| slice(&mut left, length.into(), "writer"));
    if found != FORMAT {
        return Err(Damage::Format { found, hotswap: hotswap.ok().and_then(writer) });
    }
    hotswap?;
    let taken = u64::from_le_bytes(take(&mut left, "time")?);
    let length = u32::from_le_bytes(take(&mut left, "manifest")?);
    let manifest = slice(&mut left, u64::from(length), "manifest")?;
    let length = u64::from_le_bytes(take(&mut left, "state")?);
    let state = slice(&mut left, length, "state")?;
    let content = &bytes[..bytes.len() - left.len()];
    let hash: [u8; HASH] = take(&mut left, "hash")?;
    if !left.is_empty() {
        return Err(Damage::Long(left.len()));
    }
    if blake3::hash(content) != hash {
        return Err(Damage::Hash);
    }
    let manifest = Manifest::decode(manifest).map_err(Damage::Manifest)?;
    if manifest.state().is_none() {
        return Err(Damage::Stateless);
    }
    let ours = ABI.parse().expect("cargo checks a package's version");
    if !compatible(&ours, &manifest.abi) {
        return Err(Damage::Abi { found: manifest.abi });
    }
    let taken = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(taken));
    let taken = taken.unwrap_or(SystemTime::UNIX_EPOCH);
    Ok(Parts { manifest, state: state.to_vec(), taken })
}

fn take<const N: usize>(left: &mut &[u8], what: &'static str) -> Result<[u8; N], Damage> {
    let (first, rest) = left.split_first_chunk().ok_or(Damage::Short(what))?;
    *left = rest;
    Ok(*first)
}

fn slice<'a>(left: &mut &'a [u8], length: u64, what: &'static str) -> Result<&'a [u8], Damage> {
    let length = usize::try_from(length).map_err(|_| Damage::Short(what))?;
    let (first, rest) = left.split_at_checked(length).ok_or(Damage::Short(what))?;
    *left = rest;
    Ok(first)
}
