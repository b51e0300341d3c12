//! The values of an event's or a span's fields, as bytes: for each the number of its field, a tag,
//! and what it is.
//!
//! What `tracing` knows as a number, a text or an error arrives as one. What it knows by its
//! `Debug` form alone is written by the module, as `{:?}`: the host gets the text.

use std::{error::Error, fmt, io::Write};

use super::site::read;
use crate::portable::{DecodeError, Reader};

/// One value.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::exhaustive_enums, reason = "both ends are in this workspace")]
pub enum Value<'a> {
    /// `i64` and smaller.
    I64(i64),
    /// `u64` and smaller.
    U64(u64),
    /// `i128`.
    I128(i128),
    /// `u128`.
    U128(u128),
    /// `f64` and `f32`.
    F64(f64),
    /// `bool`.
    Bool(bool),
    /// A text.
    Str(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// What `Debug` has written.
    Debug(&'a str),
    /// An error, and what caused it.
    Error(Vec<Cause<'a>>),
}

/// One error of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "both ends are in this workspace")]
pub struct Cause<'a> {
    /// Its `Display` form.
    pub display: &'a str,
    /// Its `Debug` form.
    pub debug: &'a str,
}

const I64: u8 = 0;
const U64: u8 = 1;
const I128: u8 = 2;
const U128: u8 = 3;
const F64: u8 = 4;
const BOOL: u8 = 5;
const STR: u8 = 6;
const BYTES: u8 = 7;
const DEBUG: u8 = 8;
const ERROR: u8 = 9;

/// How many errors of a chain are written; one that goes in a circle ends.
const MOST_CAUSES: usize = 32;

/// Writes values.
#[derive(Debug)]
pub struct Values(Vec<u8>);

impl Default for Values {
    fn default() -> Self {
        // Room for most events: one allocation.
        Self(Vec::with_capacity(256))
    }
}

impl Values {
    /// What was written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn head(&mut self, field: usize, tag: u8) {
        // No callsite has more fields than that.
        self.0.extend(u32::try_from(field).unwrap_or(u32::MAX).to_le_bytes());
        self.0.push(tag);
    }

    fn fixed<const N: usize>(&mut self, field: usize, tag: u8, bytes: [u8; N]) {
        self.head(field, tag);
        self.0.extend(bytes);
    }

    fn sized(&mut self, bytes: &[u8]) {
        self.0.extend((bytes.len() as u64).to_le_bytes());
        self.0.extend(bytes);
    }

    /// Writes a text behind its length.
    fn written(&mut self, text: fmt::Arguments<'_>) {
        let place = self.0.len();
        self.0.extend([0; 8]);
        // A vector takes everything; a value whose own form fails is cut off there.
        let _ = self.0.write_fmt(text);
        let len = (self.0.len() - place - 8) as u64;
        self.0[place..place + 8].copy_from_slice(&len.to_le_bytes());
    }

    /// Appends a number.
    pub fn i64(&mut self, field: usize, value: i64) {
        self.fixed(field, I64, value.to_le_bytes());
    }

    /// Appends a number.
    pub fn u64(&mut self, field: usize, value: u64) {
        self.fixed(field, U64, value.to_le_bytes());
    }

    /// Appends a number.
    pub fn i128(&mut self, field: usize, value: i128) {
        self.fixed(field, I128, value.to_le_bytes());
    }

    /// Appends a number.
    pub fn u128(&mut self, field: usize, value: u128) {
        self.fixed(field, U128, value.to_le_bytes());
    }

    /// Appends a number.
    pub fn f64(&mut self, field: usize, value: f64) {
        self.fixed(field, F64, value.to_le_bytes());
    }

    /// Appends a truth value.
    pub fn bool(&mut self, field: usize, value: bool) {
        self.fixed(field, BOOL, [u8::from(value)]);
    }

    /// Appends a text.
    pub fn str(&mut self, field: usize, value: &str) {
        self.head(field, STR);
        self.sized(value.as_bytes());
    }

    /// Appends bytes.
    pub fn byte_slice(&mut self, field: usize, value: &[u8]) {
        self.head(field, BYTES);
        self.sized(value);
    }

    /// Appends what is written here: `format_args!("{value:?}")`.
    pub fn debug(&mut self, field: usize, value: fmt::Arguments<'_>) {
        self.head(field, DEBUG);
        self.written(value);
    }

    /// Appends an error, with what caused it.
    pub fn error(&mut self, field: usize, value: &(dyn Error + 'static)) {
        fn cause<'a>(error: &&'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
            let error: &'a _ = *error;
            error.source()
        }
        let chain = || std::iter::successors(Some(value), cause).take(MOST_CAUSES);
        self.head(field, ERROR);
        self.0.push(u8::try_from(chain().count()).unwrap_or(u8::MAX));
        for error in chain() {
            self.written(format_args!("{error}"));
            self.written(format_args!("{error:?}"));
        }
    }
}

