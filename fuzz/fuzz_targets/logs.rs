//! What a module logs: the length of a callsite's description (u16), the description, values.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some((length, rest)) = bytes.split_first_chunk()
        && let Some((site, values)) = rest.split_at_checked(u16::from_le_bytes(*length).into())
    {
        hotswap_core::fuzzing::logs(site, values);
    }
});
