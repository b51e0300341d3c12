//! The bytes of a value: little-endian, lengths first, no names.

use std::marker::PhantomData;

use super::{Portable, Sink};

/// Bytes that do not spell the value that was expected.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}, {left} bytes before the end")]
pub struct DecodeError {
    expected: &'static str,
    found: String,
    left: usize,
}

crate::debug_in_full!(DecodeError);

/// Writes values into a [`Sink`].
#[derive(Debug)]
pub struct Writer<'a> {
    /// Alive and nobody else's for `'a`; see `sink.rs` for why it is no reference.
    sink: *mut Sink,
    lent: PhantomData<&'a mut Sink>,
}

impl<'a> Writer<'a> {
    /// Writes to `sink`.
    ///
    /// # Safety
    /// The sink comes from a [`Buffer`](super::Buffer) or a [`Counter`](super::Counter) that is alive,
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

/// Reads values from bytes.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the beginning.
    #[must_use]
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Reads one value that takes all of the bytes.
    ///
    /// # Errors
    /// When the bytes do not spell a value, or go on behind it.
    pub fn whole<T: Portable>(bytes: &'a [u8]) -> Result<T, DecodeError> {
        let mut reader = Self::new(bytes);
        let value = T::decode(&mut reader)?;
        if reader.rest.is_empty() { Ok(value) } else { Err(reader.error("the end", "more bytes")) }
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Takes the next `count` bytes.
    ///
    /// # Errors
    /// When there are fewer.
    #[inline]
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        match self.rest.split_at_checked(count) {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(self.error("more bytes", "the end")),
        }
    }

    /// Takes the next `N` bytes.
    ///
    /// # Errors
    /// When there are fewer.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.rest.split_first_chunk() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(*head)
            }
            None => Err(self.error("more bytes", "the end")),
        }
    }

    /// Takes a length.
    ///
    /// # Errors
    /// When it does not fit this machine.
    #[allow(
        clippy::len_without_is_empty,
        reason = "a length that is read, as `Writer::len` wrote it"
    )]
    #[inline]
    pub fn len(&mut self) -> Result<usize, DecodeError> {
        let len = u64::from_le_bytes(self.array()?);
        usize::try_from(len).map_err(|_| self.error("a length", len))
    }

    /// Takes the number of an enum's variant.
    ///
    /// # Errors
    /// When the bytes end.
    #[inline]
    pub fn variant(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// The error for something that is not what was expected here.
    #[cold]
    #[must_use]
    pub fn error(&self, expected: &'static str, found: impl ToString) -> DecodeError {
        DecodeError { expected, found: found.to_string(), left: self.rest.len() }
    }
}
