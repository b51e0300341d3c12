//! What an artifact exports: the root, a table of C functions for a module's whole life.
//!
//! The derive exports a static [`Export`] under the crate's own name. The host checks its magic
//! and, by abi_stable, the layout of everything below it, before it follows any other pointer.
//!
//! An instance, a state between its migration and the start, and a context are boxes of the module:
//! the host holds pointers and gives them back.

use std::slice;

use abi_stable::{StableAbi, type_layout::TypeLayout};

use crate::{
    allocator::Allocator,
    interface::{Entry, Lent, LentFn, TableRef, by_name},
    layout,
    logs::Listener,
    portable::{Bytes, Sink, Status, Str},
};

/// How a step of the life cycle ended: on success `value` is what it made, or null.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "part of the calling convention")]
pub struct Answer {
    /// On [`Status::FAILED`] the error's text is in the sink.
    pub status: Status,
    /// What was made.
    pub value: *mut (),
}

/// The functions of a module's life, in the order in which they are called.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "checked field by field by abi_stable")]
pub struct LifeCycle {
    /// Slot and generation → a context.
    pub context: unsafe extern "C" fn(Str, u64, *mut Sink) -> Answer,
    /// [`Module::prepare`](super::Module::prepare).
    pub prepare: unsafe extern "C" fn(*const (), *mut Sink) -> Answer,
    /// Version and bytes of a state → the state, migrated. The flag asks whether what was decoded
    /// is written as the same value again.
    pub migrate: unsafe extern "C" fn(u32, Bytes, bool, *mut Sink) -> Answer,
    /// How to start, the context, the migrated state or null (taken in any case) → the instance.
    pub start: unsafe extern "C" fn(u8, *const (), *mut (), *mut Sink) -> Answer,
    /// [`Module::self_test`](super::Module::self_test).
    pub self_test: unsafe extern "C" fn(*const (), *const (), *mut Sink) -> Answer,
    /// [`Module::verify`](super::Module::verify).
    pub verify: unsafe extern "C" fn(*const (), *mut Sink) -> Answer,
    /// [`Module::suspend`](super::Module::suspend).
    pub suspend: unsafe extern "C" fn(*mut (), *mut Sink) -> Answer,
    /// [`Module::resume`](super::Module::resume).
    pub resume: unsafe extern "C" fn(*mut (), *mut Sink) -> Answer,
    /// [`Module::state`](super::Module::state), written to the sink as its own version.
    pub snapshot: unsafe extern "C" fn(*const (), *mut Sink) -> Answer,
    /// The state, downgraded to an older version and written to the sink.
    pub downgrade: unsafe extern "C" fn(*const (), u32, *mut Sink) -> Answer,
    /// [`Module::stop`](super::Module::stop), and the drop of the instance.
    pub stop: unsafe extern "C" fn(*mut (), *mut Sink) -> Answer,
    /// Drops a migrated state that no instance was started from.
    pub drop_state: unsafe extern "C" fn(*mut ()),
    /// Drops a context.
    pub drop_context: unsafe extern "C" fn(*mut ()),
}

/// Where an instance has its state, and what is called around a move.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "checked field by field by abi_stable")]
pub struct Moving {
    /// Where in the instance the state is.
    pub offset: usize,
    /// Its size in bytes.
    pub size: usize,
    /// Writes the description of its type to the sink, and what is to be mended as one of the
    /// `TRAPS_…` numbers.
    pub describe: unsafe extern "C" fn(*mut Sink) -> Answer,
    /// Mends a state that has just arrived, at fixed places. It runs no code of a user's.
    pub mend: unsafe extern "C" fn(*mut ()),
    /// [`Module::arrived`](super::Module::arrived).
    pub arrived: unsafe extern "C" fn(*mut (), *mut Sink) -> Answer,
}

