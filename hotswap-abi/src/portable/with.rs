//! Values of other crates' types: what `#[portable(serde)]` stands for.

use serde::{Serialize, de::DeserializeOwned};

use super::{DecodeError, Reader, Writer};

/// Writes a value that has serde's traits, with its fields' names.
///
/// # Panics
/// When the value's own `Serialize` fails.
pub fn encode_serde<T: Serialize>(value: &T, out: &mut Writer<'_>) {
    let bytes = rmp_serde::to_vec_named(value)
        .unwrap_or_else(|error| panic!("a value marked #[portable(serde)]: {error}"));
    out.len(bytes.len());
    out.bytes(&bytes);
}

/// Rebuilds a value that has serde's traits.
///
/// # Errors
/// When the bytes do not spell a value of this type.
pub fn decode_serde<T: DeserializeOwned>(input: &mut Reader<'_>) -> Result<T, DecodeError> {
    let len = input.len()?;
    let bytes = input.bytes(len)?;
    rmp_serde::from_slice(bytes).map_err(|error| input.error("a serde value", error))
}
