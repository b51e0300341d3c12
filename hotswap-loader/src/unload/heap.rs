//! The heap of a library: the blocks that it has allocated and not freed, which are freed when the
//! library is gone.
//!
//! In Rust statics have no destructors. What they own (a `LazyLock`'s table, the list of those who
//! wait for a lock, a buffer for what is printed) lives as long as the process, and nothing but the
//! library knows of it: with the library it would be lost, each time.
//!
//! # A state that is handed over as memory
//! It takes blocks along: the next library frees what this one has allocated, and this one must not
//! be taken to own what it has left. So libraries among which a state may go over as memory share one
//! heap, from the moment they are opened; what any of them frees is struck out, and what is left is
//! freed when the last of them is gone.
//!
//! # Safety
//! Once a library, and all that share its heap, are unmapped nobody has an address in one of these
//! blocks. Nothing of the host or of another library does: what crosses is copied, and what is lent
//! (`#[same_build]`) is lent to libraries that are retained. Nothing of the C library does:
//! functions that keep a block, or free one on their own, are among those that a library must not
//! call if it is to be unloaded (`interpose/policy.rs`). So a block is freed where it was
//! allocated, by the calls that are answered here, or never.
//!
//! # Why the heap is shared
//! To find out which blocks belong to a state that has moved would take as long as the state is
//! large. So the libraries are accounted for together, and what their statics leave waits for the
//! last of them. Sharing ends with the first version that does not take its state over as memory.

use std::{
    fmt,
    hash::{BuildHasherDefault, Hasher},
    mem, ptr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use libc::{c_int, c_void};

use super::tables::Set;

/// The functions of the C library that a library allocates with, as the library finds them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Functions {
    malloc: unsafe extern "C" fn(usize) -> *mut c_void,
    calloc: unsafe extern "C" fn(usize, usize) -> *mut c_void,
    realloc: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    posix_memalign: unsafe extern "C" fn(*mut *mut c_void, usize, usize) -> c_int,
    aligned_alloc: unsafe extern "C" fn(usize, usize) -> *mut c_void,
}

impl Functions {
    /// `None` if one is missing.
    ///
    /// # Safety
    /// `real` must give the address of the function of that name and its C type, or 0.
    pub(super) unsafe fn find(real: impl Fn(&str) -> usize) -> Option<Self> {
        macro_rules! find {
            ($name:literal) => {{
                let address = Some(real($name)).filter(|address| *address != 0)?;
                let function: *const () = ptr::with_exposed_provenance(address);
                // SAFETY: the function of that name (caller), which has the type of the field.
                unsafe { mem::transmute_copy(&function) }
            }};
        }
        Some(Self {
            malloc: find!("malloc"),
            calloc: find!("calloc"),
            realloc: find!("realloc"),
            free: find!("free"),
            posix_memalign: find!("posix_memalign"),
            aligned_alloc: find!("aligned_alloc"),
        })
    }
}

const SHARDS: usize = 16;

/// What one library has allocated and not freed.
pub(super) struct Heap {
    functions: Functions,
    shards: [Shard; SHARDS],
    /// How many libraries have it that were not found gone.
    libraries: AtomicUsize,
}

/// Some of the blocks, by their addresses. Locked with a mutex of std: module code may allocate
/// where the thread-locals of the host are gone already.
#[derive(Default)]
#[repr(align(64))]
struct Shard(Mutex<Blocks>);

/// In memory of the system's: a set that grows while it is locked leads to no other allocation.
type Blocks = Set<usize, BuildHasherDefault<Scatter>>;

impl Shard {
    fn lock(&self) -> MutexGuard<'_, Blocks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fibonacci hashing. Addresses are chosen by the allocator, so nobody can choose those that collide.
#[derive(Default)]
struct Scatter(u64);

impl Hasher for Scatter {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("an address is written as a number")
    }

    #[inline]
    fn write_usize(&mut self, address: usize) {
        let product = (address as u64 >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 32);
    }
}

impl Heap {
    pub(super) fn new(functions: Functions) -> Self {
        Self { functions, shards: Default::default(), libraries: AtomicUsize::new(1) }
    }

    /// One more library has it: opened while one that has it is in use.
    pub(super) fn is_joined(&self) {
        self.libraries.fetch_add(1, Ordering::Relaxed);
    }

    fn shard(&self, address: usize) -> &Shard {
        &self.shards[(address >> 6) % SHARDS]
    }

    /// Notes a block, if it is one.
    fn note(&self, block: *mut c_void) -> *mut c_void {
        if !block.is_null() {
            let address = block.expose_provenance();
            self.shard(address).lock().insert(address);
        }
        block
    }

    /// Strikes a block out; whether it was noted. One that was not is the C library's, or the
    /// host's, which has lent it.
    fn strike(&self, block: *mut c_void) -> bool {
        !block.is_null() && self.shard(block.addr()).lock().remove(&block.addr())
    }

    /// As the C library's.
    pub(super) fn malloc(&self, size: usize) -> *mut c_void {
        // SAFETY: any size may be asked for.
        self.note(unsafe { (self.functions.malloc)(size) })
    }

    /// As the C library's.
    pub(super) fn calloc(&self, count: usize, size: usize) -> *mut c_void {
        // SAFETY: as above.
        self.note(unsafe { (self.functions.calloc)(count, size) })
    }

