//! Where results are written: memory of the caller.

use std::{alloc, mem::MaybeUninit, ptr, slice};

use abi_stable::StableAbi;

use super::Writer;

/// Where a callee writes a result: memory of the caller, which grows by the caller's own code.
#[derive(Debug, StableAbi)]
#[repr(C)]
pub struct Sink {
    ptr: *mut u8,
    len: usize,
    capacity: usize,
    /// Makes room, for so many bytes if it can, and for some in any case.
    grow: unsafe extern "C" fn(*mut Self, usize),
}

impl Sink {
    /// Forgets what was written.
    pub(crate) const fn clear(&mut self) {
        self.len = 0;
    }

    /// Appends bytes.
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.capacity - self.len < bytes.len() {
            self.push_growing(bytes);
        } else {
            self.put(bytes);
        }
    }

    /// Appends bytes where there is no room for all of them yet: at once where room is made for
    /// them, and else piece by piece, as large as it is made.
    #[inline(never)]
    fn push_growing(&mut self, mut bytes: &[u8]) {
        loop {
            // SAFETY: `grow` belongs to what this sink is the first field of (`Buffer::new` and
            // `Counter::new` are the only constructors).
            unsafe { (self.grow)(self, bytes.len()) };
            let (piece, rest) = bytes.split_at(bytes.len().min(self.capacity - self.len));
            self.put(piece);
            if rest.is_empty() {
                break;
            }
            bytes = rest;
        }
    }

    /// Appends bytes for which there is room.
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.len() <= self.capacity - self.len);
        // SAFETY: there is room for `bytes` behind `len` (`push`, `push_growing`).
        let end = unsafe { self.ptr.add(self.len) };
        // SAFETY: as above; the bytes are not part of the buffer, which is borrowed mutably.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), end, bytes.len()) };
        self.len += bytes.len();
    }
}

const INLINE: usize = 192;

/// The caller's memory behind a [`Sink`]: small results stay on the stack.
#[derive(Debug)]
#[repr(C)]
pub struct Buffer {
    sink: Sink,
    inline: [MaybeUninit<u8>; INLINE],
}

impl Default for Buffer {
    #[inline]
    fn default() -> Self {
        Self::new()
    }
}

impl Buffer {
    /// An empty buffer.
    #[must_use]
    #[inline]
    pub const fn new() -> Self {
        Self {
            sink: Sink { ptr: ptr::null_mut(), len: 0, capacity: INLINE, grow: Self::grow },
            inline: [MaybeUninit::uninit(); INLINE],
        }
    }

    const fn on_heap(&self) -> bool {
        self.sink.capacity != INLINE
    }

    /// The sink to write to, which the other side takes. The buffer must not move while the sink is
    /// in use. It is not lent as a reference: two buffers must not exchange their sinks.
    #[inline]
    pub const fn sink(&mut self) -> *mut Sink {
        self.own_sink()
    }

    /// Writes to it.
    #[inline]
    pub const fn writer(&mut self) -> Writer<'_> {
        Writer::new(self.own_sink())
    }

    const fn own_sink(&mut self) -> &mut Sink {
        if !self.on_heap() {
            self.sink.ptr = self.inline.as_mut_ptr().cast();
        }
        &mut self.sink
    }

    /// What was written.
    #[must_use]
    #[inline]
    pub const fn bytes(&self) -> &[u8] {
        let start = if self.on_heap() { self.sink.ptr } else { self.inline.as_ptr().cast() };
        // SAFETY: `len` bytes were written there by `Sink::push`.
        unsafe { slice::from_raw_parts(start, self.sink.len) }
    }

    /// What was written, in a vector.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        if !self.on_heap() {
            return self.bytes().to_vec();
        }
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: `grow` allocated exactly `capacity` bytes with alignment 1 by this side's
        // allocator; the buffer is not dropped.
        unsafe { Vec::from_raw_parts(this.sink.ptr, this.sink.len, this.sink.capacity) }
    }

    /// # Safety
    /// `sink` is the first field of a `Buffer` that is not borrowed otherwise.
    unsafe extern "C" fn grow(sink: *mut Sink, additional: usize) {
        // SAFETY: `Buffer` is `repr(C)` and `sink` is its first field (caller).
        let buffer = unsafe { &mut *sink.cast::<Self>() };
        let wanted = buffer
            .sink
            .len
            .checked_add(additional)
            .and_then(usize::checked_next_power_of_two)
            .unwrap_or(usize::MAX)
            .max(INLINE * 4);
        let Ok(layout) = alloc::Layout::array::<u8>(wanted) else {
            alloc::handle_alloc_error(alloc::Layout::new::<u8>())
        };
        let old = buffer.sink.ptr;
        let new = if buffer.on_heap() {
            // SAFETY: the heap part was allocated below with this layout.
            let layout =
                unsafe { alloc::Layout::from_size_align_unchecked(buffer.sink.capacity, 1) };
            // SAFETY: as above, and `wanted` is not zero and not more than `isize::MAX`.
            unsafe { alloc::realloc(old, layout, wanted) }
        } else {
            // SAFETY: the layout is not of size zero.
            unsafe { alloc::alloc(layout) }
        };
        if new.is_null() {
            alloc::handle_alloc_error(layout);
        }
        if !buffer.on_heap() {
            // SAFETY: `len` bytes are in the inline part, and the new part is larger and apart.
            unsafe {
                ptr::copy_nonoverlapping(buffer.inline.as_ptr().cast(), new, buffer.sink.len)
            };
        }
        (buffer.sink.ptr, buffer.sink.capacity) = (new, wanted);
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        if self.on_heap() {
            // SAFETY: `grow` allocated it with this size and alignment 1.
            drop(unsafe { Vec::from_raw_parts(self.sink.ptr, 0, self.sink.capacity) });
        }
    }
}

