//! Where results are written: memory of the caller.
//!
//! # Safety
//! A [`Sink`] is the first field of its owner, a [`Buffer`] or a [`Counter`], and whoever writes has
//! a pointer to it. That pointer is made from the owner as a whole ([`Buffer::sink`]), so that `grow`,
//! which gets it back, may reach the owner's other fields through it; a pointer made from a
//! `&mut Sink` may reach the sink alone. Therefore a sink is never borrowed: here and in [`Writer`]
//! there are raw pointers only, from the owner's method to the last byte. While such a pointer is in
//! use, nobody uses the owner otherwise.

use std::{
    alloc,
    marker::PhantomData,
    mem::{ManuallyDrop, MaybeUninit},
    ptr, slice,
};

use abi_stable::StableAbi;

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
    ///
    /// # Safety
    /// As for [`Writer::new`].
    pub(crate) const unsafe fn clear(this: *mut Self) {
        // SAFETY: the sink is alive, and nobody else uses it (caller).
        unsafe { (*this).len = 0 };
    }

    /// How many more bytes there is room for.
    ///
    /// # Safety
    /// As for [`Writer::new`].
    #[inline]
    const unsafe fn room(this: *const Self) -> usize {
        // SAFETY: the sink is alive, and nobody else uses it (caller).
        let Self { len, capacity, .. } = unsafe { &*this };
        *capacity - *len
    }

    /// Appends bytes.
    ///
    /// # Safety
    /// As for [`Writer::new`].
    #[inline]
    pub(super) unsafe fn push(this: *mut Self, bytes: &[u8]) {
        // SAFETY: as for this function.
        if unsafe { Self::room(this) } < bytes.len() {
            // SAFETY: as for this function.
            unsafe { Self::push_growing(this, bytes) };
        } else {
            // SAFETY: as for this function, and there is room.
            unsafe { Self::put(this, bytes) };
        }
    }

    /// Appends bytes where there is no room for all of them yet: at once where room is made for
    /// them, and else piece by piece, as large as it is made.
    ///
    /// # Safety
    /// As for [`Writer::new`].
    #[inline(never)]
    unsafe fn push_growing(this: *mut Self, mut bytes: &[u8]) {
        loop {
            // SAFETY: the sink is alive, and nobody else uses it (caller).
            let grow = unsafe { (*this).grow };
            // SAFETY: `grow` belongs to what this sink is the first field of, and the pointer was made
            // from that (`Buffer::sink` and `Counter::sink` are the only sources).
            unsafe { grow(this, bytes.len()) };
            // SAFETY: as for this function.
            let room = unsafe { Self::room(this) };
            let (piece, rest) = bytes.split_at(bytes.len().min(room));
            // SAFETY: as for this function, and there is room.
            unsafe { Self::put(this, piece) };
            if rest.is_empty() {
                break;
            }
            bytes = rest;
        }
    }

    /// Appends bytes for which there is room.
    ///
    /// # Safety
    /// As for [`Writer::new`], and there must be room for them.
    #[inline]
    unsafe fn put(this: *mut Self, bytes: &[u8]) {
        // SAFETY: the sink is alive, and nobody else uses it (caller).
        let Self { ptr, len, .. } = unsafe { &mut *this };
        // SAFETY: there is room for `bytes` behind `len` (caller).
        let end = unsafe { ptr.add(*len) };
        // SAFETY: as above; the bytes are not part of the buffer, which nobody else uses.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), end, bytes.len()) };
        *len += bytes.len();
    }
}

/// Writes values into a [`Sink`].
#[derive(Debug)]
pub struct Writer<'a> {
    /// Alive and nobody else's for `'a`; see above for why it is no reference.
    sink: *mut Sink,
    lent: PhantomData<&'a mut Sink>,
}

impl<'a> Writer<'a> {
    /// Writes to `sink`.
    ///
    /// # Safety
    /// The sink comes from a [`Buffer`] or a [`Counter`] that is alive,
    /// is not moved, and is used by nobody else for `'a`.
    #[doc(hidden)]
    #[inline]
    pub const unsafe fn new(sink: *mut Sink) -> Self {
        Self { sink, lent: PhantomData }
    }

    /// Appends bytes as they are.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        // SAFETY: the sink is alive and nobody else's (`new`).
        unsafe { Sink::push(self.sink, bytes) };
    }

    /// Appends a length.
    #[inline]
    pub fn len(&mut self, len: usize) {
        self.bytes(&(len as u64).to_le_bytes());
    }

    /// Appends the number of an enum's variant.
    #[inline]
    pub fn variant(&mut self, number: u32) {
        self.bytes(&number.to_le_bytes());
    }
}

