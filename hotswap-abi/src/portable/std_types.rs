//! The standard library's types.

use std::{
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    ffi::OsString,
    hash::{BuildHasher, Hash},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{DecodeError, Encoded, Portable, Reader, Writer};

impl Portable for String {
    type Carrier = Encoded;

    #[inline]
    fn encode(&self, out: &mut Writer<'_>) {
        text(self, out);
    }

    #[inline]
    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let len = input.len()?;
        let bytes = input.bytes(len)?;
        match str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(input.error("a string", error)),
        }
    }
}

impl Portable for OsString {
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        let bytes = self.as_encoded_bytes();
        out.len(bytes.len());
        out.bytes(bytes);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let len = input.len()?;
        let bytes = input.bytes(len)?;
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            let _ = &input;
            Ok(std::ffi::OsStr::from_bytes(bytes).into())
        }
        #[cfg(not(unix))]
        match str::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(error) => Err(input.error("a text of this system", error)),
        }
    }
}

/// Types that cross as another one does, which they are made of and from.
macro_rules! like {
    ($($ty:ty, [$($bounds:tt)*]: $this:ident => $encode:expr, $decode:ty;)*) => {$(
        impl<$($bounds)*> Portable for $ty {
            type Carrier = Encoded;

            fn encode(&self, out: &mut Writer<'_>) {
                let $this = self;
                ($encode)(out);
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                <$decode>::decode(input).map(Self::from)
            }
        }
    )*};
}

like! {
    PathBuf, []: this => |out: &mut Writer<'_>| {
        let bytes = this.as_os_str().as_encoded_bytes();
        out.len(bytes.len());
        out.bytes(bytes);
    }, OsString;
    Box<str>, []: this => |out: &mut Writer<'_>| text(this, out), String;
    Arc<str>, []: this => |out: &mut Writer<'_>| text(this, out), String;
    Box<[T]>, [T: Portable]: this => |out: &mut Writer<'_>| {
        out.len(this.len());
        T::encode_all(this, out);
    }, Vec<T>;
    // Made anew of all at once: it is a heap again in linear time.
    BinaryHeap<T>, [T: Portable + Ord]: this => |out: &mut Writer<'_>| {
        out.len(this.len());
        T::encode_all(this.as_slice(), out);
    }, Vec<T>;
}

fn text(text: &str, out: &mut Writer<'_>) {
    out.len(text.len());
    out.bytes(text.as_bytes());
}

impl<T: Portable> Portable for Vec<T> {
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        out.len(self.len());
        T::encode_all(self, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.len()?;
        T::decode_all(count, input)
    }
}

impl<T: Portable, const N: usize> Portable for [T; N] {
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        T::encode_all(self, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let items = T::decode_all(N, input)?;
        Self::try_from(items).map_err(|items| input.error("an array", items.len()))
    }
}

impl<T: Portable> Portable for Option<T> {
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            None => out.bytes(&[0]),
            Some(value) => {
                out.bytes(&[1]);
                value.encode(out);
            }
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.array()? {
            [0] => Ok(None),
            [1] => T::decode(input).map(Some),
            [other] => Err(input.error("None or Some", other)),
        }
    }
}

impl<T: Portable, E: Portable> Portable for Result<T, E> {
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Ok(value) => {
                out.bytes(&[0]);
                value.encode(out);
            }
            Err(error) => {
                out.bytes(&[1]);
                error.encode(out);
            }
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.array()? {
            [0] => T::decode(input).map(Ok),
            [1] => E::decode(input).map(Err),
            [other] => Err(input.error("Ok or Err", other)),
        }
    }
}

impl<T: Portable> Portable for Box<T> {
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        (**self).encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::decode(input).map(Self::new)
    }
}

macro_rules! collections {
    ($($ty:ty, [$($bounds:tt)*], $item:pat => $encode:expr, $input:ident => $decode:expr;)*) => {$(
        impl<$($bounds)*> Portable for $ty {
            type Carrier = Encoded;

            fn encode(&self, out: &mut Writer<'_>) {
                out.len(self.len());
                for $item in self {
                    ($encode)(out);
                }
            }

            fn decode($input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let count = $input.len()?;
                (0..count).map(|_| $decode).collect()
            }
        }
    )*};
}

collections! {
    VecDeque<T>, [T: Portable],
        item => |out: &mut Writer<'_>| item.encode(out), input => T::decode(input);
    LinkedList<T>, [T: Portable],
        item => |out: &mut Writer<'_>| item.encode(out), input => T::decode(input);
    BTreeSet<T>, [T: Portable + Ord],
        item => |out: &mut Writer<'_>| item.encode(out), input => T::decode(input);
    HashSet<T, S>, [T: Portable + Eq + Hash, S: BuildHasher + Default + 'static],
        item => |out: &mut Writer<'_>| item.encode(out), input => T::decode(input);
    BTreeMap<K, V>, [K: Portable + Ord, V: Portable],
        (key, value) => |out: &mut Writer<'_>| { key.encode(out); value.encode(out); },
        input => Ok((K::decode(input)?, V::decode(input)?));
    HashMap<K, V, S>, [K: Portable + Eq + Hash, V: Portable, S: BuildHasher + Default + 'static],
        (key, value) => |out: &mut Writer<'_>| { key.encode(out); value.encode(out); },
        input => Ok((K::decode(input)?, V::decode(input)?));
}

impl Portable for Duration {
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        self.as_secs().encode(out);
        self.subsec_nanos().encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (secs, nanos) = (u64::decode(input)?, u32::decode(input)?);
        if nanos < 1_000_000_000 {
            Ok(Self::new(secs, nanos))
        } else {
            Err(input.error("less than a second of nanoseconds", nanos))
        }
    }
}

impl Portable for SystemTime {
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        let (before, distance) = match self.duration_since(Self::UNIX_EPOCH) {
            Ok(after) => (false, after),
            Err(error) => (true, error.duration()),
        };
        before.encode(out);
        distance.encode(out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (before, distance) = (bool::decode(input)?, Duration::decode(input)?);
        let time = if before {
            Self::UNIX_EPOCH.checked_sub(distance)
        } else {
            Self::UNIX_EPOCH.checked_add(distance)
        };
        time.ok_or_else(|| input.error("a time that this system can represent", distance.as_secs()))
    }
}

macro_rules! tuples {
    ($(($($name:ident . $index:tt),*))*) => {$(
        impl<$($name: Portable),*> Portable for ($($name,)*) {
            type Carrier = Encoded;

            fn encode(&self, out: &mut Writer<'_>) {
                $(self.$index.encode(out);)*
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(($($name::decode(input)?,)*))
            }
        }
    )*};
}

tuples! {
    (A.0)
    (A.0, B.1)
    (A.0, B.1, C.2)
    (A.0, B.1, C.2, D.3)
    (A.0, B.1, C.2, D.3, E.4)
    (A.0, B.1, C.2, D.3, E.4, F.5)
    (A.0, B.1, C.2, D.3, E.4, F.5, G.6)
    (A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7)
    (A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7, I.8)
    (A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7, I.8, J.9)
    (A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7, I.8, J.9, K.10)
    (A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7, I.8, J.9, K.10, L.11)
}
