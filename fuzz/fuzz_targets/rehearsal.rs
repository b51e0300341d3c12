//! What a rehearsal's child says, in which an artifact has run.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| hotswap_core::fuzzing::rehearsal(bytes));
