//! The few types that really stand in a call's signature.

use std::{mem::MaybeUninit, slice};

use abi_stable::StableAbi;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, StableAbi)]
#[repr(transparent)]
pub struct Status(u32);

impl Status {
    /// The result is valid.
    pub const OK: Self = Self(0);
    /// The callee panicked; its side holds the message.
    pub const PANICKED: Self = Self(1);
    /// Something that the callee was lent panicked; the caller's own side holds the payload.
    pub const RELAYED: Self = Self(2);
    /// The callee could not decode an argument.
    pub const UNDECODABLE: Self = Self(3);
    /// The callee answered with an error, whose text is in the sink.
    pub const FAILED: Self = Self(4);

    /// Whether the result is valid.
    #[must_use]
    #[inline]
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }
}

/// What a method's entry point returns. `value` is initialised if `status` is [`Status::OK`].
#[derive(Debug)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "part of the calling convention")]
pub struct Reply<B> {
    /// How the call ended.
    pub status: Status,
    /// The result.
    pub value: MaybeUninit<B>,
}

impl<B> Reply<B> {
    /// A valid result.
    #[inline]
    pub const fn ok(value: B) -> Self {
        Self { status: Status::OK, value: MaybeUninit::new(value) }
    }

    /// No result.
    #[inline]
    pub const fn failed(status: Status) -> Self {
        Self { status, value: MaybeUninit::uninit() }
    }
}

/// Bytes of the caller, lent for the call.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
pub struct Bytes {
    ptr: *const u8,
    len: usize,
}

impl Bytes {
    /// Lends bytes.
    #[must_use]
    pub const fn new(bytes: &[u8]) -> Self {
        Self { ptr: bytes.as_ptr(), len: bytes.len() }
    }

    /// The bytes.
    ///
    /// # Safety
    /// The slice given to [`new`](Self::new) must live for `'a`.
    #[must_use]
    pub const unsafe fn as_slice<'a>(self) -> &'a [u8] {
        // SAFETY: pointer and length come from a slice (`new`), alive for `'a` (caller).
        unsafe { slice::from_raw_parts(self.ptr, self.len) }
    }
}

/// A string of the caller, lent for the call.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(transparent)]
pub struct Str(Bytes);

impl Str {
    /// Lends a string.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        Self(Bytes::new(text.as_bytes()))
    }

    /// The string.
    ///
    /// # Safety
    /// The string given to [`new`](Self::new) must live for `'a`.
    #[must_use]
    pub const unsafe fn as_str<'a>(self) -> &'a str {
        // SAFETY: the string lives for `'a` (caller).
        let bytes = unsafe { self.0.as_slice() };
        // SAFETY: the bytes come from a `str` (`new`).
        unsafe { str::from_utf8_unchecked(bytes) }
    }
}

/// A slice of plain data as it is passed.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct PlainSlice<T> {
    ptr: *mut T,
    len: usize,
}

impl<T> PlainSlice<T> {
    /// Lends a slice.
    #[inline]
    pub const fn new(items: &[T]) -> Self {
        Self { ptr: items.as_ptr().cast_mut(), len: items.len() }
    }

    /// Lends a slice that may be written to.
    #[inline]
    pub const fn new_mut(items: &mut [T]) -> Self {
        Self { ptr: items.as_mut_ptr(), len: items.len() }
    }

    /// The slice.
    ///
    /// # Safety
    /// The slice given to `new` must live for `'a`.
    #[inline]
    pub const unsafe fn get<'a>(self) -> &'a [T] {
        // SAFETY: pointer and length come from a slice that is alive (caller).
        unsafe { slice::from_raw_parts(self.ptr, self.len) }
    }

    /// The slice.
    ///
    /// # Safety
    /// The slice given to `new_mut` must live for `'a`.
    #[inline]
    pub const unsafe fn get_mut<'a>(self) -> &'a mut [T] {
        // SAFETY: as above, and it was borrowed mutably.
        unsafe { slice::from_raw_parts_mut(self.ptr, self.len) }
    }
}

const _: () = {
    assert!(size_of::<Bytes>() == 2 * size_of::<usize>());
    assert!(size_of::<Reply<u64>>() == 16);
};
