//! Draws for entries without a key.
//!
//! Each thread has a generator of its own (SplitMix64: a counter, and a mixing function), so that a
//! draw reads and writes nothing that another thread uses. It begins with std's random hasher keys:
//! threads and runs draw differently. It is for shares, not for secrets.

#[cfg(not(all(test, loom)))]
pub(crate) fn draw() -> u32 {
    use std::cell::Cell;
    use std::hash::{BuildHasher as _, RandomState};

    const UNSEEDED: u64 = 0;
    const GAP: u64 = 0x9e37_79b9_7f4a_7c15;
    std::thread_local! { static COUNTER: Cell<u64> = const { Cell::new(UNSEEDED) }; }

    let mut counter = COUNTER.get();
    if counter == UNSEEDED {
        counter = RandomState::new().hash_one(GAP);
    }
    counter = counter.wrapping_add(GAP);
    COUNTER.set(counter);
    let mut mixed = counter;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 32) as u32
}

/// A model must go the same way each time: there, keys choose.
#[cfg(all(test, loom))]
pub(crate) fn draw() -> u32 {
    0
}
