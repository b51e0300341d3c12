//! Whether two libraries share an allocator: what `#[same_build]` arguments need, and states that are
//! handed over as memory, since either side may grow or drop what the other one has allocated.
//!
//! Each library has its own `#[global_allocator]`, and without one they all use the system's. There
//! is no way to ask which one it is. But an allocator that gets a block back on a thread gives it
//! out again on the next request of that size, and a block of one allocator is never given out by
//! another one. So both sides take and give back blocks in turn: where they share an allocator, they
//! get the same ones.

use std::hint::black_box;

/// Takes so many bytes from this library's allocator, gives them back, and says where they were.
pub(crate) extern "C" fn allocate(bytes: usize) -> usize {
    // Larger than what a C library adds to a block because the rest is too small for another one.
    const MORE: usize = 256;
    // Without the box the compiler may leave the allocation away.
    let block = |bytes| black_box(Vec::<u8>::with_capacity(black_box(bytes)));
    // A free block that is a little too large is given out whole, and goes back to the end of a
    // queue of its own size: where there are many, none is seen again. One that is cut from a large
    // one has the size that is asked for, and is the next to be given out.
    let mut cut = block(bytes + MORE);
    cut.shrink_to(bytes);
    drop(cut);
    let block = block(bytes);
    block.as_ptr().addr()
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
    const TRIES: usize = 100;
    // And an allocator may give out a few blocks in turn.
    const IN_TURN: usize = 8;
    let meet = |bytes| {
        let lefts: [usize; IN_TURN] = std::array::from_fn(|_| left(bytes));
        (0..IN_TURN).any(|_| lefts.contains(&right(bytes)))
    };
    sizes().all(|bytes| (0..TRIES).any(|_| meet(bytes)))
}

/// Whether this library's allocator is also the one that `theirs` allocates from.
#[must_use]
pub fn is_shared(theirs: extern "C" fn(usize) -> usize) -> bool {
    are_shared(allocate, theirs)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

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

    /// The C library gives a free block that is a little larger as it is; a free one goes back to
    /// the end of a queue where it is kept by its own size.
    #[test]
    fn many_free_blocks_that_are_a_little_larger_do_not_hide_what_is_shared() {
        let shared = std::thread::spawn(|| {
            let block = |bytes| black_box(Vec::<u8>::with_capacity(black_box(bytes)));
            // Many of each second size. What lies between them keeps the free ones apart.
            let free = (0..32 * 64).map(|i| 32 + i % 32 * 32);
            let (free, kept): (Vec<_>, Vec<_>) = free.map(|size| (block(size), block(16))).unzip();
            drop(free);
            let shared = are_shared(allocate, allocate);
            drop(kept);
            shared
        });
        assert!(shared.join().unwrap());
    }

    #[test]
    fn blocks_that_are_given_out_in_turn_are_the_same() {
        extern "C" fn in_turn(bytes: usize) -> usize {
            static TURN: AtomicUsize = AtomicUsize::new(0);
            (bytes << 8) | (TURN.fetch_add(1, Ordering::Relaxed) % 2)
        }
        assert!(are_shared(in_turn, in_turn));
    }

    #[test]
    fn other_allocators_are_told_apart() {
        assert!(!is_shared(with_header));
        assert!(!is_shared(arena));
    }
}
