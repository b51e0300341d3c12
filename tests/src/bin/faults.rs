//! Everything that may go wrong goes wrong, a row each, and after every row a good build goes live.
//!
//! `cargo run --release -p hotswap-tests --bin faults` runs all rows, `… --bin faults -- NAME…`
//! those whose name has one of the words, `… -- --list` shows their names.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Rows rehearse: their child processes are this program again.
    hotswap_core::probe::serve();
    hotswap_tests::faults::run(std::env::args().skip(1).collect())
}
