//! Ranges: both ends. One that includes its end says whether it was iterated to it, too, and for that
//! it has to be of a type that std can iterate over.

use std::ops::{Range, RangeInclusive};

use super::{DecodeError, Encoded, Portable, Reader, Writer};

impl<T: Portable> Portable for Range<T> {
    // The layout is std's own business.
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        self.start.encode(out);
        self.end.encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(T::decode(input)?..T::decode(input)?)
    }
}

/// How a range is rebuilt that has given all that it had, if it has ends like these.
macro_rules! inclusive {
    ($($ty:ty),*; $ended:expr) => {$(
        impl Portable for RangeInclusive<$ty> {
            type Carrier = Encoded;

            fn encode(&self, out: &mut Writer<'_>) {
                self.start().encode(out);
                self.end().encode(out);
                // Only one that has ended is empty though its ends are in order.
                (self.is_empty() && self.start() <= self.end()).encode(out);
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let range = <$ty>::decode(input)?..=<$ty>::decode(input)?;
                if !bool::decode(input)? {
                    return Ok(range);
                }
                let ended: fn(Self) -> Option<Self> = $ended;
                ended(range).ok_or_else(|| input.error("a range that has ended", "other ends"))
            }
        }
    )*};
}

inclusive! {
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, char; |mut range| {
        let is_last = range.start() == range.end();
        range.next();
        is_last.then_some(range)
    }
}
// Nothing iterates over these.
inclusive! { f32, f64; |_| None }
