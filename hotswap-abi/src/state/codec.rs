//! The codec of states: MessagePack with named fields (rmp-serde).
//!
//! Three things it does not carry faithfully: `Some(None)` and `Some(())` come back as `None`,
//! 128-bit numbers fail below `flatten` and tagged enums, and nesting of more than about a thousand
//! levels can be written but not read. The derive refuses the first two where it can see them
//! (`check.rs`); where a part of the state is opaque, [`is_faithful`] finds out by doing it.

use serde::{Serialize, de::DeserializeOwned};

use crate::portable::{Buffer, Writer};

/// The codec failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct CodecError {
    text: String,
}

/// Writes a state.
///
/// # Errors
/// When the state's `Serialize` fails.
pub fn encode<S: Serialize>(state: &S, out: &mut Writer<'_>) -> Result<(), CodecError> {
    rmp_serde::encode::write_named(out, state)
        .map_err(|error| CodecError { text: format!("it cannot be encoded: {error}") })
}

/// Reads a state.
///
/// # Errors
/// When the bytes do not spell one.
pub fn decode<S: DeserializeOwned>(bytes: &[u8]) -> Result<S, CodecError> {
    rmp_serde::from_slice(bytes)
        .map_err(|error| CodecError { text: format!("it cannot be decoded: {error}") })
}

/// Whether a decoded state is written as the bytes that it came from.
///
/// Compared as values, not as bytes: the order of a hash map's entries is not kept. (That of a
/// hash set is not kept either, and cannot be told from a list's: such a state is judged unfaithful
/// unless its type describes itself, where nobody needs to ask.)
///
/// # Errors
/// When the state cannot be encoded.
pub fn is_faithful<S: Serialize>(state: &S, bytes: &[u8]) -> Result<bool, CodecError> {
    let mut buffer = Buffer::new();
    encode(state, &mut buffer.writer())?;
    if buffer.bytes() == bytes {
        return Ok(true);
    }
    let normalized = super::carry::normalized;
    Ok(matches!((normalized(buffer.bytes()), normalized(bytes)), (Some(a), Some(b)) if a == b))
}