/// As much as a [`Counter`] keeps.
const PIECE: usize = 64 << 10;

/// Counts what is written, and keeps no more than the end of it.
#[derive(Debug)]
#[repr(C)]
pub struct Counter {
    sink: Sink,
    /// How much was written before what is kept.
    before: u64,
    /// Where the sink writes.
    kept: Box<[MaybeUninit<u8>]>,
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

impl Counter {
    /// Nothing was written yet.
    #[must_use]
    pub fn new() -> Self {
        let mut kept = vec![MaybeUninit::uninit(); PIECE].into_boxed_slice();
        let (ptr, capacity) = (kept.as_mut_ptr().cast(), kept.len());
        Self { sink: Sink { ptr, len: 0, capacity, grow: Self::grow }, before: 0, kept }
    }

    /// The sink to write to, which the other side takes. The counter must not move while the sink
    /// is in use.
    pub const fn sink(&mut self) -> *mut Sink {
        &raw mut self.sink
    }

    /// How many bytes were written.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.before + self.sink.len as u64
    }

    /// The end of what was written: all of it, where that is little.
    #[must_use]
    pub const fn end(&self) -> &[u8] {
        // SAFETY: `len` bytes were written there by `Sink::put`.
        unsafe { slice::from_raw_parts(self.sink.ptr, self.sink.len) }
    }

    /// # Safety
    /// `sink` is the first field of a `Counter` that is not borrowed otherwise.
    unsafe extern "C" fn grow(sink: *mut Sink, _: usize) {
        // SAFETY: `Counter` is `repr(C)` and `sink` is its first field (caller).
        let counter = unsafe { &mut *sink.cast::<Self>() };
        counter.before += counter.sink.len as u64;
        counter.sink.len = 0;
    }
}

const _: () = assert!(size_of::<Sink>() == 4 * size_of::<usize>());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_grows_from_the_stack_to_the_heap_and_keeps_its_bytes() {
        let mut expected = Vec::new();
        let mut buffer = Buffer::new();
        for i in 0..5_000_u32 {
            buffer.own_sink().push(&i.to_le_bytes());
            expected.extend(i.to_le_bytes());
            if i % 97 == 0 {
                buffer = std::hint::black_box(buffer); // moves
                assert_eq!(buffer.bytes(), expected);
            }
        }
        assert_eq!(buffer.into_vec(), expected);
    }

    #[test]
    fn a_buffer_grows_once_for_all_that_is_written_at_once() {
        let mut buffer = Buffer::new();
        let bytes = vec![7; 3 * PIECE + 1];
        buffer.own_sink().push(&bytes);
        assert_eq!(buffer.sink.capacity, (3 * PIECE + 1).next_power_of_two());
        assert_eq!(buffer.into_vec(), bytes);
    }

    #[test]
    fn a_counter_counts_and_keeps_the_end() {
        let mut counter = Counter::new();
        // SAFETY: the counter is alive, stays where it is, and is used by nobody else meanwhile.
        let sink = unsafe { &mut *counter.sink() };
        sink.push(b"little");
        assert_eq!((counter.total(), counter.end()), (6, &b"little"[..]));

        let mut written = 6;
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 3, 17] {
            let bytes: Vec<u8> = (0..size).map(|i| i as u8).collect();
            // SAFETY: as above.
            unsafe { &mut *counter.sink() }.push(&bytes);
            written += size as u64;
            assert_eq!(counter.total(), written);
            let end = counter.end().len().min(size);
            assert!(counter.end().ends_with(&bytes[size - end..]));
        }
        assert!(counter.kept.len() == PIECE);
    }
}
