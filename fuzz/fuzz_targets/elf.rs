//! A file: its structure, its manifest, and all that is shown of it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| hotswap_core::fuzzing::artifact(bytes));
