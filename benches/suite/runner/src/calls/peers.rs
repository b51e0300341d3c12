//! The peers, each as its documentation says.
//!
//! subsecond is only itself with debug assertions, which this workspace sets for it; its command
//! line makes patches, and here one is put together by hand: a table from the functions that are
//! linked to those of a library.

use std::{fmt, fs, path::PathBuf};

use benches_api::{Block, Score};
use libloading::Library;
use relib_host::Module;
use subsecond::JumpTable;

use super::direct::symbol;
use crate::modules;

#[allow(
    clippy::allow_attributes_without_reason,
    clippy::multiple_unsafe_ops_per_block,
    clippy::pedantic,
    clippy::undocumented_unsafe_blocks,
    improper_ctypes_definitions,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    reason = "written by relib"
)]
mod generated {
    relib_interface::include_exports!();
    pub use gen_exports::ModuleExports;
}

pub(crate) use generated::ModuleExports;

/// Where hot-lib-reloader watches.
pub(crate) fn hot_folder() -> PathBuf {
    modules::scratch("reloaded")
}

/// hot-lib-reloader, as it is by default.
#[hot_lib_reloader::hot_module(dylib = "benches_reloaded", lib_dir = crate::calls::peers::hot_folder())]
#[allow(static_mut_refs, missing_docs, reason = "written by hot-lib-reloader")]
pub(super) mod hot {
    use benches_api::{Block, Score};

    #[hot_functions]
    extern "Rust" {
        pub fn hot_add(x: u64) -> u64;
        pub fn hot_greet(name: &str) -> String;
        pub fn hot_block(block: Block) -> Block;
        pub fn hot_scores(count: u32) -> Vec<Score>;
        pub fn hot_scale(samples: &mut [f32]);
    }
}

/// The functions that subsecond finds patched.
pub(super) mod linked {
    use benches_api::{Block, Score, work};

    #[inline(never)]
    pub(crate) fn add(x: u64) -> u64 {
        work::add(x)
    }

    #[inline(never)]
    pub(crate) fn greet(name: &str) -> String {
        work::greet(name)
    }

    #[inline(never)]
    pub(crate) fn block(block: Block) -> Block {
        work::block(block)
    }

    #[inline(never)]
    pub(crate) fn scores(count: u32) -> Vec<Score> {
        work::scores(count)
    }

    #[inline(never)]
    pub(crate) fn scale(samples: &mut [f32]) {
        work::scale(samples);
    }
}

/// Builds what hot-lib-reloader loads, and patches the functions of subsecond.
pub(super) fn prepare() {
    let reloaded = modules::build("benches-reloaded", &[]);
    let path = hot_folder().join("libbenches_reloaded.so");
    fs::copy(reloaded, path).expect("the target folder can be written");

    let path = modules::build("benches-patch", &[]);
    // SAFETY: a library of ours, which runs nothing when it is opened.
    let library = unsafe { Library::new(&path) }.expect("a library that was built can be opened");
    let library: &'static Library = Box::leak(Box::new(library));
    let patch = |name: &str| symbol::<*const ()>(library, name).addr() as u64;
    let map = [
        (linked::add as fn(u64) -> u64 as usize as u64, patch("patch_add")),
        (linked::greet as fn(&str) -> String as usize as u64, patch("patch_greet")),
        (linked::block as fn(Block) -> Block as usize as u64, patch("patch_block")),
        (linked::scores as fn(u32) -> Vec<Score> as usize as u64, patch("patch_scores")),
        (linked::scale as fn(&mut [f32]) as usize as u64, patch("patch_scale")),
    ];
    let table = JumpTable {
        lib: path,
        map: map.into_iter().collect(),
        // The addresses are those in this process already.
        aslr_reference: subsecond::aslr_reference() as u64,
        new_base_address: patch("main"),
        ifunc_count: 0,
    };
    // SAFETY: each function is mapped to one of the same type.
    unsafe { subsecond::apply_patch(table) }.expect("subsecond takes the patch");
}

/// relib, with unloading. Only the thread that has loaded a module can call it.
pub(super) struct Relib(Module<ModuleExports>);

impl fmt::Debug for Relib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relib").finish_non_exhaustive()
    }
}

macro_rules! relib {
    ($($name:ident($type:ty) -> $result:ty;)*) => {
        impl Relib {
            $(
                #[inline]
                pub(super) fn $name(&self, x: $type) -> $result {
                    // SAFETY: both sides were built together, from one description.
                    let result = unsafe { self.0.exports().$name(x) };
                    result.expect("the module does not panic")
                }
            )*
        }
    };
}

relib! {
    add(u64) -> u64;
    greet(&str) -> String;
    block(Block) -> Block;
    scores(u32) -> Vec<Score>;
    scale(&mut [f32]) -> ();
}

impl Relib {
    /// Builds the module and loads it.
    pub(super) fn load() -> Self {
        let path = modules::build("benches-relib", &[]);
        // SAFETY: on Linux there is nothing to keep.
        let module = unsafe { relib_host::load_module(path, ()) };
        Self(module.unwrap_or_else(|error| panic!("relib: {error}")))
    }
}
