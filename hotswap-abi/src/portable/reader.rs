//! Reads the bytes of a value: little-endian, lengths first, no names.

/// Bytes that do not spell the value that was expected.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}, {left} bytes before the end")]
pub struct DecodeError {
    expected: &'static str,
    found: String,
    left: usize,
}

crate::debug_in_full!(DecodeError);

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

    /// Goes on to the end, or says what else is there.
    ///
    /// # Errors
    /// When the bytes go on.
    pub(super) fn end(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.error("the end", "more bytes")) }
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