    /// As the C library's.
    pub(super) fn aligned_alloc(&self, alignment: usize, size: usize) -> *mut c_void {
        // SAFETY: as above; of an alignment that is none an error comes.
        self.note(unsafe { (self.functions.aligned_alloc)(alignment, size) })
    }

    /// # Safety
    /// As the C library's.
    pub(super) unsafe fn posix_memalign(
        &self,
        place: *mut *mut c_void,
        alignment: usize,
        size: usize,
    ) -> c_int {
        // SAFETY: the caller's.
        let error = unsafe { (self.functions.posix_memalign)(place, alignment, size) };
        if error == 0 {
            // SAFETY: the caller's place, with the block.
            self.note(unsafe { place.read() });
        }
        error
    }

    /// # Safety
    /// As the C library's.
    pub(super) unsafe fn realloc(&self, block: *mut c_void, size: usize) -> *mut c_void {
        // Before the block is freed: then somebody else may get it, and note it.
        let is_ours = block.is_null() || self.strike(block);
        // SAFETY: the caller's.
        let new = unsafe { (self.functions.realloc)(block, size) };
        match (is_ours, new.is_null()) {
            (true, false) => self.note(new),
            // It could not be done, and the block is as it was.
            (true, true) if size > 0 => {
                self.note(block);
                new
            }
            _ => new,
        }
    }

    /// # Safety
    /// As the C library's.
    pub(super) unsafe fn free(&self, block: *mut c_void) {
        self.strike(block);
        // SAFETY: the caller's.
        unsafe { (self.functions.free)(block) };
    }

    /// A library that has it is gone: with the last one what is left is freed. How many blocks that
    /// were.
    ///
    /// # Safety
    /// The library must be unmapped, and say so once.
    pub(super) unsafe fn is_left(&self) -> usize {
        // All that the others have done with it comes before.
        if self.libraries.fetch_sub(1, Ordering::AcqRel) > 1 {
            return 0;
        }
        let mut count = 0;
        for shard in &self.shards {
            for block in mem::take(&mut *shard.lock()) {
                // SAFETY: it was allocated and not freed, and nobody has its address (the module's
                // text).
                unsafe { (self.functions.free)(ptr::with_exposed_provenance_mut(block)) };
                count += 1;
            }
        }
        count
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heap() -> Heap {
        let real = |name: &str| match name {
            "malloc" => libc::malloc as *const () as usize,
            "calloc" => libc::calloc as *const () as usize,
            "realloc" => libc::realloc as *const () as usize,
            "free" => libc::free as *const () as usize,
            "posix_memalign" => libc::posix_memalign as *const () as usize,
            "aligned_alloc" => libc::aligned_alloc as *const () as usize,
            _ => 0,
        };
        // SAFETY: these are they.
        Heap::new(unsafe { Functions::find(real) }.unwrap())
    }

    fn noted(heap: &Heap) -> usize {
        heap.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    #[test]
    fn what_is_allocated_and_not_freed_is_left() {
        let heap = heap();
        let blocks = [heap.malloc(1), heap.calloc(2, 8), heap.aligned_alloc(64, 128)];
        let mut place = ptr::null_mut();
        // SAFETY: a place for the block.
        assert_eq!(unsafe { heap.posix_memalign(&raw mut place, 32, 7) }, 0);
        assert_eq!(noted(&heap), 4);
        // SAFETY: blocks of above.
        unsafe { heap.free(blocks[1]) };
        // SAFETY: as above.
        let larger = unsafe { heap.realloc(blocks[0], 100_000) };
        assert!(!larger.is_null());
        assert_eq!(noted(&heap), 3);
        // SAFETY: nobody uses them any more.
        assert_eq!(unsafe { heap.is_left() }, 3);
        assert_eq!(noted(&heap), 0);
    }

    #[test]
    fn what_is_left_is_freed_with_the_last_library() {
        let heap = heap();
        heap.is_joined();
        let (first, second) = (heap.malloc(8), heap.malloc(8));
        // SAFETY: a block of above, and the other library has its address.
        unsafe { heap.free(first) };
        // SAFETY: of two libraries, one.
        assert_eq!((unsafe { heap.is_left() }, noted(&heap)), (0, 1));
        // SAFETY: a block of above.
        assert!(!unsafe { heap.realloc(second, 64) }.is_null());
        // SAFETY: the last one.
        assert_eq!((unsafe { heap.is_left() }, noted(&heap)), (1, 0));
    }

    #[test]
    fn what_others_have_allocated_is_not_noted() {
        let heap = heap();
        // SAFETY: any size may be asked for.
        let theirs = unsafe { libc::malloc(16) };
        // SAFETY: it is a block.
        let theirs = unsafe { heap.realloc(theirs, 32) };
        assert_eq!(noted(&heap), 0);
        // SAFETY: it is a block.
        unsafe { heap.free(theirs) };
        // SAFETY: freeing nothing does nothing.
        unsafe { heap.free(ptr::null_mut()) };
    }

    #[test]
    fn what_cannot_be_made_larger_stays() {
        let heap = heap();
        let block = heap.malloc(8);
        // SAFETY: it is a block.
        assert!(unsafe { heap.realloc(block, usize::MAX / 2) }.is_null());
        assert_eq!(noted(&heap), 1);
        // SAFETY: nobody uses it any more.
        assert_eq!(unsafe { heap.is_left() }, 1);
    }
}
