//! Numbers, `bool`, `char`, `Ordering` and `()`.

use std::{cmp::Ordering, num::NonZero};

use super::{DecodeError, Direct, Encoded, Plain, Portable, Reader, Writer};

macro_rules! numbers {
    ($carrier:ident: $($ty:ty),*) => {$(
        impl Portable for $ty {
            type Carrier = $carrier;

            #[inline]
            fn encode(&self, out: &mut Writer<'_>) {
                out.bytes(&self.to_le_bytes());
            }

            #[inline]
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                input.array().map(Self::from_le_bytes)
            }

            fn encode_all(items: &[Self], out: &mut Writer<'_>) {
                if cfg!(target_endian = "little") {
                    // SAFETY: numbers have no padding, and any of their bytes may be read.
                    out.bytes(unsafe {
                        std::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items))
                    });
                } else {
                    items.iter().for_each(|item| item.encode(out));
                }
            }

            fn decode_all(count: usize, input: &mut Reader<'_>) -> Result<Vec<Self>, DecodeError> {
                let size = count
                    .checked_mul(size_of::<Self>())
                    .ok_or_else(|| input.error("a length", count))?;
                let bytes = input.bytes(size)?;
                let (chunks, _) = bytes.as_chunks();
                Ok(chunks.iter().map(|chunk| Self::from_le_bytes(*chunk)).collect())
            }
        }

        // SAFETY: a number holds no reference, and any bits are a value of it.
        unsafe impl Plain for $ty {}
    )*};
}

numbers!(Direct: u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64);
// How 128-bit numbers are passed and aligned has changed between compilers.
numbers!(Encoded: u128, i128);

impl Portable for bool {
    type Carrier = Direct;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        out.bytes(&[u8::from(*self)]);
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(input.error("a bool", other)),
        }
    }
}

// SAFETY: it holds no reference.
unsafe impl Plain for bool {}

impl Portable for char {
    type Carrier = Direct;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        u32::from(*self).encode(out);
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let number = u32::decode(input)?;
        Self::from_u32(number).ok_or_else(|| input.error("a char", number))
    }
}

// SAFETY: it holds no reference.
unsafe impl Plain for char {}

impl Portable for Ordering {
    type Carrier = Direct;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        (*self as i8).encode(out);
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match i8::decode(input)? {
            -1 => Ok(Self::Less),
            0 => Ok(Self::Equal),
            1 => Ok(Self::Greater),
            other => Err(input.error("an ordering", other)),
        }
    }
}

// SAFETY: std declares it as an `i8`, with these three values; it holds no reference.
unsafe impl Plain for Ordering {}

macro_rules! nonzero {
    ($carrier:ident: $($ty:ty),*) => {$(
        impl Portable for NonZero<$ty> {
            type Carrier = $carrier;

            #[inline]
            fn encode(&self, out: &mut Writer<'_>) {
                self.get().encode(out);
            }

            #[inline]
            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Self::new(<$ty>::decode(input)?)
                    .ok_or_else(|| input.error("a number that is not zero", 0))
            }
        }

        // SAFETY: std promises the layout of the number; it holds no reference. As with a `bool`,
        // what is lent is written by code that has this very type, and so is never zero.
        unsafe impl Plain for NonZero<$ty> {}
    )*};
}

nonzero!(Direct: u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);
nonzero!(Encoded: u128, i128);

impl Portable for () {
    type Carrier = Nothing;

    #[inline]
    fn encode(&self, _: &mut Writer<'_>) {}

    #[inline]
    fn decode(_: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(())
    }
}

/// Carries `()`: as a byte, since an empty type has no place in a C signature.
#[derive(Debug)]
pub struct Nothing(());

// SAFETY: `u8` is the same everywhere.
unsafe impl super::Carrier<()> for Nothing {
    type Wire = u8;
    type Held = ();
    type Back = u8;
    type Out = ();

    fn hold((): ()) {}
    fn wire((): &()) -> u8 {
        0
    }
    unsafe fn take(_: u8) -> Result<(), DecodeError> {
        Ok(())
    }
    unsafe fn record(_: u8, _: &mut Writer<'_>) {}
    #[inline]
    fn out() {}
    #[inline]
    fn sink((): &mut ()) -> *mut super::Sink {
        std::ptr::null_mut()
    }
    #[inline]
    unsafe fn give((): (), _: *mut super::Sink) -> u8 {
        0
    }
    #[inline]
    fn receive(_: u8, (): ()) -> Result<(), DecodeError> {
        Ok(())
    }
}