/// The types that stand in the methods' signatures beside scalars and plain data. Nothing of this
/// type is ever made: the root names it, so that the checker looks at each of them.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "checked field by field by abi_stable")]
pub struct Crossing {
    status: Status,
    bytes: Bytes,
    text: Str,
    sink: *mut Sink,
    lent: Lent,
    table: *const TableRef,
    closure: LentFn,
}

/// What an artifact exports.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
#[sabi(kind(Prefix(prefix_ref = RootRef)))]
#[sabi(missing_field(panic))]
#[allow(clippy::exhaustive_structs, reason = "checked field by field by abi_stable")]
pub struct Root {
    /// The interface's entry points.
    pub entries: *const Entry,
    /// How many.
    pub count: usize,
    /// Null: here for the types' sake.
    pub crossing: *const Crossing,
    /// Called once after loading: sets the library's own panic hook, and whom its logs go to.
    pub attach: unsafe extern "C" fn(*const Listener),
    /// Asks the listener again what it wants of each callsite.
    pub follow: unsafe extern "C" fn(),
    /// Writes message, place and backtrace of this thread's last failure to the sink.
    pub take_failure: unsafe extern "C" fn(*mut Sink),
    /// Where the library's allocations go.
    pub allocator: extern "C" fn() -> Allocator,
    /// The module's life.
    pub life: LifeCycle,
    /// How its state is handed over as memory; null if it is not.
    pub moving: *const Moving,
    /// Whether panics leave a backtrace from now on, as one of the `TRACE_…` numbers.
    #[sabi(last_prefix_field)]
    pub trace_panics: unsafe extern "C" fn(u8),
}

/// The entry points of a module's root in the order of `methods`; null for those it lacks.
///
/// # Safety
/// The root's library must be mapped.
#[must_use]
pub unsafe fn entries_by_name(methods: &[&str], root: RootRef) -> Box<[*const ()]> {
    // SAFETY: the root was made from one slice (`Functions::WITH_METADATA`), a constant of the
    // library, which is mapped (caller).
    let entries = unsafe { slice::from_raw_parts(root.entries(), root.count()) };
    // SAFETY: the names are constants of the library.
    unsafe { by_name(methods, entries) }
}

/// The exported static: constants and pointers only.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Export {
    magic: [u8; 16],
    layout: &'static TypeLayout,
    root: RootRef,
    /// Here for the linker: it keeps what an exported static refers to, and on Windows with the GNU
    /// linker nothing else keeps the manifest.
    _manifest: *const u8,
}

// SAFETY: constants of the library.
unsafe impl Sync for Export {}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").finish_non_exhaustive()
    }
}

const MAGIC: [u8; 16] = *b"hotswap root v1\0";

impl Export {
    /// Exports a root, and refers to the manifest that is in its section at this place.
    pub(super) const fn new(root: RootRef, manifest: &'static [u8]) -> Self {
        let layout = <RootRef as StableAbi>::LAYOUT;
        Self { magic: MAGIC, layout, root, _manifest: manifest.as_ptr() }
    }

    /// The root, if its layout is what this side expects.
    ///
    /// # Errors
    /// The differences in words.
    ///
    /// # Safety
    /// `export` must be the address of the symbol that the manifest of a loaded library names, and
    /// that library must have been built with the version of abi_stable that the manifest names.
    pub unsafe fn check(export: *const Self) -> Result<RootRef, String> {
        // SAFETY: the symbol is at least as long as its first field, whatever it is (caller).
        let magic = unsafe { &raw const (*export).magic };
        // SAFETY: as above.
        let magic = unsafe { magic.read() };
        if magic != MAGIC {
            return Err("the exported symbol is no hotswap root".to_owned());
        }
        // SAFETY: the magic says that it is an `Export`.
        let export = unsafe { &*export };
        layout::check(<RootRef as StableAbi>::LAYOUT, export.layout)?;
        Ok(export.root)
    }
}

const _: () = assert!(size_of::<LifeCycle>() == 13 * size_of::<usize>());
const _: () = assert!(size_of::<Moving>() == 5 * size_of::<usize>());
