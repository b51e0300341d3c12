//! A state that is carried by its fields' names from the shape in one manifest to that in another:
//! the length of the state (u16), the state, the two manifests.

#![no_main]

use hotswap_abi::{__private::state::carry, Manifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first_chunk() else { return };
    let Some((state, rest)) = rest.split_at_checked(u16::from_le_bytes(*length).into()) else {
        return;
    };
    let mut begins = (1..rest.len()).filter(|at| rest[*at..].starts_with(b"HOTSWAP\0"));
    let Some(middle) = begins.next() else { return };
    let (old, new) = rest.split_at(middle);
    let [Some(old), Some(new)] = [old, new].map(counted) else { return };
    let (Some(from), Some(to)) = (old.state(), new.state()) else { return };
    let (from, to) = ((&old.types, &from.shape), (&new.types, &to.shape));
    if let Ok(carried) = carry(state, from, to) {
        let _ = carry(&carried.bytes, to, from);
    }
});

/// The fuzzer makes them longer and shorter, and does not count.
fn counted(bytes: &[u8]) -> Option<Manifest> {
    let mut bytes = bytes.to_vec();
    let length = u32::try_from(bytes.len().checked_sub(14)?).ok()?;
    bytes[10..14].copy_from_slice(&length.to_le_bytes());
    Manifest::decode(&bytes).ok()
}
