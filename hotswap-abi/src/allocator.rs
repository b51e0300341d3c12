//! Whether two libraries share an allocator: what `#[same_build]` arguments need, since either side
//! may grow or drop what the other one has allocated.
//!
//! Each library has its own `#[global_allocator]`, and without one they all use the system's. There
//! is no way to ask which one it is. But an allocator that gets a block back on a thread gives it
//! out again on the next request of that size, and a block of one allocator is never given out by
//! another one. So both sides take and give back blocks in turn: where they share an allocator, they
//! get the same ones.

use std::hint::black_box;

/// Takes so many bytes from this library's allocator, gives them back, and says where they were.
pub(crate) extern "C" fn allocate(bytes: usize) -> usize {
    // Without the box the compiler may leave the allocation away.
    black_box(Vec::<u8>::with_capacity(black_box(bytes)).as_ptr()).addr()
}

/// The largest alignment that [`are_shared`] says something of: that of every block of a C library.
pub const TRIED_ALIGNMENT: usize = 16;

/// The sizes that are tried: small ones as tables and nodes have them, and large ones as what has
/// grown.
pub fn sizes() -> impl Iterator<Item = usize> {
    let (small, large) = ((1..=64).map(|i| 16 * i), (11..=16).map(|i| 1 << i));
    small.chain(large)
}

/// Whether two libraries allocate from one allocator, for all [`sizes`], as far as can be seen.
///
/// It is not enough that blocks overlap: one of the two may put a header in front of its own.
#[must_use]
pub fn are_shared(
    left: extern "C" fn(usize) -> usize,
    right: extern "C" fn(usize) -> usize,
) -> bool {
    // Another thread may have the block that was given back.
    const TRIES: usize = 32;
    sizes().all(|bytes| (0..TRIES).any(|_| left(bytes) == right(bytes)))
}

/// Whether this library's allocator is also the one that `theirs` allocates from.
#[must_use]
pub fn is_shared(theirs: extern "C" fn(usize) -> usize) -> bool {
    const SIZES: usize = 16;
    let sizes = (1..=SIZES).map(|i| 32 * i);
    // Not in each case: another block may be nearer at hand, or an allocator's memory may have gone
    // back to the system and come out of another one.
    sizes.filter(|size| allocate(*size) == theirs(*size)).count() > SIZES / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_shares_its_allocator_with_itself() {
        assert!(is_shared(allocate));
    }

    /// One that puts a header in front of what the system's gives.
    extern "C" fn with_header(bytes: usize) -> usize {
        allocate(bytes + 16) + 16
    }

    /// One that has its own memory.
    extern "C" fn arena(bytes: usize) -> usize {
        static ARENA: [u8; 4096] = [0; 4096];
        ARENA.as_ptr().addr() + bytes
    }

    #[test]
    fn an_allocator_that_differs_for_some_sizes_is_another_one() {
        extern "C" fn for_large(bytes: usize) -> usize {
            if bytes > 1024 { arena(bytes) } else { allocate(bytes) }
        }
        extern "C" fn for_small(bytes: usize) -> usize {
            if bytes < 400 { arena(bytes) } else { allocate(bytes) }
        }
        assert!(are_shared(allocate, allocate));
        for other in [for_large, for_small, with_header, arena] {
            assert!(!are_shared(allocate, other));
        }
    }

    #[test]
    fn other_allocators_are_told_apart() {
        assert!(!is_shared(with_header));
        assert!(!is_shared(arena));
    }
}
