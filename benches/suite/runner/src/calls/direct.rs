//! The library that the module is in, opened by hand: its functions as pointers, alone and in the
//! keeping of `arc-swap`. This is sound only because both halves are one build.

use std::{fmt, path::Path, sync::Arc};

use arc_swap::ArcSwap;
use benches_api::{Block, Calls, Score};
use libloading::Library;

/// The functions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub(super) add: fn(u64) -> u64,
    pub(super) greet: fn(&str) -> String,
    pub(super) block: fn(Block) -> Block,
    pub(super) scores: fn(u32) -> Vec<Score>,
    pub(super) scale: fn(&mut [f32]),
}

/// Ways into the library.
pub(super) struct Direct {
    pub(super) table: Table,
    pub(super) swap: ArcSwap<Table>,
    pub(super) object: Arc<dyn Calls + Send + Sync>,
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").finish_non_exhaustive()
    }
}

impl Direct {
    /// Opens the library. It stays open.
    pub(super) fn open(path: &Path) -> Self {
        // SAFETY: a module of ours, which runs nothing when it is opened.
        let library = unsafe { Library::new(path) }.expect("a module that was built can be opened");
        let library = Box::leak(Box::new(library));
        let table = Table {
            add: symbol(library, "direct_add"),
            greet: symbol(library, "direct_greet"),
            block: symbol(library, "direct_block"),
            scores: symbol(library, "direct_scores"),
            scale: symbol(library, "direct_scale"),
        };
        let object: fn() -> Arc<dyn Calls + Send + Sync> = symbol(library, "direct_object");
        Self { table, swap: ArcSwap::from_pointee(table), object: object() }
    }
}

/// A function of a library that must stay open. `T` must be its type: the names are those of modules
/// of this workspace, which export them with these types.
pub(crate) fn symbol<T: Copy>(library: &Library, name: &str) -> T {
    // SAFETY: the types are those in the module's source.
    let symbol = unsafe { library.get::<T>(name.as_bytes()) };
    *symbol.unwrap_or_else(|error| panic!("{name}: {error}"))
}
