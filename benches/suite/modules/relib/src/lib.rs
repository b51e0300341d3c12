//! The same work as a module for relib.

#![allow(improper_ctypes_definitions, reason = "both halves are one build, as relib demands")]

use benches_api::{Block, Score, work};
use benches_relib_api::exports::Exports;
// What relib looks for in a library.
use relib_module as _;

relib_interface::include_exports!();
use gen_exports::ModuleExportsImpl;

impl Exports for ModuleExportsImpl {
    fn add(x: u64) -> u64 {
        work::add(x)
    }

    fn greet(name: &str) -> String {
        work::greet(name)
    }

    fn block(block: Block) -> Block {
        work::block(block)
    }

    fn scores(count: u32) -> Vec<Score> {
        work::scores(count)
    }

    fn scale(samples: *mut [f32]) {
        // SAFETY: the host lends the slice for this call.
        work::scale(unsafe { &mut *samples });
    }
}
