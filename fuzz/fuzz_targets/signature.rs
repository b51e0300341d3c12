//! A signature file and a public key.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| hotswap_core::fuzzing::signature(bytes));
