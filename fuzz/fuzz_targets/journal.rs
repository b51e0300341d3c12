//! A line of the journal, with and without its checksum, and what it comes to.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| hotswap_core::fuzzing::journal(bytes));
