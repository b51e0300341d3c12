//! The interfaces that a host's executable opens slots for, found in its bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| hotswap_core::fuzzing::program(bytes));