impl std::io::Write for Writer<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
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
        let on_heap = self.on_heap();
        let this = ptr::from_mut(self);
        if !on_heap {
            // SAFETY: it is a place in this buffer, which is borrowed mutably.
            let inline = unsafe { &raw mut (*this).inline };
            // SAFETY: as above.
            unsafe { (*this).sink.ptr = inline.cast() };
        }
        this.cast()
    }

    /// Writes to it.
    #[inline]
    pub const fn writer(&mut self) -> Writer<'_> {
        // SAFETY: the sink is this buffer's, which is borrowed for as long as the writer is there.
        unsafe { Writer::new(self.sink()) }
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
        let this = ManuallyDrop::new(self);
        // SAFETY: `grow` allocated exactly `capacity` bytes with alignment 1 by this side's
        // allocator; the buffer is not dropped.
        unsafe { Vec::from_raw_parts(this.sink.ptr, this.sink.len, this.sink.capacity) }
    }

    /// # Safety
    /// `sink` comes from [`sink`](Self::sink) of a `Buffer` that nobody else uses.
    unsafe extern "C" fn grow(sink: *mut Sink, additional: usize) {
        let this = sink.cast::<Self>();
        // SAFETY: `Buffer` is `repr(C)`, `sink` is its first field, and the pointer was made from the
        // whole of it, of which nobody else uses anything (caller).
        let buffer = unsafe { &mut *this };
        let Sink { ptr: old, len, capacity, .. } = buffer.sink;
        let wanted = len
            .checked_add(additional)
            .and_then(usize::checked_next_power_of_two)
            .unwrap_or(usize::MAX)
            .max(INLINE * 4);
        let Ok(layout) = alloc::Layout::array::<u8>(wanted) else {
            alloc::handle_alloc_error(alloc::Layout::new::<u8>())
        };
        let new = if buffer.on_heap() {
            // SAFETY: the heap part was allocated below with this layout.
            let layout = unsafe { alloc::Layout::from_size_align_unchecked(capacity, 1) };
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
            unsafe { ptr::copy_nonoverlapping(buffer.inline.as_ptr().cast(), new, len) };
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
const PIECE: usize = Counter::KEEPS;

/// Counts what is written, and keeps no more than the end of it.
#[derive(Debug)]
#[repr(C)]
pub struct Counter {
    /// It writes to a vector that this owns: the sink has its parts, and nobody else a pointer to it.
    sink: Sink,
    /// How much was written before what is kept.
    before: u64,
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

impl Counter {
    /// How many bytes it keeps: all of what was written, where that is no more.
    pub const KEEPS: usize = 64 << 10;

    /// Nothing was written yet.
    #[must_use]
    pub fn new() -> Self {
        let mut kept = ManuallyDrop::new(Vec::<u8>::with_capacity(PIECE));
        let (ptr, capacity) = (kept.as_mut_ptr(), kept.capacity());
        Self { sink: Sink { ptr, len: 0, capacity, grow: Self::grow }, before: 0 }
    }

    /// The sink to write to, which the other side takes. The counter must not move meanwhile.
    pub const fn sink(&mut self) -> *mut Sink {
        ptr::from_mut(self).cast()
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
    /// `sink` comes from [`sink`](Self::sink) of a `Counter` that nobody else uses.
    unsafe extern "C" fn grow(sink: *mut Sink, _: usize) {
        // SAFETY: `Counter` is `repr(C)`, `sink` is its first field, and the pointer was made from the
        // whole of it, of which nobody else uses anything (caller).
        let counter = unsafe { &mut *sink.cast::<Self>() };
        counter.before += counter.sink.len as u64;
        counter.sink.len = 0;
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        // SAFETY: `new` took it from a vector of this capacity.
        drop(unsafe { Vec::from_raw_parts(self.sink.ptr, 0, self.sink.capacity) });
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
            buffer.writer().bytes(&i.to_le_bytes());
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
        buffer.writer().bytes(&bytes);
        assert_eq!(buffer.sink.capacity, (3 * PIECE + 1).next_power_of_two());
        assert_eq!(buffer.into_vec(), bytes);
    }

    #[test]
    fn a_counter_counts_and_keeps_the_end() {
        let mut counter = Counter::new();
        let write = |counter: &mut Counter, bytes: &[u8]| {
            // SAFETY: the counter is alive, stays where it is, and is used by nobody else meanwhile.
            unsafe { Writer::new(counter.sink()) }.bytes(bytes);
        };
        write(&mut counter, b"little");
        assert_eq!((counter.total(), counter.end()), (6, &b"little"[..]));

        let mut written = 6;
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 3, 17] {
            let bytes: Vec<u8> = (0..size).map(|i| i as u8).collect();
            write(&mut counter, &bytes);
            written += size as u64;
            assert_eq!(counter.total(), written);
            let end = counter.end().len().min(size);
            assert!(counter.end().ends_with(&bytes[size - end..]));
        }
        assert_eq!(counter.sink.capacity, PIECE);
    }
}
