//! Types of other crates: a feature each, named like the crate, and off by default.
//!
//! Each has a name with its crate's in descriptions, so that no type of std or of a user is taken for
//! it, and a form as bytes that is written down in its file and does not depend on the version of its
//! crate, nor on that crate's own features. The reader checks: what is no value is an error.
//!
//! In a state a value has the form that serde gives it, for which the crate's own `serde` feature has
//! to be on.
//!
//! # Plain data and memory
//! A type is [`Plain`](crate::Plain) or [`Movable`](crate::Movable) here where its crate promises what
//! it is laid out like: `uuid::Uuid`, and the types of `glam` that are numbers without gaps. The
//! others keep their layout to themselves, and two builds may have two versions of a crate, of which a
//! description does not tell: they go over by their encoding. For some there is more:
//! `bytes::Bytes` points to a table of functions of the library that has made it, an empty
//! `indexmap::IndexMap` to a constant.

#[cfg(feature = "bytes")]
mod bytes;
#[cfg(feature = "chrono")]
mod chrono;
#[cfg(feature = "glam")]
mod glam;
#[cfg(feature = "indexmap")]
mod indexmap;
#[cfg(feature = "jiff")]
mod jiff;
#[cfg(feature = "serde_json")]
mod serde_json;
#[cfg(feature = "smallvec")]
mod smallvec;
#[cfg(feature = "time")]
mod time;
#[cfg(feature = "uuid")]
mod uuid;

/// Describes types without parts, by their names.
#[cfg(any(
    feature = "bytes",
    feature = "chrono",
    feature = "jiff",
    feature = "serde_json",
    feature = "time",
    feature = "uuid",
))]
macro_rules! named {
    ($($ty:ty => $name:literal),* $(,)?) => {$(
        // SAFETY: the name is this type's, with its crate.
        unsafe impl<P> crate::shape::Shaped<P> for $ty {
            const INFO: crate::shape::Info = crate::shape::Info::scalar($name);
            fn args() -> impl crate::shape::Parts<P> {}
            fn parts() -> impl crate::shape::Parts<P> {}
        }
    )*};
}

/// Types that cross as one value after the other of other types, and are made from these, or are
/// none: `name` is what is expected then.
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
macro_rules! made_of {
    ($(
        $ty:ty, $name:literal: $this:ident => ($($value:expr),+),
        ($($part:ident: $of:ty),+) => $made:expr;
    )*) => {$(
        impl crate::Portable for $ty {
            type Carrier = crate::portable::Encoded;

            fn encode(&self, out: &mut crate::portable::Writer<'_>) {
                let $this = self;
                $(<$of as crate::Portable>::encode(&$value, out);)+
            }

            fn decode(
                input: &mut crate::portable::Reader<'_>,
            ) -> Result<Self, crate::portable::DecodeError> {
                $(let $part = <$of as crate::Portable>::decode(input)?;)+
                let found = format!("{:?}", ($(&$part,)+));
                let made: Option<Self> = $made;
                made.ok_or_else(|| input.error($name, found))
            }
        }
    )*};
}

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
use made_of;
#[cfg(any(
    feature = "bytes",
    feature = "chrono",
    feature = "jiff",
    feature = "serde_json",
    feature = "time",
    feature = "uuid",
))]
use named;

/// Whether these are the two parts of one duration: less than a second of nanoseconds, and the same
/// sign.
#[cfg(any(feature = "jiff", feature = "time"))]
const fn are_one_duration(seconds: i64, nanos: i32) -> bool {
    nanos.unsigned_abs() < 1_000_000_000 && (seconds.signum() as i32) * nanos.signum() >= 0
}
