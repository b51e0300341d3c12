//! The codec of states: MessagePack with named fields (rmp-serde).
//!
//! Three things it does not carry faithfully: `Some(None)`, `Some(())` and `Some(Value::Null)` come back as
//! `None`,
//! 128-bit numbers fail below `flatten` and tagged enums, and nesting of more than about a thousand
//! levels can be written but not read. The derive refuses the first two where it can see them
//! (`check.rs`); where a part of the state is opaque, [`is_faithful`] finds out by doing it.
//!
//! # Why serde and named fields
//! Users have serde's derives on their types already, and names make it possible to carry a state
//! by name (`carry.rs`). A part of a state is opaque only where its field says so. Everything else
//! is described, or does not compile. Stored shapes are compared by structure and not by type
//! names, so `WorldV1` may be what `World` once was.

use serde::{Serialize, de::DeserializeOwned};

use super::kept::keeps;
use crate::portable::{Buffer, Writer};

/// The codec failed.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct CodecError {
    text: String,
}

crate::debug_in_full!(CodecError);

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

/// Whether a decoded state has all that the bytes have that it came from.
///
/// Compared as values, not as bytes: a hash map and a hash set do not keep the order of what is in
/// them. A field that is new is no loss.
///
/// # Errors
/// When the state cannot be encoded.
pub fn is_faithful<S: Serialize>(state: &S, bytes: &[u8]) -> Result<bool, CodecError> {
    let mut buffer = Buffer::new();
    encode(state, &mut buffer.writer())?;
    if buffer.bytes() == bytes {
        return Ok(true);
    }
    Ok(keeps(bytes, buffer.bytes()))
}
