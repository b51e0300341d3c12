//! A state's file. The fuzzer does not guess hashes, so the bytes are taken without theirs, too.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| hotswap_core::fuzzing::snapshot(bytes));