/// Reads values: each with the number of its field. Ends at the first that is none.
#[derive(Debug)]
pub struct Read<'a>(Reader<'a>);

impl<'a> Read<'a> {
    /// Reads what [`Values`] wrote.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    fn one(&mut self) -> Result<(usize, Value<'a>), DecodeError> {
        let input = &mut self.0;
        let field = u32::from_le_bytes(input.array()?) as usize;
        let [tag] = input.array()?;
        let value = match tag {
            I64 => Value::I64(i64::from_le_bytes(input.array()?)),
            U64 => Value::U64(u64::from_le_bytes(input.array()?)),
            I128 => Value::I128(i128::from_le_bytes(input.array()?)),
            U128 => Value::U128(u128::from_le_bytes(input.array()?)),
            F64 => Value::F64(f64::from_le_bytes(input.array()?)),
            BOOL => Value::Bool(input.array()? != [0]),
            STR => Value::Str(read(input)?),
            BYTES => {
                let len = input.len()?;
                Value::Bytes(input.bytes(len)?)
            }
            DEBUG => Value::Debug(read(input)?),
            ERROR => {
                let [count] = input.array()?;
                let cause = |_| Ok(Cause { display: read(input)?, debug: read(input)? });
                Value::Error((0..count).map(cause).collect::<Result<_, DecodeError>>()?)
            }
            _ => return Err(input.error("a value's tag", tag)),
        };
        Ok((field, value))
    }
}

impl<'a> Iterator for Read<'a> {
    type Item = (usize, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.remaining() == 0 { None } else { self.one().ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_comes_back() {
        #[derive(Debug, thiserror::Error)]
        #[error("no port")]
        struct NoPort(#[source] std::num::ParseIntError);
        let error = NoPort("x".parse::<u16>().unwrap_err());
        let mut out = Values::default();
        out.i64(0, -1);
        out.u64(1, u64::MAX);
        out.i128(2, i128::MIN);
        out.u128(3, u128::MAX);
        out.f64(4, 0.5);
        out.bool(5, true);
        out.str(6, "text");
        out.byte_slice(7, &[1, 2]);
        out.debug(8, format_args!("{:?}", Some("quoted")));
        out.error(9, &error);
        out.debug(10, format_args!(""));
        let expected = [
            Value::I64(-1),
            Value::U64(u64::MAX),
            Value::I128(i128::MIN),
            Value::U128(u128::MAX),
            Value::F64(0.5),
            Value::Bool(true),
            Value::Str("text"),
            Value::Bytes(&[1, 2]),
            Value::Debug("Some(\"quoted\")"),
            Value::Error(vec![
                Cause { display: "no port", debug: "NoPort(ParseIntError { kind: InvalidDigit })" },
                Cause {
                    display: "invalid digit found in string",
                    debug: "ParseIntError { kind: InvalidDigit }",
                },
            ]),
            Value::Debug(""),
        ];
        let read: Vec<_> = Read::new(out.bytes()).collect();
        assert_eq!(read, expected.into_iter().enumerate().collect::<Vec<_>>());
        // Cut off anywhere, or changed anywhere: fewer values or others, and no more than that.
        for place in 0..out.bytes().len() {
            assert!(Read::new(&out.bytes()[..place]).count() < read.len());
            let mut bytes = out.bytes().to_vec();
            bytes[place] ^= 0xff;
            let _ = Read::new(&bytes).count();
        }
    }

    #[test]
    fn an_error_that_is_its_own_cause_ends() {
        #[derive(Debug)]
        struct Round;
        impl fmt::Display for Round {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("round")
            }
        }
        impl Error for Round {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&Self)
            }
        }
        let mut out = Values::default();
        out.error(0, &Round);
        assert_eq!(Read::new(out.bytes()).count(), 1);
    }
}
